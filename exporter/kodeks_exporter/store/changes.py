"""Compares a report with earlier ones: the same client, complete, new, the same versions? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from kodeks_exporter.domain.report import ReportHeader

USERS: Final = "users"
VOLUMES: Final = "volumes"
REGISTRATION: Final = "registration"
_ACCEPTED_AFTER: Final = 7 * 86400.0
"""Seconds after which missing data counts as gone for good."""
_LEFT: Final = 10
"""Users under a tenth of those before are a loss."""


@dataclass(frozen=True, slots=True)
class VersionChange:
    """Of one part: ``server``, ``sysinfo`` or ``kassist``. ``made``: of the report that showed it, Unix seconds."""

    before: str
    after: str
    made: float


@dataclass(frozen=True, slots=True)
class Lost:
    """``had``: how many the last complete report had. ``since``: when the first report without them was made, Unix
    seconds."""

    had: int
    since: float


@dataclass(frozen=True, slots=True)
class Changes:
    """``regnum`` and ``client``: from the newest report with a registration, ``regnum_before`` and ``client_before``
    from the last report with another one. ``registrations``: how often it changed, ``registration_changed``: when it
    last did, Unix seconds. ``whole``: by subject, the count in the last complete report. ``repeats``: how often the
    report in force came again unchanged."""

    regnum: str = ""
    client: str = ""
    regnum_before: str = ""
    client_before: str = ""
    registrations: int = 0
    registration_changed: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)
    version_changes: Mapping[str, VersionChange] = field(default_factory=dict)
    whole: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, Lost] = field(default_factory=dict)
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A report in figures. ``made`` and ``received`` in Unix seconds; a missing block counts as 0 records."""

    header: ReportHeader
    made: float
    received: float
    users: int
    volumes: int
    kassist: str


def note(before: Changes, report: ReportFacts, *, newest: bool) -> Changes:
    """``newest`` False: only the registration of an older report counts."""
    after = _registration(before, report.header, report.received)
    if not newest:
        return after
    if after.registrations == before.registrations:  # versions of another client's server are not a change
        after = _versions(after, report)
    return _losses(after, report)


def _registration(before: Changes, header: ReportHeader, received: float) -> Changes:
    if not header.regnum:
        return before
    after = replace(before, regnum=header.regnum, client=header.client)
    if before.regnum in ("", header.regnum):
        return after
    return replace(
        after,
        regnum_before=before.regnum,
        client_before=before.client,
        registrations=before.registrations + 1,
        registration_changed=received,
    )


def _versions(before: Changes, report: ReportFacts) -> Changes:
    parts = {
        "server": report.header.server_version,
        "sysinfo": report.header.sysinfo_version,
        "kassist": report.kassist,
    }
    changes = dict(before.version_changes)
    for part, version in parts.items():
        known = before.versions.get(part, "")
        if version and known and version != known:
            changes[part] = VersionChange(known, version, report.made)
    versions = {**before.versions, **{part: version for part, version in parts.items() if version}}
    return replace(before, versions=versions, version_changes=changes)


def _losses(before: Changes, report: ReportFacts) -> Changes:
    now = {
        USERS: report.users,
        VOLUMES: report.volumes,
        REGISTRATION: int(bool(report.header.regnum or report.header.seats is not None)),
    }
    whole, lost = dict(before.whole), dict(before.lost)
    for subject, count in now.items():
        had = whole.get(subject, 0)
        gone = had > 0 and (count == 0 or (subject == USERS and count * _LEFT < had))
        since = lost[subject].since if subject in lost else report.made
        if gone and report.made - since < _ACCEPTED_AFTER:
            lost[subject] = Lost(had, since)
        else:
            lost.pop(subject, None)
            whole[subject] = count
    return replace(before, whole=whole, lost=lost)
