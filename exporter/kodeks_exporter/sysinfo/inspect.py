"""``sysinfo inspect``: what a report holds, what the profile recognised, what it did not, and lines to try.

Only the shapes of values are shown, never values, so that the output can be passed on: a report has names and phone
numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import yaml

from kodeks_exporter.domain.report import (
    Block,
    KassistDay,
    Module,
    OperUpFile,
    ReadSummary,
    Rejection,
    ReportHeader,
    SearchEvent,
    Session,
    UnreadableReport,
    User,
    UserUsage,
    Volume,
)
from kodeks_exporter.sysinfo.clock import compile_format
from kodeks_exporter.sysinfo.doubts import Doubting
from kodeks_exporter.sysinfo.fields import BLOCK_FIELDS, HEADER_FIELDS
from kodeks_exporter.sysinfo.guess import guess_blocks, guess_header, guess_more_fields, guess_units
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import Layout, Profile
from kodeks_exporter.sysinfo.read import DEFAULT_LIMITS, read_report
from kodeks_exporter.sysinfo.survey import LOOKED_AT, ReportSurvey, Shape, survey

_UTC: Final = ZoneInfo("UTC")
_TITLES: Final[Mapping[Block, str]] = {
    Block.MODULES: "модули",
    Block.SESSIONS: "сессии",
    Block.VOLUMES: "тома БД",
    Block.OPERUP: "OperUp",
    Block.USERS: "карточки пользователей",
    Block.USAGE: "счётчики пользователей по месяцам",
    Block.SEARCHES: "поисковые запросы",
    Block.REJECTIONS: "отказы в подключении",
    Block.KASSIST: "kAssist по дням",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A place in the report. ``use``: how the profile uses it (``searches.login``), or empty."""

    place: str
    use: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Inspection:
    """``summary`` None: the profile recognised nothing. ``missing``: places that the profile names and the report
    lacks, with their use. ``bad_values``: use to a Russian sentence about values that can't be understood.
    ``suggestion``: a document that extends the profile, empty when there is nothing to suggest."""

    profile: str
    survey: ReportSurvey
    summary: ReadSummary | None
    found: tuple[Found, ...]
    missing: tuple[tuple[str, str], ...]
    bad_values: Mapping[str, str] = field(default_factory=dict)
    suggestion: Mapping[str, object] = field(default_factory=dict)


class _Nothing:
    """A sink that discards everything."""

    def created(self, time: float) -> None: ...
    def header(self, header: ReportHeader) -> None: ...
    def module(self, module: Module) -> None: ...
    def session(self, session: Session) -> None: ...
    def volume(self, volume: Volume) -> None: ...
    def operup(self, file: OperUpFile) -> None: ...
    def user(self, user: User) -> None: ...
    def usage(self, usage: UserUsage) -> None: ...
    def search(self, event: SearchEvent) -> None: ...
    def rejection(self, rejection: Rejection) -> None: ...
    def kassist_day(self, day: KassistDay) -> None: ...


def inspect(path: Path, profile: Profile, limits: ReadLimits = DEFAULT_LIMITS) -> Inspection:
    """Inspects a report with a profile. Raises UnreadableReport when it can't even be opened."""
    seen = survey(path, profile, limits)
    summary: ReadSummary | None = None
    doubting = Doubting(profile, _UTC, limits)
    try:
        summary = read_report(path, profile, _UTC, _Nothing(), limits, doubting)
    except UnreadableReport as error:
        if error.reason != "profile_mismatch":
            raise
    layout = profile.xml if seen.format == "xml" else profile.sqlite
    uses = _uses(seen, layout)
    lower = {place.casefold(): place for place in seen.places} if seen.format == "sqlite" else {}
    there = {lower.get(place.casefold(), place): use for place, use in uses.items()}
    keys = {f"key:{name}": shape for name, shape in doubting.keys.items()}
    found = tuple(Found(place, there.get(place, ""), shape) for place, shape in {**seen.places, **keys}.items())
    missing = tuple((place, use) for place, use in there.items() if place not in seen.places and place not in keys)
    return Inspection(
        profile=profile.name,
        survey=seen,
        summary=summary,
        found=found,
        missing=missing,
        bad_values={**doubting.found(), **_damaged(found)},
        suggestion=_suggest(seen, layout, profile, found),
    )


