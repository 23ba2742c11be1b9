"""Reports as files: which clients, under which names, each file written atomically."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kodeks_exporter.config.transliterate import latin
from kodeks_exporter.domain.handling import Record
from kodeks_exporter.domain.refusal import CommandError
from kodeks_exporter.yearly import clients, pages, view
from kodeks_exporter.yearly.gather import end_of, gather
from kodeks_exporter.yearly.judge import weaknesses
from kodeks_exporter.yearly.prometheus import Prometheus
from kodeks_exporter.yearly.promql import moment
from kodeks_exporter.yearly.sender import Sender

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """``clients`` by name, or all of ``manager``. ``until``: Unix seconds, nothing after it is reported;
    ``last_day``: the date of that; None: today, in the zone of the client's manager."""

    year: int
    until: float
    clients: Sequence[str] = ()
    manager: str | None = None
    last_day: dt.date | None = None
    sender: Sender = field(default_factory=Sender)
    records: Sequence[Record] = ()
    """Of handled alerts, of all clients."""


@dataclass(frozen=True, slots=True)
class Made:
    """A report, or in ``problem`` why there is none, with ``html`` empty. ``doubts``: what the manager should know
    before handing the report over. Both are in Russian."""

    client: str
    html: str = ""
    problem: str = ""
    doubts: Sequence[str] = ()


class UnknownNameError(CommandError):
    """Prometheus knows no client of that name. The text is Russian and suggests similar names."""


def make(prometheus: Prometheus, wanted: Wanted, made: dt.datetime) -> Iterator[Made]:
    """Yields the reports one by one; ``made``: now.

    Raises UnknownNameError, only before the first report, and PrometheusError.
    """
    begin, end = moment(dt.date(wanted.year, 1, 1)), end_of(wanted.year, wanted.until)
    any_left = False
    for name in _chosen(prometheus, wanted, begin, end):
        client = clients.find(prometheus, name, begin, end)
        if wanted.manager is not None and wanted.manager not in client.managers:
            continue  # they looked after the client for only part of the year
        any_left = True
        today = made.astimezone(wanted.sender.zone(client.managers)).date()
        facts = gather(prometheus, client, wanted.year, wanted.until, wanted.last_day or today, wanted.records)
        if facts.known:
            doubts = weaknesses(facts)
            if not wanted.sender.named(client.managers):
                doubts.append("кто подготовил, не сказано: впишите full_name и phone менеджера в kodeks.yml")
            yield Made(name, pages.render(view.page(facts, today, wanted.sender)), doubts=doubts)
        else:
            yield Made(name, problem=f"нет данных за {wanted.year} год")
    if not any_left:
        raise UnknownNameError(f"у менеджера «{wanted.manager}» к концу периода клиентов нет")


def _chosen(prometheus: Prometheus, wanted: Wanted, begin: float, end: float) -> list[str]:
    if wanted.manager is not None:
        found = clients.names(prometheus, begin, end, wanted.manager)
        if not found:
            known = clients.managers(prometheus, 0.0, end)
            raise UnknownNameError(_unknown("менеджера", wanted.manager, known))
        return found
    known = clients.names(prometheus, 0.0, wanted.until)
    for name in wanted.clients:
        if name not in known:
            raise UnknownNameError(_unknown("клиента", name, known))
    return list(dict.fromkeys(wanted.clients))


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    near = clients.nearest(name, known)
    if near:
        return f"{kind} «{name}» Prometheus не знает; похожи: {'; '.join(near)}"
    return f"{kind} «{name}» Prometheus не знает" + ("" if known else ": в нём нет ни одного")


def file_names(names: Sequence[str], year: int) -> dict[str, str]:
    """A unique file name of Latin letters, digits and dashes for each client."""
    taken: set[str] = set()
    found = {}
    for name in names:
        stem = re.sub(r"[^a-z0-9]+", "-", latin(name).lower()).strip("-")[:_LONGEST_NAME] or "client"
        file, number = f"{stem}-{year}.html", 1
        while file in taken:
            number += 1
            file = f"{stem}-{number}-{year}.html"
        taken.add(file)
        found[name] = file
    return found
