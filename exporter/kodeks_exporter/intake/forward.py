"""Forwards received reports, for instance to an АСРП gateway: a multipart POST once an interval for each installation.

The gateway's address, form and answers are assumed, hence configurable (``ForwardSettings``). The answer is kept in a
file for each installation, so that a restart does not send again.
"""

import logging
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from kodeks_exporter.intake.filed import Filed
from kodeks_exporter.intake.intake import Intake, Kept
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.reading import read_text
from kodeks_exporter.net.transport import Resolve, Transport, page
from kodeks_exporter.poll.scheduler import Job, Pace
from kodeks_exporter.settings.fleet import Fleet
from kodeks_exporter.settings.reports import ForwardSettings
from kodeks_exporter.settings.settings import Settings

log = logging.getLogger(__name__)

POOL: Final = "forward"
"""Of the scheduler; two threads are enough."""
LOOK: Final = 900.0
"""Seconds between two checks whether it is time; a failed attempt is repeated after twice that, then after growing
pauses."""
_LONGEST: Final = 6 * 3600.0
_SPREAD: Final = 600.0
_ANSWER: Final = 64 * 1024
_PIECE: Final = 64 * 1024
_CONNECT_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The outcome of the last attempt.

    ``attempted``: Unix seconds. ``sent``: when the gateway last answered with success or warning, 0: never. ``result``:
    ok, warning, error, unknown (none of these in the answer) or, without a proper answer, timeout, refused, http_500
    and the like. ``state``: a name in ``ForwardSettings.states``, or empty. ``received``: identifies the report.
    """

    attempted: float
    sent: float
    result: str
    state: str
    received: float


class Forwarder:
    """Safe to use from many threads."""

    def __init__(self, storage: Path, resolve: Resolve, clock: Callable[[], float] = time.time) -> None:
        """Raises OSError."""
        self._known = Filed(storage / "forward", Forwarded, durable=True)
        self._resolve = resolve
        self._clock = clock

    def forwarded(self) -> Mapping[str, Forwarded]:
        """Installation to its last outcome."""
        return self._known.all()

    def is_due(self, name: str, settings: ForwardSettings) -> bool:
        interval = settings.intervals.get(name, settings.interval)
        last = self._known.get(name)
        return bool(settings.url) and interval > 0 and (last is None or self._clock() - last.sent >= interval)

    def send(self, name: str, report: Kept, settings: ForwardSettings) -> Forwarded:
        """Sends a report and stores the outcome. Raises OSError when the report can't be read or the outcome can't
        be stored."""
        now = self._clock()
        result, state = self._post(report, settings)
        before = self._known.get(name)
        sent = now if result in ("ok", "warning", "unknown") else (before.sent if before else 0.0)
        outcome = Forwarded(now, sent, result, state, report.received)
        self._known.put(name, outcome)
        extra = {"installation": name, "result": result, "state": state}
        log.log(logging.INFO if sent == now else logging.WARNING, "report forwarded", extra=extra)
        return outcome

    def _post(self, report: Kept, settings: ForwardSettings) -> tuple[str, str]:
        try:
            transport = Transport(
                self._resolve, _CONNECT_TIMEOUT, settings.credentials, settings.tls.verify, settings.tls.ca_file
            )
        except CheckError as error:
            return error.reason, ""
        try:
            with report.path.open("rb") as file, transport.within(settings.timeout):
                form = _Form(settings.fields, settings.field_name, report.path.name, file)
                headers = {header.name: header.value.reveal() for header in settings.headers}
                headers["Content-Type"] = form.content_type
                with transport.ask("POST", settings.url, form, headers) as response:
                    return _understood(settings, page(response, _ANSWER))
        except CheckError as error:
            return error.reason, ""
        finally:
            transport.close()


def forward_job(
    name: str, intake: Intake, forwarder: Forwarder, settings: Callable[[], Settings]
) -> Callable[[], Pace]:
    """A job that forwards an installation's newest report when it is time and the report has not been sent."""

    def run() -> Pace:
        current = settings()
        forward = current.reports.forward
        if name not in current.fleet.installations or not forwarder.is_due(name, forward):
            return Pace.NORMAL
        report = intake.newest(name)
        last = forwarder.forwarded().get(name)
        if report is None or (last is not None and last.sent and last.received >= report.received):
            return Pace.NORMAL
        try:
            outcome = forwarder.send(name, report, forward)
        except FileNotFoundError:
            return Pace.NORMAL  # a newer report has just replaced it: next time
        return Pace.NORMAL if outcome.sent == outcome.attempted else Pace.FAILED

    return run


def forward_jobs(
    fleet: Fleet, settings: ForwardSettings, job: Callable[[str], Callable[[], Pace]], pool: str = POOL
) -> Mapping[str, Job]:
    """Jobs for the scheduler, by key; none without an address. ``job`` creates the job of a name (``forward_job``)."""
    if not settings.url:
        return {}
    return {
        f"forward {name}": Job(
            job(name), LOOK, _LONGEST, pool, pool, delay=_SPREAD * (zlib.crc32(name.encode()) / 2**32)
        )
        for name in fleet.installations
        if settings.intervals.get(name, settings.interval) > 0
    }


def _understood(settings: ForwardSettings, answer: Response) -> tuple[str, str]:
    text = read_text(answer).visible
    state = _first(settings.states, text) or ""
    if answer.status >= 300:
        return f"http_{answer.status}", state
    return _first(settings.results, text) or "unknown", state


def _first(patterns: Mapping[str, tuple[re.Pattern[str], ...]], text: str) -> str | None:
    for name, expressions in patterns.items():
        if any(expression.search(text) for expression in expressions):
            return name
    return None


class _Form:
    """A multipart form whose file is read while it is sent; requests would hold it in memory."""

    def __init__(self, fields: Mapping[str, str], name: str, file_name: str, file: IO[bytes]) -> None:
        boundary = uuid4().hex
        self.content_type = f"multipart/form-data; boundary={boundary}"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; '
            f'filename="{_quoted(file_name)}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self._head = "".join(parts).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self._size = os.fstat(file.fileno()).st_size

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while piece := self._file.read(_PIECE):
            yield piece
        yield self._tail


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
