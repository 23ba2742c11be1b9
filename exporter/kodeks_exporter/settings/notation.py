"""How single values are written in kodeks.yml: kinds of text, with the bounds they keep, and marks of sections.

A key's type names its kind: ``checks: Annotated[float, ROUND]``; ``config`` reads and shows values with it. No I/O
here. Parsers raise ValueError with a text that says what to write instead and never repeats a secret.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import time
from enum import Enum
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.secret import MASK, Secret
from kodeks_exporter.settings import values, zones

YEAR: Final = 366 * 86400.0
"""Seconds; the longest allowed interval."""


@dataclass(frozen=True, slots=True)
class Notation:
    """``parse``: text of the file to value. ``show``: back to plain YAML. ``range``: the bounds, for people."""

    parse: Callable[[str], Any]
    show: Callable[[Any], Any] = str
    range: str = ""


@dataclass(frozen=True, slots=True)
class SecretForm:
    """The form of a secret: raises ValueError without repeating any of it."""

    check: Callable[[str], None]
    range: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """The number of items that a list may have."""

    least: int
    most: int = 1000


@dataclass(frozen=True, slots=True)
class Closed:
    """A mapping with the keys of its default; given values replace defaults key by key.

    ``word``: the name of a key in messages.
    """

    word: str = "key"


class Mark(Enum):
    INLINE = "the section's keys stand among those of the section around it"
    BY_NAME = "a list in the file, kept by the items' names"
    NOT_A_KEY = "no key of the file: worked out from others when it is read"
    FILE = "path of a file that can be read"
    FOLDER = "path of a folder, which need not exist yet"


def duration(lowest: str, highest: str, *, never: str = "") -> Notation:
    """Seconds, within bounds; ``never``: another text for 0."""

    def parse(text: str) -> float:
        seconds = 0.0 if text == never else values.duration(text)
        if seconds == 0 and never:
            return seconds
        if not values.duration(lowest) <= seconds <= values.duration(highest):
            raise ValueError(f"must be {never} (never), or from {lowest} to {highest}" if never
                             else f"must be from {lowest} to {highest}")  # fmt: skip
        return seconds

    return Notation(parse, values.duration_text, f"{lowest} to {highest}" + (f", or {never}: never" if never else ""))


def _over_zero(text: str) -> float:
    seconds = values.duration(text)
    if not 0 < seconds <= YEAR:
        raise ValueError("must be longer than zero and not over a year")
    return seconds


def at_least(lowest: str, why: str) -> Notation:
    """Seconds, up to a year."""

    def parse(text: str) -> float:
        seconds = _over_zero(text)
        if seconds < values.duration(lowest):
            raise ValueError(f"must be at least {lowest}, {why}")
        return seconds

    return Notation(parse, values.duration_text, f"at least {lowest}")


def size(lowest: str, highest: str) -> Notation:
    """Bytes."""

    def parse(text: str) -> int:
        number = values.size(text)
        if not values.size(lowest) <= number <= values.size(highest):
            raise ValueError(f"must be from {lowest} to {highest}")
        return number

    return Notation(parse, values.size_text, f"{lowest} to {highest}")


def whole(lowest: int, highest: int, words: str | None = None) -> Notation:
    """A whole number."""

    def parse(text: str) -> int:
        if re.fullmatch(r"[+-]?\d{1,30}", text, re.ASCII) is None:
            raise ValueError("must be a whole number")
        if int(text) < lowest:
            raise ValueError(f"must be at least {lowest}")
        if int(text) > highest:
            raise ValueError(f"must be at most {highest}")
        return int(text)

    return Notation(parse, int, f"{lowest} to {highest}" if words is None else words)


def endpoint(default_port: int) -> Notation:
    """``host:port`` as text; the port may be left out."""
    return Notation(lambda text: str(values.endpoint(text, default_port)), str, f"default port {default_port}")


def one_of(word: str, known: Iterable[str]) -> Notation:
    choices = tuple(known)

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"unknown {word}; {values.did_you_mean(text, choices)}")
        return text

    return Notation(parse, str, ", ".join(f"`{each}`" for each in choices))


def _alert_name(text: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) is None:
        raise ValueError("must be the name of an alert, such as KodeksHostingOutage")
    return text


def _masked_query(url: str) -> str:
    """Some gateways expect a token in the query, so its values are never shown."""
    address, mark, query = url.partition("?")
    parts = (part.partition("=") for part in query.split("&"))
    return address + mark + ("&".join(f"{name}={MASK}" if sign else MASK for name, sign, _ in parts) if mark else "")


def _sources(pattern: re.Pattern[str]) -> str:
    return pattern.pattern


def _url_guard(secret: str) -> None:
    if re.fullmatch(r"https?://[^\s\x00-\x20]+", secret) is None:
        raise ValueError("must begin with http:// or https:// and hold no spaces")


def _proxy_guard(secret: str) -> None:
    if re.fullmatch(r"(https?|socks5)://[^\s\x00-\x20/]+/?", secret) is None:
        raise ValueError("must be http://, https:// or socks5:// with host and port, without a path")


def _key_guard(secret: str) -> None:
    if re.fullmatch(r"[A-Za-z0-9_.+/=-]{16,}", secret) is None:
        raise ValueError("must have at least 16 characters, only A-Z a-z 0-9 _ . + / = -; try openssl rand -hex 32")


def _header_guard(secret: str) -> None:
    if re.fullmatch(r"[!-~]([ -~]*[!-~])?", secret) is None:
        raise ValueError("the value of a header must be of ASCII characters, without spaces at its beginning or end")


SNMP3_SHORTEST_PASSWORD: Final = 8
"""Characters; RFC 3414, 11.2."""


def _snmp3_guard(secret: str) -> None:
    if len(secret) < SNMP3_SHORTEST_PASSWORD:
        raise ValueError(f"SNMP 3 needs at least {SNMP3_SHORTEST_PASSWORD} characters")


Label = Annotated[str, Notation(values.label)]
Name = Annotated[str, Notation(values.name)]
Email = Annotated[str, Notation(values.email)]
Host = Annotated[str, Notation(values.host)]
Address = Annotated[str, Notation(values.address)]
Url = Annotated[str, Notation(values.url)]
SiteUrl = Annotated[str, Notation(values.site_url)]
FormUrl = Annotated[str, Notation(values.form_url, _masked_query)]
FormValue = Annotated[str, Notation(lambda text: values.label(text) if text else "")]
HeaderName = Annotated[str, Notation(values.header_name)]
Path = Annotated[str, Notation(values.path)]
OptionalPath = Annotated[str, Notation(lambda text: values.path(text) if text else "")]
Port = Annotated[int, Notation(values.port, int)]
Zone = Annotated[ZoneInfo, Notation(zones.zone)]
DayTime = Annotated[time, Notation(values.day_time, lambda moment: f"{moment:%H:%M}")]
Days = Annotated[str, Notation(values.weekdays)]
Duration = Annotated[float, Notation(_over_zero, values.duration_text)]
Margin = Annotated[float, Notation(values.duration, values.duration_text)]
Retention = Annotated[float, duration("31d", "10y")]
Pattern = Annotated[re.Pattern[str], Notation(values.pattern, _sources)]
NumberPattern = Annotated[re.Pattern[str], Notation(values.number_pattern, _sources)]
SeriesName = Annotated[str, Notation(values.series_name)]
SeriesCount = Annotated[int, whole(0, 100_000, "")]
Characters = Annotated[int, whole(1, 2000)]
AlertName = Annotated[str, Notation(_alert_name)]
File = Annotated[str, Mark.FILE]
Folder = Annotated[str, Mark.FOLDER]
SecretUrl = Annotated[Secret, SecretForm(_url_guard)]
ProxyUrl = Annotated[Secret, SecretForm(_proxy_guard)]
SigningKey = Annotated[Secret, SecretForm(_key_guard, "at least 16 characters, only `A-Z a-z 0-9 _ . + / = -`")]
HeaderValue = Annotated[Secret, SecretForm(_header_guard)]
Snmp3Password = Annotated[Secret, SecretForm(_snmp3_guard, f"at least {SNMP3_SHORTEST_PASSWORD} characters")]


def patterns(*sources: str) -> tuple[re.Pattern[str], ...]:
    """Default patterns, read like those of the file: case ignored."""
    return tuple(values.pattern(source) for source in sources)
