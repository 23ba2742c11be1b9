"""Single values as text and back: ValueError says what to write instead."""

import difflib
import ipaddress
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from typing import Final
from urllib.parse import urlsplit

from kodeks_exporter.domain import names

_DURATION: Final = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII
)
_UNITS: Final = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)
_SHOWN_UNITS: Final = (
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
)
_SIZE: Final = re.compile(r"(\d{1,9})(?:\.(\d{1,3}))? ?(?:([kmgt])(i)?b?|b)?", re.ASCII | re.IGNORECASE)
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FRAMING: Final = frozenset({"connection", "content-length", "content-type", "host", "transfer-encoding"})
"""Request headers that belong to the one who sends a form."""
_HOST: Final = re.compile(r"(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*\.?")
_EMAIL: Final = re.compile(r"[^@\s,;:<>\"'\\()]+@[\w.-]*\w")
TRUTH: Final = {"true": True, "yes": True, "on": True, "1": True, "t": True, "y": True,
                "false": False, "no": False, "off": False, "0": False, "f": False, "n": False}  # fmt: skip
"""Notations of booleans, in lower case."""
DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In the order of Alertmanager's ranges of days."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Host and TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def duration(text: str) -> float:
    """Prometheus duration (``30s``, ``1h30m``) in seconds."""
    match = _DURATION.fullmatch(text)
    if not text or match is None or len(text) > 30:
        raise ValueError("must be a duration such as 30s, 55m or 1h30m")
    return sum(int(number) * unit for number, unit in zip(match.groups(), _UNITS, strict=True) if number)


def size(text: str) -> int:
    """A size such as ``64MiB``, ``500KB`` or ``1048576`` in bytes; ``K`` is 1000, ``Ki`` 1024."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError("must be a size such as 2MiB")
    power: int = " kmgt".index(match[3].lower()) if match[3] else 0
    unit: int = (1024 if match[4] else 1000) ** power
    return int(match[1]) * unit + int((match[2] or "").ljust(3, "0")) * unit // 1000


def amount(text: str) -> float:
    """A number above zero, such as ``20`` or ``2.5``."""
    if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text, re.ASCII) is None or float(text) == 0:
        raise ValueError("must be a number above zero, such as 20 or 2.5")
    return float(text)


def weight(text: str) -> float:
    """A number from 0 to 1000."""
    if re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text, re.ASCII) is None or float(text) > 1000:
        raise ValueError("must be a number from 0 to 1000")
    return float(text)


def limit(text: str) -> float:
    """Any number, such as ``0.95`` or ``-14``."""
    if re.fullmatch(r"-?\d{1,6}(\.\d{1,6})?", text, re.ASCII) is None:
        raise ValueError("must be a number, such as 0.95 or -14")
    return float(text)


def day_time(text: str) -> time:
    """``07:30`` as a time of day."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    if match is None:
        raise ValueError('must be a time of day from "00:00" to "23:59"')
    return time(int(match[1]), int(match[2]))


def weekdays(text: str) -> str:
    """A day or a range of days, such as ``monday:friday`` (Alertmanager's weeks begin on Sunday)."""
    days = text.lower().split(":")
    if len(days) > 2 or any(day not in DAYS for day in days):
        raise ValueError("must be a day or a range such as monday:friday")
    if DAYS.index(days[0]) > DAYS.index(days[-1]):
        raise ValueError("must run forward in a week that begins on sunday; the whole week is sunday:saturday")
    return ":".join(days)


