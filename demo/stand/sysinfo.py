"""``POST /sysinfo/si_save_request``: a server's reports, and what may go wrong with them.

The diary of the server's people lasts as long as the server; a report is written once a minute at most.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from demo.people import Diary, found
from demo.stand import pages
from demo.stand.faults import Fault, Options, number, text
from demo.stand.model import ServerSpec
from demo.stand.reports import Circumstances, ExtraSearch, Report, make, pack, to_sqlite, to_xml
from demo.stand.wire import Reply, Request

PATH = "/sysinfo/si_save_request"
_MEGABYTE = 1024 * 1024
_REMEMBERED = 8


def kind(request: Request) -> str:
    """``zip`` or ``xml``, of the form or, after a redirect, of the query."""
    asked = parse_qs(request.body.decode("ascii", "replace")) | parse_qs(request.query)
    return "xml" if asked.get("type", ["zip"])[-1] == "xml" else "zip"


@dataclass
class Chronicle:
    """A server's people and what they did on command. ``moment`` everywhere: Unix seconds."""

    spec: ServerSpec
    searches: list[ExtraSearch] = field(default_factory=list)
    refused: list[tuple[dt.datetime, str]] = field(default_factory=list)
    _written: dict[tuple[object, ...], bytes] = field(default_factory=dict)

    @cached_property
    def diary(self) -> Diary:
        """Made when first asked for: most servers of a large stand never are."""
        spec = self.spec
        return Diary(found(spec.seed, spec.name, spec.population, spec.seats, spec.catalogs, spec.calm))

    def local(self, moment: float) -> dt.datetime:
        """The server's local time, without a zone, as its reports have it."""
        return dt.datetime.fromtimestamp(moment, ZoneInfo(self.spec.time_zone)).replace(tzinfo=None)

    def search(self, moment: float, login: str, query: str, status: str) -> None:
        """Somebody searches now. A login that is not known makes a new user."""
        time = self.local(moment).replace(microsecond=0)
        found_something = status == "ok"
        self.searches.append(
            ExtraSearch(
                time, login, query, status, self.spec.catalogs[0],
                found=12 if found_something else 0, duration=0.8 if found_something else 11.5,
            )
        )  # fmt: skip
        self._written.clear()

    def refuse(self, moment: float, count: int = 3) -> None:
        """Some of the users find no free seat now."""
        time = self.local(moment).replace(microsecond=0)
        people = [each for each in self.diary.company.people if each.registered <= time.date() and each.presence]
        self.refused += [(time - dt.timedelta(seconds=7 * n), each.login) for n, each in enumerate(people[:count])]
        self._written.clear()

    def report(
        self,
        moment: float,
        faults: Mapping[Fault, Options] | None = None,
        key_error: int = 0,
        visitors: Sequence[tuple[str, str, float]] = (),
    ) -> Report:
        """The report as data. ``visitors``: login, address and beginning (Unix seconds) of further sessions."""
        faults, spec = faults or {}, self.spec
        missing = faults.get(Fault.REPORT_MISSING)
        volume, stale = faults.get(Fault.VOLUME_ERROR), faults.get(Fault.OPERUP_STALE)
        around = Circumstances(
            version=spec.version,
            windows=spec.kind == "windows",
            regnum=spec.regnum,
            organisation=spec.organisation,
            seats=spec.seats,
            expires=dt.datetime.strptime(spec.expires, "%d.%m.%Y").date(),
            restart=spec.restart,
            key_error=key_error,
            key_message=pages.PROTECTION_MESSAGES.get(key_error, "Ошибка защиты") if key_error else "",
            full=Fault.OUT_OF_SEATS in faults,
            spp_ok=Fault.SPP_DOWN not in faults,
            volume_error=text(volume, "code", "2007") if volume is not None else "",
            operup_age=int(number(stale, "days", 5)) if stale is not None else 0,
            occasional=spec.occasional,
            missing=frozenset(text(missing, "block", "searches").split(",")) if missing is not None else frozenset(),
            visitors=[(login, address, self.local(since)) for login, address, since in visitors],
            extra=self.searches,
            refused=self.refused,
        )
        return make(self.diary, self.local(moment), around)

    def answer(
        self,
        asked: str,
        moment: float,
        faults: Mapping[Fault, Options],
        key_error: int,
        visitors: Sequence[tuple[str, str, float]],
    ) -> Reply:
        """The report as it travels: XML in chunks, closing the connection (known), or a zip."""
        moment = moment // 60 * 60 if not self.searches and not self.refused else moment // 1
        key = (asked, moment, key_error, str(faults), tuple((login, address) for login, address, _ in visitors))
        body = self._written.get(key)
        if body is None:
            body = self._write(asked, self.report(moment, faults, key_error, visitors), faults)
            while len(self._written) >= _REMEMBERED or (self._written and len(body) > 10 * _MEGABYTE):
                self._written.pop(next(iter(self._written)))
            self._written[key] = body
        broken = faults.get(Fault.REPORT_BROKEN)
        if broken is not None:
            body = body[: int(len(body) * number(broken, "share", 0.6))]
        slow = faults.get(Fault.REPORT_SLOW)
        rate = number(slow, "rate", 2000.0) if slow is not None else 0.0
        if asked == "xml":
            written = f"text/xml; charset={self.spec.report_charset}"
            return Reply(200, body, written, chunked=True, close=True, rate=rate)
        disposition = ("Content-Disposition", f'attachment; filename="{self.spec.name}.zip"')
        return Reply(200, body, "application/zip", (disposition,), rate=rate)

    def _write(self, asked: str, report: Report, faults: Mapping[Fault, Options]) -> bytes:
        huge = faults.get(Fault.REPORT_HUGE)
        if huge is not None:
            xml = _swell(to_xml(report, self.spec.report_charset), int(number(huge, "size", 100) * _MEGABYTE))
            return xml if asked == "xml" else pack("sysinfo.xml", xml, compress=False)
        if asked == "xml":
            return to_xml(report, self.spec.report_charset)
        if self.spec.report_format == "sqlite":
            return pack("sysinfo.db", to_sqlite(report))
        return pack("sysinfo.xml", to_xml(report, self.spec.report_charset))


def _swell(xml: bytes, size: int) -> bytes:
    """The same report with unknown elements at its end until it is as long as is wanted; still well-formed."""
    end = b"</sysinfo>"
    head, _, tail = xml.rpartition(end)
    filler = b'    <extra note="' + b"x" * 960 + b'"/>\n'
    return b"".join((head, filler * (max(0, size - len(xml)) // len(filler) + 1), end, tail))
