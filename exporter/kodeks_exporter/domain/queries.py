"""Why a search found nothing, and which family of documents it was looking for. Pure functions; docs/empty-search.md
explains the rules.

An empty search is either a chance to sell (the document is not in the client's set: ``absent``) or a reason for
training (``layout``, ``typo``, ``too_long``). Only certain mistakes count as such: a doubtful query is ``absent``.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

OTHER_FAMILY: Final = "прочее"
LONGEST_QUERY: Final = 120
"""Characters; designations and titles typed by hand are shorter, pasted text is longer."""
MOST_WORDS: Final = 15
_LOOKED_AT: Final = 500


class Cause(StrEnum):
    """Probable cause of an empty search; the values are label values."""

    ABSENT = "absent"
    """Nothing is wrong with the query: the document is not in the client's set."""
    LAYOUT = "layout"
    """Typed in the other keyboard layout, or with Latin letters that look like Cyrillic ones."""
    TYPO = "typo"
    """A mistake in the name of a document family, or a long dash in a designation."""
    TOO_LONG = "too_long"
    """A pasted text."""


def cause(query: str) -> Cause:
    """The probable cause that ``query`` found nothing. Takes any text, in bounded time."""
    if len(query.strip()) > LONGEST_QUERY or len(query[: LONGEST_QUERY * 4].split()) > MOST_WORDS:
        return Cause.TOO_LONG
    mended = _mend(query)
    if mended.layout:
        return Cause.LAYOUT
    if mended.typo:
        return Cause.TYPO
    return Cause.ABSENT


def family(query: str) -> str:
    """The family of documents (``ГОСТ Р``, ``ПНД Ф``, ``приказ`` …) that ``query`` names, mistakes corrected.

    The first one if there are several; ``прочее`` if there is none.
    """
    text = _mend(query).text
    best, name = len(text) + 1, OTHER_FAMILY
    for family_name, pattern in _FAMILIES:
        match = pattern.search(text)
        if match is not None and match.start() < best:
            best, name = match.start(), family_name
    return name


# --- vocabularies


def _forms(stem: str, endings: str) -> tuple[str, ...]:
    return tuple(stem + ending.strip("-") for ending in endings.split())


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MASCULINE: Final = "- а у ом е ы ов ам ами ах"
_NEUTER: Final = "е я ю ем и й ям ями ях"
_FEMININE: Final = "я и ю ей й ям ями ях"
_LONG_WORDS: Final = frozenset(
    (
        *_forms("санпин", _MASCULINE),
        *_forms("приказ", _MASCULINE),
        *_forms("закон", _MASCULINE),
        *_forms("постановлени", _NEUTER),
        *_forms("распоряжени", _NEUTER),
        *_forms("инструкци", _FEMININE),
        *_forms("техрегламент", _MASCULINE),
    )
)
_SHORT_WORDS: Final = frozenset((*_forms("гост", _MASCULINE), *_forms("снип", _MASCULINE)))
_THREE_LETTERS: Final = frozenset(
    ("пнд", "пндф", "фнп", "рмг", "ост", "сто", "всн", "нпб", "ппб", "пуэ", "мук", "одм", "ртм")
)
_TWO_LETTERS: Final = frozenset(("сп", "ту", "рд", "ми", "гн", "му", "мр", "пб", "нп"))
_FAMILY_WORDS: Final = _LONG_WORDS | _SHORT_WORDS | _THREE_LETTERS
_FOREIGN: Final = frozenset(("iso", "iec", "din", "astm", "asme", "api", "ieee", "nfpa"))

_REAL_WORDS: Final = _words(
    """
    рост роста росту мост моста мосту мосты пост поста посту посты тост хост хоста хосты гость гостя гостю гости
    гостей кость кости трость горсть вост вест лист тест текст гол город гора горит горе гос год гот ост оста
    осту осты росте ростом мостом постом хвост лост форт сорт торт борт порт корт спорт кост холст густ гусь сип
    скип снап снис снос сноп чип щип тип шип снит сниг снег клип слип показ указ заказ отказ наказ закат заком
    загон заслон законе вагон балкон дракон затон законный законом сон том ток сток шток кто что это сот стол
    стоп стой рот тос сто тсо оса нос рос сос лос вос
    """
)
"""Real words one letter away from a family's name."""

