from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter.config.load import load
from kodeks_exporter.config.show import masked_yaml
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.settings.online import OnlineSettings
from kodeks_exporter.settings.reports import ReportSettings
from kodeks_exporter.settings.settings import Settings
from kodeks_exporter.settings.values import duration, duration_text, size, size_text

GOOD = Path(__file__).parent / "testdata" / "good" / "full.yml"


def shown() -> str:
    return masked_yaml(load(GOOD, {"SNMP_COMMUNITY": "community-of-env"}))


def test_secrets_are_masked() -> None:
    text = shown()
    for secret in (
        "file-password",
        "community-of-env",
        "9876543210",
        "0077",
        "dealer-token-of-16",
        "all-token-of-16-x",
        "query-token",
        "signing-key",
    ):
        assert secret not in text
    assert yaml.safe_load(text)["installations"][0]["credentials"] == {"username": "smartlogin", "password": "***"}


def test_secrets_of_sending_on_are_masked_but_named() -> None:
    forward = yaml.safe_load(shown())["reports"]["forward"]
    assert forward["url"] == "https://asrp.example/upload/?client=***&***"
    assert forward["headers"] == [{"name": "X-Token", "value": "***"}, {"name": "X-Other", "value": "***"}]
    assert forward["credentials"] == {"username": "forwarder", "password": "***"}


def test_what_is_shown_gives_the_same_settings_again(tmp_path: Path) -> None:
    """So nothing effective is left out, or written otherwise than it is read."""
    path = tmp_path / "kodeks.yml"
    path.write_text(shown().replace("auth_password: '***'", "auth_password: '********'")
                    .replace("privacy_password: '***'", "privacy_password: '********'")
                    .replace(" token: '***'", " token: '****************'")
                    .replace("key: '***'", "key: '0123456789abcdef'"), "utf-8")  # fmt: skip
    again = load(path, {})
    original = load(GOOD, {"SNMP_COMMUNITY": "community-of-env"})
    assert masked_yaml(again) == shown()
    assert again.checks == original.checks
    assert again.poll == original.poll
    assert again.fleet.managers == original.fleet.managers
    assert again.history == original.history
    assert again.online == original.online
    unsigned: dict[str, Any] = {"key": None, "credentials": None}
    assert replace(again.reaction, **unsigned) == replace(original.reaction, **unsigned)
    secret: dict[str, Any] = {"url": "", "headers": {}, "credentials": None}
    forward = replace(original.reports.forward, **secret)
    assert replace(again.reports, forward=replace(again.reports.forward, **secret)) == replace(
        original.reports, forward=forward
    )


def test_the_defaults_are_shown_and_give_the_defaults_again(tmp_path: Path) -> None:
    path = tmp_path / "kodeks.yml"
    path.write_text(masked_yaml(Settings()), "utf-8")
    again = load(path, {})
    assert (again.reports, again.history, again.online) == (ReportSettings(), HistorySettings(), OnlineSettings())
    assert yaml.safe_load(masked_yaml(again))["reports"]["upload_limit"] == "64MiB"


def test_russian_stays_readable() -> None:
    assert "ООО «Ромашка»" in shown()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (30, "30s"), (5400, "1h30m"), (1.5, "1s500ms"), (86400, "1d")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (1000, "1000"), (2048, "2KiB"), (64 * 2**20, "64MiB"), (2**31, "2GiB")]
)
def test_sizes(number: int, text: str) -> None:
    assert size_text(number) == text
    assert size(text) == number
