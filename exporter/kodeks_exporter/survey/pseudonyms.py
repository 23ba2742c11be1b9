"""Replaces words that may be private, each word always by the same replacement.

It does not try to recognise personal data: only words known to be public pass, namely those of the program's own texts,
of HTML, and those that the caller allows. So the encoding of a name does not matter.
"""

import hashlib
import hmac
import html
import re
import secrets
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import unquote_to_bytes

_OWN_TEXTS: Final = (
    "survey", "checks/auth.py", "checks/key.py", "checks/seats.py", "checks/http.py", "checks/page.py",
    "checks/catalog.py", "net/errors.py", "settings/checks.py", "settings/online.py", "sysinfo/inspect.py",
    "sysinfo/survey.py", "sysinfo/fields.py", "sysinfo/guess.py",
)  # fmt: skip
_COMMON: Final = """
html head body title meta link table tr td th thead tbody br hr div span form input select option button label center
font frame frameset iframe img script style a b i p u h h1 h2 h3 h4 h5 h6 ul ol li em strong small pre http equiv
content type charset name value method action href src class id width height border align valign colspan rowspan
checked selected disabled hidden text password submit reset radio checkbox post get utf windows koi cp doctype xml
version encoding public dtd transitional strict lang ru en iso kodeks kodweb kodwebd www server date length
connection close keep alive powered by express cookie set path max age httponly secure samesite location transfer
chunked accept language senselock guardant hasp rutoken usb
 cache control no store private pragma expires last modified etag vary authenticate basic realm
metrics cookies si save request dns tls tcp
snmp icmp ip json zip admin lic pref docs
sysinfo sysmon logout login profile history nginx openresty apache gmt utc mon tue wed thu fri sat
sun jan feb mar apr may jun jul aug sep oct nov dec true false null yes no ok error of the to in is not on off
сведения система системы информация администрирование настройки регистрация лицензия лицензии продукт продукты продукта
состояние главная новости документы документ справка помощь поддержка раздел разделы назад далее закрыть отмена сервис
служба службы программа комплекс модуль модули версии сборка операционная запуск работает работы день дней месяц год
часов минут секунд корпоративная локальная сетевая стандартные расширенные срок действует действия организация владелец
""".split()  # noqa: SIM905
_TOKEN: Final = re.compile(
    r"(?P<address>(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]))"
    r"|(?P<date>(?<!\d)(?:\d{1,2}\.\d{1,2}\.\d{4}|\d{4}-\d{2}-\d{2})(?!\d))"
    r"|(?P<clock>(?<![\d:])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:]))"
    r"|(?P<number>\d+)|(?P<word>[^\W\d_]+)"
)
_KEPT_SIGNS: Final = frozenset(" \t\n!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»–—…№→·×")
_ESCAPED: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+|(?:\\u[0-9A-Fa-f]{4})+")
_SYLLABLES: Final = {
    "cyrillic": "ба ве ги до жу за ке лю мя нэ по ры су ти фо ха цу че шо ще".split(),  # noqa: SIM905
    "latin": "ba ve gi do zu ka le my no pu ri so ta fe ho cu wi xa yo qe".split(),  # noqa: SIM905
}
_KNOWN_NUMBERS: Final = re.compile(r"\d|41\d\d|2008|1251|20866|8|utf8")


