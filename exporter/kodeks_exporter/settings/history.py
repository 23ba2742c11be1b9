"""What is kept from sysinfo reports, and how much of it becomes metrics."""

from dataclasses import dataclass
from typing import Annotated

from kodeks_exporter.settings.notation import Characters, Duration, Retention, SeriesCount, duration, size, whole


@dataclass(frozen=True, slots=True)
class SearchEventSettings:
    """Which single searches become series: the newest ones, bounded in number (0 to 100000) and age."""

    ok_count: SeriesCount = 200
    """Maximum of successful searches."""
    ok_age: Duration = 86400.0
    """Older ones are left out."""
    unsuccessful_count: SeriesCount = 100
    """Maximum of empty and failed searches."""
    unsuccessful_age: Duration = 14 * 86400.0
    """Older ones are left out."""
    text: Characters = 120
    """Characters of the query in a label."""


@dataclass(frozen=True, slots=True)
class SeriesLimits:
    """Maximum of each in the metrics of one installation, 0 to 100000. The rest is counted in
    `kodeks_series_dropped`."""

    users: SeriesCount = 1000
    sessions: SeriesCount = 500
    volumes: SeriesCount = 500
    operup_files: SeriesCount = 500
    rejected_users: SeriesCount = 200
    search_kinds: SeriesCount = 200
    """Combinations of catalog, source, type and status."""


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Search events as JSON lines, for Loki and similar systems: `searches-NNNNNN.jsonl` in the folder `journal` of
    the storage."""

    enabled: bool = True
    file_size: Annotated[int, size("64KiB", "4GiB")] = 50 * 1024 * 1024
    """Size at which a new file is started."""
    files: Annotated[int, whole(2, 10_000)] = 5
    """How many files are kept, including the one being written."""
    max_age: Annotated[float, duration("1d", "10y")] = 14 * 86400.0
    """Searches older than this, by the newest report, are not written: the first report of an installation brings a
    year of them, and Loki takes none older than a week unless configured otherwise."""


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What is kept from reports in `--storage.path`, and how much of it becomes metrics."""

    retention: Retention = 396 * 86400.0
    """How long events, users no longer seen and their monthly usage are kept. The default is 13 months."""
    searches: SearchEventSettings = SearchEventSettings()
    series: SeriesLimits = SeriesLimits()
    journal: JournalSettings = JournalSettings()
