"""The link by which an alert is taken: Prometheus signs, and only where a site wants it."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter.domain.acknowledge import LABELS, SIGNATURE, sign
from tests.answering import Asked, reply, serving
from tests.render import fleets
from tests.render.test_output import command, small
from tests.render.test_prometheus import prometheus, promtool

KEY = "0123456789abcdef./+-_="
REACTION = {"alertmanagers": ["http://127.0.0.1:9093"], "link": "https://kodeks.dealer.example/k", "key": KEY}
HOLDER = "__tmp_kodeks_key"


@pytest.fixture
def received() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What stands for Alertmanager: its address, and the alerts that it was sent."""
    alerts: list[dict[str, Any]] = []

    def answer(to: BaseHTTPRequestHandler, asked: Asked) -> None:
        alerts.extend(json.loads(asked.body))
        reply(to, 200)

    with serving(answer) as server:
        yield server.url.removeprefix("http://"), alerts


def hash_modulo(labels: dict[str, str], key: str) -> str:
    """As Prometheus' hashmod has it: the last eight bytes of the MD5 of the values."""
    order = ("alertname", "manager", "branch", "client", "installation", "account", "hosting")
    values = ";".join([*(labels.get(name, "") for name in order), key])
    return str(int.from_bytes(hashlib.md5(values.encode()).digest()[8:], "big") % 18446744073709551615)


SIGNED: dict[str, dict[str, str]] = {
    "KodeksTcpStatus": {"manager": "ivanova", "branch": "saratov", "client": "ООО «Ромашка; & Ко» \"'\\",
                        "installation": "a.b", "hosting": "te-cloud", "url": "http://x"},
    "OnlineLoginFailed": {"manager": "Кузьма О'Нил", "client": "ЗАО 100 %", "account": "romashka-1", "server": "nps2"},
    "KodeksExporterDown": {"manager": "ops", "client": "весь парк", "installation": "весь парк"},
    "Foreign": {},
}  # fmt: skip
ENDLESS = ("KodeksClientScoreFell", "KodeksDetectOverUserError", "KodeksHandlingMonth", "KodeksNewUser",
           "KodeksSearchError", "KodeksSearchIsEmpty", "KodeksVersionChanged", "KodeksWatchdog")  # fmt: skip


def test_prometheus_signs_as_the_exporter_does(
    received: tuple[str, list[dict[str, Any]]], tool: Callable[[str], str], tmp_path: Path
) -> None:
    address, alerts = received
    result = fleets.rendered(tmp_path, **small(reaction=REACTION, prometheus={"alertmanagers": [address]}))
    fleets.put(result, tmp_path)
    promtool(tool, tmp_path)
    wanted = SIGNED | {name: {"manager": "ivanova"} for name in ENDLESS}
    # Prometheus learns where Alertmanager is within 5 s, and what fires before is not sent again for a minute.
    rules = [{"alert": name, "expr": "vector(1)", "for": "8s", "labels": each} for name, each in wanted.items()]
    (tmp_path / "site-rules").mkdir()
    (tmp_path / "site-rules" / "a.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "a", "interval": "1s", "rules": rules}]}, allow_unicode=True), "utf-8"
    )
    document = yaml.safe_load((tmp_path / "prometheus.yml").read_text(encoding="utf-8"))
    document["rule_files"] = ["site-rules/*.yml"]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    with prometheus(tmp_path):
        deadline = time.monotonic() + 40
        while {each["labels"]["alertname"] for each in alerts} != set(wanted):
            assert time.monotonic() < deadline, alerts
            time.sleep(0.1)
    for each in alerts:
        labels = dict(each["labels"])
        assert HOLDER not in labels
        assert KEY not in json.dumps(each)
        signature = labels.pop(SIGNATURE, None)
        name = labels.pop("alertname")
        assert labels == wanted[name]
        whole = labels | {"alertname": name}
        assert signature == (None if name in ENDLESS else sign(KEY, whole) and hash_modulo(whole, KEY))
        assert sign(KEY, whole) == hash_modulo(whole, KEY)


