"""Versions in use: which clients should be updated."""

from dashboards import links, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Panel
from dashboards.tables import CLIENT, INSTALLATION, MANAGER, Label, Value

_NOW = q.of("kodeks_build_info", "server", "sysinfo", "kassist", "os")
_DAYS = (30, 21, 14, 7)


def _spread(title: str, about: str, part: str, heading: str) -> Panel:
    """How many installations had which version, by week: five moments cost less than a line of 30 days."""

    def used(days: int) -> str:
        ago = f" offset {days}d" if days else ""
        return (
            f'(max by (installation, {part}) (kodeks_build_info{{{q.CHOSEN},{part}!=""}}{ago}) '
            f"and on (installation) {q.INSTALLATIONS})"
        )

    moments = (*_DAYS, 0)
    return tables.table(
        title,
        about,
        (
            Label(part, heading),
            *(
                Value(f"{days} дн." if days else "Сейчас", f"count by ({part}) ({used(days)})", missing="—")
                for days in moments
            ),
        ),
        rows=f"group by ({part}) ({' or '.join(used(days) for days in moments)})",
        sort=heading,
        width=12,
        height=9,
    )


BOARD = Board(
    name="versions",
    title="Контроль версий ПК, kAssist и др.",
    about="Какие версии сервера, sysinfo и kAssist стоят у клиентов и кого пора обновить.",
    tags=("установки",),
    variables=variables.installations(),
    time="24h",
    rows=(
        (
            _spread(
                "Версии ПК за 30 дней",
                "Сколько установок работало на каждой версии сервера: 30 дней назад, 21 и так далее; версия берётся "
                "из отчётов sysinfo, прочерк — такой не было. Число у старых версий должно убывать: если стоит на "
                "месте, посмотрите ниже, у кого они, и обновите.",
                "server",
                "Версия ПК",
            ),
            _spread(
                "Версии kAssist за 30 дней",
                "Сколько установок работало с каждой версией kAssist: 30 дней назад, 21 и так далее. Где kAssist нет, "
                "не считается; прочерк — такой версии не было. Старые версии обновите вместе с сервером.",
                "kassist",
                "Версия kAssist",
            ),
        ),
        (
            tables.table(
                "Версии у клиентов",
                "Версии из последнего отчёта каждой установки. Отсортировано по версии ПК: сверху те, кого пора "
                "обновить. Нет клиента — отчётов ещё не было.",
                (
                    CLIENT,
                    Label("server", "Версия ПК"),
                    Label("sysinfo", "Версия sysinfo"),
                    Label("kassist", "Версия kAssist"),
                    Label("os", "Операционная система"),
                    Label("url", "Адрес", links=(links.address(),)),
                    INSTALLATION,
                    MANAGER,
                ),
                rows=q.ours(_NOW, "client", "manager", "branch", "url"),
                sort="Версия ПК",
                descending=False,
                height=18,
            ),
        ),
    ),
)
