"""Puts a site's weights and limits of the client score into the text of rules/score.yml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kodeks_exporter.assets import AssetsError
from kodeks_exporter.settings.score import ScoreSettings

FILE: Final = "score.yml"


def replaced(rules: Mapping[str, str], score: ScoreSettings) -> dict[str, str]:
    """The rule files (name to text) with these numbers. Raises AssetsError when a place is not as expected."""
    texts = dict(rules)
    for stage, weight in sorted(score.weights.items()):
        texts[FILE] = _put(texts[FILE], "kodeks:score_weight", f"stage: {stage}", weight)
    for figure, limit in sorted(score.limits.items()):
        for at, value in (("zero", limit.zero), ("full", limit.full)):
            texts[FILE] = _put(texts[FILE], "kodeks:score_limit", f"figure: {figure}, at: {at}", value)
    return texts


def _put(text: str, record: str, labels: str, value: float) -> str:
    place = re.compile(
        rf"^( *- record: {re.escape(record)}\n *expr: vector\()[^)]*(\)\n *labels: {{{re.escape(labels)}}}\n)",
        re.MULTILINE,
    )
    text, count = place.subn(lambda match: f"{match[1]}{value:g}{match[2]}", text)
    if count != 1:
        raise AssetsError(f"{FILE} holds {record} with {{{labels}}} {count} times; mend render/score.py")
    return text
