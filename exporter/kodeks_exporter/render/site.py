"""rules/site.yml: the numbers that a site may change, recorded as series that rules, dashboards and messages read."""

from collections.abc import Iterator, Mapping
from typing import Final

from kodeks_exporter.settings.alerting import THRESHOLDS
from kodeks_exporter.settings.score import ScoreSettings

FILE: Final = "site.yml"
_HEAD: Final = """\
# Numbers that a site may change: `thresholds` and `score` of kodeks.yml. `kodeks-exporter render` writes this file for
# a site; `./run tables` writes the defaults. In other rule files only the addresses before links are a site's own.
groups:
"""


def rendered(thresholds: Mapping[str, float], score: ScoreSettings) -> str:
    lines = [
        *_group("kodeks-site", "1m"),
        *_thresholds("kodeks:threshold", thresholds),
        "",
        # Only the daily rules of score.yml read these; Prometheus looks back five minutes.
        *_group("kodeks-score-settings", "4m"),
        *(_rule("kodeks:score_weight", weight, stage=stage) for stage, weight in score.weights.items()),
    ]
    for figure, limit in score.limits.items():
        lines.append(_rule("kodeks:score_limit", limit.zero, figure=figure, at="zero"))
        lines.append(_rule("kodeks:score_limit", limit.full, figure=figure, at="full"))
    return _HEAD + "\n".join(lines) + "\n"


def defaults() -> Iterator[str]:
    """Records of rules/inventory.yml for sites that load the rules without this file."""
    return _thresholds("kodeks:threshold:default", {name: each.default for name, each in THRESHOLDS.items()})


def _thresholds(record: str, values: Mapping[str, float]) -> Iterator[str]:
    for name, value in values.items():
        yield _rule(record, value, name=name, text=f'"{THRESHOLDS[name].words(value)}"')


def _group(name: str, interval: str) -> Iterator[str]:
    yield f"  - name: {name}"
    yield f"    interval: {interval}"
    yield "    rules:"


def _rule(record: str, value: float, **labels: str) -> str:
    text = ", ".join(f"{name}: {label}" for name, label in labels.items())
    return f"      - {{record: {record}, expr: vector({value:g}), labels: {{{text}}}}}"
