"""Takes the records of one report as they are read, in bounded memory, without touching what is stored."""

from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import (
    Block,
    KassistDay,
    Module,
    OperUpFile,
    Rejection,
    ReportHeader,
    SearchEvent,
    Session,
    User,
    UserUsage,
    Volume,
)
from kodeks_exporter.settings.history import SearchEventSettings
from kodeks_exporter.store.eventlog import DAY, DayCollector
from kodeks_exporter.store.months import RefusedByMonth
from kodeks_exporter.store.snapshot import KnownUser, ReportSnapshot, UserKey, known_user, larger, same_card
from kodeks_exporter.store.tally import RejectionTally, SearchTally, WindowPicker

CLOCK_TOLERANCE: Final = 3600.0
"""Seconds. A report whose creation time is later than its arrival by more than this has a wrong clock, and must not
stay the newest report forever."""
_MOST: Final = {
    Block.MODULES: 200,
    Block.SESSIONS: 10_000,
    Block.VOLUMES: 10_000,
    Block.OPERUP: 10_000,
    Block.USERS: 50_000,
    Block.USAGE: 100_000,
    Block.KASSIST: 4_000,
}
"""Records of one report that are kept; real ones have far fewer."""

R = TypeVar("R")
_NOTHING: Final = ReportSnapshot()


class ReportCollector:
    """A ``ReportSink``. Close it after use.

    ``known_searches`` and ``known_rejections``: days that the storage has. Events of all other days since ``horizon``
    are certainly new, and are counted at once. ``zone``: the installation's. ``before``: what is known already; a
    report repeats most of it, and what is the same is held once.
    """

    def __init__(
        self,
        received: float,
        settings: SearchEventSettings,
        known_searches: frozenset[int],
        known_rejections: frozenset[int],
        horizon: int,
        zone: ZoneInfo,
        before: ReportSnapshot = _NOTHING,
    ) -> None:
        self._received = received
        self._before = before
        self._known_searches = known_searches
        self._known_rejections = known_rejections
        self._horizon = horizon
        self.made = received
        self.picker = WindowPicker(settings, received)
        self.tally = SearchTally()
        self.rejection_tally = RejectionTally()
        self.refused = RefusedByMonth(zone)
        self.searches: DayCollector[SearchEvent] = DayCollector(self._searches_seen)
        self.rejections: DayCollector[Rejection] = DayCollector(self._rejections_seen)
        self.search = self.searches.add
        self.search_many = self.searches.add_many
        self.rejection = self.rejections.add
        self.report_header = ReportHeader()
        self.modules: list[Module] = []
        self.sessions: list[Session] = []
        self.volumes: list[Volume] = []
        self.operup_files: list[OperUpFile] = []
        self.users: dict[UserKey, KnownUser] = {}
        self.usage_by_month: dict[str, dict[UserKey, UserUsage]] = {}
        self.kassist: dict[str, KassistDay] = {}
        self.left_out: dict[str, int] = {}
        self._usage_rows = 0
        self._key: UserKey = ("", "")

    def close(self) -> None:
        self.searches.close()
        self.rejections.close()
        # The reader and this refer to each other: whatever is large would stay until the garbage collector runs.
        self.users.clear()
        self.usage_by_month.clear()

    def created(self, time: float) -> None:
        if time <= self._received + CLOCK_TOLERANCE:
            self.made = time
            self.picker.move(time)

    def header(self, header: ReportHeader) -> None:
        self.report_header = header

    def module(self, module: Module) -> None:
        self._keep(self.modules, module, Block.MODULES)

    def session(self, session: Session) -> None:
        self._keep(self.sessions, session, Block.SESSIONS)

    def volume(self, volume: Volume) -> None:
        self._keep(self.volumes, volume, Block.VOLUMES)

    def operup(self, file: OperUpFile) -> None:
        self._keep(self.operup_files, file, Block.OPERUP)

    def user(self, user: User) -> None:
        key = self._known_as(user.login, user.domain)
        if key in self.users or len(self.users) < _MOST[Block.USERS]:
            found, known = known_user(user, self.made), self._before.users.get(key)
            self.users[key] = known if known is not None and same_card(known, found) else found
        else:
            self._leave_out(Block.USERS)

    def usage(self, usage: UserUsage) -> None:
        if self._usage_rows >= _MOST[Block.USAGE]:
            self._leave_out(Block.USAGE)
            return
        self._usage_rows += 1
        rows = self.usage_by_month.setdefault(usage.month, {})
        key = self._known_as(usage.login, usage.domain)
        known = self._before.usage.get(key)
        if key in rows:
            usage = larger(rows[key], usage)
        rows[key] = usage if known is None or known != usage else known

    def _known_as(self, login: str, domain: str) -> UserKey:
        """The same objects for a user's card and usage, which mostly stand together, and as known already: a repeated
        report of many users then takes a fifth less memory (measured)."""
        if (login, domain) != self._key:
            known = self._before.users.get((login, domain))
            self._key = (login, domain) if known is None else (known.login, known.domain)
        return self._key

    def kassist_day(self, day: KassistDay) -> None:
        if len(self.kassist) < _MOST[Block.KASSIST]:
            self.kassist[day.date] = day

    def _keep(self, records: list[R], record: R, block: Block) -> None:
        if len(records) < _MOST[block]:
            records.append(record)
        else:
            self._leave_out(block)

    def _leave_out(self, block: Block) -> None:
        self.left_out[block.value] = self.left_out.get(block.value, 0) + 1

    def _searches_seen(self, day: int, events: list[SearchEvent]) -> None:
        if day not in self._known_searches and day >= self._horizon:
            self.new_searches(events)

    def new_searches(self, events: list[SearchEvent]) -> None:
        """Counts events that the storage did not have."""
        self.tally.add(events)
        if events[0].time + DAY > self.picker.since:
            self.picker.add(events)

    def _rejections_seen(self, day: int, events: list[Rejection]) -> None:
        if day not in self._known_rejections and day >= self._horizon:
            self.new_rejections(events)

    def new_rejections(self, events: list[Rejection]) -> None:
        """Counts events that the storage did not have."""
        self.rejection_tally.add(events)
        self.refused.add(events)
