"""Titles of alerts, taken from the rules, and alerts as time spans on graphs."""

import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from dashboards import queries as q
from dashboards.model import Annotation
from dashboards.standard import ORANGE, RED
from dashboards.words import Word, Words

RULES = Path(__file__).resolve().parents[1] / "rules"
FEW = 20
"""Up to this many installations, single incidents are legible on a graph."""
SEVERAL = 3
_THRESHOLD = re.compile(r'\{\{ with query `kodeks:threshold\{name="(\w+)"\}` \}\}.*?\{\{ end \}\}')


def titles() -> Words:
    """The annotation ``title`` of every alert, by its name."""
    found: dict[str, Word] = {}
    for rule in _rules():
        found[rule["alert"]] = Word(_plain(rule["annotations"]["title"]))
    return found


def _urgent() -> Words:
    """Titles of alerts about one installation where people can't work."""
    return {
        rule["alert"]: Word(_plain(rule["annotations"]["title"]))
        for rule in _rules()
        if rule["labels"]["severity"] == "critical"
        and rule["labels"]["priority"] in ("K1", "K2")
        and "installation" not in rule["labels"]
    }


def incidents(step: str) -> Sequence[Annotation]:
    """Incidents as spans over time series: by client where few are chosen, else only those of several clients at once.

    ``step``: a hundredth of the board's range; Grafana asks for at most a hundred points and joins those no further
    apart into one span.
    """
    urgent = f'alertstate="firing",severity="critical",priority=~"K[12]",{q.CHOSEN}'
    # everything that fired since the previous point: a short incident falls between two points
    told = f"max_over_time(ALERTS{{{urgent}}}[$__interval]) and on (installation) {q.INSTALLATIONS}"
    for name, word in _urgent().items():
        told = f'label_replace({told}, "title", "{word.text}", "alertname", "{name}")'
    few = f"on () count({q.INSTALLATIONS}) <= {FEW}"
    return (
        Annotation(
            "Аварии",
            f"max by (title, alertname, client, installation) ({told}) and {few}",
            "{{title}}: {{client}} ({{installation}})",
            step,
            RED,
        ),
        Annotation(
            "Массовые аварии",
            f"count by (title, alertname) ({told}) >= {SEVERAL} unless {few}",
            f"{{{{title}}}}: сразу у {SEVERAL} установок или больше",
            step,
            ORANGE,
        ),
    )


def _rules() -> Iterator[dict[str, Any]]:
    for path in sorted(RULES.glob("*.yml")):
        yield from (rule for rule in _rules_of(path) if "alert" in rule)


@functools.cache
def _rules_of(path: Path) -> Sequence[dict[str, Any]]:
    return [
        rule
        for group in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["groups"]
        for rule in group["rules"]
    ]


def with_numbers(text: str) -> str:
    """A text of the rules with default thresholds, in words, instead of the queries for them."""
    usual = {
        rule["labels"]["name"]: rule["labels"]["text"]
        for rule in _rules_of(RULES / "site.yml")
        if rule["record"] == "kodeks:threshold"
    }
    return _THRESHOLD.sub(lambda found: usual[found[1]], text)


def _plain(title: str) -> str:
    """Without template actions: of an ``if`` the second part, which is the usual one; others are dropped."""
    title = with_numbers(title)
    chosen = re.sub(r"\{\{-? if .*?\}\}.*?\{\{-? else -?\}\}(.*?)\{\{-? end -?\}\}", r"\1", title, flags=re.DOTALL)
    return " ".join(re.sub(r"\{\{.*?\}\}", "", chosen).split())
