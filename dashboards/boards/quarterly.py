"""The quarter's results by managers: for the head of department."""

from __future__ import annotations

from dashboards import months, panels, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import Label, Value

_THIS_YEAR = 'month=~"$year-.*"'
_QUARTERS = {"1": "0[1-3]", "2": "0[4-6]", "3": "0[7-9]", "4": "1[0-2]"}
_BOTH = "manager, quarter"


def _by_quarter(expr: str, how: str = "sum", by: str = _BOTH) -> str:
    """Of a figure by installation and month: by manager and quarter."""
    of_manager = q.ours(expr, "manager")
    for number, pattern in _QUARTERS.items():
        of_manager = f'label_replace({of_manager}, "quarter", "{number}", "month", ".*-{pattern}")'
    return f"{how} by ({by}) ({of_manager})"


_EACH = "installation, month"
_ACTIVITY = months.activity(_THIS_YEAR, _EACH)
_DOCUMENTS = q.usage("documents", _THIS_YEAR, by=_EACH)
_EMPTY = q.usage("searches_empty", _THIS_YEAR, by=_EACH)
_PEOPLE = months.active_users(_THIS_YEAR, _EACH)
_SEATS = months.seats(_THIS_YEAR, _EACH)


def _involvement(by: str = _BOTH) -> str:
    """Of the months with data: all active users per all seats."""
    return f"{_by_quarter(_PEOPLE, by=by)} / on ({by}) ({_by_quarter(_SEATS, by=by)} > 0)"


def _due(by: str = _BOTH) -> str:
    """Installations whose registration ends in that quarter of the year chosen.

    Half a day is added: the metric is the last day's first moment, local time, which may be the day before in UTC.
    """
    ends = f"({q.of('kodeks_registration_expiry_timestamp_seconds')} + 43200)"
    parts = []
    for number in _QUARTERS:
        last = 3 * int(number)
        within = (
            f"({ends} and on (installation) year({ends}) == $year and on (installation) month({ends}) > {last - 3} "
            f"and on (installation) month({ends}) <= {last})"
        )
        counted = f"count by (manager) ({q.ours(within, 'manager')})"
        parts.append(f'label_replace({counted}, "quarter", "{number}", "", "")')
    counted = " or ".join(parts)
    return counted if by == _BOTH else f"sum by ({by}) ({counted})"


_ROWS = f"group by (manager, quarter) ({_by_quarter(_DOCUMENTS)} or {_due()})"

BOARD = Board(
    name="quarterly",
    title="Квартальная аналитика",
    about="Итоги кварталов по менеджерам: пользование, вовлечённость, пустой поиск и продления.",
    tags=("установки", "пролонгация"),
    variables=(*variables.installations(), *(each for each in variables.year() if each.name == "year")),
    time="24h",
    rows=(
        (
            tables.table(
                "Кварталы по менеджерам",
                "По каждому менеджеру и кварталу выбранного года: активность (документы и интеллектуальный поиск), "
                "вовлечённость (работавшие пользователи на одно место, в среднем за месяцы квартала), открытые "
                "документы, пустые поиски и сколько регистраций в этом квартале заканчивается. «Нет данных» — квартал "
                "ещё не наступил или отчётов не было. Много продлений при низкой вовлечённости — начинайте с них.",
                (
                    Label("manager", "Менеджер"),
                    Label("quarter", "Квартал"),
                    Value("Активность", _by_quarter(_ACTIVITY), decimals=0),
                    Value("Вовлечённость", _involvement(), unit="percentunit", decimals=0),
                    Value("Документы", _by_quarter(_DOCUMENTS), decimals=0),
                    Value("Пустые поиски", _by_quarter(_EMPTY), decimals=0),
                    Value("Продлений", _due(), decimals=0, missing="0"),
                ),
                rows=_ROWS,
                sort="Менеджер",
                descending=False,
                height=18,
            ),
        ),
        (
            panels.columns(
                "Активность и документы по кварталам",
                "Суммы по всем выбранным клиентам за каждый квартал года. Третий квартал обычно ниже из-за отпусков; "
                "сравнивайте с тем же кварталом прошлого года, переключив год вверху.",
                (
                    Query(_by_quarter(_ACTIVITY, by="quarter"), instant=True),
                    Query(_by_quarter(_DOCUMENTS, by="quarter"), instant=True),
                ),
                "quarter",
                names={"quarter": "Квартал", "A": "Активность", "B": "Документы"},
                width=12,
            ),
            panels.columns(
                "Продления по кварталам",
                "Сколько регистраций выбранных клиентов заканчивается в каждом квартале выбранного года, по последним "
                "отчётам. По этим столбикам планируйте отпуска и звонки: разговор о продлении начинают за квартал.",
                (Query(_due("quarter"), instant=True),),
                "quarter",
                names={"quarter": "Квартал", "A": "Заканчивается регистраций"},
                width=12,
            ),
        ),
    ),
)