def _absolute(form: str, of: str, place: str) -> str:
    """A relative place of a record as a place of the survey."""
    if form == "sqlite":
        return f"{of}.{place}"
    while place.startswith("../"):
        of, place = of.rpartition("/")[0], place[3:]
    return of if place == "text()" else f"{of}/{place}"


def _uses(seen: ReportSurvey, layout: Layout) -> dict[str, str]:
    """Place to what the profile uses it for."""
    uses: dict[str, list[str]] = {}
    for name, source in layout.header.items():
        for place in source.places:
            uses.setdefault(place, []).append(f"header.{name}")
    if layout.keys is not None:
        for name, place in (("имена", layout.keys.key), ("значения", layout.keys.value)):
            uses.setdefault(_absolute(seen.format, layout.keys.of, place), []).append(f"keys ({name})")
    for block, spec in layout.blocks.items():
        for name, source in spec.fields.items():
            for place in source.places:
                uses.setdefault(_absolute(seen.format, spec.of, place), []).append(f"{block}.{name}")
    return {place: ", ".join(names) for place, names in uses.items()}


def _damaged(found: tuple[Found, ...]) -> dict[str, str]:
    """A few truncated letters do not mean a wrong encoding."""
    hint = "буквы не читаются: похоже, кодировка указана неверно (encoding: windows-1251?)"
    return {item.use: hint for item in found if item.use and item.shape.damaged * 5 > min(item.shape.count, LOOKED_AT)}


def _read_by(shape: Shape, text: str, known: tuple[str, ...]) -> bool:
    return any(compile_format(other).fullmatch(shape.formats[text]) for other in known)


def _suggest(seen: ReportSurvey, layout: Layout, profile: Profile, found: tuple[Found, ...]) -> dict[str, object]:
    used = {item.place for item in found if item.use}
    known_groups: dict[Block, str] = {}
    groups = {group.casefold() if seen.format == "sqlite" else group: group for group in seen.groups}
    for block, spec in layout.blocks.items():
        group = groups.get(spec.of.casefold() if seen.format == "sqlite" else spec.of)
        if group is not None:
            known_groups[block] = group
    blocks: dict[str, object] = {}
    for block, group in known_groups.items():
        extra = _more_fields(seen, layout, block, group)
        if extra:
            blocks[str(block)] = {"fields": extra}
    unknown = [block for block in Block if block not in known_groups]
    taken = set(known_groups.values())
    if layout.keys is not None:
        taken.add(groups.get(layout.keys.of.casefold(), layout.keys.of))
    guesses = guess_blocks(seen, unknown, taken, known_groups.get(Block.USERS, ""))
    key = "record" if seen.format == "xml" else "table"
    for block, guess in guesses.items():
        old = layout.blocks[block].fields if block in layout.blocks else {}
        # Mappings of the extended profile that this report lacks must be removed: their places mean nothing here.
        fields: dict[str, object] = dict.fromkeys(name for name in old if name not in guess.fields)
        for name, place in guess.fields.items():
            fields[name] = {"from": place, "unit": guess.units[name]} if name in guess.units else place
        ordered = {name: fields[name] for name in BLOCK_FIELDS[block] if name in fields}
        blocks[str(block)] = {key: guess.of, "fields": ordered}
        if block in layout.blocks and layout.blocks[block].present:
            blocks[str(block)] = {key: guess.of, "present": None, "fields": ordered}
    records = [*known_groups.values(), *(guess.of for guess in guesses.values())]
    keyed = layout.keys is not None and _absolute(seen.format, layout.keys.of, layout.keys.key) in seen.places
    lacking = [
        name
        for name in HEADER_FIELDS
        if name not in layout.header
        or not any(keyed if p.startswith("key:") else p in seen.places for p in layout.header[name].places)
    ]
    header = guess_header(seen, lacking, used, records)
    section: dict[str, object] = {}
    if any(item.shape.damaged for item in found) and seen.encoding == "utf-8":
        section["encoding"] = "windows-1251"
    if header:
        section["header"] = header
    if blocks:
        section["blocks"] = blocks
    suggestion: dict[str, object] = {}
    for name, known, kind in (("dates", profile.dates, "date"), ("months", profile.months, "month")):
        new = [text for text in _formats(found, kind) if text not in known]
        unread = [text for text in new if not any(_read_by(item.shape, text, known) for item in found
                                                  if text in item.shape.formats)]  # fmt: skip
        if unread:
            suggestion[name] = [*unread, *known]
    if section:
        suggestion[seen.format] = section
    return {"extends": profile.name, **suggestion} if suggestion else {}


