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
import zstandard

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
    "blocked, the law cited": (
        page("Билайн", "Доступ к запрашиваемому ресурсу ограничен по основаниям, предусмотренным законом № 149-ФЗ"),
        "blocked_by_provider",
    ),
    "blocked, in a register": (
        page("Ресурс недоступен", "Запрашиваемый ресурс находится в Едином реестре запрещённых сайтов"),
        "blocked_by_provider",
    ),
    "blocked, in three words": (page("Доступ ограничен", "<h1>Доступ ограничен</h1>"), "blocked_by_provider"),
    "blocked, by its code alone": (page("451", "Unavailable", 451), "blocked_by_provider"),
    "blocked by policy": (
        page("Доступ запрещён", "Веб-ресурс запрещён политикой безопасности вашей организации"),
        "blocked_by_provider",
    ),
    "blocked, by a META": (
        answer("<meta http-equiv='refresh' content='0; url=http://blocked.provider.example/'>", server=""),
        "blocked_by_provider",
    ),
    "parked, in a frame": (
        answer("<title>x</title><iframe src='http://ww25.kodeks.example/'></iframe>", server=""),
        "registrar",
    ),
    "domain to be had": (page("Домен свободен", "Домен kodeks-tech.ru свободен для регистрации"), "registrar"),
    "domain of no hosting": (page("Ошибка", "<h1>Домен не привязан к хостингу</h1>"), "registrar"),
    "work suspended": (page("Сайт недоступен", "Работа сайта приостановлена. Обратитесь к владельцу"), "hosting_stub"),
    "just made": (page("Поздравляем", "<h1>Ваш сайт успешно создан!</h1>Загрузите файлы"), "hosting_stub"),
    "caddy": (page("Caddy works!", "<h1>Congratulations!</h1>"), "default_page"),
    "lighttpd": (page("Welcome page", "<h1>Placeholder page</h1>The owner of this site has not"), "default_page"),
    "wildfly": (page("Welcome to WildFly", "<h1>Welcome to WildFly</h1>Your server is running."), "default_page"),
    "by SMS": (
        page("Идентификация", "Для доступа в интернет введите номер телефона, придёт СМС с кодом"),
        "captive_portal",
    ),
    "in debt": (page("Уважаемый абонент", "Доступ к сети Интернет заблокирован за неуплату"), "captive_portal"),
    "web authentication": (page("Web Authentication Redirect", "Login to the network"), "captive_portal"),
    "camera": (page("NETSurveillance WEB", "<input type=password>"), "device"),
    "printer": (page("HP LaserJet M402dn", "<h1>HP LaserJet M402dn</h1>Готово"), "device"),
    "1c of another kind": (page("1С:Документооборот", "<div>Загрузка</div>"), "other_program"),
    "mail": (page("Outlook", "<form>Outlook Web App <input type=password></form>"), "other_program"),
    "a wiki about it": (page("Как войти в Техэксперт - Confluence", "<p>Шаг</p>" * 300), "other_program"),
    "made by another": (
        answer(
            "<title>Техэксперт</title><meta name='generator' content='WordPress 6.4'>" + "<p>Наши станки</p>" * 300,
            server=NGINX,
        ),
        "other_program",
    ),
    "cloudflare asks": (page("Just a moment...", "Checking your browser", 403, server="cloudflare"), "challenge"),
    "ddos-guard asks": (page("403", "<h1>Checking</h1>", 403, server="ddos-guard"), "challenge"),
    "qrator asks": (page("HTTP 401", "<h1>HTTP 401</h1>", 401, server="QRATOR"), "challenge"),
    "a script asks": (
        page("", "<noscript>Please enable JavaScript and cookies to continue</noscript><script>x</script>"),
        "challenge",
    ),
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


SHOPS: dict[str, bytes] = {
    "sold": page("Техэксперт в Саратове — официальный дистрибьютор", "<p>Справочные системы</p>" * 99),
    "of another program": page("Техэксперт", "<p>Справочные системы</p>" * 99, Set_Cookie="PHPSESSID=1; path=/"),
    "of another kind": page("Кодекс", "<p>Справочные системы</p>" * 99, X_Powered_By="PHP/8.1"),
}


@pytest.mark.parametrize("row", SHOPS)
def test_a_name_on_another_s_page_proves_nothing(clinic: Clinic, row: str) -> None:
    clinic.site.pages = {"/docs": SHOPS[row]}
    clinic.site.otherwise = page("404 Not Found", status=404)
    assert failures(clinic.examine()) == {"proxy": "not_kodeks"}


FEET = (
    "Регистрационный номер СМИ ЭЛ № ФС77-12345",
    "<h2>Информация о системе</h2>",
    "Всего соединений: 15",
    "<p>Привязка: карты к личному кабинету</p>",
)


@pytest.mark.parametrize("foot", [*FEET, ""])
@pytest.mark.parametrize("title", ["Новости Энгельса", "Техэксперт"])
def test_what_stands_on_every_page_proves_nothing(clinic: Clinic, title: str, foot: str) -> None:
    """A site that answers whatever path is asked for, each time a little differently."""
    clinic.site.pages.clear()
    clinic.site.otherwise = lambda request: page(title, f"<a>{request.path}</a>" + "<p>Новости</p>" * 99 + foot)
    assert failures(clinic.examine()) == {"proxy": "not_kodeks"}


ELSEWHERE: dict[str, tuple[str, str]] = {
    "blocked": ("http://warning.rt.ru/?id=15", "о блокировке доступа"),
    "captive": ("http://10.5.50.1/login?dst=x", "входа в сеть"),
    "parked": ("http://ww25.kodeks.example/", "регистратора"),
    "not paid": ("http://host.example/suspended/", "хостинга"),
    "moved": ("http://new.example/docs", "поправьте url"),
}