# --- keyboards and look-alikes

_LATIN_KEYS: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~"
_CYRILLIC_KEYS: Final = "йцукенгшщзхъфывапролджэячсмитьбюёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ"
_TO_CYRILLIC: Final = str.maketrans(_LATIN_KEYS, _CYRILLIC_KEYS)
_TO_LATIN: Final = str.maketrans(_CYRILLIC_KEYS, _LATIN_KEYS)
_LOOK_ALIKES: Final = str.maketrans("ABCEHKMOPTXYaceopxyk", "АВСЕНКМОРТХУасеорхук")
_LOOK_ALIKE_LETTERS: Final = frozenset("ABCEHKMOPTXYaceopxyk")
_LOOK_ALIKE_NAMES: Final = frozenset(("ту", "сто", "всн", "ост", "ртм", "мук"))
"""Families whose whole name can be typed in Latin letters: TY, CTO … Not CO or MP, which mean other things."""

_LETTERS: Final = re.compile(r"[^\W\d_]+")
_KEYS: Final = re.compile(r"[A-Za-z\[\];',.`{}:\"<>~]+")
_CYRILLIC: Final = re.compile(r"[а-яё]", re.IGNORECASE)
_LATIN: Final = re.compile(r"[a-z]", re.IGNORECASE)
_NUMBER_NEXT: Final = re.compile(r"[\s.№-]{0,5}(?:р\s{1,3})?\d", re.IGNORECASE)
_DESIGNATION_NEXT: Final = re.compile(r"\s{0,3}\d{1,8}[-.:]\d")
_DASHES: Final = "‐‑‒–—―−"
_LONG_DASH: Final = re.compile(rf"(?<=\d)\s?[{_DASHES}]\s?(?=\d)")
_ANY_DASH: Final = re.compile(rf"[{_DASHES}]")

_RUSSIAN_PAIRS: Final = _words(
    """
    ст но то на ен ов ни ра во ко ал ли по ре ос пр го ро ер та ка ол ть от ел ло не ва ет ом ан ие ия ий ый ая ое де ла
    ле ри ор ат ин он ис из об за да до ве ви ме ми мо ма са се си со су те ти тр ту уч ру ки ку кр кл пл пе пи па сл
    сп см сн ск жи же жа ча че чи ша ше ши щи ще бе бо бу ба бы бр бл гр гл га ги ды ди дн дл нн нт нд ны ну ня нс ль ля
    лю лу ые их ых ым им ии ей ой ай уд ут уг ук ул ум ус уп ур ил ив ик ид ит иц ци це зо зн зд тв вн вы вл вс вк ес ец
    еж ез еб ег ед ем еп ек ош ож оз ок оп од ог ох оч ам ав аз ад ар ас аб ак ап ях тн рн рт рм рк рж ря рь ры вк жд жн
    чн шн мы му мн хн хо ха хр фи фа фо тя ты ью ют ящ ющ юч яз ят ям яв
    """
)
_ENGLISH_PAIRS: Final = _words(
    """
    th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne
    ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa
    ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp
    fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt oc fa ef cu rn sc gi da
    cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr eg au ck ew mu br bi pt ak pu ui rg ib tl
    """
)
_SHORTEST_PROSE: Final = 5


@dataclass(frozen=True, slots=True)
class _Mended:
    """``text``: lower case, mistakes corrected. The flags say which kinds there were."""

    text: str
    layout: bool
    typo: bool


def _mend(query: str) -> _Mended:
    text = query[:_LOOKED_AT]
    dashed = _LONG_DASH.search(text) is not None
    text = _ANY_DASH.sub("-", _LONG_DASH.sub("-", text))
    unfolded = text
    text = _LETTERS.sub(_fold_word, text)
    text = _KEYS.sub(_retype_word, text)
    text = _retype_prose(text)
    text = _LETTERS.sub(_retype_foreign, text)
    layout = text != unfolded
    text = text.lower().replace("ё", "е")
    spelled = _LETTERS.sub(_spell, text)
    return _Mended(spelled, layout, dashed or spelled != text)


