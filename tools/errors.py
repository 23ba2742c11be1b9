"""What the pages of docs/errors have in common, for ``./run tables``: titles from the rules, and the twelve limits.

A page's third line and the lines of the list in docs/errors/README.md say what the rule says; all else of them is
written by hand. The pages of the twelve limits of online accesses differ in few words: limit_page.md is all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from dashboards.alerts import titles

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = "docs/errors"
LIST: Final = f"{FOLDER}/README.md"
LIMIT_PAGE: Final = Path(__file__).with_name("limit_page.md")
URGENCY: Final = {"K1": "срочно", "K2": "срочно", "K3": "сегодня", "K4": "на неделе", "K5": "на неделе"}
_LISTED: Final = re.compile(r"^- \[(\w+)\]\(\1\.md\) — .*$", re.MULTILINE)
_TITLED: Final = re.compile(r"\A(# .*\n\n)\*\*.*\n")


def pages() -> dict[str, str]:
    """Every page of the folder by its path, as it should be."""
    told = {f"{FOLDER}/{name}.md": text for name, text in _limits()}
    for path in sorted((ROOT / FOLDER).glob("*.md")):
        name = f"{FOLDER}/{path.name}"
        if name in told:
            continue
        text = path.read_text(encoding="utf-8")
        told[name] = _LISTED.sub(lambda line: _listed(line[1]), text) if name == LIST else _titled(path.stem, text)
    return told


def _titled(alert: str, text: str) -> str:
    return _TITLED.sub(lambda head: f"{head[1]}{_headline(alert)}\n", text)


def _headline(alert: str) -> str:
    title, priority = _rules()[alert]
    return f"**{title.rstrip('.')}.** Приоритет {priority}: {URGENCY[priority]}."


def _listed(alert: str) -> str:
    title, priority = _rules()[alert]
    small = title if title[1:2].isupper() else title[0].lower() + title[1:]
    return f"- [{alert}]({alert}.md) — {small} ({priority})"


@cache
def _rules() -> dict[str, tuple[str, str]]:
    """Title and priority by alert."""
    priorities = {
        rule["alert"]: rule["labels"]["priority"]
        for path in sorted((ROOT / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    return {alert: (title.text, priorities[alert]) for alert, title in titles().items()}


@dataclass(frozen=True, slots=True)
class _Resource:
    """Words of a limit: ``on`` what it is, ``many`` of what is left, ``cannot`` what stops when nothing is left."""

    name: str
    on: str
    many: str
    cannot: str


_RESOURCES: Final = (
    _Resource("Docs", "документы", "открытых документов", "открывать документы"),
    _Resource("Search", "поиск", "поисков", "искать"),
    _Resource("Print", "печать", "распечаток", "печатать"),
    _Resource("Upload", "выгрузку", "выгрузок", "выгружать документы"),
)


def _limits() -> Iterator[tuple[str, str]]:
    template = LIMIT_PAGE.read_text(encoding="utf-8")
    for resource in _RESOURCES:
        for level in _LEVELS:
            alert = f"OnlineBilling{resource.name}Left{level}"
            words = {"on": resource.on, "many": resource.many, "cannot": resource.cannot}
            level_words = {key: text.format(**words) for key, text in _LEVELS[level].items()}
            yield alert, template.format(alert=alert, headline=_headline(alert), **words, **level_words)


_LEVELS: Final = {
    "150": {
        "see": "Пока ничего: всё работает.",
        "call": "Никого, если до 1-го хватит; иначе клиента.",
        "say": "«Лимит на {on} в этом месяце расходуется быстро. Давайте посмотрим, хватит ли его до 1-го».",
        "what": "В этом месяце осталось меньше 150 {many} (и не меньше 50), и это не больше половины лимита",
    },
    "50": {
        "see": "Пока всё работает. Когда лимит кончится, {cannot} будет нельзя.",
        "call": "Клиента, пока лимит не кончился.",
        "say": "«Лимит на {on} в этом месяце почти исчерпан. Расширим его или дождёмся 1-го числа?»",
        "what": "В этом месяце осталось меньше 50 {many}, но больше нуля, и это не больше пятой части лимита",
    },
    "Zero": {
        "see": "Нельзя {cannot}: система говорит, что лимит исчерпан.",
        "call": "Клиента.",
        "say": "«Лимит на {on} в этом месяце закончился до 1-го числа. Нужно раньше — посчитаю расширение».",
        "what": "Лимит месяца на {on} исчерпан: осталось 0",
    },
}
