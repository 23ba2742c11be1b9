"""Reviews of how alerts were handled: a row of the board ``reaction``."""

from dashboards import tables
from dashboards.model import Section
from dashboards.standard import GREEN, ORANGE, RED, YELLOW, Scale
from dashboards.tables import Label, Value
from dashboards.words import Word, Words

_SCORE = Scale(RED, ((2.5, ORANGE), (3.5, YELLOW), (4.2, GREEN)))
_SEEN = Scale(GREEN, ((1, ORANGE),))
_CHOSEN = 'manager=~"$manager"'
_SCORES = f"max by (manager, point) (kodeks_handling_score{{{_CHOSEN}}})"
_POINTS: Words = {
    "in_time": Word("отозвались вовремя"),
    "cause": Word("нашли причину"),
    "told": Word("сказали клиенту о сбое"),
    "told_mended": Word("сказали, что починено"),
    "prevented": Word("чтобы не повторилось"),
}


def _sum(name: str, more: str = "") -> str:
    matchers = f"{_CHOSEN},{more}" if more else _CHOSEN
    return f"sum by (manager) (max by (manager, branch, outcome, sign) (kodeks_handling_{name}{{{matchers}}}))"


ROWS = (
    Section("Проверка людьми"),
    (
        tables.table(
            "Как ведут случаи: менеджеры",
            "Что поставили проверяющие за 30 дней (0-5), сколько было оценок и возражений за 13 месяцев и сколько "
            "признаков, что угождают цифре. Признак - повод посмотреть случай на странице /handling, а не вывод. "
            "Прочерк - не проверяли. Премии по этим цифрам не считают: случаев мало.",
            (
                Label("manager", "Менеджер"),
                Value("Оценка", f"avg by (manager) ({_SCORES})", decimals=1, scale=_SCORE),
                Value("Слабый пункт", f"min by (manager) ({_SCORES})", decimals=1, scale=_SCORE),
                Value("Оценок", _sum("reviews"), decimals=0),
                Value("Возражений", _sum("disputes"), decimals=0),
                Value("Изменено", _sum("disputes", 'outcome="changed"'), decimals=0),
                Value("Признаков", _sum("sign"), decimals=0, scale=_SEEN),
            ),
            rows=f"group by (manager) (kodeks_handling_reviews{{{_CHOSEN}}})",
            sort="Оценка",
            descending=False,
            width=15,
            height=12,
            missing="проверок не видно",
        ),
        tables.table(
            "Как ведут случаи: пункты",
            "Что поставили за 30 дней по каждому пункту. Слабее всех у многих один и тот же пункт - дело не в людях: "
            "поменяйте порядок работы.",
            (
                Label("manager", "Менеджер"),
                Label("point", "Пункт", words=_POINTS),
                Value("Оценка", _SCORES, decimals=1, scale=_SCORE),
            ),
            rows=f"group by (manager, point) (kodeks_handling_score{{{_CHOSEN}}})",
            sort="Оценка",
            descending=False,
            width=9,
            height=12,
            missing="проверок не видно",
        ),
    ),
)
"""Rows of the board."""