def label(text: str) -> str:
    """A text that becomes a label value: not empty, no control characters, no spaces around."""
    if not text.strip():
        raise ValueError("must not be empty")
    if any(ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u2028\u2029" for char in text):
        raise ValueError("has a control character; remove it")
    if text != text.strip():
        raise ValueError("has spaces at its beginning or end; remove them")
    return text


def name(text: str) -> str:
    """The name of an installation, access or dealer: also part of URLs and of names of uploaded files."""
    if not names.is_name(text):
        raise ValueError(f"may have only {names.ALLOWED} and must not be '.' or '..'")
    return text


def email(text: str) -> str:
    if _EMAIL.fullmatch(text) is None:
        raise ValueError("is not an e-mail address such as ivanova@dealer.example")
    return text


def port(text: str) -> int:
    if re.fullmatch(r"\d{1,5}", text, re.ASCII) is None or not 0 < int(text) < 65536:
        raise ValueError("port must be a number from 1 to 65535")
    return int(text)


def host(text: str) -> str:
    """A host name or an IP address (IPv6 without brackets)."""
    if ":" in text:
        return address(text)
    if len(text) > 253 or _HOST.fullmatch(text) is None:
        raise ValueError("is not a host name or an IP address")
    if re.fullmatch(r"[\d.]+", text, re.ASCII):
        return address(text)
    return text


def address(text: str) -> str:
    """An IP address; names are not taken, because the point is to work without DNS."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("is not an IP address such as 192.0.2.10") from None


def endpoint(text: str, default_port: int) -> Endpoint:
    """``host``, ``host:port``, ``[IPv6]`` or ``[IPv6]:port``."""
    match = re.fullmatch(r"(?:\[(?P<v6>[^\]]*)\]|(?P<host>[^\[\]:]*))(?::(?P<port>[^:]*))?", text)
    if match is None:
        raise ValueError("must be host or host:port; put an IPv6 address in brackets, such as [2001:db8::1]:8888")
    where = address(match["v6"]) if match["v6"] is not None else host(match["host"])
    return Endpoint(where, default_port if match["port"] is None else port(match["port"]))


def url(text: str) -> str:
    """``http(s)://host[:port][/path]`` without a trailing slash. The message never repeats it: it may hold a login."""
    try:
        parts = urlsplit(text)
        number = parts.port
    except ValueError:
        raise ValueError("is not a valid URL; check host and port (1 to 65535)") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a login or password; give them in credentials")
    if not parts.hostname:
        raise ValueError("has no host; write http://host:port")
    if re.search(r"[\s\x00-\x20\x7f-\x9f\\]", text):
        raise ValueError("must not have spaces or control characters")
    if number == 0:
        raise ValueError("port must be a number from 1 to 65535")
    try:
        host(parts.hostname)
    except ValueError as error:
        raise ValueError(f"the host {error}") from None
    if "?" in text or "#" in text:
        raise ValueError("must not have a query (?) or fragment (#)")
    return text.rstrip("/")


def site_url(text: str) -> str:
    """The URL of an installation, without a path: pages are configured elsewhere."""
    clean = url(text)
    if urlsplit(clean).path:
        raise ValueError("must not have a path; name pages such as /docs in catalogs")
    return clean


def form_url(text: str) -> str:
    """The URL of a form, unchanged: a query is allowed, and a trailing slash may matter."""
    if re.search(r"[\s\x00-\x20\x7f-\x9f\\]", text):
        raise ValueError("must not have spaces or control characters")
    if "#" in text:
        raise ValueError("must not have a fragment (#)")
    url(text.partition("?")[0])
    return text


def header_name(text: str) -> str:
    """The name of a request header for sending a form."""
    if _HEADER_NAME.fullmatch(text) is None:
        raise ValueError("is not the name of a header, such as X-Token")
    if text.lower() in _FRAMING:
        raise ValueError("this header is set by the exporter itself; remove it")
    return text


def path(text: str) -> str:
    """A path of the monitored server."""
    if re.fullmatch(r"/[^\s\x00-\x1f\x7f-\x9f\\#]*", text) is None or text.startswith("//"):
        raise ValueError("must be a path that begins with one '/' and has no spaces, such as /docs")
    return text


def series_name(text: str) -> str:
    """The name of series to pass on, with ``*`` for any characters."""
    if re.fullmatch(r"[A-Za-z_*][A-Za-z0-9_*]*", text) is None:
        raise ValueError('must be the name of a metric; * matches any characters, such as "sysmon_seats_*"')
    return text


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression, case ignored."""
    if not text:
        raise ValueError("an empty regular expression matches everything")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "possible nested set" means nothing to the reader of our message
            return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error.msg}") from None
    except (RecursionError, OverflowError):
        raise ValueError("is not a usable regular expression: too deep or too large") from None


def number_pattern(text: str) -> re.Pattern[str]:
    """A regular expression that captures a number in its group ``number``."""
    compiled = pattern(text)
    if "number" not in compiled.groupindex:
        raise ValueError(r"needs a group named number, such as (?P<number>\d+)")
    return compiled


def duration_text(seconds: float) -> str:
    """5400 as ``1h30m``."""
    rest = round(seconds * 1000)
    text = ""
    for unit, size in _SHOWN_UNITS:
        number, rest = divmod(rest, size)
        text += f"{number}{unit}" if number else ""
    return text or "0s"


def size_text(number: int) -> str:
    """67108864 as ``64MiB``; bytes where no unit fits."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number and number % size == 0:
            return f"{number // size}{unit}"
    return str(number)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint to append to "unknown …": the nearest known word, else all of them."""
    choices = sorted(known)
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if not near:
        by_lower = {choice.lower(): choice for choice in choices}
        near = [by_lower[match] for match in difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)]
    if near:
        return f"did you mean '{near[0]}'?"
    if not choices:
        return "none is defined"
    shown = ", ".join(choices[:20])
    return f"known are: {shown}" + (f" and {len(choices) - 20} more" if len(choices) > 20 else "")