def _formats(found: tuple[Found, ...], kind: str) -> list[str]:
    return list(dict.fromkeys(text for item in found if item.shape.main_kind == kind for text in item.shape.formats))


def _more_fields(seen: ReportSurvey, layout: Layout, block: Block, group: str) -> dict[str, object]:
    spec = layout.blocks[block]
    fold = str.casefold if seen.format == "sqlite" else str
    places = {fold(place) for place in seen.places}
    known = {
        name: place
        for name, source in spec.fields.items()
        for place in source.places
        if fold(_absolute(seen.format, spec.of, place)) in places
    }
    extra: dict[str, object] = dict(guess_more_fields(seen, group, block, known))
    units = guess_units(seen, group, {name: str(place) for name, place in extra.items()})
    for name, unit in units.items():
        extra[name] = {"from": extra[name], "unit": unit}
    return extra


def render(inspection: Inspection) -> str:
    """The inspection as a text for people, in Russian."""
    seen, summary = inspection.survey, inspection.summary
    container = {"zip": "архив zip", "gzip": "архив gzip", "bare": "без архива"}[seen.container]
    form = {"xml": "XML", "sqlite": "база SQLite"}[seen.format]
    lines = [
        f"Файл: {form}, {container}, кодировка {seen.encoding}, {seen.size} байт",
        f"Профиль: {inspection.profile}",
        "",
        "Что прочитано по профилю",
    ]
    if summary is None:
        lines.append("  ничего: отчёт устроен не так, как описано в профиле")
    else:
        for block in Block:
            if block in summary.blocks_present:
                skipped = summary.skipped.get(block, 0)
                tail = f", пропущено {skipped} (нет времени, логина или имени)" if skipped else ""
                lines.append(f"  {block:<11} {_TITLES[block]}: {summary.records.get(block, 0)}{tail}")
            else:
                lines.append(f"  {block:<11} {_TITLES[block]}: блока в отчёте нет")
    known = [item for item in inspection.found if item.use]
    unknown = [item for item in inspection.found if not item.use]
    lines += _listing("Распознано", [f"{i.place} → {i.use}: {i.shape.count} шт., {i.shape.describe()}" for i in known])
    lines += _listing("Не распознано", [f"{i.place}: {i.shape.count} шт., {i.shape.describe()}" for i in unknown])
    lines += _listing("Есть в профиле, но нет в отчёте", _missing_lines(inspection))
    lines += _listing("Значения, которые не удастся понять", [f"{u}: {t}" for u, t in inspection.bad_values.items()])
    if seen.more:
        lines += ["", "Разных элементов и атрибутов слишком много, показаны не все."]
    if inspection.suggestion:
        lines += [
            "",
            "Строки для своего профиля (догадка по именам и виду значений, проверьте каждую)",
            "",
            suggestion_text(inspection),
        ]
    return "\n".join(lines).rstrip() + "\n"


def _missing_lines(inspection: Inspection) -> list[str]:
    """A block that is missing entirely is one line."""
    present = inspection.summary.blocks_present if inspection.summary is not None else frozenset()
    lines: dict[str, None] = {}
    for place, use in inspection.missing:
        blocks = {part.partition(".")[0] for part in use.split(", ")}
        gone = [block for block in Block if block in blocks and block not in present]
        if gone and len(gone) == len(blocks):
            lines.update(dict.fromkeys(f"{block}: блок целиком ({_TITLES[block]})" for block in gone))
        else:
            lines[f"{place} ({use})"] = None
    return list(lines)


def suggestion_text(inspection: Inspection) -> str:
    """The suggestion as a profile file."""
    return yaml.safe_dump(dict(inspection.suggestion), allow_unicode=True, sort_keys=False, width=100)


def _listing(title: str, items: list[str]) -> list[str]:
    return ["", f"{title}: {len(items)}", *(f"  {item}" for item in items)] if items else []
