"""Local times of a report to Unix seconds.

Reports have the server's local time without an offset (known). A local time that occurs twice (clocks go back) means
the first one; a time that never occurs (clocks go forward) is read with the offset from before the change.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.texts import plain

_DIRECTIVES: Final = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>0?[1-9]|1[0-2])",
    "p": r"(?P<p>[AaPp][Mm])",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
    "%": "%",
}
UNIX: Final = "unix"
UNIX_MS: Final = "unix_ms"
OLE: Final = "ole"
"""Days since 30 December 1899, with the time as the fraction: the date format of Windows programs."""
_OLE_EPOCH: Final = datetime(1899, 12, 30)
FIRST_YEAR: Final = 1971  # earlier ones mean "never" (0001-01-01, 1899-12-30, 1970-01-01)
LAST_YEAR: Final = 2199
_LONGEST: Final = 40
_HOURS_KEPT: Final = 20_000
SECONDS: Final = {f":{m:02}:{s:02}": float(m * 60 + s) for m in range(60) for s in range(60)}


def compile_format(text: str) -> re.Pattern[str]:
    """A pattern for a date format: numeric strptime directives, or ``unix``, ``unix_ms``, ``ole``.

    Raises ValueError that names the bad directive.
    """
    if text == OLE:
        return re.compile(r"(?P<ole>\d{5}(?:[.,]\d{1,15})?)", re.ASCII)
    if text in (UNIX, UNIX_MS):
        return re.compile(rf"(?P<{text}>\d{{9,14}})(\.\d+)?", re.ASCII)
    parts: list[str] = []
    seen: set[str] = set()
    at = 0
    while at < len(text):
        if text[at] != "%":
            parts.append(re.escape(text[at]))
            at += 1
            continue
        letter = text[at + 1 : at + 2]
        if letter not in _DIRECTIVES:
            raise ValueError(
                f"unknown directive %{letter}; known are %{', %'.join(_DIRECTIVES)}, and unix, unix_ms, ole"
            )
        if letter in seen:
            raise ValueError(f"%{letter} appears twice")
        if letter != "%":
            seen.add(letter)
        parts.append(_DIRECTIVES[letter])
        at += 2
    if not (seen & {"Y", "y"}) or "m" not in seen:
        raise ValueError("a format needs a year (%Y or %y) and a month (%m)")
    if ("I" in seen) != ("p" in seen):
        raise ValueError("%I and %p belong together")
    return re.compile("".join(parts), re.ASCII)


class Clock:
    """Turns the texts of one report into times. Not thread-safe."""

    def __init__(self, formats: Iterable[str], zone: ZoneInfo) -> None:
        self._patterns = tuple(compile_format(text) for text in formats)
        self._zone = zone
        self.local_only = True
        """Whether no time so far had an offset of its own."""
        self.hours = _Hours(self)
        self._others: dict[str, float] = {}

    def __call__(self, text: str) -> float | None:
        """Unix seconds, or None when the text fits no format or is no real time."""
        # Nearly all times end in :MM:SS; what stands before is the same for a whole hour, so it is worked out once.
        # So are dates without a time, which many records share.
        found = self._others.get(text)
        if found is not None:
            return found
        try:
            return self.hours[text[:-6]] + SECONDS[text[-6:]]
        except KeyError:
            found = self._slow(text)
        if found is not None and len(text) <= _LONGEST and len(self._others) < _HOURS_KEPT:
            self._others[text] = found
        return found

    def knows(self, text: str) -> bool:
        """Whether the text is a date in one of the formats, even one that means «never»."""
        text = plain(text[: _LONGEST * 4])
        return any(pattern.fullmatch(text) for pattern in self._patterns)

    def local(self, text: str) -> datetime | None:
        """The date and time as written, with its zone."""
        if len(text) > _LONGEST * 4:
            return None
        text = plain(text)
        if not text or len(text) > _LONGEST:
            return None
        for pattern in self._patterns:
            match = pattern.fullmatch(text)
            if match is not None:
                try:
                    found = self._from_parts(match.groupdict())
                except (ValueError, OverflowError):
                    continue
                return found if FIRST_YEAR <= found.year <= LAST_YEAR else None
        return None

    def _from_parts(self, parts: dict[str, str | None]) -> datetime:
        if (seconds := parts.get(UNIX)) is not None:
            self.local_only = False
            return datetime.fromtimestamp(int(seconds), UTC).astimezone(self._zone)
        if (millis := parts.get(UNIX_MS)) is not None:
            self.local_only = False
            return datetime.fromtimestamp(int(millis) / 1000, UTC).astimezone(self._zone)
        if (days := parts.get(OLE)) is not None:
            return (_OLE_EPOCH + timedelta(seconds=round(float(days.replace(",", ".")) * 86400))).replace(
                tzinfo=self._zone
            )
        year = int(parts.get("Y") or 2000 + int(parts.get("y") or 0))
        zone: ZoneInfo | timezone = self._zone
        if (offset := parts.get("z")) is not None:
            zone = _offset(offset)
            self.local_only = False
        return datetime(
            year,
            int(parts.get("m") or 1),
            int(parts.get("d") or 1),
            _hour(parts),
            int(parts.get("M") or 0),
            int(parts.get("S") or 0),
            int((parts.get("f") or "0")[:6].ljust(6, "0")),
            tzinfo=zone,
        )

    def _slow(self, text: str) -> float | None:
        found = self.local(text)
        return None if found is None else found.timestamp()

    def hour(self, text: str) -> float | None:
        """The start of the hour before ``:MM:SS``, if simple addition gives the time; else None."""
        start = self.local(f"{text}:00:00")
        if start is None or start.minute or start.second or start.microsecond:
            return None
        # Not one with a change of the offset inside.
        plain_hour = (start + timedelta(minutes=59, seconds=59)).timestamp() - start.timestamp() == 3599.0
        return start.timestamp() if plain_hour else None


class _Hours(dict[str, float]):
    """The part before ``:MM:SS`` to the start of that hour. Raises KeyError for anything else."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def __missing__(self, text: str) -> float:
        start = self._clock.hour(text) if len(text) <= _LONGEST else None
        if start is None:
            raise KeyError(text)
        if len(self) >= _HOURS_KEPT:
            self.clear()
        self[text] = start
        return start


def _hour(parts: dict[str, str | None]) -> int:
    """Of a clock with 24 hours, or with 12 and am or pm: 12 am is midnight."""
    if (twelve := parts.get("I")) is None:
        return int(parts.get("H") or 0)
    return int(twelve) % 12 + 12 * ((parts.get("p") or "").lower() == "pm")


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
