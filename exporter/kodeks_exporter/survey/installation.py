"""A survey of one installation: every known or configured page is requested, then possible replacements."""

from collections.abc import Callable
from pathlib import PurePosixPath

from kodeks_exporter.checks import dns, tcp, tls
from kodeks_exporter.checks.context import Context, Tools
from kodeks_exporter.checks.pages import COOKIES, bears_its_mark
from kodeks_exporter.checks.verdict import Verdict
from kodeks_exporter.domain.check import DnsFacts, Outcome, TlsFacts
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.survey import reading
from kodeks_exporter.survey.findings import Fit, Survey
from kodeks_exporter.survey.pages import PageKind
from kodeks_exporter.survey.visit import SeenPage, SurveyVisit

_SESSIONS = "/admin/cookies"
"""Known; the exporter itself does not read it."""
_CATALOGS_SINCE = "модуль sysinfo 2.0.6.7 или новее"
_SYSMON_SINCE = "сервер 6.4.5.127 или новее с модулем sysmon и право логина на метрики"


def survey_pages(survey: Survey, installation: Installation, settings: CheckSettings, tools: Tools) -> list[str] | None:
    """Adds what the pages of an installation show, and returns addresses that may lead to reports.

    None: the server does not answer. Ends the session and closes the connection.
    """
    context = Context(installation, settings, tools, trace=survey.trace)
    try:
        if not _way(survey, installation, context):
            return None
        visit = SurveyVisit(context)
        try:
            _pages(survey, installation, settings, visit)
        finally:
            _leave(survey, settings, visit)
        if visit.dead:
            survey.add("ответы", Fit.NOT_UNDERSTOOD, "порт открыт, но сервер не отвечает: отчёт не спрашивался")
            return None
        return [link.path for page in visit.answered() for link in page.links]
    finally:
        context.connection.close()


def _way(survey: Survey, installation: Installation, context: Context) -> bool:
    """Name, port and certificate. False: the server can't be reached."""
    named = dns.check(installation, context)
    facts = named.facts
    if named.outcome is Outcome.FAILED:
        survey.add("имя в DNS", Fit.ABSENT, named.text)
        return False
    found = facts.resolved if isinstance(facts, DnsFacts) else ()
    if found and not set(found) & set(installation.addresses):
        survey.propose(
            "имя в DNS", f"разрешается в {', '.join(found)}; с адресами сбой DNS отличим от поломки сервера",
            "addresses", [*installation.addresses, *found], Fit.UNDERSTOOD,
        )  # fmt: skip
    else:
        survey.add("имя в DNS", Fit.UNDERSTOOD, "разрешается")
    opened = tcp.check(installation, context)
    if opened.outcome is not Outcome.OK:
        survey.add("порт", Fit.ABSENT, opened.text or "не открыт")
        return False
    survey.add("порт", Fit.UNDERSTOOD, "открыт")
    if tls.applies(installation):
        _certificate(survey, tls.check(installation, context))
    return context.secured


def _certificate(survey: Survey, verdict: Verdict) -> None:
    if verdict.outcome is Outcome.OK and isinstance(verdict.facts, TlsFacts):
        survey.add("сертификат", Fit.UNDERSTOOD, "ему можно доверять")
        return
    text = f"{verdict.text}: логин не отправлен; файл своего центра сертификации укажите в tls.ca_file"
    survey.add("сертификат", Fit.NOT_UNDERSTOOD, text)


def _pages(survey: Survey, installation: Installation, settings: CheckSettings, visit: SurveyVisit) -> None:
    paths = settings.paths
    catalog = installation.catalogs[0]
    main = visit.ask(catalog, login=False)
    if isinstance(main, SeenPage) and main.response.status == 401 and visit.context.credentials is not None:
        del visit.pages[catalog]
        main = visit.ask(catalog)
    reading.main_page(survey, settings, catalog, main)
    visit.ask("/", login=False)
    known = [paths.catalogs, paths.title, paths.licence, paths.preferences, _SESSIONS, paths.sysmon]
    for path in filter(None, known):
        visit.ask(path)
    wanted = [PageKind.CATALOGS]
    if visit.context.credentials is not None and not visit.refused:
        wanted += [PageKind.TITLE, PageKind.LICENCE, PageKind.PREFERENCES, PageKind.SYSMON]
    visit.search(wanted, _guesses(visit, [path for path in known if path]))

    _who_answers(survey, installation, visit)
    reading.catalogs(survey, installation, visit, _choose(survey, visit, PageKind.CATALOGS, paths.catalogs, "каталоги"))
    _login(survey, visit)
    for kind, path, subject, read in (
        (PageKind.TITLE, paths.title, "о системе", reading.title),
        (PageKind.LICENCE, paths.licence, "лицензия", reading.licence),
        (PageKind.PREFERENCES, paths.preferences, "настройки", reading.preferences),
    ):
        page = _choose(survey, visit, kind, path, subject)
        if page is not None:
            reader: Callable[[Survey, Installation, CheckSettings, SeenPage], None] = read
            reader(survey, installation, settings, page)
    _sysmon(survey, settings, visit)
    sessions = visit.best(PageKind.SESSIONS)
    if sessions is not None:
        survey.add("сеансы", Fit.UNDERSTOOD, f"кто занимает места, показывает {sessions.path}")
    reading.clock(survey, visit)


def _guesses(visit: SurveyVisit, known: list[str]) -> list[str]:
    """The known paths below the folders that the site seems to use."""
    folders: dict[str, None] = {}
    for page in visit.answered():
        own = (page.response.path,) if page.response.status == 200 else ()
        for path in (*own, *(link.path for link in page.links)):
            parts = PurePosixPath(path.partition("?")[0]).parts
            if len(parts) > 2:
                folders[f"/{parts[1]}"] = None
    return [folder + path for folder in list(folders)[:4] for path in known if not path.startswith(folder + "/")]