@pytest.mark.parametrize("row", ELSEWHERE)
def test_where_a_redirect_leads_is_told(clinic: Clinic, row: str) -> None:
    location, words = ELSEWHERE[row]
    clinic.site.pages["/docs"] = answer("", 302, server="", Location=location)
    round_ = clinic.examine()
    assert failures(round_) == {"http": "redirect_foreign"}
    assert words in round_.results["http"].text
    assert "=" not in round_.results["http"].text, "queries may hold secrets"


SIGN_ON = (
    "https://adfs.corp.example/adfs/ls/?wa=x",
    "https://id.corp.example/realms/corp/protocol/openid-connect/auth",
)


@pytest.mark.parametrize("location", SIGN_ON)
def test_a_sign_on_for_persons_is_no_fault(clinic: Clinic, location: str) -> None:
    clinic.site.otherwise = answer("", 302, server="", Location=location)
    clinic.site.pages.clear()
    round_ = clinic.examine()
    assert failures(round_) == {}
    assert round_.state is None, "what is behind it nobody knows"
    assert {round_.results[name].reason for name in ("http", "proxy", "page", "auth")} == {"login_scheme"}


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


def as_zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def capitals(charset: str) -> bytes:
    return answer("<title>ТЕХЭКСПЕРТ</title>ДОКУМЕНТЫ И НОВОСТИ ПОРТАЛА", server=NGINX, charset=charset)


def admin_pages(page: bytes | Handler) -> dict[str, bytes | Handler | None]:
    return dict.fromkeys(("/admin/title", "/admin/lic", "/admin/pref"), page)


UNSEEN = frozenset({"auth", "seats", "key"})
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
    "NTLM beside others in one line": Odd(
        admin_pages(answer("", 401, server=NGINX, WWW_Authenticate='Negotiate, NTLM, Digest realm="x", qop=auth')),
        skipped=UNSEEN,
    ),
    "a proxy that names no way to log in": Odd(admin_pages(answer("", 401, server=NGINX)), skipped=UNSEEN),
    "admin pages by a single sign-on": Odd(
        admin_pages(answer("", 302, server=NGINX, Location="https://adfs.corp.example/adfs/ls/")), skipped=UNSEEN
    ),
    "admin pages that a proxy does not get": Odd(
        admin_pages(page("502 Bad Gateway", "<center>nginx</center>", 502)), skipped=UNSEEN
    ),
    "too many requests for admin pages": Odd(admin_pages(page("429", "nginx", 429)), skipped=UNSEEN),
    "a proxy of the office": Odd(admin_pages(page("407", "squid", 407)), skipped=UNSEEN),
    "the key in the line below": Odd(
        {"/admin/lic": answer("<p>Привязка:<br>SenseLock ключ 12<br>Лицензия 7 - Ошибка защиты 4103", server=NGINX)}
    ),
    "zstd": Odd({"/docs": packed(as_zstd, "zstd")}),
    "packed by nothing": Odd({"/docs": packed(lambda data: data, "none")}),
    "blank lines before": Odd({"/docs": b"\r\n\n" + answer(server=NGINX)}),
    "the length twice in a line": Odd({"/docs": answer("abc", server=NGINX).replace(b": 3\r", b": 3, 3\r")}),
    "capitals, windows-1251": Odd({"/docs": capitals("windows-1251")}),
    "capitals, koi8-r": Odd({"/docs": capitals("koi8-r")}),
    "capitals, not declared": Odd({"/docs": capitals("windows-1251").replace(b"; charset=windows-1251", b"")}),
    "backslashes": Odd({"/docs": answer("", 302, Location="\\docs\\x"), "/docs/x": answer(server=NGINX)}),
    "a login form of the same title": Odd(
        {
            "/docs": page("Техэксперт", "<p>Нормы</p>" * 200),
            "/admin/title": page("Техэксперт", "<form><input name=u><input type=password></form>"),
            "/sysinfo/metrics": None,
            "/admin/lic": None,
        }
    ),
    "a headline about a stub": Odd({"/docs": page("Портал", "<p>Недостаточно средств защиты: обзор. 1С: обзор</p>")}),
    "a heading for each headline": Odd(
        {"/docs": page("Техэксперт", "<h1>Техэксперт</h1><h1>Действия в аварийной ситуации</h1>" + "<p>Т" * 700)}
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


def test_a_title_that_many_pages_have_is_not_remembered_for_a_stranger(clinic: Clinic) -> None:
    clinic.site.pages = {path: _hidden(each) for path, each in kodeks_pages().items()} | {"/docs": page("Вход")}
    proven = clinic.examine()
    assert failures(proven) == {}
    clinic.site.pages.clear()
    clinic.site.otherwise = page("Вход", "<form><input name=u><input type=password></form>")
    assert failures(clinic.examine(proven.results)) == {"proxy": "not_kodeks_login"}


def test_a_headline_of_what_is_known_is_no_stub(clinic: Clinic) -> None:
    headline = page("Техэксперт", "<p>Доступ к сайту ограничен по решению суда: обзор практики</p>")
    clinic.site.pages = {path: _hidden(each) for path, each in kodeks_pages().items()} | {"/docs": page("Техэксперт")}
    proven = clinic.examine()
    clinic.site.pages, clinic.site.otherwise = {"/docs": headline}, page("404 Not Found", status=404)
    assert failures(clinic.examine(proven.results)) == {}
    assert failures(clinic.examine()) == {"proxy": "not_kodeks_blocked_by_provider"}


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
