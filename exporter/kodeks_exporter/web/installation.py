"""The page of one installation as data. The template only prints it."""

from dataclasses import dataclass, replace

from kodeks_exporter.checks.shown import Shown
from kodeks_exporter.web import words
from kodeks_exporter.web.past import Past, past_of
from kodeks_exporter.web.query import Query
from kodeks_exporter.web.rows import Row, row_of, status_of
from kodeks_exporter.web.views import FleetView


@dataclass(frozen=True, slots=True)
class InstallationPage:
    title: str
    row: Row
    tone: str
    evidence: tuple[Shown, ...] | None
    past: Past | None
    facts: tuple[tuple[str, str], ...]
    query: Query
    toggle_refresh: str
    clock: str
    zone: str
    version: str


def installation_page(
    fleet: FleetView, name: str, query: Query, evidence: tuple[Shown, ...] | None = None
) -> InstallationPage | None:
    """The page of one installation; None when the fleet has no such name. ``evidence``: of a round just requested."""
    fleet = in_zone(fleet, query)
    view = next((view for view in fleet.installations if view.name == name), None)
    if view is None:
        return None
    row = row_of(view, status_of(view), fleet)
    local = ""
    if words.offset(fleet.generated, view.time_zone) != words.offset(fleet.generated, fleet.time_zone):
        zone = words.zone_name(fleet.generated, view.time_zone)
        local = f"{words.at(fleet.generated, view.time_zone):%H:%M}, {zone}"
    contact = fleet.contact(view.manager)
    about = (
        ("Имя в настройках", view.name),
        ("Менеджер", ", ".join(filter(None, (contact.name, contact.phone)))),
        ("Филиал", view.branch),
        ("Площадка", view.hosting),
        ("Отчёты", {"pull": "забираем сами", "push": "присылает сервер"}.get(view.mode, view.mode)),
        ("У клиента сейчас", local),
    )
    return InstallationPage(
        title=f"{row.status.sign} {view.client or view.name}",
        row=row,
        tone=row.status.tone,
        evidence=evidence,
        past=past_of(view.past, fleet.generated, fleet.time_zone, view.time_zone),
        facts=tuple((key, value) for key, value in about if value),
        query=query,
        toggle_refresh="?refresh=0" if query.refresh else "?",
        clock=clock(fleet),
        zone=words.zone_name(fleet.generated, fleet.time_zone),
        version=fleet.version,
    )


def in_zone(fleet: FleetView, query: Query) -> FleetView:
    """With times in the visitor's zone."""
    return replace(fleet, time_zone=query.zone_info) if query.zone_info is not None else fleet


def clock(fleet: FleetView) -> str:
    return f"{words.at(fleet.generated, fleet.time_zone):%d.%m.%Y %H:%M:%S}"
