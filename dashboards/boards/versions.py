"""Versions in use: which clients should be updated."""

from __future__ import annotations

from dashboards import links, panels, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import Label

_NOW = q.of("kodeks_build_info", "server", "sysinfo", "kassist", "os")


def _spread(part: str) -> Query:
    """How many installations have which version, day by day."""
    daily = f"max_over_time(kodeks_build_info{{{q.CHOSEN}}}[1h])"
    counted = q.ours(f"max by (installation, {part}) ({daily})", "client")
    return Query(f"count by ({part}) ({counted})", legend=f"{{{{{part}}}}}", step="1h")


BOARD = Board(
    name="versions",
    title="Контроль версий ПК, kAssist и др.",
    about="Какие версии сервера, sysinfo и kAssist стоят у клиентов и кого пора обновить.",
    tags=("установки",),
    variables=variables.installations(),
    time="30d",
    rows=(
        (
            panels.lines(
                "Версии ПК за 30 дней",
                "Сколько установок работает на каждой версии сервера. Версия берётся из отчётов sysinfo. "
                "Линия старой версии должна опускаться: если стоит на месте, посмотрите в таблице, у кого она, и "
                "обновите.",
                (_spread("server"),),
                style="steps",
                width=12,
            ),
            panels.lines(
                "Версии kAssist за 30 дней",
                "Сколько установок работает с каждой версией kAssist. Пустое название — kAssist не установлен. "
                "Старые версии обновите вместе с сервером.",
                (_spread("kassist"),),
                style="steps",
                width=12,
            ),
        ),
        (
            tables.table(
                "Версии у клиентов",
                "Версии из последнего отчёта каждой установки. Сортируйте по столбцу «Версия ПК»: сверху те, кого "
                "пора обновить. Нет версии — отчётов ещё не было.",
                (
                    Label("client", "Клиент", links=(links.profile(),)),
                    Label("server", "Версия ПК"),
                    Label("sysinfo", "Версия sysinfo"),
                    Label("kassist", "Версия kAssist"),
                    Label("os", "Операционная система"),
                    Label("url", "Адрес", links=(links.address(),)),
                    Label("installation", "Установка", links=(links.fleet(),)),
                    Label("manager", "Менеджер"),
                ),
                rows=q.ours(_NOW, "client", "manager", "branch", "url"),
                sort="Версия ПК",
                descending=False,
                height=18,
            ),
        ),
    ),
)
