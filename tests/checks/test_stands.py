"""Two stands, each a table that grows by a line: what is not Kodeks, and Kodeks that looks odd.

All is seen as a client's server is seen: by one round of checks. No page here was made to fit a pattern: wordings are
those of the programs and providers themselves.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import brotli
import pytest

from kodeks_exporter.checks.evidence import names_kodeks, without_names
from kodeks_exporter.domain.check import InstallationState, Outcome, ProductError, ProtectionFacts
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.reading import read_text
from kodeks_exporter.settings.checks import Patterns
from kodeks_exporter.settings.fleet import Installation
from tests.checks.conftest import Clinic, failures
from tests.checks.site import GOOD_PAGE, LICENCE_PAGE, Handler, Request, answer, kodeks_pages

NGINX = "nginx/1.24.0"


def page(title: str, text: str = "", status: int = 200, server: str = NGINX, **headers: Any) -> bytes:
    return answer(
        f"<html><head><title>{title}</title></head><body>{text}</body></html>", status, server=server, **headers
    )


NOT_KODEKS: dict[str, tuple[bytes, str]] = {
    "nginx, fresh": (page("Welcome to nginx!", "<h1>Welcome to nginx!</h1><p>If you see this page, …"), "default_page"),
    "apache, fresh": (answer("<html><body><h1>It works!</h1></body></html>", server="Apache/2.4.57"), "default_page"),
    "iis, fresh": (page("IIS Windows Server", "<img src=iisstart.png>", server="Microsoft-IIS/10.0"), "default_page"),
    "tomcat": (page("Apache Tomcat/9.0.65", "<h1>Apache Tomcat/9.0.65</h1>If you're seeing this"), "default_page"),
    "a folder": (page("Index of /docs", "<h1>Index of /docs</h1><pre><a href=..>../</a></pre>"), "default_page"),
    "domain for sale": (page("kodeks-tech.ru", "<h1>Домен kodeks-tech.ru продаётся</h1>Цена: 15 000 ₽"), "registrar"),
    "domain ran out": (page("Срок истёк", "Срок регистрации домена техэксперт.рф истёк. Продлите домен."), "registrar"),
    "parked": (page("kodeks.example", "This domain is parked free of charge with GoDaddy"), "registrar"),
    "hosting not paid": (page("Сайт временно отключён", "Хостинг сайта приостановлен за неуплату"), "hosting_stub"),
    "account suspended": (page("Account Suspended", "This Account has been suspended. Contact"), "hosting_stub"),
    "to be built": (page("Заглушка", "<h1>Сайт находится в разработке</h1>"), "hosting_stub"),
    "blocked by law": (
        page("Доступ ограничен", "Доступ к информационному ресурсу ограничен на основании Федерального закона № 149"),
        "blocked_by_provider",
    ),
    "blocked by a filter": (page("Web Page Blocked", "Web page blocked! FortiGuard Intrusion"), "blocked_by_provider"),
    "not paid for": (page("Уважаемый абонент", "Недостаточно средств. Пополните счёт."), "captive_portal"),
    "wi-fi": (page("Вход в сеть", "<form>Авторизация в сети Wi-Fi: введите телефон</form>"), "captive_portal"),
    "router": (page("RouterOS", "<h1>RouterOS v6.49</h1>You have connected to a router"), "device"),
    "1c": (page("1С:Предприятие", "<div id=app></div>"), "other_program"),
    "another login": (page("Вход", "<form><input name=login><input type=password></form>"), "login"),
    "the dealer's own site": (page("Ремонт станков в Энгельсе", "<p>Наши станки</p>" * 100), ""),
    "laws, but not ours": (page("Трудовой кодекс РФ с комментариями", "<h1>Трудовой кодекс</h1>Статья 1."), ""),
    "nothing at all": (answer("", server=""), ""),
    "a page in a foreign tongue": (page("Bienvenue", "<h1>Bienvenue</h1>" + "<p>Notre société</p>" * 50), ""),
}


@pytest.mark.parametrize("row", NOT_KODEKS)
@pytest.mark.parametrize("behind_proxy", [False, True])
def test_not_kodeks(clinic: Clinic, row: str, behind_proxy: bool) -> None:
    """Whatever path is asked, the same page comes: nothing of it is health, and what it seems to be is named."""
    answered, kind = NOT_KODEKS[row]
    clinic.site.pages.clear()
    clinic.site.otherwise = answered
    round_ = clinic.examine(reverse_proxy=behind_proxy, name="kodeks-tech")
    assert failures(round_) == {"proxy": f"not_kodeks_{kind}" if kind else "not_kodeks"}
    assert round_.state is InstallationState.UNREACHABLE
    assert "не Кодекс, а " in round_.results["proxy"].text
    if kind not in ("", "login"):
        assert not any(request.login for request in clinic.site.requests), "no password for a stub"


@pytest.mark.parametrize("status", [403, 404, 410, 500])
def test_a_stub_with_a_code_of_its_own(clinic: Clinic, status: int) -> None:
    clinic.site.pages["/docs"] = page("Сайт отключён", "Сайт временно отключён владельцем", status)
    assert failures(clinic.examine()) == {"proxy": "not_kodeks_hosting_stub"}


@dataclass
class Odd:
    """A healthy server. ``pages`` replace those of an ordinary one; None: not there. ``hidden``: a proxy has replaced
    ``Server`` everywhere."""

    pages: dict[str, bytes | Handler | None] = field(default_factory=dict)
    hidden: bool = True
    changes: dict[str, Any] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()


def packed(pack: Callable[[bytes], bytes], name: str) -> bytes:
    return answer(pack(GOOD_PAGE.encode()), server=NGINX, Content_Encoding=name)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def russian(charset: str, **headers: Any) -> bytes:
    return answer(GOOD_PAGE.encode(charset), server=NGINX, **headers)


def cookie_first(request: Request) -> bytes:
    """As seen at /sysinfo/metrics: the first request is sent to the very same address with a cookie."""
    if "KodeksData=1" in request.headers.get("cookie", ""):
        return page("Документы", server=NGINX)
    return answer("", 302, server=NGINX, Location=request.path, Set_Cookie="KodeksData=1; path=/")


def after_login(request: Request) -> bytes:
    if request.login:
        return answer(server=NGINX)
    return answer("", 401, server=NGINX, WWW_Authenticate='Basic realm="x"')


FILLERS: dict[str, Any] = {f"X_Filler{number}": "y" * 40 for number in range(180)}
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 P\r\n\r\n"
MOVED = "HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: /docs/глава Р\r\n\r\n".encode("cp1251")
LONG = "<ul>" + "<li><a href=#>О режиме обслуживания. Ключ не найден. Домен продаётся</a></li>" * 300 + "</ul>"
PORTAL = page("Портал документов", "<p>Нормы</p>" * 200)

ODD: dict[str, Odd] = {
    "proxy hides Server": Odd(),
    "portal of its own title": Odd({"/docs": PORTAL}),
    "portal, metrics alone prove it": Odd({"/docs": PORTAL}, changes={"credentials": None}),
    "portal, the login alone proves it": Odd({"/docs": PORTAL, "/sysinfo/metrics": None, "/admin/lic": None}),
    "portal, Express and a date in UTC": Odd(
        {
            "/docs": page("Портал", X_Powered_By="Express", Date="Sun, 29 Nov 2026 10:00:00 UTC"),
            "/sysinfo/metrics": None,
            "/admin/lic": None,
            "/admin/title": None,
        }
    ),
    "portal, the cookie alone proves it": Odd(
        {"/docs": cookie_first, "/sysinfo/metrics": None, "/admin/lic": None, "/admin/title": None}
    ),
    "old server behind a proxy, no login": Odd(
        {"/sysinfo/metrics": None, "/admin/lic": None, "/admin/title": None}, changes={"credentials": None}
    ),
    "title Кодекс": Odd({"/docs": page("Кодекс", "Добро пожаловать"), "/sysinfo/metrics": None, "/admin/title": None}),
    "asks for a password everywhere": Odd({"/docs": after_login}),
    "gzip unasked": Odd({"/docs": packed(gzip.compress, "gzip")}),
    "gzip in two pieces": Odd({"/docs": packed(lambda b: gzip.compress(b[:40]) + gzip.compress(b[40:]), "x-gzip")}),
    "deflate": Odd({"/docs": packed(zlib.compress, "deflate")}),
    "deflate without its header": Odd({"/docs": packed(raw_deflate, "deflate")}),
    "brotli": Odd({"/docs": packed(brotli.compress, "br")}),
    "packed twice": Odd({"/docs": packed(lambda b: brotli.compress(gzip.compress(b)), "gzip, br")}),
    "early hints": Odd({"/docs": HINTS + answer(server=NGINX)}),
    "koi8-r": Odd({"/docs": russian("koi8-r", Content_Type="text/html; charset=koi8-r")}),
    "cp866, not declared": Odd({"/docs": russian("cp866", Content_Type="text/html")}),
    "utf-8 with a mark, header without charset": Odd({"/docs": russian("utf-8-sig", Content_Type="text/html")}),
    "utf-16": Odd({"/docs": russian("utf-16", Content_Type="text/html; charset=windows-1251")}),
    "many headers": Odd({"/docs": answer(server=NGINX, **FILLERS)}),
    "a long header": Odd({"/docs": answer(server=NGINX, Content_Security_Policy="x" * 90_000)}),
    "hundreds of headlines": Odd({"/docs": page("Техэксперт", LONG)}),
    "headlines of a short page": Odd(
        {
            "/docs": page(
                "Техэксперт",
                "<h2>Новости</h2><ul><li>Ростехнадзор: порядок локализации аварийных ситуаций<li>Кто проводит"
                " техническое обслуживание лифтов</ul><p>Режимы обслуживания тепловых сетей: новая инструкция</p>",
            )
        }
    ),
    "redirect with raw Cyrillic": Odd(
        {
            "/docs": MOVED,
            "/docs/%E3%EB%E0%E2%E0%20%D0": answer(server=NGINX),
        }
    ),
    "relative redirect": Odd({"/docs": answer("", 301, Location="docs/?d=1"), "/docs/?d=1": answer()}),
    "a session that is ended": Odd(
        {"/docs": answer(Set_Cookie1="Kodeks=1", Set_Cookie2="Kodeks=; Max-Age=0", Set_Cookie3="a=1; path=/x")}
    ),
    "admin pages for the office only": Odd(
        dict.fromkeys(
            ("/admin/title", "/admin/lic", "/admin/pref"),
            answer("<title>403 Forbidden</title><center>nginx</center>", 403, server=NGINX),
        ),
        skipped=frozenset({"auth", "seats", "key"}),
    ),
    "single sign-on": Odd(
        dict.fromkeys(
            ("/admin/title", "/admin/lic", "/admin/pref"),
            answer("", 401, server=NGINX, WWW_Authenticate1="Negotiate", WWW_Authenticate2="NTLM"),
        ),
        skipped=frozenset({"auth", "seats", "key"}),
    ),
    "a login form": Odd(
        {"/admin/title": page("Вход - Техэксперт", "<form><input name=u><input type=password></form>")},
        skipped=frozenset({"auth", "seats"}),
    ),
    "a module without licence": Odd(
        {
            "/admin/lic": answer(
                LICENCE_PAGE.replace("100001", "333113102</td><td>Лицензия 333113102 - Ошибка защиты 4103 (Не найден)")
            )
        }
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ODD)
def test_kodeks_but_odd(clinic: Clinic, row: str) -> None:
    odd = ODD[row]
    pages = kodeks_pages() | {path: page for path, page in odd.pages.items() if page is not None}
    for path, page_ in odd.pages.items():
        if page_ is None:
            del pages[path]
    if odd.hidden:
        pages = {path: _hidden(page_) for path, page_ in pages.items()}
    clinic.site.pages = pages
    round_ = clinic.examine(reverse_proxy=True, **odd.changes)
    assert failures(round_) == {}
    assert round_.state is InstallationState.OK
    assert round_.results["proxy"].outcome is Outcome.OK
    assert odd.skipped <= {name for name, result in round_.results.items() if result.outcome is Outcome.SKIPPED}


def _hidden(page: bytes | Handler) -> bytes | Handler:
    return page.replace(b"WWW-Kodeks/6.4", NGINX.encode()) if isinstance(page, bytes) else page


def test_what_was_learnt_of_a_portal_is_remembered(clinic: Clinic) -> None:
    clinic.site.pages = {path: _hidden(page) for path, page in kodeks_pages().items()} | {"/docs": PORTAL}
    proven = clinic.examine()
    clinic.site.pages = {"/docs": PORTAL}
    clinic.site.otherwise = page("404 Not Found", status=404)
    assert failures(clinic.examine(proven.results)) == {}
    assert failures(clinic.examine()) == {"proxy": "not_kodeks"}
    clinic.site.pages = {"/docs": NOT_KODEKS["domain ran out"][0]}
    assert failures(clinic.examine(proven.results)) == {"proxy": "not_kodeks_registrar"}


def test_a_form_where_the_login_has_worked_is_a_refusal(clinic: Clinic) -> None:
    worked = clinic.examine()
    clinic.site.pages["/admin/title"] = page("Вход", "<form><input type='password'></form>", server="WWW-Kodeks/6.4")
    round_ = clinic.examine(worked.results)
    assert failures(round_) == {"auth": "login_form"}
    assert failures(clinic.examine(round_.results)) == {"auth": "login_form"}, "it is not forgotten by failing"


@pytest.mark.parametrize("host", ["kodeks.romashka.test", "srv.xn--d1aq8ae.xn--p1ai", "ТЕХЭКСПЕРТ.рф"])
def test_the_host_s_own_name_is_no_sign(host: str) -> None:
    installation = Installation("techexpert-1", "x", "m", url=f"http://{host}:8080", addresses=("192.0.2.7",))
    stub = answer(f"<title>{host}</title>{host.upper()} techexpert-1 192.0.2.7").split(b"\r\n\r\n")[1]
    text = read_text(Response(200, {}, stub, "/"))
    assert not names_kodeks(Patterns(), installation, text)
    assert without_names(f"{host} 192.0.2.7", installation) == ""


def test_nothing_is_asked_for_twice(clinic: Clinic) -> None:
    clinic.site.pages = {path: _hidden(page) for path, page in kodeks_pages().items()} | {"/docs": PORTAL}
    clinic.examine()
    asked = [request.path for request in clinic.site.requests]
    assert len(asked) == len(set(asked))


def test_a_product_s_error_is_the_product_s(clinic: Clinic) -> None:
    odd = ODD["a module without licence"].pages["/admin/lic"]
    assert isinstance(odd, bytes)
    clinic.site.pages["/admin/lic"] = odd
    facts = clinic.examine().results["key"].facts
    assert facts == ProtectionFacts(0, products=(ProductError("333113102", 4103),))
