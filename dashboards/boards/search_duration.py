"""How long searches take: where people wait."""

from dashboards import panels, searches, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import CLIENT, INSTALLATION, Label, Value
from dashboards.units import SECONDS
from dashboards.variables import Variable

_LABELS = ("user", "catalog", "query", "time")
_FILTERS = 'status=~"$status",catalog=~"$catalog"'
_SLOW = f"({q.of(searches.EVENT, *_LABELS, matchers=_FILTERS)} >= $threshold)"
_BUCKETS = "installation:kodeks_search_duration:daily"


def _new(step: str) -> str:
    """Searches that appeared within a step: each is one point, though its series lasts a day."""
    event = f"{searches.EVENT}{{{q.CHOSEN},{_FILTERS}}}"
    return f"({event} >= $threshold) unless {event} offset {step}"


def _done(bound: str, days: str) -> str:
    """Successful searches of ``days`` up to a bound in seconds, by installation."""
    return q.of(
        _BUCKETS, matchers=f'status="ok",le=~"{bound}"', over="increase", window=days
    )  # fmt: skip


_SHARE = f"(1 - {_done('10(.0)?', '30d')} / on (installation) ({_done('[+]Inf', '30d')} > 0))"
_ALL_SHARE = f"1 - sum({_done('10(.0)?', '30d')}) / (sum({_done('[+]Inf', '30d')}) > 0)"

BOARD = Board(
    name="search-duration",
    title="Время выполнения поисковых запросов",
    about="Сколько длятся поисковые запросы у клиента, какие из них долгие и какова доля дольше десяти секунд.",
    tags=("установки", "поиск"),
    variables=(
        *variables.installations(one_client=True),
        searches.variable("status", "Статус поиска", searches.EVENT),
        Variable(
            "threshold",
            "Порог",
            kind="custom",
            query="1 с : 1,2 с : 2,5 с : 5,10 с : 10,20 с : 20,60 с : 60",
            many=False,
            default="5 с : 5",
        ),
        searches.variable("catalog", "Каталог", searches.EVENT),
    ),
    time="24h",
    rows=(
        (
            panels.number(
                "Доля успешных поисков дольше 10 секунд",
                "Какая доля успешных поисков за 30 дней длилась дольше десяти секунд, по всем выбранным установкам. "
                "Пустые не в счёт: они долгие по своей природе. Больше 10 % — людям кажется, что система сломана: "
                "проверьте диск и память сервера.",
                Query(_ALL_SHARE, instant=True),
                unit="percentunit",
                decimals=1,
                scale=standard.SLOW_SHARE,
                width=8,
                height=8,
            ),
            tables.table(
                "Доля долгих по установкам",
                "Для каждой установки: сколько успешных поисков было за 30 дней и какая доля длилась дольше десяти "
                "секунд. Счёт раз в сутки, в полночь по Гринвичу. Красное — больше 10 %: передайте администратору "
                "клиента.",
                (
                    CLIENT,
                    INSTALLATION,
                    Value("Поисков за 30 дней", _done("[+]Inf", "30d"), decimals=0),
                    Value("Дольше 10 с", _SHARE, unit="percentunit", decimals=1, scale=standard.SLOW_SHARE),
                ),
                rows=q.INSTALLATIONS,
                sort="Дольше 10 с",
                width=16,
                height=8,
            ),
        ),
        (
            series.lines(
                "Поиски не короче порога",
                "Точка — один поиск не короче порога, что выбран вверху; высота — сколько он длился. Она стоит у часа, "
                "когда о поиске рассказал отчёт. Точки кучей — сервер в это время был перегружен: сравните с ночным "
                "копированием и обновлениями.",
                (Query(q.ours(_new("1h"), "client"), "{{client}}: {{user}}", step="1h"),),
                unit=SECONDS,
                decimals=1,
                legend=("min", "max"),
                style="points",
                missing="таких поисков не видно",
                height=12,
            ),
        ),
        (
            tables.table(
                "Долгие поиски",
                "Поиски не короче порога за последние сутки (пустые и с ошибкой — за две недели): когда, сколько "
                "длились, где и что искали. Время — местное у клиента. Один и тот же долгий запрос у разных людей — "
                "покажите им поиск по номеру документа.",
                (
                    Label("time", "Время", moment=True),
                    Value("Длился", q.ours(_SLOW, "client"), unit=SECONDS, decimals=1, scale=standard.SEARCH_SECONDS),
                    Label("catalog", "Каталог"),
                    CLIENT,
                    Label("user", "Логин"),
                    Label("query", "Запрос"),
                ),
                sort="Длился",
                missing="таких поисков не видно",
                height=16,
            ),
        ),
    ),
)
