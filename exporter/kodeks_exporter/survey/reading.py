"""What the pages of an installation say, and which patterns would match it."""

import re
from collections.abc import Iterable

from kodeks_exporter.checks.catalog_metrics import MAX_LENGTH, parse_catalogs
from kodeks_exporter.checks.metrics_text import sample_lines
from kodeks_exporter.checks.pages import main_page_says
from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.survey import pages
from kodeks_exporter.survey.findings import Fit, Survey
from kodeks_exporter.survey.visit import SeenPage, SurveyVisit
from kodeks_exporter.survey.zones import server_time

_CLOCK_OFF = 90.0
"""Seconds; a server's clock that is off by more is wrong."""
_NO_FAULT = r"(?!.*(ошибк|не найден|не обнаружен|отсутств))"


def main_page(survey: Survey, settings: CheckSettings, path: str, page: SeenPage | CheckError) -> None:
    """Whether the first catalog answers, and whether an unusual state that it reports is understood."""
    if isinstance(page, CheckError):
        survey.add("главная страница", Fit.NOT_UNDERSTOOD, f"{path}: {page.text}")
        return
    status = page.response.status
    state = main_page_says(settings.patterns, page.response).state
    if state is not InstallationState.OK:
        survey.add("главная страница", Fit.UNDERSTOOD, f"{path}: сейчас состояние {state.value}, код {status}")
    elif status in (200, 401):
        survey.add("главная страница", Fit.UNDERSTOOD, f"{path}: код {status}")
    elif status == 404:
        survey.add("главная страница", Fit.ABSENT, f"{path}: код 404")
    else:
        said = " ".join(page.text.visible.split()[:12])
        text = f"{path}: код {status}, сказано «{said}»: если это о состоянии сервера, опишите его в patterns.states"
        survey.add("главная страница", Fit.NOT_UNDERSTOOD, text)


def catalogs(survey: Survey, installation: Installation, visit: SurveyVisit, page: SeenPage | None) -> None:
    """Compares the server's catalogs with the settings."""
    asked = visit.pages.get(installation.catalogs[0])
    answers = isinstance(asked, SeenPage) and asked.response.status in (200, 401, 503)
    if page is None:
        root = visit.pages.get("/")
        moved = root.response.path if isinstance(root, SeenPage) and root.response.status == 200 else "/"
        if not answers and moved != "/":
            text = f"{installation.catalogs[0]} не отвечает; корень сайта ведёт на {moved}"
            survey.propose("главная страница", text, "catalogs", [moved.partition("?")[0]])
        return
    try:
        facts = parse_catalogs(page.response.body[:MAX_LENGTH].decode("utf-8", "replace"))
    except ValueError:
        survey.add("каталоги", Fit.NOT_UNDERSTOOD, f"{page.path} не читается как метрики")
        return
    found = [catalog.path for catalog in facts.catalogs if catalog.path.startswith("/")]
    missing = [path for path in installation.catalogs if path not in found]
    if not found:
        survey.add("каталоги", Fit.NOT_UNDERSTOOD, f"в {page.path} нет сведений о каталогах")
    elif set(found) != set(installation.catalogs):
        kept = [path for path in installation.catalogs if path in found]
        text = f"сервер называет {', '.join(found)}" + (f"; {', '.join(missing)} у него нет" if missing else "")
        survey.propose("каталоги", text, "catalogs", [*kept, *(path for path in found if path not in kept)])
    else:
        survey.add("каталоги", Fit.UNDERSTOOD, f"{', '.join(found)}: как в настройках")


def title(survey: Survey, _installation: Installation, settings: CheckSettings, page: SeenPage) -> None:
    """Version, and seats with the patterns that find them."""
    if version := pages.version(page.text):
        survey.add("версия", Fit.UNDERSTOOD, f"сервер {version}")
    visible = page.text.visible
    guesses = dict(zip(("seats", "seats_used"), pages.find_seats(page.text), strict=True))
    for key, subject in (("seats", "мест всего"), ("seats_used", "мест занято")):
        known = [found["number"] for p in getattr(settings.patterns, key) if (found := p.search(visible))]
        guess = guesses[key]
        if known:
            survey.add(subject, Fit.UNDERSTOOD, f"{page.path}: {known[0]}")
        elif guess is not None:
            text = f"{page.path}: похоже на «{guess.label}: {guess.number}»"
            survey.propose(subject, text, f"patterns.{key}", [guess.pattern])
        else:
            survey.add(
                subject, Fit.NOT_UNDERSTOOD, f"в {page.path} такого числа не видно: опишите его в patterns.{key}"
            )


