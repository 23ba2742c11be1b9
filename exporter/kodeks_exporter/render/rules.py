"""The project's rules with a site's addresses before their links. No other text of a rule is edited.

A site's numbers are series that rules read (site.yml). Its addresses are not: a link has to work in alerts that fire
because Prometheus has lost its series, and a query for it would run for every firing alert at each evaluation. An
external label would become a label of every alert and of all that Prometheus sends on. And message templates alone
can't complete links: webhooks, Prometheus' own pages and Grafana show annotations as they are.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kodeks_exporter.assets import AssetsError

_LINK: Final = re.compile(r"^( *(?:runbook_url|dashboard): '?)(/(docs|d)/)", re.MULTILINE)
"""A link as in rules/: without a host."""
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


def rendered(rules: Mapping[str, str], docs: str, grafana: str) -> dict[str, str]:
    """``docs``, ``grafana``: bases of the links to pages of alerts and to dashboards. With an empty base its links
    stay as they are, and messages leave them out."""
    bases = {"docs": docs, "d": grafana}
    return {
        name: _LINK.sub(lambda found: f"{found[1]}{bases[found[3]]}{found[2]}", text) for name, text in rules.items()
    }
