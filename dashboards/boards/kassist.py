"""kAssist: links in clients' documents that it found, matched and checked."""

from dashboards import panels, series, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import CLIENT, INSTALLATION, MANAGER, Value

_DAILY = "installation:kodeks_kassist_links:daily"
_KINDS = {
    "unique": "уникальные",
    "unmatched": "без соответствия",
    "added": "все добавленные",
    "checked": "проверенные действующие",
}


def _day(kind: str) -> str:
    """Links of the day that begins at each point: see ``queries.of_day``."""
    told = f"max_over_time({_DAILY}{{{q.CHOSEN},{_kind(kind)}}}{q.of_day(end=True)})"
    return f"sum(max by (installation) ({told}) and on (installation) {q.INSTALLATIONS})"


def _whole(kind: str) -> str:
    return q.of(_DAILY, matchers=_kind(kind), over="sum_over_time", window="$__range")


def _kind(kind: str) -> str:
    return f'kind="{kind}"'


BOARD = Board(
    name="kassist",
    title="kAssist. Аналитика",
    about="Сколько ссылок на нормативные документы нашёл, добавил и проверил kAssist в документах клиентов.",
    tags=("установки",),
    variables=variables.installations(),
    time="30d",
    rows=(
        tuple(
            panels.number(
                f"За период: {name}",
                f"Сумма по дням за выбранный период: ссылки kAssist «{name}». Складываются числа каждого завершённого "
                "дня из отчётов всех выбранных установок. Растёт — kAssist работает на клиента, упало до нуля — им "
                "перестали пользоваться.",
                Query(f"sum({_whole(kind)})", instant=True),
                decimals=0,
                width=6,
            )
            for kind, name in _KINDS.items()
        ),
        (
            series.lines(
                "Ссылки по дням",
                "Сколько ссылок каждого вида kAssist обработал за день по всем выбранным установкам. Число за день "
                "появляется на следующее утро. Много ссылок без соответствия — в комплекте клиента нет документов, на "
                "которые он ссылается: это готовое предложение. Виды пересекаются, поэтому линии не складываются.",
                tuple(Query(_day(kind), name, step="1d") for kind, name in _KINDS.items()),
                legend=("min", "max", "mean", "sum"),
            ),
        ),
        (
            tables.table(
                "kAssist по клиентам за период",
                "Сумма ссылок за выбранный период у каждой установки с kAssist. «Доля» — сколько из "
                "уникальных ссылок не нашлось в комплекте: сверху те, кому есть что предложить. Нули — kAssist стоит, "
                "но не используется: предложите показать, как с ним работать.",
                (
                    CLIENT,
                    INSTALLATION,
                    *(Value(name.capitalize(), _whole(kind), decimals=0) for kind, name in _KINDS.items()),
                    Value(
                        "Доля",
                        f"{_whole('unmatched')} / on (installation) ({_whole('unique')} > 0)",
                        unit="percentunit",
                        decimals=0,
                    ),
                    MANAGER,
                ),
                rows=q.ours(f"0 * {_whole('unique')} + 1", "client", "manager", "branch"),
                sort="Без соответствия",
                height=16,
            ),
        ),
    ),
)
