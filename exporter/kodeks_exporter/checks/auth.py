"""Can the monitor account log in?

Only the page that is shown after a login proves a login, and only a refusal by Kodeks itself proves a refusal: a form,
a single sign-on or a proxy in front of it says nothing about the account.
"""

import re

from kodeks_exporter.checks.context import Context, Login
from kodeks_exporter.checks.pages import bears_its_mark
from kodeks_exporter.checks.strangers import is_proxys_own
from kodeks_exporter.checks.verdict import Verdict, blocked, failed, failed_by, ok, skipped
from kodeks_exporter.domain.check import LoginFacts
from kodeks_exporter.net.errors import CheckError, RedirectError
from kodeks_exporter.net.reading import read_text
from kodeks_exporter.settings.fleet import Installation

_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w-]*)(?=\s+[^\s=]|\s*,|\s*$)")
"""The names of the ways to log in; a parameter has ``=`` after its name."""
_KNOWN_SCHEMES = ("negotiate", "ntlm", "digest", "bearer")


def applies(installation: Installation) -> bool:
    return bool(installation.url) and installation.credentials is not None


def check(_installation: Installation, context: Context) -> Verdict:
    return login_verdict(context)


def login_verdict(context: Context) -> Verdict:
    """What the answer to the login says about the account. The server is asked once a round, however many checks
    need it."""
    path = context.settings.paths.title
    try:
        login = context.login()
    except RedirectError as error:
        return skipped("login_scheme", f"вход по {path}: {error.text}: пароль мониторинга там не проверить")
    except CheckError as error:
        return failed_by(error, f"вход по {path}: {error.text}")
    if login.out_of_seats:
        return blocked("seats")
    status = login.response.status
    if status == 200:
        return _of_a_page(context, login, path)
    if status in (401, 403):
        return _of_a_refusal(context, login, path)
    return skipped(f"http_{status}", f"{path} отвечает кодом {status}: вход не проверить")


def _of_a_page(context: Context, login: Login, path: str) -> Verdict:
    if login.says.logged_in:
        return ok(LoginFacts())
    if not login.says.asks_for_a_password:
        return skipped("not_understood", f"страница {path} не похожа на страницу после входа")
    known = context.previous.get("auth")
    if known is not None and isinstance(known.facts, LoginFacts):
        return failed(
            "login_form", f"раньше вход работал, а теперь вместо {path} показана форма входа: проверьте логин"
        )
    return skipped("login_form", f"вместо {path} показана форма входа: пароль мониторинга этим сервером не проверяется")


def _of_a_refusal(context: Context, login: Login, path: str) -> Verdict:
    response = login.response
    schemes = list(dict.fromkeys(name for each in response.schemes for name in _SCHEME.findall(each)))
    if schemes and "basic" not in (scheme.lower() for scheme in schemes):
        offered = ", ".join(schemes)[:60]
        reason = f"only_{schemes[0]}" if schemes[0].lower() in _KNOWN_SCHEMES else "login_scheme"
        return skipped(reason, f"сервер принимает вход только через {offered}, а не Basic: пароль не проверить")
    page_is_kodeks = bears_its_mark(context.main_page().response)
    is_foreign = page_is_kodeks or not schemes or is_proxys_own(response, read_text(response))
    if not bears_its_mark(response) and is_foreign:
        reason = f"proxy_{response.status}"
        return skipped(reason, f"{path} закрыт прокси перед Кодексом (код {response.status}): пароль не проверить")
    if response.status == 403:
        return skipped("forbidden", f"доступ к {path} запрещён (403): мониторингу не хватает прав, или закрыл прокси")
    return failed("refused", "логину мониторинга отказано (401): проверьте имя и пароль")
