"""Guesses what the unknown parts of a report are, from names (Russian, English, transliterated) and the shapes of
values.

Guesses are shown to a person as lines of a profile; nothing is ever read by a guess.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kodeks_exporter.domain.report import Block
from kodeks_exporter.sysinfo.fields import BLOCK_FIELDS, HEADER_FIELDS, REQUIRED, FieldType
from kodeks_exporter.sysinfo.survey import ReportSurvey, Shape

_TRANSLIT: Final = str.maketrans(
    dict(
        zip(
            "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
            "a b v g d e e zh z i y k l m n o p r s t u f h c ch sh sch - y - e yu ya".replace("-", "").split(" "),
            strict=True,
        )
    )
)
_CAMEL: Final = re.compile(r"(?<=[a-zа-яё0-9])(?=[A-ZА-ЯЁ])|[^A-Za-zА-Яа-яЁё0-9]+")

# Beginnings of words, best first; Russian ones also match their transliteration.
_FIELD_WORDS: Final[Mapping[str, str]] = {
    "login": "login логин username user пользоват учетн account имя",
    "domain": "domain домен ad",
    "ip": "ip адрес addr host хост",
    "browser": "browser браузер обозреват agent",
    "since": "since начал start вход открыт время time дата",
    "file": "file файл путь path имя name",
    "product": "product продукт изделие",
    "title": "title назван наимен name имя",
    "update": "update upd обновл версия",
    "expires": "expire действ срок оконч valid годен",
    "error": "error err ошибк code код",
    "message": "message msg сообщен описан текст text",
    "name": "name имя назван наимен file файл",
    "version": "version ver верси",
    "date": "date дата day день time время modified измен",
    "registered": "register регистр created создан добавл заведен",
    "last_seen": "last послед активн",
    "fullname": "fullname фио полноеимя name имя",
    "position": "position должн post",
    "department": "depart dept отдел подразд",
    "phone": "phone телеф tel тел",
    "email": "email mail почт e",
    "month": "month месяц период",
    "requests": "request запрос обращен query",
    "documents": "doc документ докум",
    "services": "service услуг сервис",
    "links": "link ссылк",
    "searches_intellectual": "intel интел",
    "searches_attribute": "attr атриб",
    "searches_empty": "empty пуст",
    "printed": "print печат распеч",
    "saved": "save сохран выгруз",
    "kassist": "kassist ассист",
    "time": "time время дата date moment момент",
    "catalog": "catalog каталог раздел path",
    "source": "source источн модуль",
    "type": "type тип вид",
    "status": "status статус результ result итог состоян",
    "query": "query запрос текст text строк zapros",
    "found": "found найден count колво количес hits число",
    "duration": "duration длит продолж elapsed ms мс выполн",
    "reason": "reason причин",
    "unique": "uniq уник",
    "added": "add добавл всего",
    "unmatched": "unmatch несопост безсовпад неопозн ненайд",
    "checked": "check провер актив",
}
_HEADER_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    # Words of the place itself, and of its parent ("": any).
    "sysinfo_version": ("sysinfo верси version", "sysinfo отчет report общ info модул"),
    "created": ("created создан сформир дата date", "sysinfo отчет report общ info"),
    "server_version": ("версиясерв serverver верси version", "server сервер"),
    "os": ("os ос операц систем platform", ""),
    "started": ("start запуск запущ", ""),
    "regnum": ("regnum регном номеррег рег номер number", "рег reg лиценз licen"),
    "client": ("client клиент организ юрлиц owner владел", ""),
    "seats": ("seat рабоч мест лимит огранич users", ""),
    "expires": ("expire действ срок оконч valid", "рег reg лиценз licen"),
    "protection_binding": ("bind привяз", ""),
    "protection_status": ("status статус состоян", "protect защит key ключ"),
    "protection_code": ("code код error ошибк", "protect защит key ключ"),
    "protection_message": ("message msg сообщ текст", "protect защит key ключ"),
    "spp_status": ("status статус состоян spp спп", "spp спп"),
}
_BLOCK_WORDS: Final[Mapping[Block, str]] = {
    Block.MODULES: "module модул компон component",
    Block.SESSIONS: "session сеанс сесси подключ connect",
    Block.VOLUMES: "volume том баз base bd vol",
    Block.OPERUP: "operup операп опер",
    Block.USERS: "user пользоват учетн account карточ",
    Block.USAGE: "usage статист использ счетч stat counter месяц month",
    Block.SEARCHES: "search поиск запрос query queries",
    Block.REJECTIONS: "reject отказ refus denied",
    Block.KASSIST: "kassist ассист",
}
_KIND_SHAPES: Final[Mapping[FieldType, frozenset[str]]] = {
    FieldType.TIME: frozenset({"date"}),
    FieldType.MONTH: frozenset({"month", "date"}),
    FieldType.NUMBER: frozenset({"number"}),
    FieldType.DURATION: frozenset({"number"}),
    FieldType.CODE: frozenset({"number", "text"}),
    FieldType.TEXT: frozenset({"text", "number", "version", "ip"}),
    FieldType.FILLED: frozenset({"text", "number"}),
    FieldType.WORD: frozenset({"text", "number"}),
}
_EXACT: Final = 4.0
_WHOLE_START: Final = 3.0
_PART: Final = 2.0
_SLOW_MS: Final = 200.0


@dataclass(frozen=True, slots=True)
class BlockGuess:
    """``of``: element or table; ``fields``: field to place, relative as in a profile; ``units``: of durations."""

    of: str
    fields: Mapping[str, str]
    units: Mapping[str, str]


def plain(name: str) -> list[str]:
    """The words of a name in Latin letters: ``ДлительностьМс`` gives dlitelnost, ms."""
    return [word.casefold().translate(_TRANSLIT) for word in _CAMEL.split(name) if word]


@lru_cache(maxsize=50_000)
def likeness(name: str, words: str) -> float:
    """How well a name matches one of the words; 0 not at all. Earlier words score a little more."""
    parts = plain(name)
    whole = "".join(parts)
    best = 0.0
    for rank, word in enumerate(words.split()):
        stem = word.translate(_TRANSLIT)
        if whole == stem:
            score = _EXACT
        elif len(stem) > 2 and whole.startswith(stem):
            score = _WHOLE_START
        elif any(part == stem or (len(stem) > 2 and part.startswith(stem)) for part in parts):
            score = _PART
        else:
            continue
        best = max(best, score - rank * 0.1)
    return best


def _fits(shape: Shape, kind: FieldType) -> bool:
    return shape.main_kind == "empty" or shape.main_kind in _KIND_SHAPES[kind]


def _assign(
    places: Mapping[str, tuple[str, Shape]], kinds: Mapping[str, FieldType], taken: Iterable[str]
) -> dict[str, str]:
    """Field to place, the most certain first, each place once. ``places``: place to its own name and shape."""
    offers = sorted(
        (
            (-likeness(name, _FIELD_WORDS[field]), order, field, place)
            for order, field in enumerate(kinds)
            for place, (name, shape) in places.items()
            if _fits(shape, kinds[field]) and likeness(name, _FIELD_WORDS[field]) > 0
        ),
    )
    used, result = set(taken), {}
    for _, _, field, place in offers:
        if field not in result and place not in used:
            result[field] = place
            used.add(place)
    return result


def _record_places(found: ReportSurvey, group: str) -> dict[str, tuple[str, Shape]]:
    """Relative places of a record's own values: attributes, texts of children, its own text; or columns."""
    if not found.by_group:
        for place in found.places:
            for owner in _owners(found, place):
                found.by_group.setdefault(owner, []).append(place)
    places: dict[str, tuple[str, Shape]] = {}
    for place in found.by_group.get(group, ()):
        shape = found.places[place]
        rest = place[len(group) + 1 :]
        if not rest:
            places["text()"] = "query", shape
        else:
            places[rest] = rest.rpartition("/")[2].lstrip("@"), shape
    return places


