"""What users of online accesses search for; read from the vendor's history once a night."""

from dashboards import panels, searches, standard, tables, variables, words
from dashboards import queries as q
from dashboards.model import Board, Panel, Query
from dashboards.tables import CLIENT, MANAGER, Label, Value
from dashboards.units import SECONDS

_FILTERS = f'status=~"$status",type=~"$type",{searches.SAYS}'
_EMPTY = f'{_FILTERS},status="empty"'
_LABELS = ("type", "status", "query", "time", "cause")

_READ = q.of_online("kodeks_online_read_timestamp_seconds")


def _found(matchers: str) -> str:
    return q.of_online(searches.ONLINE_EVENT, *_LABELS, matchers=matchers)


def _table(title: str, about: str, matchers: str, *, cause: bool = False, height: int) -> Panel:
    columns = [
        Label("time", "Время", moment=True),
        CLIENT,
        Label("login", "Логин"),
        MANAGER,
        Label("query", "Запрос"),
        *([Label("cause", "Причина", words=words.EMPTY_CAUSES, colored=True)] if cause else []),
        Label("type", "Тип поиска", words=words.SEARCH_TYPES),
        Label("status", "Статус", words=words.SEARCH_STATUS, colored=True),
    ]
    duration = Value("Длился", q.ours_online(_found(matchers), "client", "manager", "login"), unit=SECONDS, decimals=1)
    return tables.table(title, about, (*columns, duration), sort="Время", height=height)


BOARD = Board(
    name="search-queries-online",
    title="Поисковые запросы. Онлайн",
    about="Что ищут пользователи онлайн-доступов и чего не находят. Заполняется раз в сутки, ночью.",
    tags=("онлайн", "поиск"),
    variables=(
        *variables.accesses(),
        searches.variable("status", "Статус поиска", searches.ONLINE_EVENT),
        searches.variable("type", "Тип поиска", searches.ONLINE_EVENT),
        searches.WHAT,
    ),
    time="24h",
    rows=(
        (
            panels.number(
                "Запросов показано",
                "Сколько запросов онлайн-доступов попало в таблицы ниже при этих фильтрах; 0 — под них ничего "
                "не подошло. Хранятся последние 20 запросов каждого доступа за двое суток, пустых — 50 за две недели.",
                Query(q.number_of(_found(_FILTERS), _READ), instant=True),
                decimals=0,
                width=6,
            ),
            panels.number(
                "Из них пустых",
                "Сколько из показанных запросов ничего не нашли; 0 — таких нет. Каждый — повод предложить доступ к "
                "другому комплекту или показать, как искать. Список — во второй таблице.",
                Query(q.number_of(_found(_EMPTY), _READ), instant=True),
                scale=standard.SOME_IS_WARNING,
                decimals=0,
                width=6,
            ),
        ),
        (
            _table(
                "Все поисковые запросы",
                "Последние запросы онлайн-доступов из истории на сервере производителя; она читается раз в сутки "
                "ночью, поэтому сегодняшних здесь ещё нет. Время московское. Посмотрите сюда перед звонком клиенту.",
                _FILTERS,
                height=14,
            ),
        ),
        (
            _table(
                "Пустой поиск",
                "Запросы онлайн-доступов, на которые ничего не нашлось, за две недели, с вероятной причиной. «Нет в "
                "комплекте» — предложите клиенту доступ шире, остальное — повод показать, как искать.",
                _EMPTY,
                cause=True,
                height=16,
            ),
        ),
    ),
)
