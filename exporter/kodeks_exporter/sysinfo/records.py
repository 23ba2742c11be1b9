"""From the texts of one record in a report to a record of the domain.

XML and SQLite share this. A builder takes a mapping from *slots* to texts and returns a record, or None when a key
field is missing. Slots are names that a reader chose for fields; a field that the profile does not map has the slot "".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import (
    CARD_FIELDS,
    Block,
    KassistDay,
    Module,
    OperUpFile,
    Protection,
    Rejection,
    ReportHeader,
    ReportSink,
    SearchEvent,
    Session,
    User,
    UserUsage,
    Volume,
)
from kodeks_exporter.domain.texts import login_and_domain, plain
from kodeks_exporter.sysinfo.clock import SECONDS, Clock
from kodeks_exporter.sysinfo.fields import BLOCK_FIELDS, DURATION_UNITS, FieldType
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import BlockLayout, Profile
from kodeks_exporter.sysinfo.scalars import (
    NO_SLOT,
    Months,
    Remembered,
    Values,
    Words,
    cut,
    duration,
    error_code,
    label_texts,
    number,
)
from kodeks_exporter.sysinfo.straight import Column, Rows

Record = Module | Session | Volume | OperUpFile | User | UserUsage | SearchEvent | Rejection | KassistDay
Builder = Callable[[Values], Record | None]

_MESSAGE: Final = 500


@dataclass(slots=True)
class Reading:
    """What a reader found. ``header``: texts by header field. Counts are records by block."""

    present: set[Block] = field(default_factory=set)
    header: dict[str, str | None] = field(default_factory=dict)
    counts: dict[Block, int] = field(default_factory=dict)
    skipped: dict[Block, int] = field(default_factory=dict)


def _status_by(found: int | None) -> str:
    return "" if found is None else "ok" if found else "empty"


class Builders:
    """Makes builders for one report. ``zone``: of the installation."""

    def __init__(self, profile: Profile, zone: ZoneInfo, limits: ReadLimits) -> None:
        self.clock = Clock(profile.dates, zone)
        self._profile = profile
        self._limits = limits
        self.month = Months(profile, zone)
        self._last: tuple[tuple[str | None, str | None], tuple[str, str]] = (None, None), ("", "")
        self._domains = Remembered(lambda text: text or "")
        self._kinds: Mapping[Block, Callable[[Mapping[str, str], BlockLayout], Builder]] = {
            Block.MODULES: self._modules,
            Block.SESSIONS: self._sessions,
            Block.VOLUMES: self._volumes,
            Block.OPERUP: self._operup,
            Block.USERS: self._users,
            Block.USAGE: self._usage,
            Block.SEARCHES: self._searches,
            Block.REJECTIONS: self._rejections,
            Block.KASSIST: self._kassist,
        }

    def builder(self, block: Block, layout: BlockLayout, slots: Mapping[str, str]) -> Builder:
        """``slots``: field to the slot of its text; the reader joins several sources of a field."""
        full = dict.fromkeys(BLOCK_FIELDS[block], NO_SLOT) | dict(slots)
        return self._kinds[block](full, layout)

    def words(self, field: str) -> Words:
        return Words(field, self._profile.values.get(field, {}), self._limits)

    def person(self, login: str | None, domain: str | None) -> tuple[str, str]:
        """Login and domain, as every block has them. What a report says of one person mostly stands together."""
        if (login, domain) != self._last[0]:
            longest = self._limits.label
            who, where = login_and_domain((login or "")[: longest * 4], (domain or "")[: longest * 4])
            self._last = (login, domain), (who[:longest], self._domains[where[:longest]])
        return self._last[1]

    def time(self, text: str | None) -> float | None:
        return None if text is None else self.clock(text)

    def _modules(self, slots: Mapping[str, str], _: BlockLayout) -> Builder:
        name, version = slots["name"], slots["version"]
        longest = self._limits.label

        def build(values: Values) -> Module | None:
            text = cut(values.get(name), longest)
            return Module(text, cut(values.get(version), longest)) if text else None

        return build

    def _sessions(self, slots: Mapping[str, str], _: BlockLayout) -> Builder:
        login, domain, ip, browser, since = (slots[f] for f in ("login", "domain", "ip", "browser", "since"))
        longest = self._limits.label

        def build(values: Values) -> Session | None:
            who, where = self.person(values.get(login), values.get(domain))
            if not who:
                return None
            address, program = cut(values.get(ip), longest), cut(values.get(browser), longest)
            return Session(who, where, address, program, self.time(values.get(since)))

        return build

    def _volumes(self, slots: Mapping[str, str], _: BlockLayout) -> Builder:
        longest = self._limits.label

        def build(values: Values) -> Volume | None:
            file = cut(values.get(slots["file"]), _MESSAGE)
            if not file:
                return None
            has_error, code = error_code(values.get(slots["error"]))
            return Volume(
                file,
                cut(values.get(slots["product"]), longest),
                cut(values.get(slots["title"]), _MESSAGE),
                cut(values.get(slots["update"]), longest),
                self.time(values.get(slots["expires"])),
                has_error,
                code,
                cut(values.get(slots["message"]), _MESSAGE),
            )

        return build

    def _operup(self, slots: Mapping[str, str], _: BlockLayout) -> Builder:
        def build(values: Values) -> OperUpFile | None:
            name = cut(values.get(slots["name"]), _MESSAGE)
            date = self.time(values.get(slots["date"]))
            return OperUpFile(name, date) if name and date is not None else None

        return build

    def _users(self, slots: Mapping[str, str], _: BlockLayout) -> Builder:
        login, domain, registered, last_seen = (slots[f] for f in ("login", "domain", "registered", "last_seen"))
        card = tuple((name, slots[name]) for name in CARD_FIELDS if slots[name] != NO_SLOT)

        def build(values: Values) -> User | None:
            who, where = self.person(values.get(login), values.get(domain))
            if not who:
                return None
            filled = {}
            for name, slot in card:
                text = values.get(slot)
                if text is not None:
                    filled[name] = bool(plain(text[:_MESSAGE]))
            return User(who, where, self.time(values.get(registered)), self.time(values.get(last_seen)), filled)

        return build

    def _usage(self, slots: Mapping[str, str], _: BlockLayout) -> Builder:
        login, domain, month = slots["login"], slots["domain"], slots["month"]
        counters = tuple(slots[f] for f, kind in BLOCK_FIELDS[Block.USAGE].items() if kind is FieldType.NUMBER)

        def build(values: Values) -> UserUsage | None:
            get = values.get
            who, where = self.person(get(login), get(domain))
            when = self.month(get(month))
            if not who or when is None:
                return None
            return UserUsage(who, where, when, *[number(get(slot)) for slot in counters])

        return build

    def rows(self, block: Block, layout: BlockLayout, slots: Mapping[str, str]) -> Rows | None:
        """Builds many records at once, from columns in the order of the block's fields; None: not for this block."""
        return self._search_rows(slots, layout) if block is Block.SEARCHES else None

    def _searches(self, slots: Mapping[str, str], layout: BlockLayout) -> Builder:
        order = tuple(slots[name] for name in BLOCK_FIELDS[Block.SEARCHES])
        rows = self._search_rows(slots, layout)

        def build(values: Values) -> SearchEvent | None:
            made = rows([(values.get(slot),) for slot in order])
            return made[0] if made else None

        return build

    def _search_rows(self, slots: Mapping[str, str], layout: BlockLayout) -> Rows:
        # This runs a hundred thousand times a report, on texts that repeat: nearly everything is one look-up in a
        # cache.
        factor = DURATION_UNITS[layout.fields["duration"].unit] if "duration" in layout.fields else 1.0
        sources, types, statuses = self.words("source"), self.words("type"), self.words("status")
        labels, numbers = label_texts(self._limits.label), Remembered(number)
        logins = Remembered(lambda text: self.person(text, None)[0])
        durations = Remembered(lambda text: duration(text, factor))
        hours, seconds, slow = self.clock.hours, SECONDS, self.clock
        longest = self._limits.text
        make = partial(tuple.__new__, SearchEvent)
        has_status = slots["status"] != NO_SLOT

        def times(texts: Column) -> list[float | None]:
            try:
                return [hours[text[:-6]] + seconds[text[-6:]] for text in texts]  # type: ignore[index]  # as below
            except (KeyError, TypeError):  # an hour not met before; None
                return [slow(text or "") for text in texts]

        def queries(texts: Column) -> list[str]:
            words = [text[:longest].strip() if text else "" for text in texts]
            whole = "|".join(words)
            return words if whole.isprintable() and "  " not in whole else list(map(plain, words))

        def rows(found: Sequence[Column]) -> list[SearchEvent]:
            # Column by column, in C except for the times: three times faster than row by row.
            time, login, catalog, source, kind, status, query, hits, lasted = found
            counts = list(map(numbers.__getitem__, hits))
            when = times(time)
            made = map(
                make,
                zip(
                    when,
                    map(logins.__getitem__, login),
                    map(labels.__getitem__, catalog),
                    map(sources.__getitem__, source),
                    map(types.__getitem__, kind),
                    map(statuses.__getitem__, status) if has_status else map(_status_by, counts),
                    queries(query),
                    counts,
                    map(durations.__getitem__, lasted),
                    strict=True,
                ),
            )
            return list(made) if None not in when else [event for event in made if event.time is not None]

        return rows

    def _rejections(self, slots: Mapping[str, str], _: BlockLayout) -> Builder:
        reasons = self.words("reason")

        def build(values: Values) -> Rejection | None:
            time = self.time(values.get(slots["time"]))
            who, _ = self.person(values.get(slots["login"]), None)
            return Rejection(time, who, reasons[values.get(slots["reason"])]) if time is not None and who else None

        return build

    def _kassist(self, slots: Mapping[str, str], _: BlockLayout) -> Builder:
        counters = tuple(slots[name] for name in ("unique", "added", "unmatched", "checked"))

        def build(values: Values) -> KassistDay | None:
            day = self.clock.local(values.get(slots["date"]) or "")
            if day is None:
                return None
            day = day.replace(hour=0, minute=0, second=0, microsecond=0)
            return KassistDay(day.date().isoformat(), day.timestamp(), *[number(values.get(slot)) for slot in counters])

        return build

    def named(self, name: str, value: str) -> None:
        """A pair from the report's list of names and values, used by the profile or not."""

    def header(self, values: Values) -> ReportHeader:
        """``values`` by header field; a missing one was not in the report."""

        def text(field: str) -> str:
            return cut(values.get(field), self._limits.label)

        return ReportHeader(
            sysinfo_version=text("sysinfo_version"),
            created=self.time(values.get("created")),
            server_version=text("server_version"),
            os=text("os"),
            started=self.time(values.get("started")),
            regnum=text("regnum"),
            client=text("client"),
            seats=number(values.get("seats")),
            expires=self.time(values.get("expires")),
            protection=self._protection(values),
            spp_ok=self._ok("spp_status", values.get("spp_status")),
        )

    def _ok(self, field: str, text: str | None) -> bool | None:
        return {"ok": True, "error": False}.get(self.words(field)[text])

    def _protection(self, values: Values) -> Protection | None:
        status, raw_code = values.get("protection_status"), values.get("protection_code")
        binding, message = values.get("protection_binding"), values.get("protection_message")
        if status is None and raw_code is None and not message:
            return None
        has_error, code = error_code(plain(raw_code or "") or None)
        ok = self._ok("protection_status", status)
        if ok is None and has_error is not None:
            ok = not has_error
        return Protection(ok, code, cut(message, _MESSAGE), cut(binding, self._limits.label))


def emitters(sink: ReportSink) -> Mapping[Block, Callable[[Record], None]]:
    """The method of the sink that takes the records of each block."""
    methods: Mapping[Block, object] = {
        Block.MODULES: sink.module,
        Block.SESSIONS: sink.session,
        Block.VOLUMES: sink.volume,
        Block.OPERUP: sink.operup,
        Block.USERS: sink.user,
        Block.USAGE: sink.usage,
        Block.SEARCHES: sink.search,
        Block.REJECTIONS: sink.rejection,
        Block.KASSIST: sink.kassist_day,
    }
    # A builder of a block makes only records of that block, which types can't say of a mapping.
    return cast(Mapping[Block, Callable[[Record], None]], methods)
