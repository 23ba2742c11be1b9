"""Availability of the vendor's servers and of billing per access over 30 days."""

from dashboards import panels, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.standard import GREEN, RED
from dashboards.tables import CLIENT, MANAGER, Label, Value
from dashboards.words import Word

_BILLING = q.of_online("account:kodeks_online_up:avg30d")
_SERVERS = f"group by (server) ({q.ACCESSES})"
_SERVER = f"(max by (server) (server:kodeks_online_server_up:avg30d) and on (server) {_SERVERS})"
_SERVER_NOW = f"(max by (server) (kodeks_online_server_up) and on (server) {_SERVERS})"
_ANSWERS = {"1": Word("отвечает", GREEN), "0": Word("не отвечает", RED)}

BOARD = Board(
    name="availability-online",
    title="Доступность серверов. Онлайн",
    about="Были ли доступны серверы производителя и биллинг онлайн-доступов последние 30 дней. Норма — 100 %.",
    tags=("онлайн",),
    variables=variables.accesses(),
    time="30d",
    rows=(
        (
            panels.number(
                "Биллинг в среднем",
                "Средняя доступность биллинга по выбранным доступам за 30 дней: доля опросов, на которые система "
                "производителя ответила. Норма — 100 %. Если меньше 99 %, ниже видно, дело в одном сервере или в "
                "отдельных доступах.",
                Query(f"avg({_BILLING})", instant=True),
                unit="percentunit",
                decimals=2,
                scale=standard.AVAILABILITY_ONLINE,
                width=6,
                height=8,
            ),
            tables.table(
                "Серверы производителя за 30 дней",
                "Доля времени, когда сервер производителя отвечал, что с ним сейчас и сколько на нём наших доступов. "
                "Норма — 100 %. Если сервер не отвечает, пишите производителю: обзванивать клиентов по одному не "
                "нужно, причина у всех одна.",
                (
                    Label("server", "Сервер"),
                    Value("Доступность", _SERVER, unit="percentunit", decimals=2, scale=standard.AVAILABILITY_ONLINE),
                    Value("Сейчас", _SERVER_NOW, words=_ANSWERS),
                    Value("Наших доступов", f"count by (server) ({q.ACCESSES})", decimals=0),
                ),
                rows=q.least_first(f"({_SERVERS})", "server", _SERVER),
                width=18,
                height=8,
            ),
        ),
        (
            tables.table(
                "Биллинг по клиентам за 30 дней",
                "Доля опросов каждого доступа, на которые система производителя ответила. Норма — 100 %. Меньше — "
                "или был недоступен сервер (тогда низко у всех на нём), или что-то с самим доступом: откройте его "
                "адрес и попробуйте войти.",
                (
                    CLIENT,
                    Label("account", "Доступ"),
                    Label("login", "Логин"),
                    Label("server", "Сервер"),
                    Value("Доступность", _BILLING, unit="percentunit", decimals=2, scale=standard.AVAILABILITY_ONLINE),
                    Value("Сейчас", q.of_online("kodeks_online_up"), words=_ANSWERS),
                    MANAGER,
                ),
                rows=q.least_first(q.ACCESSES, "account", _BILLING),
                height=16,
            ),
        ),
        (
            series.lines(
                "Серверы производителя по дням",
                "Какую долю каждых суток отвечал сервер производителя. Провал у одного сервера — его авария, у всех — "
                "проверьте сначала собственный выход в интернет. С этими числами можно говорить с производителем.",
                (
                    Query(
                        f"avg_over_time(server:kodeks_online_server_up:avg6h[1d]) and on (server) {_SERVERS}",
                        "{{server}}",
                        step="1d",
                    ),
                ),
                unit="percentunit",
                scale=standard.AVAILABILITY_ONLINE,
                legend=("min", "mean", "last"),
                decimals=2,
                most=1,
                gaps=True,
                height=8,
            ),
        ),
    ),
)
