"""Makes reports in the default layout, and a store to take them in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from kodeks_exporter.metrics.exposition import Exposition
from kodeks_exporter.metrics.report import sources
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store.journal import Journal
from kodeks_exporter.store.reports import Ingested, ReportStore
from kodeks_exporter.sysinfo.profile import load_profile
from kodeks_exporter.sysinfo.read import read_report

ZONE = ZoneInfo("Europe/Saratov")
PROFILE = load_profile("default")
SAMPLE = Path(__file__).with_name("data") / "sysinfo.xml"
ROMASHKA = Installation("romashka", "ООО «Ромашка»", "ivanova", time_zone=ZONE)
SETTINGS = HistorySettings()


def unix(local: str) -> float:
    """Unix seconds of a local time of the reports, ISO 8601."""
    return datetime.fromisoformat(local).replace(tzinfo=ZONE).timestamp()


@dataclass(frozen=True)
class Search:
    time: str
    query: str = "ГОСТ 1"
    login: str = "ivanova"
    status: str = "ok"
    duration: str = "0.50"
    type: str = "intellectual"

    def xml(self) -> str:
        return (
            f'<search time="{self.time}" login="{self.login}" catalog="/docs" source="ksrv" type="{self.type}"'
            f' status="{self.status}" found="1" duration="{self.duration}">{escape(self.query)}</search>'
        )


def user(login: str, month: str = "", card: str = "", **usage: int) -> str:
    """``month`` empty: no usage."""
    counters = " ".join(f'{name}="{value}"' for name, value in usage.items())
    inner = f'<usage month="{month}" {counters}/>' if month else ""
    return f"<user login={quoteattr(login)} domain='D' {card}>{inner}</user>"


def report(
    created: str,
    *,
    searches: Iterable[Search] | None = None,
    rejections: Iterable[tuple[str, str]] | None = None,
    users: Iterable[str] | None = None,
    more: str = "",
) -> str:
    """A block that is None is missing. ``rejections``: time and login."""
    blocks = [more]
    if users is not None:
        blocks.append(f"<users>{''.join(users)}</users>")
    if searches is not None:
        blocks.append(f"<searches>{''.join(each.xml() for each in searches)}</searches>")
    if rejections is not None:
        lines = (f'<rejection time="{time}" login="{login}" reason="seats"/>' for time, login in rejections)
        blocks.append(f"<rejections>{''.join(lines)}</rejections>")
    made = f' created="{created}"' if created else ""
    return f'<?xml version="1.0"?><sysinfo version="2.0.6.15"{made}>{"".join(blocks)}</sysinfo>'


class Bench:
    """A store in a folder, one installation, and its exposition."""

    def __init__(self, folder: Path, settings: HistorySettings = SETTINGS) -> None:
        self.folder = folder
        self.settings = settings
        self.now = unix("2026-11-20T10:00:00")
        self._open()

    def _open(self) -> None:
        self.store = ReportStore(self.folder / "storage", self.settings)
        self.journal = Journal(self.store, self.folder / "storage", self.settings.journal, self.store.names("plain"))

    def restart(self) -> None:
        self.store.close()
        self._open()

    def take(self, content: str | bytes | Path, received: float | None = None, zone: ZoneInfo = ZONE) -> Ingested:
        path = content
        if not isinstance(path, Path):
            path = self.folder / "upload.tmp"
            path.write_bytes(content.encode() if isinstance(content, str) else bytes(content))
        moment = self.now if received is None else received
        return self.store.ingest("romashka", partial(read_report, path, PROFILE, zone), zone, "push", moment)

    def text(self, mode: str = "plain", now: float | None = None) -> str:
        snapshot = self.store.snapshot("romashka")
        assert snapshot is not None
        names = self.store.names(mode)
        moment = self.now if now is None else now
        return Exposition().render(sources(ROMASHKA, snapshot, self.settings, names, moment)).decode()

    def values(self, mode: str = "plain", now: float | None = None) -> dict[str, float]:
        """Series, without the label of the installation, to values."""
        found = {}
        for line in self.text(mode, now).splitlines():
            if not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                series = series.replace('installation="romashka",', "").replace('{installation="romashka"}', "")
                assert series not in found, f"{series} stands twice"
                found[series] = float(value)
        return found

    def lines(self) -> list[str]:
        """Of the journal."""
        paths = sorted((self.folder / "storage" / "journal").glob("*.jsonl"))
        return [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
