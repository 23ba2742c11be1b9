"""One word for one thing, in all Russian texts that people read; CONTRIBUTING.md has the list."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("alertmanager", "dashboards", "demo", "docs", "exporter", "replay", "rules")
OTHERS = (
    "demo/vendor", "demo/stand", "demo/history", "demo/people", "rules/tests", "docs/en",
    "exporter/kodeks_exporter/sysinfo",
    "exporter/kodeks_exporter/checks/strangers.py",
    "exporter/kodeks_exporter/survey/pages.py",
)  # fmt: skip
"""Words of others: servers that are imitated, patterns of pages and of reports."""
KNOWN = ("Количество лицензий на инсталляции", "Максимальное число занятых лицензий на инсталляции")
"""Titles that managers know by heart."""

TERM = re.compile(r"^\| (?P<say>[^|]+) \| (?P<instead>[^|]+) \| `(?P<pattern>[^`]+)` \|$", re.MULTILINE)
FRACTION = re.compile(r"(?<![\d.])\d+\.\d+\s?(?:%|[чсм]\b|мин|дн|раз|ГБ|балл)")


@cache
def terms() -> list[tuple[str, str, re.Pattern[str]]]:
    """What is said, what it is said instead of, and the pattern of the latter."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return [(each["say"], each["instead"], re.compile(each["pattern"].replace("¦", "|"), re.IGNORECASE))
            for each in TERM.finditer(text)]  # fmt: skip


def files() -> Iterator[Path]:
    yield ROOT / "README.ru.md"
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(OTHERS):
                continue
            if path.suffix in (".py", ".md", ".yml", ".html", ".tmpl"):
                yield path


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with Russian words; of Python the texts alone."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        texts = [(node.lineno, node.value) for node in ast.walk(ast.parse(text))
                 if isinstance(node, ast.Constant) and isinstance(node.value, str)]  # fmt: skip
    elif path.parent == ROOT / "rules":
        texts = list(texts_of(text))
    else:
        texts = list(enumerate(text.splitlines(), 1))
    for number, line in texts:
        words = re.sub("`[^`]*`", "", line)
        russian = len(re.findall("[а-яё]", words)) > len(re.findall("[a-z]", words))
        if russian and line not in KNOWN:
            yield number, line


def texts_of(rules: str) -> Iterator[tuple[int, str]]:
    """Texts of alerts with the number of the rule; a summary has the catalogue's words, which are a promise."""
    groups = yaml.safe_load(rules)["groups"]
    for number, rule in enumerate((rule for group in groups for rule in group["rules"]), 1):
        told = rule.get("annotations", {})
        yield from ((number, f"{key}: {text}") for key, text in told.items() if key not in ("summary", "runbook_url"))


def complaints(line: str) -> list[str]:
    found = [f"«{match[0]}»: {say}" for say, _, pattern in terms() if (match := pattern.search(line))]
    return found + [f"«{match[0]}»: запятая" for match in FRACTION.finditer(line)]


def test_one_word_for_one_thing() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {complaint}"
        for path in files()
        for number, line in lines(path)
        for complaint in complaints(line)
    ]
    assert wrong == []


def test_the_list_is_read() -> None:
    assert len(terms()) >= 8


@pytest.mark.parametrize(
    "line",
    [
        "Сбой на хостинге клиента", "Имя не разрешается в DNS", "Страница отвечает не кодом 200", "Новый алерт",
        "Ключ SenseLock не активен", "Ключ SenseLock недоступен", "поставьте silence в Alertmanager",
        "у этого аккаунта", "Инсталляция молчит", "ответа нет: тайм-аут", "доступность 99.5 %",
        "учётная запись мониторинга",
    ],
)  # fmt: skip
def test_a_forbidden_word_is_found(line: str) -> None:
    assert complaints(line)


@pytest.mark.parametrize("line", ["Версия 6.4.5 стоит раз в год", "системная учётная запись Windows", "99,5 %"])
def test_ordinary_words_pass(line: str) -> None:
    assert not complaints(line)
