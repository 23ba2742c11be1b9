"""One visit to one access: log in, read the account page (and days of the search history at night), log out.

Only the account page, the history and the logout page are asked for, never a document or a search: no units are spent.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from kodeks_exporter.domain.online import HTTP_REASON, HistoryDay, OnlineReading, Quota, Resource
from kodeks_exporter.net import trust
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.connection import Limits
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.reading import Text, read_text
from kodeks_exporter.net.target import target_of
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.online.account_page import read_quotas
from kodeks_exporter.online.history_page import read_history
from kodeks_exporter.online.markup import Form, login_form
from kodeks_exporter.online.session import OnlineSession
from kodeks_exporter.settings.fleet import Credentials, OnlineAccess
from kodeks_exporter.settings.online import OnlineSettings

_SHORT_PAGE: Final = 4000
"""Characters of visible text: a page that mentions maintenance, a captcha or a proxy is short (assumed)."""
_PROXY_STATUS: Final = frozenset({407, 502, 504})
_REFUSED_STATUS: Final = frozenset({401, 403})
_REASONS: Final = {
    "timeout": "timeout",
    "too_large": "too_large",
    "redirects": "redirect",
    "redirect_foreign": "redirect",
    "garbage": "garbage",
    "incomplete": "garbage",
    "tls": "tls",
    "certificate_expired": "tls",
    "certificate_untrusted": "tls",
    "ca_file": "tls",
}
_NAME_REASONS: Final = frozenset({"nxdomain", "dns_error", "dns_timeout", "no_address"})


@dataclass(frozen=True, slots=True)
class OnlineTools:
    """What all visits share; safe to use from many threads. ``resolve``: a name to its addresses, raises CheckError."""

    resolve: Callable[[str], tuple[str, ...]]
    clock: Callable[[], float] = time.time


class Failed(Exception):  # noqa: N818 - a turn of the visit, not a fault
    """``reason``: a key of ``domain.online.REASONS``; ``login``: False when the server refused it."""

    def __init__(self, reason: str, login: bool | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.login = login


def read_access(
    access: OnlineAccess,
    settings: OnlineSettings,
    tools: OnlineTools,
    days: Sequence[date] = (),
    *,
    form: bool = False,
) -> OnlineReading:
    """Never raises. ``days``: of the history, read in this order until one fails. ``form``: the server is known to
    use a login form, so HTTP Basic is not tried first."""
    started, begin = tools.clock(), time.monotonic()
    visit = Visit(access, settings, tools, form)
    reading = OnlineReading(access.name, started, 0.0, "")
    try:
        quotas = visit.quotas()
        history, history_reason = visit.history(days)
        reading = replace(reading, login=True, quotas=quotas, history=history, history_reason=history_reason)
    except Failed as failure:
        reading = replace(reading, reason=failure.reason, login=failure.login)
    except CheckError as error:
        reading = replace(reading, reason=reason_of(error))
    finally:
        visit.close()
    return replace(reading, form=visit.form, duration=time.monotonic() - begin)


def reason_of(error: CheckError) -> str:
    """A network error as a key of ``domain.online.REASONS``."""
    if error.own is not None:
        return "crash"  # ours, so nothing is known of the server
    return "dns" if error.reason in _NAME_REASONS else _REASONS.get(error.reason, "connection")


@dataclass(frozen=True, slots=True)
class AccountPage:
    """An answer with its text."""

    response: Response
    text: Text

    @property
    def source(self) -> str:
        return self.response.body.decode(self.text.actual or "utf-8", "replace")


class Visit:
    """One session of an access; ``close`` it. ``folder``: the path above all its pages. ``trace``: collects the
    exchanges for a person; None: not kept."""

    def __init__(self, access: OnlineAccess, settings: OnlineSettings, tools: OnlineTools, form: bool) -> None:
        self._access = access
        self._settings = settings
        self._tools = tools
        self.url = access.url
        self.folder = urlsplit(access.url).path.rstrip("/")
        self._session: OnlineSession | None = None
        self._asked = False
        self.form = form
        self.trace: list[Exchange] | None = None

    def quotas(self) -> Mapping[Resource, Quota]:
        """Logs in and reads the account page. Raises ``Failed`` and ``CheckError``."""
        page = self.get(self._settings.paths.profile)
        if self.form and page.response.status == 401:
            self.form = False  # it has changed its mind
            page = self.get(self._settings.paths.profile)
        if page.response.status == 200:
            asked = login_form(page.source)
            if asked is not None and not self._understood(page):
                self.form = True
                page = self.log_in(page, asked)
        quotas = self._understood(page)
        if not quotas:
            raise self._failure(page)
        return quotas

    def _understood(self, page: AccountPage) -> Mapping[Resource, Quota]:
        if page.response.status != 200:
            return {}
        return read_quotas(page.source, self._settings.patterns)

    def log_in(self, page: AccountPage, form: Form) -> AccountPage:
        """Sends the form with the access's login; returns the account page. Raises ``Failed`` and ``CheckError``."""
        if self._speaks_of_captcha(page):
            raise Failed("captcha")
        if form.method != "post":
            raise Failed("markup")  # a password does not go into an address
        assert self._session is not None
        fields = _filled(form, self._access.credentials)
        if fields is None:
            raise Failed("markup")
        charset = "utf-8" if page.text.actual in ("", "ascii") else page.text.actual
        answer = _page(self._session.post(page.response.path, form.action, fields, charset))
        if answer.response.status in _REFUSED_STATUS or login_form(answer.source) is not None:
            raise self._failure(answer)
        if self._understood(answer):
            return answer
        if answer.response.status >= 400:
            raise self._failure(answer)
        return self.get(self._settings.paths.profile)

    def history(self, days: Sequence[date]) -> tuple[tuple[HistoryDay, ...], str]:
        """Days that could be read, and the reason of the first that could not."""
        read: list[HistoryDay] = []
        settings, login = self._settings, self._access.credentials.username
        if not settings.paths.history:
            return (), ""
        for day in days:
            try:
                page = self.get(settings.paths.history.replace("{date}", day.isoformat()))
            except CheckError as error:
                return tuple(read), reason_of(error)
            if page.response.status != 200:
                return tuple(read), self._failure(page).reason
            events = read_history(page.source, page.text.visible, day, login, settings.patterns, settings.time_zone)
            if events is None:
                return tuple(read), self._failure(page).reason
            read.append(HistoryDay(day, events))
        return tuple(read), ""

    def close(self) -> None:
        """Always ends the server's session, whatever happened before; failures are ignored."""
        if self._session is None:
            return
        try:
            if self._asked and self._settings.paths.logout:
                self.get(self._settings.paths.logout)
        except CheckError:
            pass
        finally:
            self._session.close()

    def get(self, path: str) -> AccountPage:
        """A page below the access' folder. Raises ``CheckError``."""
        session = self._connected()
        login = None if self.form else self._access.credentials
        page = _page(session.get(self.folder + path, login))
        # A refused login leaves no session to end, unless there is a cookie.
        self._asked = page.response.status != 401 or bool(session.cookies)
        return page

    def _connected(self) -> OnlineSession:
        if self._session is None:
            settings = self._settings
            target = target_of(self._access.url)
            limits = Limits(
                connect_timeout=settings.timeouts.connect,
                http_timeout=settings.timeouts.request,
                max_body=settings.limits.page_size,
            )
            trusting = partial(trust.kept_context, settings.tls.verify, settings.tls.ca_file)
            session = OnlineSession(target, self._tools.resolve(target.host), limits, trusting)
            session.trace = self.trace
            if target.scheme == "https":
                # Without trust no password is sent: the visit ends here.
                session.secure(trusting(), settings.timeouts.connect)
            self._session = session
        return self._session

    def _failure(self, page: AccountPage) -> Failed:
        """Why a page is not the requested one; the most certain signs first."""
        status, patterns = page.response.status, self._settings.patterns
        short = page.text.visible if len(page.text.visible) <= _SHORT_PAGE else ""
        if self._speaks_of_captcha(page):
            return Failed("captcha")
        if any(pattern.search(short) for pattern in patterns.maintenance):
            return Failed("maintenance")
        if (
            status in _PROXY_STATUS
            or "x-squid-error" in page.response.headers
            or any(pattern.search(short) for pattern in patterns.proxy)
        ):
            return Failed("proxy")
        if status in _REFUSED_STATUS:
            return Failed("refused", login=False)
        if status != 200:
            return Failed(f"{HTTP_REASON}{status}")
        if login_form(page.source) is not None:
            return Failed("refused", login=False)
        return Failed("markup")

    def _speaks_of_captcha(self, page: AccountPage) -> bool:
        if len(page.text.visible) > _SHORT_PAGE:
            return False
        source = page.source
        return any(pattern.search(source) for pattern in self._settings.patterns.captcha)


def _page(response: Response) -> AccountPage:
    return AccountPage(response, read_text(response))


def _filled(form: Form, login: Credentials) -> list[tuple[str, str]] | None:
    """The form's fields with login and password; None when it has no field for the login."""
    filled: list[tuple[str, str]] = []
    named = pressed = False
    for each in form.fields:
        if not each.name:
            continue
        if each.kind == "password":
            filled.append((each.name, login.password.reveal()))
        elif each.kind in ("text", "email", "tel") and not named:
            filled.append((each.name, login.username))
            named = True
        elif each.kind in ("hidden", "text") or (each.kind == "submit" and not pressed):
            filled.append((each.name, each.value))
            pressed = pressed or each.kind == "submit"
    return filled if named else None
