"""The quarter's results by managers: for the head of department."""

from dashboards import months, panels, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import MANAGER, Label, Value

_THIS_YEAR = 'month=~"$year-.*"'
_QUARTERS = {"1": "0[1-3]", "2": "0[4-6]", "3": "0[7-9]", "4": "1[0-2]"}
_BOTH = "manager, quarter"


def _by_quarter(expr: str, how: str = "sum", by: str = _BOTH) -> str:
    """A figure by installation and month, summed by manager and quarter."""
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
    """Over months with data: all active users per all seats."""
    return f"{_by_quarter(_PEOPLE, by=by)} / on ({by}) ({_by_quarter(_SEATS, by=by)} > 0)"


# Half a day is added: the metric is the start of the last day in local time, which may be the day before in UTC.
_ENDS = f"({q.of('kodeks_registration_expiry_timestamp_seconds')} + 43200)"
_ENDS_IN = f"10 * year({_ENDS}) + ceil(month({_ENDS}) / 3)"
"""By installation: year and quarter as one number, such as 20261."""


def _due(*by: str) -> str:
    """Installations whose registration ends, by quarters to come and ``by``."""
    ends = f"({q.ours(_ENDS_IN, 'manager')}) and on (installation) {_ENDS} > time()"
    counted = f'count_values by ({", ".join(by)}) ("quarter", {ends})'
    return f'label_replace({counted}, "quarter", "$1, $2-й квартал", "quarter", "(....)(.)")'


_DUE = f'{_due("manager")} or label_replace(sum({_due("manager")}), "quarter", "Итого", "", "")'

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
                "документы и пустые поиски. Прочерк — квартал ещё не наступил или отчётов не было. Низкая "
                "вовлечённость при скором продлении (таблица ниже) — начинайте с этих клиентов.",
                (
                    MANAGER,
                    Label("quarter", "Квартал"),
                    Value("Активность", _by_quarter(_ACTIVITY), decimals=0),
                    Value("Вовлечённость", _involvement(), unit="percentunit", decimals=0),
                    Value("Документы", _by_quarter(_DOCUMENTS), decimals=0),
                    Value("Пустые поиски", _by_quarter(_EMPTY), decimals=0),
                ),
                sort="Менеджер",
                then="Квартал",
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
            tables.table(
                "Продления по кварталам",
                "Сколько регистраций выбранных клиентов кончается в каждом из будущих кварталов у каждого менеджера, "
                "по последним отчётам. Разговор о продлении начинают за квартал: по этой таблице планируйте звонки и "
                "отпуска.",
                (
                    Label("quarter", "Квартал"),
                    MANAGER,
                    Value("Кончается регистраций", _DUE, decimals=0),
                ),
                sort="Квартал",
                then="Менеджер",
                descending=False,
                width=12,
                height=10,
            ),
        ),
    ),
)