def _fold_word(match: re.Match[str]) -> str:
    """Latin look-alikes in a Cyrillic word: ГOCT; whole names: TY; the letter in ГОСТ P."""
    word = match[0]
    latin = [letter for letter in word if _LATIN.match(letter)]
    if not latin or not _LOOK_ALIKE_LETTERS.issuperset(latin):
        return word
    folded = word.translate(_LOOK_ALIKES)
    if len(latin) < len(word):
        return folded if all(_CYRILLIC.match(letter) for letter in folded) else word
    before = match.string[max(0, match.start() - 8) : match.start()].lower()
    if word in ("P", "p") and re.search(r"гост\s{1,3}$", before):
        return folded
    if folded.lower() in _LOOK_ALIKE_NAMES and _number_follows(match):
        return folded
    return word


def _number_follows(match: re.Match[str], pattern: re.Pattern[str] = _NUMBER_NEXT) -> bool:
    return pattern.match(match.string, match.end()) is not None


def _retype_word(match: re.Match[str]) -> str:
    """A family's name typed in the Latin layout: GYLA, ujcn, cyb; two letters only before a designation: ne 14-1."""
    word = match[0]
    bare = word.strip("[];',.`{}:\"<>~")
    for typed in (word, bare):
        meant = typed.translate(_TO_CYRILLIC).lower()
        if meant in _FAMILY_WORDS:
            return word.replace(typed, typed.translate(_TO_CYRILLIC), 1)
        if meant in _TWO_LETTERS and word == bare and _number_follows(match, _DESIGNATION_NEXT):
            return typed.translate(_TO_CYRILLIC)
    return word


def _retype_prose(text: str) -> str:
    """Ordinary Russian words typed in the Latin layout: nhe,f cnfkmyfz. The words are judged together."""
    typed = [word for word in text.split() if _LATIN.search(word)]
    if not typed or _CYRILLIC.search(" ".join(typed)):
        return text
    letters = "".join(letter for word in typed for letter in word if letter.isalpha())
    if len(letters) < _SHORTEST_PROSE:
        return text
    meant = " ".join(typed).lower().translate(_TO_CYRILLIC)
    if _share(meant, _RUSSIAN_PAIRS) < 0.7 or _share(" ".join(typed).lower(), _ENGLISH_PAIRS) > 0.4:
        return text
    return " ".join(word.translate(_TO_CYRILLIC) if _LATIN.search(word) else word for word in text.split())


def _share(text: str, pairs: frozenset[str]) -> float:
    """The share of neighbouring letter pairs in ``text`` that are common."""
    seen = [a + b for a, b in pairwise(text) if a.isalpha() and b.isalpha()]
    return sum(pair in pairs for pair in seen) / len(seen) if seen else 0.0


def _retype_foreign(match: re.Match[str]) -> str:
    """A foreign standard typed in the Cyrillic layout: ШЫЩ 9001."""
    typed = match[0].translate(_TO_LATIN)
    return typed if typed.lower() in _FOREIGN else match[0]


def _spell(match: re.Match[str]) -> str:
    """Corrects a family's name with one mistake (a letter missing, extra or wrong, or two swapped)."""
    word = match[0]
    if len(word) < 3 or word in _FAMILY_WORDS or word in _REAL_WORDS or not _CYRILLIC.match(word):
        return word
    # Two swapped letters, or a long word, leave little doubt. A short word with a wrong letter may be another word, so
    # a number must follow.
    for meant in _swaps(word):
        if meant in _SHORT_WORDS or meant in _LONG_WORDS:
            return meant
        if meant in _THREE_LETTERS and _number_follows(match):
            return meant
    if len(word) >= 5 and (found := _neighbour(word, _LONG_WORDS)):
        return found
    if _number_follows(match) and (found := _neighbour(word, _SHORT_WORDS)):
        return found
    return word


def _swaps(word: str) -> list[str]:
    if len(word) > 20:
        return []
    return [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]


