"""History of servers: states by name, checks, disks."""

from dashboards import alerts, panels, standard, states, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.standard import ORANGE
from dashboards.tables import CLIENT, INSTALLATION, MANAGER, Label, Value
from dashboards.units import GIGABYTES, MINUTES
from dashboards.words import CHECK_RESULT, STATE_NUMBERS, STATES, Word

_SPAN = "[$__range] @ end()"
_CHECK = f"kodeks_check_success{{{q.CHOSEN}}}"
_BLOCKED = f"kodeks_check_blocked{{{q.CHOSEN}}}"
SHOWN = 30
"""This many servers and checks, those in trouble longest, have a line of their own."""
_FEW = f"(count({q.INSTALLATIONS}) <= 3)"

_WELL = f'kodeks_installation_state{{{q.CHOSEN},state="ok"}}'
_NOT_WELL = 100
"""Instead of the number of a state, for several servers together."""
_AWAY = f"(1 - max by (installation) (avg_over_time({_WELL}{_SPAN}))) > 0"
_TROUBLED = f"topk({SHOWN}, {_AWAY} and on (installation) {q.INSTALLATIONS})"
_FAILING = f"(1 - min by (installation, check) (avg_over_time({_CHECK}{_SPAN}))) > 0"
_FAILED = f"topk({SHOWN}, {_FAILING} and on (installation) {q.INSTALLATIONS})"
_EACH = f"max by (installation, check) ({_CHECK} @ end()) and on () {_FEW}"
_RESULTS = (
    f"max by (installation, check) (({_CHECK} or 2 * {_BLOCKED}) and on (installation, check) ({_FAILED} or {_EACH}))"
)


_NEVER = {"0": Word("")}
_SHORTLY = {
    "maintenance": "Обслуживание",
    "needs_service": "Нужно обсл.",
    "key_missing": "Нет ключа",
    "out_of_seats": "Нет мест",
    "not_started": "Не запущен",
    "server_error": "Ошибка",
    "warning": "Предупр.",
    "unreachable": "Недоступен",
}
"""States as headings."""


def _known(expr: str) -> str:
    """Checks by the names known to managers."""
    for ours, known in (("http", "http200"), ("page", "warning"), ("seats", "limit")):
        expr = f'label_replace({expr}, "check", "{known}", "check", "{ours}")'
    return expr


def _lasted(state: str) -> str:
    return (
        "(max by (installation) (avg_over_time("
        f'kodeks_installation_state{{{q.CHOSEN},state="{state}"}}{_SPAN}) * $__range_s / 60) '
        f"and on (installation) {q.INSTALLATIONS} and on (installation) {_TROUBLED})"
    )


_FREE = q.of("kodeks_disk_free_bytes", "partition")
_SIZE = q.of("kodeks_disk_size_bytes", "partition")
_SHORT = f"({_FREE} < 10e9 and on (installation, partition) {_SIZE} > 10e9)"

BOARD = Board(
    name="server-metrics",
    title="Kodeks server metrics",
    about="Что было с серверами: нештатные состояния, проверки раз в 30 секунд и место на дисках.",
    tags=("установки",),
    variables=variables.installations(),
    time="24h",
    refresh="1m",
    annotations=alerts.incidents("15m"),
    rows=(
        (
            panels.timeline(
                "Время нештатного состояния сервера",
                "В каком состоянии был каждый сервер, по словам его главной страницы и проверок. Показаны серверы, у "
                "которых за выбранное время нештатное длилось дольше всего, до 30; последняя строка — худшее из "
                "остальных. Длинная цветная полоса днём — пользователи не работали: выясните причину и расскажите "
                "клиенту.",
                (
                    Query(
                        q.ours(f"({states.NUMBER}) and on (installation) ({_TROUBLED})", "client"),
                        legend="{{client}} · {{installation}}",
                        step="2m",
                    ),
                    Query(
                        f"{_NOT_WELL} * (1 - min({_WELL} and on (installation) {q.INSTALLATIONS} "
                        f"unless on (installation) ({_TROUBLED})))",
                        legend="остальные: худшее",
                        step="2m",
                    ),
                ),
                words={**STATE_NUMBERS, str(_NOT_WELL): Word("Нештатное", ORANGE)},
            ),
        ),
        (
            tables.table(
                "Сколько длилось нештатное состояние",
                "Сколько времени каждый сервер провёл в каждом состоянии за выбранный отрезок: доля проверок, "
                "умноженная на его длину. Ночной перезапуск в 10–15 минут — норма. Пусто — нештатных состояний не "
                "было.",
                (
                    CLIENT,
                    INSTALLATION,
                    *(
                        Value(_SHORTLY[state], _lasted(state), unit=MINUTES, decimals=0, words=_NEVER, missing="")
                        for state in STATES
                        if state != "ok"
                    ),
                    MANAGER,
                ),
                rows=f"{q.INSTALLATIONS} and on (installation) ({_TROUBLED})",
                sort="Недоступен",
                missing="нештатных состояний не видно",
                height=9,
            ),
        ),
        (
            panels.timeline(
                "Статусы on-line проверок",
                "Результат каждой проверки: зелёное — в порядке, красное — сбой, серое — не проверялось, потому что "
                "мешает другой сбой (причина — красное). Выбрано до трёх установок — показаны все проверки, больше — "
                "до 30 тех, что не проходили дольше всего, и худшее из остальных. tcp — порт, http200 — главная "
                "страница, auth — вход, key — ключ, limit — места, warning — аварийная страница.",
                (
                    Query(
                        _known(q.ours(_RESULTS, "client")),
                        legend="{{client}} · {{check}}",
                        step="5m",
                    ),
                    Query(
                        f"min({_CHECK} and on (installation) {q.INSTALLATIONS} "
                        f"unless on (installation, check) ({_FAILED} or {_EACH}))",
                        step="5m",
                        legend="остальные: худшее",
                    ),
                ),
                words=CHECK_RESULT,
                height=14,
            ),
        ),
        (
            tables.table(
                "Разделы с менее чем 10 ГБ свободного места",
                "Разделы дисков больше 10 ГБ, на которых осталось меньше 10 ГБ; по SNMP, там, где он настроен. "
                "Пусто — таких нет. Обновление базы занимает гигабайты: попросите администратора клиента "
                "освободить место, пока оно не кончилось.",
                (
                    CLIENT,
                    INSTALLATION,
                    Label("partition", "Раздел"),
                    Value("Свободно", f"{_SHORT} / 1e9", unit=GIGABYTES, decimals=1, scale=standard.DISK_FREE),
                    Value(
                        "Размер",
                        f"{_SIZE} / 1e9 and on (installation, partition) {_SHORT}",
                        unit=GIGABYTES,
                        decimals=0,
                    ),
                    Value(
                        "Занято",
                        f"1 - {_SHORT} / on (installation, partition) {_SIZE}",
                        unit="percentunit",
                        decimals=0,
                    ),
                    MANAGER,
                ),
                rows=q.ours(_SHORT, "client", "manager"),
                sort="Свободно",
                descending=False,
                missing="таких разделов не видно",
                height=9,
            ),
        ),
    ),
)