def _choose(survey: Survey, visit: SurveyVisit, kind: PageKind, configured: str, subject: str) -> SeenPage | None:
    """The page of a kind: the configured one if it fits, else one found instead."""
    asked = visit.pages.get(configured)
    if isinstance(asked, SeenPage) and kind in asked.kinds:
        return asked
    other = visit.best(kind)
    if other is not None:
        answer = _what_came(asked) if configured else "не спрашивается"
        survey.propose(
            subject, f"{configured or 'страница'}: {answer}; похожа {other.path}", f"paths.{kind}", other.path
        )
        return other
    if not configured:
        survey.add(subject, Fit.UNTRIED, "путь в настройках пуст")
    elif isinstance(asked, SeenPage) and asked.response.status == 200:
        survey.add(subject, Fit.NOT_UNDERSTOOD, f"{configured}: страница есть, но сведений в ней не видно")
    else:
        hint = f": нужен {_CATALOGS_SINCE}" if kind is PageKind.CATALOGS else ""
        survey.add(subject, Fit.ABSENT, f"{configured}: {_what_came(asked)}{hint}")
    return None


def _what_came(asked: SeenPage | CheckError | None) -> str:
    if asked is None:
        return "не спрашивалась"
    if isinstance(asked, CheckError):
        return asked.text
    if asked.response.status == 200:
        return "форма входа" if PageKind.LOGIN in asked.kinds else "не то, что ожидалось"
    return f"код ответа {asked.response.status}"


def _who_answers(survey: Survey, installation: Installation, visit: SurveyVisit) -> None:
    """Kodeks itself, directly or behind a proxy."""
    answers = [page.response for page in visit.answered()]
    marked = any(bears_its_mark(answer) for answer in answers)
    names = {answer.headers.get("server", "") for answer in answers} - {""}
    direct = any("kodeks" in name.lower() or "kodweb" in name.lower() for name in names)
    proven = marked or visit.best(PageKind.CATALOGS) is not None or visit.best(PageKind.TITLE) is not None
    if not proven:
        survey.add("Кодекс", Fit.NOT_UNDERSTOOD, "ни один ответ не показывает, что отвечает Кодекс: проверьте url")
    elif direct:
        survey.add("Кодекс", Fit.UNDERSTOOD, "отвечает сам, без прокси")
        if installation.reverse_proxy:
            survey.propose("прокси", "перед сервером его не видно", "reverse_proxy", False)
    elif names and not installation.reverse_proxy:
        shown = ", ".join(sorted(names))[:80]
        survey.propose("прокси", f"перед Кодексом отвечает {shown}", "reverse_proxy", True)
    else:
        survey.add("Кодекс", Fit.UNDERSTOOD, "отвечает за прокси" if installation.reverse_proxy else "отвечает")
    cookies = visit.context.connection.cookies.names
    if cookies and not cookies & COOKIES:
        text = f"сеанс ведёт {', '.join(sorted(cookies))[:80]}, а не Kodeks: на проверки это не влияет"
        survey.add("cookie", Fit.UNDERSTOOD, text)


def _login(survey: Survey, visit: SurveyVisit) -> None:
    if visit.context.credentials is None:
        reason = (
            "логин не задан (credentials)" if visit.context.installation.credentials is None else "нет доверия к TLS"
        )
        survey.add("логин", Fit.UNTRIED, f"{reason}: ключ, места и ночные времена не узнать")
    elif visit.refused:
        survey.add("логин", Fit.NOT_UNDERSTOOD, "сервер не принял имя или пароль (401): проверьте credentials")
    elif visit.best(PageKind.TITLE) is not None or visit.best(PageKind.LICENCE) is not None:
        survey.add("логин", Fit.UNDERSTOOD, "принят")


def _sysmon(survey: Survey, settings: CheckSettings, visit: SurveyVisit) -> None:
    path = settings.paths.sysmon
    asked = visit.pages.get(path)
    page = asked if isinstance(asked, SeenPage) and PageKind.SYSMON in asked.kinds else visit.best(PageKind.SYSMON)
    if page is None:
        if path:
            survey.add("sysmon", Fit.ABSENT, f"{path}: {_what_came(asked)}; нужен {_SYSMON_SINCE}")
        return
    families = reading.families(page)
    shown = ", ".join(families[:8]) + (" …" if len(families) > 8 else "")
    if page is not asked:
        survey.propose("sysmon", f"{path}: {_what_came(asked)}; метрики отдаёт {page.path}", "paths.sysmon", page.path)
    survey.add("sysmon", Fit.UNDERSTOOD, f"{len(families)} семейств: {shown}; нужные назовите в checks.sysmon.metrics")


def _leave(survey: Survey, settings: CheckSettings, visit: SurveyVisit) -> None:
    """Ends the session with the configured address or else with a link on a page."""
    if not visit.context.connection.cookies:
        return
    path = settings.paths.logout
    left = visit.leave(path) if path else None
    if isinstance(left, SeenPage) and left.response.status < 400:
        survey.add("выход", Fit.UNDERSTOOD, f"{path} завершает сеанс")
        return
    offers = [link.path for page in visit.answered() for link in page.links if link.leaves and not link.form]
    for other in dict.fromkeys(offers):
        answer = visit.leave(other)
        if isinstance(answer, SeenPage) and answer.response.status < 400:
            survey.propose(
                "выход", f"{path or 'путь'}: {_what_came(left)}; сеанс завершает {other}", "paths.logout", other
            )
            return
    text = f"{path or 'путь в настройках пуст'}: {_what_came(left)}; сеанс займёт место, пока не истечёт"
    survey.add("выход", Fit.NOT_UNDERSTOOD, text)