def licence(survey: Survey, installation: Installation, settings: CheckSettings, page: SeenPage) -> None:
    """The line of the key, and the licence manager if the page names one."""
    line = pages.key_line(page.text) or ""
    patterns = settings.patterns
    known = _found(patterns.protection_line, line)
    if known and _found(patterns.protection_failed, line):
        survey.add("ключ", Fit.UNDERSTOOD, f"{page.path}: сейчас ключ не работает")
    elif known and _found(patterns.protection_ok, line):
        survey.add("ключ", Fit.UNDERSTOOD, f"{page.path}: ключ работает")
    elif not line:
        survey.add(
            "ключ", Fit.NOT_UNDERSTOOD, f"в {page.path} нет строки о ключе: опишите её в patterns.protection_line"
        )
    else:
        label, _, value = line.partition(":")
        label = label.strip()
        if not known:
            survey.propose("ключ", f"{page.path}: о ключе говорит строка «{label}»", "patterns.protection_line",
                           [rf"^\W*{_words(label)}\s*:"])  # fmt: skip
        if pages.says_error(value):
            survey.add("ключ", Fit.UNDERSTOOD, "сейчас ключ не работает: повторите, когда заработает")
        elif not _found(patterns.protection_ok, line):
            start = _words(" ".join(value.split()[:2]).strip(" -–—,.;"))
            survey.propose("ключ", f"{page.path}: так выглядит исправный ключ", "patterns.protection_ok",
                           [rf"{_words(label)}\s*:\s*{start}{_NO_FAULT}"])  # fmt: skip
    manager = pages.licence_manager(page.text)
    if manager and installation.licence_manager is None:
        survey.propose("менеджер лицензий", f"ключ даёт {manager}", "licence_manager", manager, Fit.UNDERSTOOD)


def preferences(survey: Survey, _installation: Installation, settings: CheckSettings, page: SeenPage) -> None:
    """The fields of the nightly restart and backup."""
    fields = pages.clock_fields(page.text.source)
    names = [name for name, _ in fields]
    for key, role, subject in (
        ("restart_field", "restart", "ночной перезапуск"),
        ("backup_field", "backup", "ночное копирование"),
    ):
        configured = getattr(settings.patterns, key)
        offers = [name for name, is_for in fields if is_for == role]
        if configured in names:
            survey.add(subject, Fit.UNDERSTOOD, f"{page.path}: поле {configured}")
        elif offers:
            survey.propose(
                subject, f"{page.path}: поля {configured} нет, похоже {offers[0]}", f"patterns.{key}", offers[0]
            )
        elif names:
            text = f"{page.path}: время держат поля {', '.join(names)}; какое из них?"
            survey.add(subject, Fit.NOT_UNDERSTOOD, text)
        else:
            survey.add(subject, Fit.ABSENT, f"{page.path}: полей с временем нет")


def families(page: SeenPage) -> list[str]:
    """Names of the series on a metrics page, in order."""
    return list(dict.fromkeys(name for name, _ in sample_lines(page.text.source.splitlines())))


def clock(survey: Survey, visit: SurveyVisit) -> None:
    """Whether the server's clock is right; needs a ``Date`` header, which a proxy may replace."""
    now = visit.context.tools.clock()
    times = [
        each for page in visit.answered() if (each := server_time(page.response.headers.get("date", ""))) is not None
    ]
    if not times:
        survey.add("часы", Fit.UNTRIED, "ответы без заголовка Date")
        return
    ahead = times[-1] - now
    if abs(ahead) > _CLOCK_OFF:
        minutes = round(abs(ahead) / 60)
        text = (
            f"часы сервера {'спешат' if ahead > 0 else 'отстают'} на {minutes} мин: поправьте их, времена будут неверны"
        )
        survey.add("часы", Fit.NOT_UNDERSTOOD, text)
    else:
        survey.add("часы", Fit.UNDERSTOOD, "верны")


def _found(patterns: Iterable[re.Pattern[str]], line: str) -> bool:
    return any(pattern.search(line) for pattern in patterns)


def _words(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in text.split())