class Pseudonyms:
    """``keep``: texts whose words may stay, ``hide``: texts whose words may never stay. ``key``: unique to this
    bundle, so that names can't be tried against it."""

    def __init__(self, keep: Iterable[str], hide: Iterable[str], key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        self._hidden = {word for text in hide for word in _words(text) if len(word) > 1}
        vouched = {word for text in keep for word in _words(text)}
        self._kept = (own_words() | vouched) - self._hidden
        self._taken: dict[str, str] = {}
        self._met: set[str] = set(self._hidden)
        self._shift = timedelta(days=40 + self._draw("the shift of dates")[0])

    def note(self, text: str) -> None:
        """Registers words of the material, which are then never used as replacements. Call it for all texts before
        ``replace``."""
        self._met.update(_words(plain(text)))

    def replace(self, text: str) -> str:
        """The text without escapes, in readable letters, with private words replaced."""
        text = _TOKEN.sub(self._token, plain(text))
        return "".join(sign if sign.isalnum() or sign in _KEPT_SIGNS else "·" for sign in text)

    def _token(self, found: re.Match[str]) -> str:
        text, kind = found[0], found.lastgroup
        if kind == "clock":
            return text
        if kind == "date":
            return self._date(text)
        folded = text.casefold()
        if folded in self._kept or (kind == "number" and folded not in self._hidden and _KNOWN_NUMBERS.fullmatch(text)):
            return text
        if folded not in self._taken:
            self._taken[folded] = self._stand_in(folded, kind or "")
        return _in_the_case_of(text, self._taken[folded])

    def _date(self, text: str) -> str:
        russian = "." in text
        numbers = [int(part) for part in re.split(r"[.-]", text)]
        day, month, year = numbers if russian else reversed(numbers)
        try:
            moved = date(year, month, day) - self._shift
        except (ValueError, OverflowError):
            return "01.01.2000" if russian else "2000-01-01"
        return f"{moved:%d.%m.%Y}" if russian else moved.isoformat()

    def _stand_in(self, word: str, kind: str) -> str:
        for attempt in range(1000):
            drawn = self._draw(f"{word}\0{attempt}")
            if kind == "address":
                made = f"{198}.{18 + drawn[0] % 2}.{drawn[1]}.{drawn[2]}"
            elif kind == "number":
                made = "".join(str((byte % 9 + 1) if place == 0 else byte % 10) for place, byte in enumerate(
                    (drawn * (len(word) // len(drawn) + 1))[: len(word)]))  # fmt: skip
            else:
                script = "latin" if word.isascii() else "cyrillic"
                syllables = _SYLLABLES[script]
                count = max(2, min(6, (len(word) + 1) // 2 + attempt // 50))
                made = "".join(syllables[byte % len(syllables)] for byte in drawn[:count])
            if not self._recalls(made):
                self._met.add(made)
                return made
        return made  # there are not enough unused short numbers

    def _recalls(self, made: str) -> bool:
        """Whether it is or contains a word of the material."""
        longest = len(made)
        parts = (made[i:j] for i in range(longest) for j in range(i + min(4, longest), longest + 1))
        return any(part in self._met or part in self._kept for part in parts)

    def _draw(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()


def plain(text: str) -> str:
    """Resolves character references and percent-encoding, twice, because they are nested."""
    for _ in range(2):
        text = _ESCAPED.sub(_unescaped, html.unescape(text))
    return text


def _unescaped(found: re.Match[str]) -> str:
    if found[0].startswith("\\u"):
        return "".join(chr(int(part, 16)) for part in found[0].split("\\u")[1:])
    raw = unquote_to_bytes(found[0])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace")


def _words(text: str) -> set[str]:
    """Words, numbers and addresses, also their parts."""
    found = {match[0].casefold() for match in _TOKEN.finditer(text)}
    return found | {part for each in found for part in re.findall(r"\d+|[^\W\d_]+", each) if len(part) > 1}


@cache
def own_words() -> frozenset[str]:
    """Words of the program's own sentences and patterns, and of HTML."""
    words = set(_COMMON)
    root = files("kodeks_exporter")
    for name in _OWN_TEXTS:
        place = root.joinpath(name)
        for file in place.iterdir() if place.is_dir() else (place,):
            if file.name.endswith(".py"):
                words.update(re.findall(r"[а-яё]+", file.read_text("utf-8").casefold()))
    return frozenset(words)


def _in_the_case_of(model: str, word: str) -> str:
    if model.isupper() and len(model) > 1:
        return word.upper()
    return word.capitalize() if model[:1].isupper() else word
