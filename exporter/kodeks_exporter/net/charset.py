"""Finds a page's character set: from byte order mark, header, META and, if those are missing or wrong, from the
bytes. Browsers trust the declarations in that order; a wrong one shows garbage."""

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from math import log

_DECLARED = re.compile(rb"""<meta[^<>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_RUSSIAN = ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic")
_WESTERN = ("cp1252", "iso8859-1", "iso8859-15", "ascii")
_SAMPLE = 20_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """``declared``: by the page, may be empty. ``wrong``: browsers, which trust it, show garbage."""

    text: str
    declared: str
    actual: str
    wrong: bool


def decode(body: bytes, content_type: str) -> Decoded:
    """``content_type``: the header's value, empty where it is absent. Reads any bytes."""
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return Decoded(body[len(mark) :].decode(charset, "replace"), charset, charset, False)
    declared = _declared(body, content_type)
    text, actual, wrong = _decode(body, _text_codec(declared))
    return Decoded(text, declared, actual, wrong)


def _declared(body: bytes, content_type: str) -> str:
    header = _HEADER_CHARSET.search(content_type)
    if header:
        return header[1].lower()
    meta = _DECLARED.search(body[:4096])
    claim = meta[1].decode("ascii").lower() if meta else ""
    return "utf-8" if claim.startswith("utf-16") else claim  # otherwise the META could not have been read


def _decode(body: bytes, claim: str) -> tuple[str, str, bool]:
    if claim == "utf-16-le":
        return body.decode(claim, "replace"), claim, False
    if body.isascii():
        return body.decode("ascii"), claim or "ascii", False
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        # Russian text in a one-byte set is never valid UTF-8 by chance, so the bytes override any declaration.
        return text, "utf-8", claim not in ("", "utf-8") and bool(_CYRILLIC.search(text))
    if claim == "utf-8" and _is_spoilt_utf8(body):
        return body.decode("utf-8", "replace"), "utf-8", False
    best = russian_set(body, claim)
    if not best:  # too little Russian to contradict the declaration
        return body.decode(claim or "cp1251", "replace"), claim or "cp1251", False
    return body.decode(best, "replace"), best, claim not in ("", best)


_A_WORD = re.compile(rb"[\x80-\xff]{4}")
"""Accented letters of western languages never occur in this pattern."""
_PLAUSIBLE = -0.8
_CLEARLY = 0.3


def _is_spoilt_utf8(body: bytes) -> bool:
    """A page that is UTF-8 except for a few bytes."""
    text = body.decode("utf-8", "replace")
    return text.count("\ufffd") * 20 < len(_CYRILLIC.findall(text))


def russian_set(body: bytes, claim: str = "") -> str:
    """The one-byte set of a Russian text: ``claim``, unless another is clearly better; empty if none makes it
    Russian."""
    scores = _scores(body)
    best = max(scores, key=lambda charset: scores[charset])
    if scores[best] < _PLAUSIBLE or not _A_WORD.search(body):
        return ""
    return claim if claim in scores and scores[claim] > scores[best] - _CLEARLY else best


def _scores(body: bytes) -> dict[str, float]:
    """How Russian the text looks in each set: the mean logarithm of its letters' frequencies, above 0 for most
    texts. Capitals count the same, as whole pages of them exist, but a capital right after a small letter is not
    Russian."""
    sample = _ASCII.sub(b" ", body)[:_SAMPLE]
    counts = [(byte, number) for byte, number in Counter(sample).items() if byte >= 128]
    total = sum(number for _, number in counts) or 1
    return {
        charset: (
            sum(_WEIGHTS[charset][byte] * number for byte, number in counts)
            - _OF_A_JUMP * len(_JUMPS[charset].findall(sample))
        )
        / total
        - (_RARE if charset in _RARELY_USED else 0.0)
        for charset in _RUSSIAN
    }


_ASCII = re.compile(rb"[\x00-\x7f]+")
_PER_MILLE = dict(zip(
    "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    (110, 85, 80, 74, 67, 63, 55, 47, 45, 44, 35, 32, 30, 28, 26, 20, 19, 17, 17, 17, 16, 14, 12, 10, 9,
     7, 6, 5, 4, 3, 3, 1, 1),
    strict=True,
))  # fmt: skip
"""Frequencies of letters in Russian texts, per mille."""
_SMALL = "".join(_PER_MILLE)
_OF_A_JUMP = 3.0
_RARE = 0.15
_RARELY_USED = ("iso8859-5", "mac-cyrillic")


def _weight(letter: str) -> float:
    frequency = _PER_MILLE.get(letter.lower())
    if frequency is not None:
        return log(frequency / 30)
    return -1.0 if letter in "«»—–…№©\xa0" else -4.0


_LETTERS = {charset: bytes(range(256)).decode(charset, "replace") for charset in _RUSSIAN}
_WEIGHTS = {charset: tuple(map(_weight, letters)) for charset, letters in _LETTERS.items()}
_JUMPS = {
    charset: re.compile(b"[%b][%b]" % (_SMALL.encode(charset), _SMALL.upper().encode(charset))) for charset in _RUSSIAN
}


def _text_codec(name: str) -> str:
    """Python's name of a character set for Russian pages; empty for all others (rot13 is a codec too).

    What browsers call Latin-1 is cp1252; UTF-16 without a mark is little-endian to them.
    """
    try:
        codec = codecs.lookup(name).name if name else ""
    except LookupError:
        return ""
    if codec in _WESTERN:
        return "cp1252"
    if codec in ("utf-16", "utf-16-le"):
        return "utf-16-le"
    return codec if codec == "utf-8" or codec in _RUSSIAN else ""
