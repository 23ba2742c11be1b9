"""The fleet as the status page shows it: what all streams know, combined."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter import __version__
from kodeks_exporter.domain.acknowledge import sign
from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.domain.reaction import Alert, Incident
from kodeks_exporter.intake.intake import Refused
from kodeks_exporter.intake.statuses import Trail
from kodeks_exporter.online.watch import server_of
from kodeks_exporter.settings.fleet import Fleet, Installation
from kodeks_exporter.settings.reaction import ReactionSettings
from kodeks_exporter.settings.settings import Settings
from kodeks_exporter.store.access_state import AccessState
from kodeks_exporter.store.live import LiveStatus
from kodeks_exporter.store.past import Spell
from kodeks_exporter.store.snapshot import ReportSnapshot
from kodeks_exporter.web.acknowledge import link_query
from kodeks_exporter.web.troubles import (
    Trouble,
    access_troubles,
    host_troubles,
    listed_troubles,
    report_troubles,
    worst_first,
)
from kodeks_exporter.web.views import AccessView, Contact, FleetView, InstallationView, Taking

_BEHIND: Final = 60.0
"""Seconds that rows may wait for the disk before the page says so."""
_IMPAIRED: Final[Mapping[Impairment, str]] = {
    Impairment.RESOLVER: "Серверы имён мониторинга не отвечают",
    Impairment.DESCRIPTORS: "Мониторингу не хватает открытых файлов, памяти или портов",
    Impairment.ROUTE: "У машины мониторинга нет маршрута в сеть",
    Impairment.PING: "Мониторинг не может отправлять ping",
    Impairment.QUEUE: "Проверки не успевают: очередь длиннее круга",
    Impairment.INTERNAL: "Внутренняя ошибка экспортёра, подробности в его журнале",
}


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known at one moment. ``now``: Unix seconds. ``refused``: last unreadable reports.

    ``servers``: whether each server of online accesses answers. ``alertmanagers``: whether each member does.
    ``incidents``, ``listed``: by identity, what is known of alerts that fire and what Alertmanager says of them.
    ``waiting``: seconds that the storage is behind. ``impaired``: how many installations can't be fully checked.
    """

    now: float
    live: Mapping[str, LiveStatus]
    past: Mapping[str, tuple[Spell, ...]]
    reports: Mapping[str, ReportSnapshot]
    trails: Mapping[str, Trail]
    refused: Mapping[str, Refused]
    accesses: Mapping[str, AccessState]
    servers: Mapping[str, bool | None]
    incidents: Mapping[str, Incident]
    listed: Mapping[str, Alert]
    alertmanagers: Mapping[str, bool]
    reload_ok: bool
    impaired: Mapping[Impairment, int]
    waiting: float


def fleet_view(settings: Settings, known: Known) -> FleetView:
    fleet = settings.fleet
    subjects = fleet.installations.keys() | fleet.online_accesses.keys()
    listed, of_monitor = listed_troubles(known.listed.values(), subjects)
    down = {server for server, up in known.servers.items() if up is False}
    return FleetView(
        installations=tuple(
            _installation(each, settings, known, listed.get(each.name, ())) for each in fleet.installations.values()
        ),
        generated=known.now,
        version=__version__,
        time_zone=_zone_of_people(fleet),
        accesses=tuple(
            AccessView(
                name=access.name,
                client=access.client,
                manager=access.manager,
                branch=access.branch,
                server=server_of(access),
                checked=state.attempted,
                troubles=worst_first((*access_troubles(state, known.now), *listed.get(access.name, ()))),
            )
            for access in fleet.online_accesses.values()
            for state in (known.accesses.get(access.name, AccessState()),)
        ),
        servers_down={server: Trouble("OnlineServerDown", "Сервер онлайн-доступов не отвечает") for server in down},
        monitor=tuple(_monitor(known)),
        told_to_ops=of_monitor,
        takings=_takings(known.incidents, settings.reaction),
        grafana=settings.links.grafana.rstrip("/"),
        alertmanager=next(iter(settings.reaction.alertmanagers), "").rstrip("/"),
        contacts={name: Contact(manager.called, manager.phone) for name, manager in fleet.managers.items()},
    )


def _zone_of_people(fleet: Fleet) -> ZoneInfo | None:
    """The time zone of most managers; a server's clock is often UTC, and people do not think in UTC."""
    zones = Counter(str(manager.time_zone) for manager in fleet.managers.values())
    return ZoneInfo(zones.most_common(1)[0][0]) if zones else None


def _installation(
    installation: Installation, settings: Settings, known: Known, listed: tuple[Trouble, ...]
) -> InstallationView:
    name = installation.name
    status, snapshot, refused = known.live.get(name), known.reports.get(name), known.refused.get(name)
    round_ = status.round if status is not None else None
    began = status.maintenance_start if status is not None else None
    results = tuple(round_.results.values()) if round_ is not None else ()
    planned = round_.planned if round_ is not None else ""
    of_report = report_troubles(
        installation,
        snapshot,
        known.trails.get(name),
        (refused.received, refused.text) if refused is not None else None,
        settings.thresholds,
        known.now,
    )
    return InstallationView(
        name=name,
        client=installation.client,
        manager=installation.manager,
        mode=installation.mode.value,
        url=installation.url,
        branch=installation.branch,
        hosting=installation.hosting,
        state=round_.state if round_ is not None else None,
        results=results,
        root_cause=round_.root_cause if round_ is not None else None,
        since=status.since if status is not None else None,
        last_run=round_.started if round_ is not None else None,
        report_made=snapshot.report.made if snapshot is not None and snapshot.report is not None else None,
        planned=planned,
        time_zone=installation.time_zone,
        past=known.past.get(name, ()),
        troubles=worst_first((*of_report, *host_troubles(results, settings.thresholds, planned), *listed)),
        long=began is not None and known.now - began > 3600 * settings.thresholds["maintenance_hours"],
    )


def _monitor(known: Known) -> Iterator[str]:
    if not known.reload_ok:
        yield "Новые настройки не приняты, действуют прежние: kodeks-exporter check-config kodeks.yml покажет, почему"
    for cause, number in known.impaired.items():
        if number:
            yield f"{_IMPAIRED[cause]} (установок: {number}): о том, чего не видно, страница не судит"
    silent = [name for name, up in known.alertmanagers.items() if not up]
    if silent:
        yield f"Alertmanager не отвечает ({', '.join(silent)}): сообщения могут не дойти"
    if known.waiting > _BEHIND:
        yield "Хранилище не пишется: проверьте место на диске"


def _takings(incidents: Mapping[str, Incident], reaction: ReactionSettings) -> dict[tuple[str, str], Taking]:
    found: dict[tuple[str, str], Taking] = {}
    for incident in incidents.values():
        labels = incident.labels
        subject = labels.get("installation") or labels.get("account") or labels.get("server", "")
        taken = incident.taken
        query = ""
        if taken is None and reaction.acknowledgeable and reaction.key is not None:
            query = link_query(labels, round(incident.started * 1000), sign(reaction.key.reveal(), labels))
        found[labels.get("alertname", ""), subject] = (
            Taking(taken.by, taken.at) if taken is not None else Taking(query=query)
        )
    return found