def _neighbour(word: str, names: frozenset[str]) -> str:
    """A name that differs in one letter (wrong, missing or extra), in a fixed order; empty when there is none."""
    return next((name for name in _SORTED[names] if _one_off(word, name)), "")


_SORTED: Final = {names: sorted(names) for names in (_LONG_WORDS, _SHORT_WORDS)}


def _one_off(a: str, b: str) -> bool:
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    return a[start + (len(a) >= len(b)) :] == b[start + (len(b) >= len(a)) :]


# --- families


def _abbreviation(names: str) -> str:
    """A short name counts when a number follows (perhaps after one word: СТО Газпром 2-2.1) or when it is alone."""
    return rf"\b(?:{names})(?=(?:\s{{1,3}}[а-яa-z]{{1,15}})?[\s.,№/-]{{0,5}}\d)|^\s*(?:{names})\s*$"


_FAMILIES: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("ГОСТ Р", r"\bгост\w{0,3}\s{0,3}р(?![а-я])"),
        ("ГОСТ", r"\bгост(?:а|у|ом|е|ы|ов|ам|ами|ах)?(?![а-я])"),
        ("СанПиН", r"\bсан\s?пин"),
        ("СНиП", r"\bснип"),
        ("ПНД Ф", r"\bпнд(?:\s{0,3}ф)?(?![а-я])"),
        ("СП", _abbreviation("сп") + r"|\bсвод\w{0,2} правил"),
        ("ТУ", _abbreviation("ту") + r"|\bтехнически[ех]\w? услови[яй]"),
        ("РД", _abbreviation("рд") + r"|\bруководящ\w{1,3} документ"),
        ("МИ", _abbreviation("ми")),
        ("ФНП", r"\bфнп(?![а-я])|\bфедеральны[ех] норм\w{0,3} и правил"),
        ("ГН", _abbreviation("гн")),
        ("РМГ", r"\bрмг(?![а-я])"),
        ("ОСТ", _abbreviation("ост")),
        ("СТО", _abbreviation("сто")),
        ("ВСН", r"\bвсн(?![а-я])"),
        ("МУ", _abbreviation("мук?") + r"|\bметодически[ех] указани"),
        ("МР", _abbreviation("мр") + r"|\bметодически[ех] рекомендаци"),
        ("НПБ", r"\b(?:нпб|ппб)(?![а-я])"),
        ("НП", _abbreviation("нп")),
        ("ПБ", _abbreviation("пб")),
        ("ПУЭ", r"\bпуэ(?![а-я])"),
        ("ОДМ", r"\bодм(?![а-я])"),
        ("ТР ТС", r"\bтр\s{0,3}(?:тс|еаэс)(?![а-я])|\bтехнически[йе]\w? регламент|\bтехрегламент"),
        ("ISO", r"\b(?:iso|исо)(?![а-яa-z])"),
        ("IEC", r"\b(?:iec|мэк)(?![а-яa-z])"),
        ("EN", r"\ben\s{0,3}\d|\bен\s{0,3}\d"),
        ("DIN", r"\bdin(?![а-яa-z])"),
        ("ASTM", r"\bastm(?![а-яa-z])"),
        ("ASME", r"\basme(?![а-яa-z])"),
        ("API", r"\bapi\s{0,3}\d"),
        ("приказ", r"\bприказ"),
        ("постановление", r"\bпостановлени|\bпп рф(?![а-я])"),
        ("закон", r"\bзакон|\bфз(?![а-я])|\d\s?-?фз(?![а-я])"),
        ("кодекс", r"\b(?:гражданск|градостроительн|трудов|земельн|водн|лесн|налогов)\w{1,3} кодекс|\bкодекс"),
        ("распоряжение", r"\bраспоряжени"),
        ("указ", r"\bуказ(?:а|у|ом|е|ы|ов)?(?![а-я])"),
        ("письмо", r"\bписьм[оаеу]"),
        ("инструкция", r"\bинструкци"),
    )
)
FAMILIES: Final = (*(name for name, _ in _FAMILIES), OTHER_FAMILY)
"""All values of ``family``."""
