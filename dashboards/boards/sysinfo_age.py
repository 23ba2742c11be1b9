"""Age of reports: who has stopped sending them."""

from dashboards import panels, standard, tables, variables, words
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import CLIENT, INSTALLATION, MANAGER, Label, Value
from dashboards.units import HOURS, MOMENT

_AGE = q.of("installation:kodeks_sysinfo_age_seconds:max")
_RECEIVED = q.of("kodeks_sysinfo_received_timestamp_seconds")
_WAY = q.ours(
    "topk by (installation) (1, max by (installation, via) (kodeks_sysinfo_received_timestamp_seconds))",
    "client", "manager", "branch",
)  # fmt: skip
_ROWS = f"({_WAY}) or on (installation) {q.INSTALLATIONS}"
"""With the label via, of those that have no report without it."""
_NEVER = q.number_of(f"{q.INSTALLATIONS} unless on (installation) {_AGE}", q.INSTALLATIONS)

BOARD = Board(
    name="sysinfo-age",
    title="Время внутри файла SYSINFO",
    about="Насколько свежи отчёты sysinfo: у кого они перестали приходить и каким путём шли.",
    tags=("установки",),
    variables=variables.installations(),
    time="7d",
    refresh="5m",
    rows=(
        (
            panels.number(
                "Отчёт старше двух суток",
                "Сколько установок не дают свежего отчёта больше двух суток; 0 — таких нет. Считается от времени "
                "внутри файла или от его получения, смотря что раньше. Найдите их в таблице и выясните, что с "
                "выгрузкой sysinfo.",
                Query(q.number_of(f"{_AGE} > 2 * 86400", _AGE), instant=True),
                scale=standard.NONE_IS_GOOD,
                width=8,
            ),
            panels.number(
                "Отчёт старше трёх часов",
                "Сколько установок опаздывают с отчётом: обычно он обновляется каждый час; 0 — таких нет. Часто это "
                "ночной перезапуск или перерыв связи, само проходит. Если число держится сутки, смотрите таблицу.",
                Query(q.number_of(f"{_AGE} > 3 * 3600", _AGE), instant=True),
                scale=standard.SOME_IS_WARNING,
                width=8,
            ),
            panels.number(
                "Отчётов ещё не было",
                "Сколько установок есть в списке, но ни одного отчёта от них не пришло; 0 — таких нет. Проверьте "
                "адрес и пароль монитора, а у тех, кто присылает отчёт сам, — настроен ли curl на сервере клиента.",
                Query(_NEVER, instant=True),
                scale=standard.SOME_IS_WARNING,
                width=8,
            ),
        ),
        (
            tables.table(
                "Возраст отчёта",
                "Когда сервер клиента составил последний отчёт, когда мы его получили и каким путём. Строки без "
                "времени — отчётов не было. Красное — больше двух суток: звоните клиенту, сверху самые старые.",
                (
                    CLIENT,
                    INSTALLATION,
                    Value("Возраст", f"{_AGE} / 3600", unit=HOURS, decimals=1, scale=standard.REPORT_AGE),
                    Value(
                        "Время внутри файла",
                        f"1000 * {q.of('kodeks_sysinfo_created_timestamp_seconds')}",
                        unit=MOMENT,
                    ),
                    Value("Получен", f"1000 * {_RECEIVED}", unit=MOMENT),
                    Label("via", "Как пришёл", words=words.VIA),
                    MANAGER,
                ),
                rows=_ROWS,
                sort="Возраст",
            ),
        ),
    ),
)
