"""The online accesses on the status page: those with something wrong."""

from dataclasses import dataclass

from kodeks_exporter.web import words
from kodeks_exporter.web.leads import TroubleRow, trouble_row
from kodeks_exporter.web.query import Query
from kodeks_exporter.web.rows import NOTED, PROBLEM, ago
from kodeks_exporter.web.views import FleetView


@dataclass(frozen=True, slots=True)
class AccessRow:
    """An online access with something wrong, or a server with many accesses."""

    client: str
    name: str
    manager: str
    server: str
    tone: str
    checked: str
    troubles: tuple[TroubleRow, ...]
    rank: int


def access_rows(fleet: FleetView, query: Query) -> tuple[AccessRow, ...]:
    """Online accesses with something wrong, the worst first; a server that is down is one row for all its accesses.
    Accesses with only a note are shown on request."""
    if query.hosting or query.cause or query.state not in ("", PROBLEM, NOTED):
        return ()
    noted = query.state == NOTED
    found: list[AccessRow] = []
    for server, trouble in () if noted else fleet.servers_down.items():
        hit = [each for each in fleet.accesses if each.server == server and query.names(each)]
        if hit:
            number = words.plural(len(hit), "доступ", "доступа", "доступов")
            row = trouble_row(trouble, server, fleet, access=True)
            found.append(AccessRow(f"Сервер {server}", number, "", server, row.tone, "", (row,), trouble.rank))
    for access in fleet.accesses:
        if access.troubles and access.troubles[0].noted is noted and query.names(access):
            rows = tuple(trouble_row(each, access.name, fleet, access=True) for each in access.troubles)
            columns = (access.client, access.name, fleet.contact(access.manager).name, access.server)
            checked = ago(access.checked, fleet.generated)
            found.append(AccessRow(*columns, rows[0].tone, checked, rows, access.troubles[0].rank))
    return tuple(sorted(found, key=lambda each: (each.rank, each.client.casefold())))
