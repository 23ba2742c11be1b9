from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kodeks_exporter.config.load import load
from kodeks_exporter.config.show import duration_text, masked_yaml
from kodeks_exporter.config.values import duration

GOOD = Path(__file__).parent / "testdata" / "good" / "full.yml"


def shown() -> str:
    return masked_yaml(load(GOOD, {"SNMP_COMMUNITY": "community-of-env"}))


def test_secrets_are_masked() -> None:
    text = shown()
    for secret in ("file-password", "community-of-env", "9876543210", "0077", "dealer-token", "all-token"):
        assert secret not in text
    assert yaml.safe_load(text)["installations"][0]["credentials"] == {"username": "smartlogin", "password": "***"}


def test_what_is_shown_gives_the_same_settings_again(tmp_path: Path) -> None:
    """So nothing effective is left out, or written otherwise than it is read."""
    path = tmp_path / "kodeks.yml"
    path.write_text(shown().replace("auth_password: '***'", "auth_password: '********'")
                    .replace("privacy_password: '***'", "privacy_password: '********'"), "utf-8")  # fmt: skip
    again = load(path, {})
    original = load(GOOD, {"SNMP_COMMUNITY": "community-of-env"})
    assert masked_yaml(again) == shown()
    assert again.checks == original.checks
    assert again.poll == original.poll
    assert again.fleet.managers == original.fleet.managers


def test_russian_stays_readable() -> None:
    assert "ООО «Ромашка»" in shown()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (30, "30s"), (5400, "1h30m"), (1.5, "1s500ms"), (86400, "1d")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
    assert duration(text) == seconds