def test_the_key_is_for_the_owner_alone_and_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "acknowledge").write_text(f"{KEY}\n")
    reaction = {**{name: value for name, value in REACTION.items() if name != "key"}, "key_file": "acknowledge"}
    out = tmp_path / "out"
    done = command(fleets.written(tmp_path, **small(reaction=reaction)), out)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((out / "prometheus.yml").stat().st_mode) == 0o600
    assert KEY not in done.stdout + done.stderr
    holding = [path.name for path in out.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert holding == ["prometheus.yml"]


def test_what_promtool_says_of_a_bad_file_does_not_tell_the_key(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "site-rules").mkdir(parents=True)
    config = fleets.written(tmp_path, **small(reaction=REACTION))
    # A promtool that tells all that it read.
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "promtool").write_text('#!/bin/sh\n/bin/cat "$3"\nexit 1\n')
    (bin_ / "promtool").chmod(0o755)
    done = command(config, out, path=str(bin_))
    assert done.returncode == 1
    assert HOLDER in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_the_templates_lead_to_the_exporter_of_the_site(tmp_path: Path) -> None:
    words = fleets.text(fleets.rendered(tmp_path, **small(reaction=REACTION)), "templates/kodeks.tmpl")
    assert '{{ define "kodeks.exporter" }}https://kodeks.dealer.example/k{{ end }}' in words


@pytest.mark.parametrize(
    "reaction", [{}, {"alertmanagers": ["http://127.0.0.1:9093"]}], ids=["no section", "measured only"]
)
def test_without_link_and_key_nothing_is_signed(reaction: dict[str, Any], tmp_path: Path) -> None:
    result = fleets.rendered(tmp_path, **small(**({"reaction": reaction} if reaction else {})))
    text = fleets.text(result, "prometheus.yml")
    assert "alert_relabel_configs" not in text
    assert SIGNATURE not in text
    assert not next(file for file in result.files if file.path == "prometheus.yml").secret
    assert '{{ define "kodeks.exporter" }}{{ end }}' in fleets.text(result, "templates/kodeks.tmpl")


def test_the_address_of_the_exporter_is_enough_for_the_link(tmp_path: Path) -> None:
    web = {"external_url": "https://kodeks.dealer.example/w"}
    reaction = {key: value for key, value in REACTION.items() if key != "link"}
    words = fleets.text(fleets.rendered(tmp_path, **small(reaction=reaction, web=web)), "templates/kodeks.tmpl")
    assert '{{ define "kodeks.exporter" }}https://kodeks.dealer.example/w{{ end }}' in words
    nowhere = fleets.rendered(tmp_path, **small(reaction=reaction))
    assert SIGNATURE not in fleets.text(nowhere, "prometheus.yml")
    assert any("web.external_url" in note and "take an alert" in note for note in nowhere.notes)


def test_the_templates_look_for_the_label_and_tell_all_that_is_signed() -> None:
    for name in ("kodeks.tmpl", "telegram.tmpl", "mail.tmpl"):
        text = (fleets.ROOT / "alertmanager" / "templates" / name).read_text(encoding="utf-8")
        assert f".Labels.{SIGNATURE}" in text
        if name != "mail.tmpl":
            for label in LABELS:
                assert f"{'alert' if label == 'alertname' else label}=" in text
                assert f".Labels.{label} }}}}" in text or f".Labels.{label})" in text


def test_alerts_of_a_message_are_sorted_by_who_they_are_about_and_not_by_their_signature() -> None:
    """Alertmanager sorts by the values of labels, in the order of the labels' names."""
    assert all(label < SIGNATURE for label in LABELS)


def test_those_who_configure_by_hand_are_told_the_same(tmp_path: Path) -> None:
    text = (fleets.ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(alerting:\n.*?)```", text, re.DOTALL)
    rendered = yaml.safe_load(fleets.text(fleets.rendered(tmp_path, **small(reaction=REACTION)), "prometheus.yml"))
    by_hand = yaml.safe_load(block.replace("KEY", KEY))
    assert by_hand["alerting"]["alert_relabel_configs"] == rendered["alerting"]["alert_relabel_configs"]