def _owners(found: ReportSurvey, place: str) -> list[str]:
    """The groups that a place may be a field of."""
    if found.format == "sqlite":
        return [place.partition(".")[0]]
    element = place.rpartition("/@")[0] or place
    parent = element.rpartition("/")[0]
    owners = [element] if parent == "" or element != place else [element, parent]
    # A place in an outer element only if it occurs as often as the record: otherwise it belongs to another record.
    above = parent if element != place else parent.rpartition("/")[0]
    while above:
        if found.groups.get(element, 0) <= found.groups.get(above, 0):
            owners.append(above)
        above = above.rpartition("/")[0]
    return owners


def _group_names(group: str) -> tuple[str, str]:
    """Its own name and that of its parent."""
    names = ["", *group.strip("/").split("/")]
    return names[-1], names[-2]


def _guess_fields(found: ReportSurvey, group: str, block: Block, users: str) -> dict[str, str]:
    kinds = BLOCK_FIELDS[block]
    fields = _assign(_record_places(found, group), kinds, ())
    if block is Block.USAGE and users and group.startswith(f"{users}/"):
        climb = "../" * (group.count("/") - users.count("/"))
        around = _assign(_record_places(found, users), {"login": FieldType.TEXT, "domain": FieldType.TEXT}, ())
        for name, place in around.items():
            if place != "text()":
                fields[name] = climb + place
    for name in REQUIRED[block]:
        # If no name points to the required time, take the only date there is.
        if name not in fields and kinds[name] is FieldType.TIME:
            dates = [p for p, (_, shape) in _record_places(found, group).items() if shape.main_kind == "date"]
            if len(dates) == 1 and dates[0] not in fields.values():
                fields[name] = dates[0]
    return fields


