"""The last day and the last month of an installation on the page: bars, changes, one number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.domain.checks import CHECKS
from kodeks_exporter.store.past import KEPT, Spell, SpellKind
from kodeks_exporter.web import words

DAY: Final = 86400.0
_WIDTH: Final = 1000.0
"""Width of a bar, in its own units."""
_CHANGES: Final = 20
_TONES: Final = {
    SpellKind.OK: "ok",
    SpellKind.FAULT: "warn",
    SpellKind.DOWN: "bad",
    SpellKind.PLANNED: "plan",
    SpellKind.UNKNOWN: "none",
}
_NAMES: Final = {
    SpellKind.OK: "Работала",
    SpellKind.FAULT: "Работала со сбоем",
    SpellKind.PLANNED: "Плановые работы",
    SpellKind.UNKNOWN: "Нет данных",
}
_WHOSE: Final = {
    "dns": "DNS", "icmp": "сеть или сервер клиента", "tcp": "сеть или сервер клиента", "tls": "сертификат клиента",
    "http": "сервер клиента", "proxy": "сервер за прокси", "maintenance": "обслуживание у клиента",
    "key": "ключ защиты", "licman_icmp": "менеджер лицензий", "licman_tcp": "менеджер лицензий",
    "seats": "не хватило мест", "auth": "логин мониторинга", "snmp": "агент SNMP",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A section of a bar. ``left`` and ``width`` in thousandths."""

    left: str
    width: str
    tone: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """``title``: for screen readers."""

    label: str
    title: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Change:
    when: str
    lasted: str
    tone: str
    what: str
    whose: str


@dataclass(frozen=True, slots=True)
class Past:
    """``available``: share of the known time in 30 days, without planned work, in which users could work; empty:
    unknown."""

    day: Timeline
    month: Timeline
    available: str
    changes: tuple[Change, ...]


def past_of(spells: Sequence[Spell], now: float, zone: tzinfo | None, local: tzinfo | None = None) -> Past | None:
    """None: the past is unknown. ``local``: the server's own zone, shown when it differs."""
    if not spells:
        return None
    return Past(
        day=_bar("24 часа", spells, now, DAY),
        month=_bar("30 дней", spells, now, KEPT),
        available=available(spells, now),
        changes=tuple(_changes(spells, now, zone, local)),
    )


def _at_the_clients(moment: float, zone: tzinfo | None, local: tzinfo | None) -> str:
    if local is None or words.offset(moment, local) == words.offset(moment, zone):
        return ""
    return f" (у клиента {words.at(moment, local):%H:%M})"


def available(spells: Sequence[Spell], now: float) -> str:
    """Such as ``99,31 %``; empty when nothing is known."""
    part = share(spells, now)
    if part < 0:
        return ""
    # Not 100 % while there was any outage.
    percent = int(part * 10_000) / 100
    return f"{percent:.2f}".rstrip("0").rstrip(".").replace(".", ",") + "\u00a0%"


def share(spells: Sequence[Spell], now: float) -> float:
    """From 0 to 1; -1 when nothing is known."""
    up = known = 0.0
    for spell, start, end in _within(spells, now, KEPT):
        if spell.kind in (SpellKind.OK, SpellKind.FAULT, SpellKind.DOWN):
            known += end - start
            up += end - start if spell.kind is not SpellKind.DOWN else 0.0
    return up / known if known else -1.0


def day_bar(spells: Sequence[Spell], now: float) -> Timeline:
    return _bar("24 часа", spells, now, DAY)


def _within(spells: Sequence[Spell], now: float, span: float) -> Iterator[tuple[Spell, float, float]]:
    """Spells of the last ``span`` seconds, with their bounds."""
    begin = now - span
    for place, spell in enumerate(spells):
        end = spells[place + 1].start if place + 1 < len(spells) else now
        start = max(spell.start, begin)
        if end > start:
            yield spell, start, min(end, now)


def _bar(label: str, spells: Sequence[Spell], now: float, span: float) -> Timeline:
    begin = now - span
    pieces: list[Piece] = []
    down = 0.0
    for spell, start, end in _within(spells, now, span):
        left, width = (start - begin) / span * _WIDTH, (end - start) / span * _WIDTH
        if spell.kind is SpellKind.DOWN:
            down += end - start
        least = 2.0 if spell.kind is SpellKind.DOWN else 0.0  # a short outage must be visible too
        pieces.append(Piece(f"{left:.1f}", f"{max(width, least):.1f}", _TONES[spell.kind]))
    title = f"За {label}: " + (f"не работала {words.duration(down)}" if down else "не работающей не видели")
    return Timeline(label, title, tuple(pieces))


def _changes(spells: Sequence[Spell], now: float, zone: tzinfo | None, local: tzinfo | None) -> Iterator[Change]:
    """The newest first, without spells in which everything was fine."""
    shown = 0
    for place in range(len(spells) - 1, -1, -1):
        spell = spells[place]
        if spell.kind is SpellKind.OK:
            continue
        end = spells[place + 1].start if place + 1 < len(spells) else None
        lasted = words.duration((end or now) - spell.start)
        state = words.STATES.get(InstallationState(spell.state), "") if spell.state else ""
        what = _NAMES.get(spell.kind) or state
        if spell.text:
            what += f": {spell.text.rstrip('.')}"
        elif spell.cause in CHECKS:
            what += f": {CHECKS[spell.cause].title}"
        yield Change(
            words.moment(spell.start, now, zone) + _at_the_clients(spell.start, zone, local),
            lasted if end is not None else f"{lasted}, ещё длится",
            _TONES[spell.kind],
            what,
            _WHOSE.get(spell.cause, "сервер клиента") if spell.cause else "",
        )
        shown += 1
        if shown >= _CHANGES:
            return
