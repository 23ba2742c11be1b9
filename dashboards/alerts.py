"""What alerts are called in people's words: taken from the rules themselves."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from dashboards.words import Word, Words

RULES = Path(__file__).resolve().parents[1] / "rules"


def titles() -> Words:
    """The annotation ``title`` of every alert, by its name."""
    found: dict[str, Word] = {}
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    found[rule["alert"]] = Word(_plain(rule["annotations"]["title"]))
    return found


def _plain(title: str) -> str:
    """Without the template: of a choice the second part, which is the usual one; other actions are left out."""
    chosen = re.sub(r"\{\{-? if .*?\}\}.*?\{\{-? else -?\}\}(.*?)\{\{-? end -?\}\}", r"\1", title, flags=re.DOTALL)
    return " ".join(re.sub(r"\{\{.*?\}\}", "", chosen).split())
