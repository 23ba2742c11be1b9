"""A survey of one online access: the login, the account page with its limits, the search history, the way out.

Opening a document costs the client a unit, so only links about the account itself are followed.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final

from kodeks_exporter.domain.online import Resource, reason_text
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.target import target_of
from kodeks_exporter.online.account_page import read_quotas
from kodeks_exporter.online.history_page import read_history
from kodeks_exporter.online.markup import login_form, tables
from kodeks_exporter.online.reader import AccountPage, Failed, OnlineTools, Visit, reason_of
from kodeks_exporter.settings.fleet import OnlineAccess
from kodeks_exporter.settings.notation import patterns
from kodeks_exporter.settings.online import OnlinePatterns, OnlineSettings
from kodeks_exporter.survey.findings import Fit, Survey
from kodeks_exporter.survey.links import Link, links

_MOST_PAGES: Final = 8
_ACCOUNT: Final = re.compile(
    r"profil|account|cabinet|kabinet|\blk\b|limit|billing|quota|balance|usage|user|"
    r"профил|кабинет|лимит|баланс|остат|расход|тариф|уч[её]т", re.IGNORECASE
)  # fmt: skip
_HISTORY: Final = re.compile(r"histor|journal|zhurnal|\blog\b|queries|истори|журнал|запрос", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_WIDER: Final = OnlinePatterns(
    resources={
        Resource.DOCUMENTS: patterns(r"док(умент|\b|-)|doc|прочитан|просмотр|открыт"),
        Resource.SEARCHES: patterns(r"поиск|запрос|search|quer"),
        Resource.PRINTS: patterns(r"печат|print"),
        Resource.UPLOADS: patterns(r"выгруз|сохран|экспорт|скач|upload|export|save|download"),
    },
    left=patterns(r"остал|остат|доступно|баланс|ещ[её]|left|remain|avail"),
    limit=patterns(r"лимит|всего|максимум|предел|норма|квота|положено|limit|total|quota"),
    used=patterns(r"использ|израсход|потрач|расход|used|spent"),
    history_time=patterns(r"врем|дата|когда|момент|time|date|when"),
    history_type=patterns(r"тип|вид|способ|type|kind"),
    history_query=patterns(r"запрос|текст|фраза|слова|искал|query|text"),
    history_found=patterns(r"найден|результат|нашл|количество|found|result|hits"),
    history_duration=patterns(r"длит|продолж|секунд|долго|duration|seconds"),
)
"""Possible names of columns and rows."""
_COLUMNS: Final = ("history_time", "history_type", "history_query", "history_found", "history_duration")


def survey_access(survey: Survey, access: OnlineAccess, settings: OnlineSettings, tools: OnlineTools) -> None:
    """Adds what an access shows, and ends its session."""
    visit = Visit(access, settings, tools, form=False)
    visit.trace = survey.trace
    try:
        account = _account(survey, visit, settings)
        if account is None:
            return
        base, around = target_of(access.url).base, [account]
        if (start := _page(visit, "/")) is not None:
            around.append(start)
        offers = {link.path: link for page in around for link in links(page.source[:500_000], base, page.response.path)}
        now = datetime.fromtimestamp(tools.clock(), settings.time_zone)
        _history(survey, visit, settings, list(offers.values()), now)
        _leave(survey, visit, settings, list(offers.values()))
    except CheckError as error:
        survey.add("сервер", Fit.ABSENT, f"{reason_text(reason_of(error))} {error.text}")
    finally:
        visit.close()


def _account(survey: Survey, visit: Visit, settings: OnlineSettings) -> AccountPage | None:
    """The account page, wherever it is, with the remaining limits."""
    configured = settings.paths.profile
    try:
        visit.quotas()
        survey.add("логин", Fit.UNDERSTOOD, "принят" + (" через форму" if visit.form else ""))
        page = _page(visit, configured)
        if page is not None:
            _limits(survey, page, settings)
        return page
    except Failed as failure:
        if failure.reason not in ("markup", "http_404"):
            survey.add("логин", Fit.NOT_UNDERSTOOD, reason_text(failure.reason))
            return None
        reason = failure.reason
    page = _logged_in(visit)
    if page is None:
        survey.add(
            "страница учёта", Fit.ABSENT, f"{configured}: {reason_text(reason)} На {visit.folder}/ войти не вышло."
        )
        return None
    survey.add("логин", Fit.UNDERSTOOD, "принят" + (" через форму" if visit.form else ""))
    for path, found in _candidates(visit, page, _ACCOUNT):
        for shapes in (settings.patterns, _WIDER):
            if read_quotas(found.source, shapes):
                if path != configured:
                    text = f"{configured}: {reason_text(reason)} Остатки показывает {path}"
                    survey.propose_for_all("страница учёта", text, "online.paths.profile", path)
                _limits(survey, found, settings)
                return found
    survey.add(
        "страница учёта", Fit.NOT_UNDERSTOOD, f"{configured}: {reason_text(reason)} Похожей по ссылкам не нашлось."
    )
    return page


def _logged_in(visit: Visit) -> AccountPage | None:
    """The start page of the folder, after the login."""
    page = _page(visit, "/")
    if page is None:
        return None
    form = login_form(page.source)
    if form is not None:
        visit.form = True
        try:
            visit.log_in(page, form)
        except Failed:
            return None
        page = _page(visit, "/")
    return page if page is not None and page.response.status == 200 else None


def _candidates(visit: Visit, start: AccountPage, about: re.Pattern[str]) -> Iterator[tuple[str, AccountPage]]:
    """Candidate pages of the folder: the start page, then its harmless links with matching words."""
    base = f"{target_of(visit.url).base}"
    yield start.response.path.removeprefix(visit.folder) or "/", start
    offers = (link for link in links(start.source[:500_000], base, start.response.path))
    wanted = (link for link in offers if link.harmless and (about.search(link.path) or about.search(link.text)))
    for link in islice(wanted, _MOST_PAGES):
        if link.path.startswith(visit.folder + "/"):
            path = link.path.removeprefix(visit.folder)
            page = _page(visit, path)
            if page is not None and page.response.status == 200:
                yield path, page


def _limits(survey: Survey, page: AccountPage, settings: OnlineSettings) -> None:
    quotas = read_quotas(page.source, settings.patterns)
    wider = read_quotas(page.source, _WIDER)
    for resource in Resource:
        if resource in quotas:
            left, limit = quotas[resource]
            text = f"осталось {left}" + (f" из {limit}" if limit is not None else "")
            survey.add(resource, Fit.UNDERSTOOD, text)
        elif resource in wider:
            cell = _cell(page.source, _WIDER.resources[resource])
            known = [pattern.pattern for pattern in settings.patterns.resources[resource]]
            text = f"похоже на строку «{cell}»: осталось {wider[resource].left}"
            key = f"online.patterns.resources.{resource}"
            survey.propose_for_all(resource, text, key, [*known, _words(cell)])
        else:
            survey.add(resource, Fit.ABSENT, "на странице учёта не видно")
    for key in ("left", "limit", "used"):
        _column(survey, page, settings.patterns, key)


def _history(survey: Survey, visit: Visit, settings: OnlineSettings, offers: list[Link], now: datetime) -> None:
    """Yesterday's searches: the last complete day."""
    day = (now - timedelta(days=1)).date()
    configured = settings.paths.history
    if configured and _is_history(visit, configured, day, settings.patterns, settings):
        survey.add("история", Fit.UNDERSTOOD, "за вчера читается")
        return
    for link in offers:
        words = f"{link.path} {link.text}"
        if not _HISTORY.search(words) or not link.path.startswith(visit.folder + "/") or link.leaves or link.form:
            continue
        path = link.path.removeprefix(visit.folder)
        template = _DATE.sub("{date}", path)
        if template == path:
            template = f"{path}{'&' if '?' in path else '?'}date={{date}}"
        page = _is_history(visit, template, day, _WIDER, settings)
        if page is not None:
            survey.propose_for_all("история", f"за день показывает {template}", "online.paths.history", template)
            for key in _COLUMNS:
                _column(survey, page, settings.patterns, key)
            return
    survey.add("история", Fit.ABSENT, f"{configured or 'путь пуст'}: страницы с поисками за день не видно")


