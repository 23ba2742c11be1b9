"""Reads a report of any form into a sink: the entry point of this package."""

from pathlib import Path
from typing import IO, cast
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import ReadSummary, ReportSink, UnreadableReport
from kodeks_exporter.sysinfo.container import open_report
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import Profile
from kodeks_exporter.sysinfo.records import Builders
from kodeks_exporter.sysinfo.sqlite_reader import read_sqlite, temporary_copy
from kodeks_exporter.sysinfo.xml_reader import read_xml
from kodeks_exporter.sysinfo.xml_text import clean_text

DEFAULT_LIMITS = ReadLimits()


def read_report(
    path: Path,
    profile: Profile,
    zone: ZoneInfo,
    sink: ReportSink,
    limits: ReadLimits = DEFAULT_LIMITS,
    builders: Builders | None = None,
) -> ReadSummary:
    """Reads the report at ``path`` (zip, gzip or bare; XML or SQLite, recognised by content and never by name).

    ``zone``: of the installation, since reports have local times. Records go to ``sink`` as they are read; memory does
    not grow with the report. Raises UnreadableReport, possibly after passing records, which the caller must then
    discard; the sink's exceptions pass through. ``builders``: replaces the usual ones, to examine values.
    """
    builders = builders or Builders(profile, zone, limits)
    with open_report(path, limits, profile.xml.roots()) as opened:
        stream = cast(IO[bytes], opened.stream)
        if opened.format == "xml":
            text = clean_text(stream, opened.head, profile)
            result = read_xml(iter(text), profile.xml, builders, sink, limits)
            encoding = text.encoding
        else:
            encoding = profile.sqlite.encoding
            with temporary_copy(stream, opened.head, limits, cast(IO[bytes] | None, opened.wal)) as copy:
                result = read_sqlite(copy, profile.sqlite, builders, sink, limits)
        size = opened.stream.size
    if not result.present and all(text is None for text in result.header.values()):
        raise UnreadableReport("profile_mismatch", f"nothing that the profile {profile.name} knows is in the report")
    header = builders.header(result.header)
    sink.header(header)
    return ReadSummary(
        header=header,
        blocks_present=frozenset(result.present),
        container=opened.container,
        format=opened.format,
        encoding=encoding,
        size=size,
        records=result.counts,
        local_times=builders.clock.local_only,
        skipped=result.skipped,
    )
