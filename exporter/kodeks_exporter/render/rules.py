"""The project's alerting rules with a site's thresholds and the address of its documentation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kodeks_exporter.assets import AssetsError
from kodeks_exporter.render import thresholds

DOCS: Final = "https://github.com/kodeks-exporter/kodeks-exporter/blob/main"
"""Base of the project's own documentation, as the rules and templates have it."""
_ALERT: Final = re.compile(r"^ *- alert: *(\S+)", re.MULTILINE)


def read(assets: Path) -> dict[str, str]:
    """File name to text of the rules, sorted."""
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted((assets / "rules").glob("*.yml"))}
    if not found:
        raise AssetsError(f"{assets / 'rules'} holds no rules")
    return found


def alert_names(rules: Mapping[str, str]) -> tuple[str, ...]:
    """Every alert, sorted."""
    names = {name for text in rules.values() for name in _ALERT.findall(text)}
    return tuple(sorted(names))


def rendered(rules: Mapping[str, str], values: Mapping[str, float], docs: str) -> dict[str, str]:
    """``docs``: base of the links to docs/errors; empty: the project's own."""
    texts = thresholds.replaced(rules, values)
    if not docs:
        return texts
    # Only the annotation: its value ends the line, so a plain scalar without spaces stays one.
    link = re.compile(rf"^( *runbook_url: ){re.escape(DOCS)}(/\S*)$", re.MULTILINE)
    return {name: link.sub(lambda match: f"{match[1]}{docs}{match[2]}", text) for name, text in texts.items()}