def _is_history(
    visit: Visit, template: str, day: date, shapes: OnlinePatterns, settings: OnlineSettings
) -> AccountPage | None:
    page = _page(visit, template.replace("{date}", day.isoformat()))
    if page is None or page.response.status != 200:
        return None
    read = read_history(page.source, page.text.visible, day, "", shapes, settings.time_zone)
    return page if read is not None else None


def _column(survey: Survey, page: AccountPage, known: OnlinePatterns, key: str) -> None:
    """Proposes the name of a column that is not in the settings."""
    if not _cell(page.source, getattr(known, key)) and (cell := _cell(page.source, getattr(_WIDER, key))):
        sources = [pattern.pattern for pattern in getattr(known, key)]
        survey.propose_for_all("столбец", f"похоже, это «{cell}»", f"online.patterns.{key}", [*sources, _words(cell)])


def _leave(survey: Survey, visit: Visit, settings: OnlineSettings, offers: list[Link]) -> None:
    path = settings.paths.logout
    page = _page(visit, path) if path else None
    if page is not None and page.response.status < 400:
        survey.add("выход", Fit.UNDERSTOOD, f"{path} завершает сеанс")
        return
    for link in offers:
        if link.leaves and not link.form and link.path.startswith(visit.folder + "/"):
            other = link.path.removeprefix(visit.folder)
            left = _page(visit, other)
            if left is not None and left.response.status < 400:
                survey.propose_for_all("выход", f"{path or 'путь пуст'}: нет; сеанс завершает {other}",
                                       "online.paths.logout", other)  # fmt: skip
                return
    survey.add("выход", Fit.NOT_UNDERSTOOD, f"{path or 'путь пуст'}: не завершает сеанс, а ссылки на выход не видно")


def _page(visit: Visit, path: str) -> AccountPage | None:
    try:
        return visit.get(path)
    except CheckError:
        return None


def _cell(source: str, expressions: tuple[re.Pattern[str], ...]) -> str:
    """The first cell of a table that matches one of the patterns; empty: none."""
    cells = (cell for table in tables(source) for row in table for cell in row if not cell[:1].isdigit())
    return next((cell[:100] for cell in cells if any(each.search(cell[:200]) for each in expressions)), "")


def _words(cell: str) -> str:
    return r"^\W*" + r"\s+".join(re.escape(word) for word in cell.split())
