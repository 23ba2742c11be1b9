"""Every alert through every Alertmanager configuration that we publish: each reaches a person."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from tests.docs.test_readme import ROOT, snippets
from tests.render import fleets

FOLDERS = ("alertmanager", "docs", "demo", "packaging", "grafana-dashboards", "replay")
PERSONS = ("email_configs", "telegram_configs")


def published() -> Iterator[tuple[str, str]]:
    """Where it stands, and the text: whatever has a route and receivers."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("*.yml")]
    for folder in FOLDERS:
        files += [*(ROOT / folder).rglob("*.md"), *(ROOT / folder).rglob("*.yml")]
    for file in sorted(files):
        name = str(file.relative_to(ROOT))
        texts = snippets(name, "yaml") if file.suffix == ".md" else [file.read_text(encoding="utf-8")]
        for text in texts:
            for document in yaml.safe_load_all(text):
                if isinstance(document, dict) and {"route", "receivers"} <= document.keys():
                    yield name, yaml.safe_dump(document)


def test_every_alert_carries_the_label_that_routes_match() -> None:
    assert {labels.get("product") for labels in fleets.alert_labels()} == {"kodeks"}


def test_every_alert_reaches_a_person(tool: Callable[[str], str], tmp_path: Path) -> None:
    found = dict(published())
    assert {"alertmanager/alertmanager.yml", "docs/by-hand.md"} <= set(found)
    different = {text: name for name, text in found.items()}
    alerts = list({labels["alertname"]: labels for labels in fleets.alert_labels()}.values())
    assert len(alerts) >= 75
    for text, name in different.items():
        file = tmp_path / "alertmanager.yml"
        file.write_text(text, encoding="utf-8")
        kinds: dict[str, Any] = {each["name"]: each for each in yaml.safe_load(text)["receivers"]}

        def receivers(labels: dict[str, str], file: Path = file) -> str:
            asked = {"manager": "ivanova", "branch": "saratov"} | labels
            command = [tool("amtool"), "config", "routes", "test", f"--config.file={file}"]
            told = subprocess.run(
                [*command, *(f"{key}={value}" for key, value in asked.items())],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            return told.stdout.strip()

        with ThreadPoolExecutor(2) as pool:
            for labels, answer in zip(alerts, pool.map(receivers, alerts), strict=True):
                if labels["alertname"] == "KodeksWatchdog":
                    assert answer == "dead-man", name
                else:
                    assert set(PERSONS) & kinds[answer].keys(), (name, labels, answer)
                if labels["severity"] == "critical" and labels["priority"] not in ("K4", "K5"):
                    assert "telegram_configs" in kinds[answer] or labels.get("manager") == "ops", (name, labels, answer)
