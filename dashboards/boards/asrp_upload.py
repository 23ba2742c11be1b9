"""Reports forwarded to АСРП: whose were accepted and whose were not."""

from dashboards import panels, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.standard import GREEN, ORANGE, RED, YELLOW
from dashboards.tables import CLIENT, INSTALLATION, MANAGER, Label, Value
from dashboards.units import MOMENT
from dashboards.variables import Variable
from dashboards.words import Word

_RESULT = q.of("kodeks_forward_result", "result", "state", matchers='result=~"$response"')
_TAKEN = f"({q.of('kodeks_forward_last_success_timestamp_seconds')} and on (installation) {_RESULT})"
_SUCCESS = f"({q.of('kodeks_forward_success')} and on (installation) {_RESULT})"
_RESULTS = {
    "ok": Word("ok", GREEN),
    "warning": Word("warning", YELLOW),
    "/.+/": Word("не принят", RED),
    "": Word("нет ответа", ORANGE),
}

BOARD = Board(
    name="asrp-upload",
    title="Загрузка sysinfo в АСРП",
    about="Принимает ли АСРП отчёты наших клиентов: что принято за час, кому отказано и почему.",
    tags=("установки",),
    variables=(
        *variables.installations(),
        Variable("response", "Ответ", query=f"label_values(kodeks_forward_result{{{q.CHOSEN}}}, result)"),
    ),
    time="24h",
    refresh="5m",
    rows=(
        (
            panels.number(
                "Принято за последний час",
                "Сколько установок передали отчёт в АСРП за последний час, и он принят; 0 — ни одной. Обычно это почти "
                "все, у кого передача включена. Если число упало до нуля у всех сразу, не отвечает сама АСРП.",
                Query(q.number_of(f"time() - {_TAKEN} < 3600", _RESULT), instant=True),
                decimals=0,
                width=8,
            ),
            panels.number(
                "Не принято",
                "У скольких установок последний отчёт не принят; 0 — таких нет. Ответ АСРП на него — в таблице ниже. "
                "Чаще всего дело в номере дилера или в давно не обновлявшемся отчёте.",
                Query(q.number_of(f"{_SUCCESS} == 0", _RESULT), instant=True),
                scale=standard.NONE_IS_GOOD,
                decimals=0,
                width=8,
            ),
            panels.number(
                "Не принимались больше суток",
                "У скольких установок уже больше суток не было ни одного принятого отчёта; 0 — таких нет. Таких "
                "клиентов АСРП скоро посчитает неработающими: разберитесь с ними сегодня.",
                Query(q.number_of(f"time() - {_TAKEN} > 86400", _RESULT), instant=True),
                scale=standard.NONE_IS_GOOD,
                decimals=0,
                width=8,
            ),
        ),
        (
            tables.table(
                "Последняя передача каждой установки",
                "Что АСРП ответила на последний отчёт каждой установки (ok или warning) и что с ним сделала: принят "
                "или повтор (такой уже был). Рядом — когда передавали и когда приняли в последний раз. Сначала "
                "займитесь красными, потом теми, у кого «Принят» давно.",
                (
                    CLIENT,
                    INSTALLATION,
                    Label("result", "Ответ", words=_RESULTS, colored=True),
                    Label("state", "Состояние"),
                    Value(
                        "Передан",
                        f"1000 * ({q.of('kodeks_forward_last_attempt_timestamp_seconds')} "
                        f"and on (installation) {_RESULT})",
                        unit=MOMENT,
                    ),
                    Value("Принят", f"1000 * {_TAKEN}", unit=MOMENT, missing="ни разу"),
                    MANAGER,
                ),
                rows=q.ours(_RESULT, "client", "manager", "branch"),
                sort="Принят",
                descending=False,
                height=18,
            ),
        ),
    ),
)