def guess_blocks(
    found: ReportSurvey, wanted: Iterable[Block], taken: Iterable[str], users: str
) -> dict[Block, BlockGuess]:
    """For each unrecognised block, the group that matches it best. ``users``: the users' element, when known.
    ``taken``: groups that are recognised as something else."""
    busy = set(taken)
    offers: list[tuple[float, int, Block, str]] = []
    candidates = list(wanted)
    # Users first: the usage element is recognised by being inside theirs.
    best_users = users
    if not best_users and Block.USERS in candidates:
        ranked = sorted(_offers(found, [Block.USERS], busy, ""), key=lambda offer: (-offer[0], offer[1]))
        best_users = ranked[0][3] if ranked else ""
    offers = _offers(found, candidates, busy, best_users)
    result: dict[Block, BlockGuess] = {}
    for _, _, block, group in sorted(offers, key=lambda offer: (-offer[0], offer[1])):
        if block in result or group in busy:
            continue
        fields = _guess_fields(found, group, block, best_users)
        result[block] = BlockGuess(group, fields, guess_units(found, group, fields))
        busy.add(group)
    return result


def _offers(
    found: ReportSurvey, blocks: list[Block], busy: set[str], users: str
) -> list[tuple[float, int, Block, str]]:
    offers = []
    for order, group in enumerate(found.groups):
        if group in busy or not _record_places(found, group):
            continue
        own, around = _group_names(group)
        for block in blocks:
            words = _BLOCK_WORDS[block]
            name = max(likeness(own, words), likeness(around, words) * 0.9)
            if not name:
                continue
            fields = _guess_fields(found, group, block, users)
            if all(required in fields for required in REQUIRED[block]):
                # Fields of nested elements count for their own element.
                deep = sum(not place.startswith("../") and place.count("/") > 0 for place in fields.values())
                score = name * 2 + len(fields) / len(BLOCK_FIELDS[block]) * 4 - deep
                offers.append((score, order, block, group))
    return offers


def guess_more_fields(found: ReportSurvey, group: str, block: Block, known: Mapping[str, str]) -> dict[str, str]:
    """Fields of a recognised record that the profile misses, among the places that it does not use.

    ``known``: field to place, of those that the report has.
    """
    kinds = {name: kind for name, kind in BLOCK_FIELDS[block].items() if name not in known}
    return _assign(_record_places(found, group), kinds, known.values())


def guess_units(found: ReportSurvey, group: str, fields: Mapping[str, str]) -> dict[str, str]:
    """Milliseconds by name, or because no search takes minutes."""
    place = fields.get("duration")
    if place is None:
        return {}
    name, shape = _record_places(found, group).get(place, ("", Shape()))
    by_name = {"ms", "msec", "millis", "milliseconds", "mc"} & set(plain(name))
    return {"duration": "ms"} if by_name or (shape.high or 0) > _SLOW_MS else {}


def guess_header(
    found: ReportSurvey, wanted: Iterable[str], taken: Iterable[str], records: Iterable[str]
) -> dict[str, str]:
    """Header field to place, among places that occur once and in no record."""
    groups = tuple(records)
    places = {}
    for place, shape in found.places.items():
        group = place.rpartition(".")[0] if found.format == "sqlite" else place.rpartition("/@")[0] or place
        inside = any(place == g or place.startswith((f"{g}/", f"{g}.")) for g in groups)
        if found.groups.get(group, 0) == 1 and not inside and shape.count:
            places[place] = shape
    offers = []
    for order, name in enumerate(wanted):
        own_words, around_words = _HEADER_WORDS[name]
        for place, shape in places.items():
            parts = [part.lstrip("@") for part in re.split(r"[/.]", place) if part]
            own = likeness(parts[-1], own_words)
            around = max((likeness(part, around_words) for part in parts[:-1]), default=0.0) if around_words else 0.5
            specific = likeness(parts[-1], around_words) if around_words else 0.0
            if own > 0 and (around > 0 or specific > 0) and _fits(shape, HEADER_FIELDS[name]):
                # The nearest parent says most: /отчет/защита/код is the key's code.
                near = likeness(parts[-2], around_words) if around_words and len(parts) > 1 else 0.0
                offers.append((-(own + around * 0.5 + near + specific), order, name, place))
    result: dict[str, str] = {}
    used = set(taken)
    for _, _, name, place in sorted(offers):
        if name not in result and place not in used:
            result[name] = place
            used.add(place)
    return {name: result[name] for name in HEADER_FIELDS if name in result}
