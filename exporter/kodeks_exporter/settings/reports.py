"""How sysinfo reports arrive, and how they are forwarded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

from kodeks_exporter.settings.fleet import Credentials, Tls
from kodeks_exporter.settings.notation import (
    Closed,
    Folder,
    FormUrl,
    FormValue,
    HeaderName,
    HeaderValue,
    Label,
    Path,
    Pattern,
    duration,
    patterns,
    size,
    whole,
)

ReportSize = Annotated[int, size("64KiB", "4GiB")]
ForwardInterval = Annotated[float, duration("15m", "1y", never="0")]
"""How often the exporter checks whether a report is due, at most."""


@dataclass(frozen=True, slots=True)
class ForwardHeader:
    """A request header, such as one with a token."""

    name: HeaderName
    value: HeaderValue


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """Sends the newest report of each installation on as a multipart form, for instance to an АСРП gateway.

    The request and the answer of such a gateway are assumed, hence configuration.
    """

    url: FormUrl = ""
    """`http(s)://host[:port]/path`; a query is allowed. Without it nothing is sent."""
    interval: ForwardInterval = 7 * 86400.0
    """Between two uploads for one installation."""
    intervals: Mapping[str, ForwardInterval] = field(default_factory=dict)
    """Installation to an interval of its own."""
    field_name: Label = "file"
    """The form field that carries the report."""
    fields: Mapping[Label, FormValue] = field(default_factory=dict)
    """More form fields, name to text. `GET /config` shows them, so no secrets here."""
    headers: tuple[ForwardHeader, ...] = ()
    """List of request headers: `name` and `value` (a secret)."""
    credentials: Credentials | None = None
    """`username` and `password` for HTTP basic authentication."""
    tls: Tls = Tls()
    timeout: Annotated[float, duration("1s", "1d")] = 300.0
    """For one whole upload."""
    results: Annotated[Mapping[str, tuple[Pattern, ...]], Closed()] = field(
        default_factory=lambda: MappingProxyType(
            {
                "error": patterns(r"\berror\b", r"\bошибк"),
                "warning": patterns(r"\bwarning\b"),
                "ok": patterns(r"\bok\b", r"\bsuccess"),
            }
        )
    )
    """Patterns for the visible text of the answer, tried in this order. Each list given replaces the built-in one."""
    states: Mapping[Label, tuple[Pattern, ...]] = field(
        default_factory=lambda: MappingProxyType({"Повтор": patterns(r"повтор"), "Принят": patterns(r"принят")})
    )
    """The state of the report in the answer: your own names to patterns, tried in the order given. They replace the
    built-in `Повтор` and `Принят`."""


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """How sysinfo reports arrive and where they are forwarded."""

    upload_limit: ReportSize = 64 * 1024 * 1024
    """The largest report accepted from an upload or the inbox."""
    max_uploads: Annotated[int, whole(1, 1000)] = 64
    """Uploads in progress at once, each with a thread of its own; further ones are asked to come back later."""
    ingest_concurrency: Annotated[int, whole(1, 64)] = 2
    """Reports read at the same time; each needs a processor."""
    inbox: Folder = ""
    """Folder to drop reports into; it is created when missing. Empty: `inbox` in `--storage.path`."""
    inbox_interval: Annotated[float, duration("1s", "1h")] = 5.0
    """How often the inbox is read. A file is taken when it has not changed between two readings."""
    download_path: Path = "/sysinfo/si_save_request"
    """Page of the server that makes the report."""
    download_limit: ReportSize = 64 * 1024 * 1024
    """The largest report that is downloaded."""
    download_timeout: Annotated[float, duration("1s", "1d")] = 600.0
    """For one whole download."""
    download_concurrency: Annotated[int, whole(1, 100)] = 3
    """Downloads at the same time. How often: `poll.sysinfo`."""
    forward: ForwardSettings = field(default_factory=ForwardSettings)
