"""What users search for, and what they do not find."""

from dashboards import panels, searches, standard, tables, variables, words
from dashboards import queries as q
from dashboards.model import Board, Panel, Query
from dashboards.tables import CLIENT, MANAGER, Label, Value
from dashboards.units import SECONDS
from dashboards.variables import Variable

_FILTERS = (
    f'user=~"$user",source=~"$source",catalog=~"$catalog",status=~"$status",type=~"$type",{searches.SAYS}'
)  # fmt: skip
_EMPTY = f'{_FILTERS},status="empty"'
_FAILED = f'{_FILTERS},status="error"'
_LABELS = ("user", "catalog", "source", "type", "status", "query", "time", "cause")

_REPORTS = q.of("installation:kodeks_sysinfo_age_seconds:max")


def _found(matchers: str) -> str:
    # A client without a registration in the reports has no legal entity, and appears when all are chosen.
    others = 'kodeks_registration_info{legal_entity!~"$entity"}'
    return f"({q.of(searches.EVENT, *_LABELS, matchers=matchers)} unless on (installation) {others})"


def _table(title: str, about: str, matchers: str, *, cause: bool = False, height: int) -> Panel:
    columns = [
        Label("time", "Время", moment=True),
        CLIENT,
        Label("legal_entity", "ЮрЛицо", width=88),
        MANAGER,
        Label("user", "Логин", width=72),
        Label("query", "Запрос"),
        *([Label("cause", "Причина", words=words.EMPTY_CAUSES, colored=True, width=142)] if cause else []),
        Label("catalog", "Каталог", width=80),
        Label("type", "Тип", words=words.SEARCH_TYPES, width=100),
        Label("source", "Источник", words=words.SEARCH_SOURCES, width=90),
        Label("status", "Статус", words=words.SEARCH_STATUS, colored=True, width=84),
    ]
    # the duration of an empty search is not worth a column
    found = q.ours(_found(matchers), "client", "manager")
    duration = Value("Длился", found, unit=SECONDS, decimals=1, shown=not cause)
    registered = q.of("kodeks_registration_info", "legal_entity")
    entity = Value("", f"{registered} and on (installation) {_found(matchers)}", shown=False)
    return tables.table(title, about, (*columns, duration, entity), sort="Время", height=height)


BOARD = Board(
    name="search-queries",
    title="Поисковые запросы",
    about="Что ищут пользователи клиентов и чего не находят: последние запросы и пустой поиск за две недели.",
    tags=("установки", "поиск"),
    variables=(
        *variables.installations(),
        Variable("entity", "ЮрЛицо", query=f"label_values(kodeks_registration_info{{{q.CHOSEN}}}, legal_entity)"),
        searches.variable("user", "Пользователь", searches.EVENT),
        searches.variable("source", "Источник запросов", searches.EVENT),
        searches.variable("catalog", "Каталог", searches.EVENT),
        searches.variable("status", "Статус поиска", searches.EVENT),
        searches.variable("type", "Тип поиска", searches.EVENT),
        searches.WHAT,
    ),
    time="24h",
    rows=(
        (
            panels.number(
                "Запросов показано",
                "Сколько запросов попало в таблицы ниже при выбранных фильтрах; 0 — под фильтры ничего не подошло. "
                "Хранятся последние 200 запросов каждой установки за сутки, пустые и с ошибкой — по 100 за две "
                "недели. Полный журнал лежит в файлах экспортёра.",
                Query(q.number_of(_found(_FILTERS), _REPORTS), instant=True),
                decimals=0,
                width=6,
            ),
            panels.number(
                "Из них пустых",
                "Сколько из показанных запросов ничего не нашли; 0 — таких нет. Каждый из них — либо документа нет в "
                "комплекте (повод предложить), либо человек искал неудачно (повод показать). Список — во второй "
                "таблице.",
                Query(q.number_of(_found(_EMPTY), _REPORTS), instant=True),
                scale=standard.SOME_IS_WARNING,
                decimals=0,
                width=6,
            ),
            panels.number(
                "Из них с ошибкой",
                "Сколько из показанных запросов закончились ошибкой сервера; 0 — таких нет. Ошибки подряд у одного "
                "клиента — признак больной базы: откройте дашборд «Ошибки БД».",
                Query(q.number_of(_found(_FAILED), _REPORTS), instant=True),
                scale=standard.NONE_IS_GOOD,
                decimals=0,
                width=6,
            ),
        ),
        (
            _table(
                "Все поисковые запросы",
                "Последние поисковые запросы пользователей с учётом фильтров, по отчётам серверов; время — местное у "
                "клиента. Берутся новейшие 200 запросов каждой установки за сутки. По ним видно, чем живёт клиент: "
                "загляните сюда перед звонком.",
                _FILTERS,
                height=14,
            ),
        ),
        (
            _table(
                "Пустой поиск",
                "Запросы, на которые система ничего не нашла, за две недели (до 100 на установку), с вероятной "
                "причиной: документа нет в комплекте, не та раскладка, опечатка, слишком длинный запрос. «Нет в "
                "комплекте» — позвоните и предложите, остальное — повод показать, как искать.",
                _EMPTY,
                cause=True,
                height=16,
            ),
        ),
    ),
)
