"""Surveys reports: whether one can be downloaded, its layout, and its time zone."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

import yaml

from kodeks_exporter.domain.report import Block, ReportHeader, UnreadableReport
from kodeks_exporter.intake.download import Downloader
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.settings.reports import ReportSettings
from kodeks_exporter.survey import zones
from kodeks_exporter.survey.findings import Fit, Survey
from kodeks_exporter.sysinfo.fields import VOCABULARIES
from kodeks_exporter.sysinfo.inspect import Inspection, inspect, render
from kodeks_exporter.sysinfo.profile import BadProfile, Profile, load_profile

_UTC: Final = ZoneInfo("UTC")
_ASKED_ELSEWHERE: Final = frozenset(
    {"http_404", "http_405", "http_501", "not_a_report", "http_400", "http_403", "empty"}
)
_ABOUT_REPORTS: Final = re.compile(r"si_save|sysinfo|report|otchet|отч[её]т", re.IGNORECASE)
_WORDS: Final = {
    "ok": r"ok|усп|найден|found|yes|да|норм|работ|исправ|доступ|включ|true|success",
    "empty": r"empty|none|пуст|нет результ|не найд|ничего|ноль|zero|0 док",
    "error": r"err|fail|ошиб|сбой|отказ|неисправ|недоступ|не работ|false|broken",
    "intellectual": r"intel|интел|умн|контекст|smart",
    "attribute": r"attr|атриб|реквиз",
    "ksrv": r"ksrv|серв|server|кодекс|kodeks|web",
    "kassist": r"assist|ассист",
    "seats": r"seat|мест|лиценз|licen|превыш|2008",
}
"""Possible words of a vocabulary; the last match counts, so that «не найдено» is not «найдено»."""
_ORDER: Final = ("ok", "ksrv", "intellectual", "seats", "attribute", "kassist", "empty", "error")


def survey_report(
    survey: Survey,
    installation: Installation,
    reports: ReportSettings,
    checks: CheckSettings,
    downloader: Downloader,
    offers: Sequence[str],
    folders: Sequence[Path],
    clock: Callable[[], float],
) -> None:
    """Downloads and inspects one report. ``offers``: addresses found on pages; ``folders``: where profiles are."""
    with tempfile.TemporaryDirectory(prefix="kodeks-survey-") as folder:
        path = Path(folder) / "report"
        configured = installation.report_path or reports.download_path
        paths = dict.fromkeys((configured, *(each for each in offers if _ABOUT_REPORTS.search(each))))
        for number, place in enumerate(paths):
            moment = clock()
            try:
                with path.open("wb") as file:
                    downloader.download(replace(installation, report_path=place), reports, checks, _into(file))
            except CheckError as error:
                if number == 0:
                    first = error
                if error.reason not in _ASKED_ELSEWHERE:
                    break
                continue
            if number:
                survey.propose(
                    "отчёт", f"{reports.download_path}: {first.text}; отчёт отдаёт {place}", "report_path", place
                )
            else:
                survey.add("отчёт", Fit.UNDERSTOOD, f"{place}: получен")
            look_at(survey, path, installation, folders, moment)
            return
        survey.add("отчёт", Fit.ABSENT, f"{configured}: {first.text}")


def _into(file: IO[bytes]) -> Callable[[bytes], None]:
    def write(piece: bytes) -> None:
        file.write(piece)

    return write


def look_at(survey: Survey, path: Path, installation: Installation, folders: Sequence[Path], now: float) -> None:
    """The content of a report, with a matching layout and zone. ``now``: about when it was made."""
    try:
        profile = load_profile(installation.profile, folders)
        seen = inspect(path, profile)
    except UnreadableReport as error:
        survey.add("отчёт", Fit.NOT_UNDERSTOOD, error.text)
        return
    except BadProfile as error:
        survey.add("профиль", Fit.NOT_UNDERSTOOD, str(error))
        return
    survey.report = render(seen)
    survey.places = [*seen.survey.places]
    better = improved(path, profile, seen, folders)
    if better is not None:
        document, seen = better
        survey.profile_name = re.sub(r"[^A-Za-z0-9_-]", "-", installation.name)
        survey.profile = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
        survey.propose("профиль", "отчёт устроен иначе; ниже раскладка по догадке", "profile", survey.profile_name)
    summary = seen.summary
    if summary is None:
        survey.add("профиль", Fit.NOT_UNDERSTOOD, "отчёт не распознан, и догадка не помогла: docs/profiles.md")
        return
    if better is None:
        survey.add("профиль", Fit.UNDERSTOOD, f"{installation.profile} подходит")
    absent = [block.value for block in Block if block not in summary.blocks_present]
    if absent:
        survey.add("блоки отчёта", Fit.ABSENT, f"нет: {', '.join(absent)}")
    for use, text in seen.bad_values.items():
        survey.add("значения", Fit.NOT_UNDERSTOOD, f"{use}: {text}")
    _zone(survey, summary.header, installation, now)


def improved(
    path: Path, profile: Profile, seen: Inspection, folders: Sequence[Path]
) -> tuple[dict[str, object], Inspection] | None:
    """A guessed layout that reads more of the report than the profile does, and the result of reading with it."""
    document: dict[str, object] = {}
    best: tuple[dict[str, object], Inspection] | None = None
    for _ in range(3):
        step = dict(seen.suggestion)
        if words := _vocabulary(seen, profile):
            step["values"] = words
        if not step:
            break
        step.pop("extends", None)
        document = _over(document, step) if document else {"extends": seen.profile, **step}
        with tempfile.TemporaryDirectory(prefix="kodeks-survey-") as folder:
            (Path(folder) / "guess.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
            try:
                profile = load_profile("guess", [Path(folder), *folders])
                looked = inspect(path, profile)
            except (BadProfile, UnreadableReport):
                break
        if looked.summary is None:
            break
        seen = looked
        best = document, looked
    return best


def _over(base: dict[str, object], changes: dict[str, object]) -> dict[str, object]:
    """``changes`` over ``base``, mappings merged; nulls stay, because they remove keys of the extended profile."""
    merged = dict(base)
    for key, value in changes.items():
        held = merged.get(key)
        merged[key] = _over(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return merged


def _vocabulary(seen: Inspection, profile: Profile) -> dict[str, dict[str, list[str]]]:
    """Words of the report that the profile can't translate, by field and meaning, together with the known ones."""
    found: dict[str, dict[str, list[str]]] = {}
    for item in seen.found:
        for use in filter(None, item.use.split(", ")):
            name = use.partition(".")[2]
            if name not in VOCABULARIES or use not in seen.bad_values or not item.shape.few_words:
                continue
            known = profile.values.get(name, {})
            for word in sorted(item.shape.words - set(known)):
                meaning = next(
                    (m for m in reversed(_ORDER) if m in VOCABULARIES[name] and re.search(_WORDS[m], word)), None
                )
                if meaning is not None:
                    words = found.setdefault(name, {}).setdefault(
                        meaning, [w for w, m in known.items() if m == meaning]
                    )
                    words.append(word)
    return found


def _zone(survey: Survey, header: ReportHeader, installation: Installation, now: float) -> None:
    """The report has just been made, so the difference to our time gives the server's zone."""
    if header.created is None:
        survey.add("часовой пояс", Fit.UNTRIED, "в отчёте не видно, когда он сделан")
        return
    shift = zones.shift_of(header.created, now)
    if shift is None:
        survey.add("часовой пояс", Fit.UNTRIED, "отчёт сделан не сейчас, или часы сервера неверны: пояс не определить")
    elif zones.has_shift(installation.time_zone, shift, now):
        survey.add("часовой пояс", Fit.UNDERSTOOD, f"{installation.time_zone}: часы сервера показывают столько же")
    else:
        name = zones.zone_with(shift)
        text = f"часы сервера идут по {zones.in_words(shift)}, а не по {installation.time_zone}"
        survey.propose("часовой пояс", text, "time_zone", name)
