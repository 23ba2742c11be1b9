"""What answers in place of Kodeks, as far as its page gives it away. A kind more is a row more.

Wordings are those of registrars, hosters, providers and programs as they are seen in public (assumed to last).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.reading import Text

_LONGEST_STUB = 3000
"""Characters, links and lists aside; a site that has more to say is no stub, whatever words are on it."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """``reason``: slug of the documented list. ``words``: what it seems to be, Russian, for «не Кодекс, а …»."""

    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class _Kind:
    stranger: Stranger
    signs: re.Pattern[str]


def _kind(reason: str, words: str, *signs: str) -> _Kind:
    return _Kind(Stranger(f"not_kodeks_{reason}", words), re.compile("|".join(signs), re.IGNORECASE))


_KINDS = (
    _kind(
        "blocked_by_provider",
        "страница о блокировке доступа",
        r"доступ\s+(к\s+\S+\s+(\S+\s+)?)?(ограничен|заблокирован)\s+"
        r"(по\s+(решению|требованию)|на\s+основании|в\s+соответствии|провайдер|оператор|администратор)",
        r"(ресурс|сайт)\s+(заблокирован|внес[её]н)\s+(по\s+(решению|требованию)|в\s+(единый\s+)?реестр)",
        r"warning\.rt\.ru|blocked by (your )?(provider|isp|administrator)|web ?(page|site) (is )?blocked",
        r"\b(fortigate|fortiguard|cisco umbrella|skydns|usergate|kerio control)\b",
    ),
    _kind(
        "captive_portal",
        "страница входа в сеть (провайдер, Wi-Fi)",
        r"(авторизаци|вход|подключени)\w*\s+(в|к)\s+(сет[иь]|интернет|wi-?fi)|captive portal|hotspot|wi-?fi login",
        r"пополните\s+(баланс|сч[её]т)|недостаточно\s+средств|отрицательный\s+баланс|абонентская\s+плата",
        r"доступ\s+(в|к)\s+интернет\w*\s+(приостановлен|ограничен)|личный\s+кабинет\s+абонента",
    ),
    _kind(
        "registrar",
        "страница регистратора домена",
        r"домен\w*\s+(\S+\s+){0,3}(прода[её]тся|припаркован|не\s+делегирован|не\s+прикреплен|зарегистрирован|ист[её]к)",
        r"(срок|регистраци)\w*\s+(регистрации\s+)?домен\w*\s+(\S+\s+){0,3}(ист[её]к|законч)\w*",
        r"прод(лите|лить)\s+(\S+\s+)?домен|купить\s+(этот\s+)?домен|buy this domain|parked (domain|page)",
        r"domain\s+(\S+\s+){0,3}(is\s+)?(for\s+sale|parked|expired)|domain name (is|has) (parked|expired|registered)",
        r"\b(reg\.ru|nic\.ru|ru-center|рег\.ру|sedo|hugedomains|dan\.com|godaddy|namecheap|afternic)\b",
    ),
    _kind(
        "hosting_stub",
        "заглушка хостинга",
        r"(сайт|аккаунт|хостинг|услуг\w+|сервис)\s+(\S+\s+){0,2}"
        r"(отключ[её]н|заблокирован|приостановлен|не\s+оплачен)\w*",
        r"account (has been )?suspended|this (site|account) (is|has been) (suspended|disabled)|bandwidth limit",
        r"сайт\s+(\S+\s+){0,3}"
        r"(в\s+разработке|находится\s+в\s+стадии|скоро\s+(откро|появ)|на\s+реконструкции|ещ[её]\s+не\s+(создан|размещ))",
        r"(site|website) (is )?(under construction|coming soon|not (found|published|configured))",
        r"\b(timeweb|beget|masterhost|sweb)\b|(there isn.t|no) (a )?(github pages )?(site|such app|application) here",
    ),
    _kind(
        "default_page",
        "страница веб-сервера по умолчанию",
        r"welcome to (nginx|openresty|caddy|centos|tengine)|it works!|apache2? \S+ default page|test page for",
        r"iis windows( server)?|internet information services|^iis\d",
        r"default (web site|plesk|virtual host|web page)|web server'?s default page|apache tomcat/",
        r"if you see this page, the (nginx|web server)|http server test page|xampp|denwer|openserver|index of /",
        r"directory listing for /|веб-сервер\s+(успешно\s+)?(установлен|работает)",
    ),
    _kind(
        "device",
        "страница сетевого устройства",
        r"\b(routeros|mikrotik|keenetic|tp-link|d-link|zyxel|asuswrt|openwrt|luci|webfig|ubiquiti|pfsense|opnsense)\b",
        r"\b(synology|qnap|diskstation|hikvision|dahua|idrac|ilo \d|ipmi|esxi|proxmox|truenas)\b",
    ),
    _kind(
        "other_program",
        "другая программа",
        r"1с:?предприятие|1c:?enterprise|битрикс|\b(консультантплюс|гарант)\b",
        r"\b(grafana|prometheus|zabbix|jenkins|gitlab|nextcloud|phpmyadmin|roundcube|portainer|owa|zimbra)\b",
        r"\b(wordpress|joomla|moodle)\b",
    ),
)


def stranger(response: Response, text: Text) -> Stranger:
    """What an answer seems to be of that shows no sign of Kodeks. It is never Kodeks' own by what is known of it."""
    found = stub(text)
    if found is not None:
        return found
    if text.asks_for_a_password or response.status == 401:
        return Stranger("not_kodeks_login", "чужая страница входа")
    title = text.title or next(iter(text.headings), "")
    if not text.visible:
        return Stranger("not_kodeks", "пустая страница")
    return Stranger("not_kodeks", f"другой сайт («{title[:80]}»)" if title else "другой сайт")


def stub(text: Text) -> Stranger | None:
    """The kind of stub or foreign program that a page is by its words; None: none that is known."""
    said = text.said if sum(map(len, text.said)) <= _LONGEST_STUB else text.headings
    searched = "\n".join((text.title, *said, " ".join(said)))
    return next((kind.stranger for kind in _KINDS if kind.signs.search(searched)), None)


_PROXY_PAGES = re.compile(
    r"<(center|address|hr)[^<>]{0,20}>\s*(nginx|openresty|tengine|apache)|microsoft-iis|iis detailed error|apache/\d"
    r"|request forbidden by administrative|attention required! \| cloudflare|generated by (cloudfront|squid|haproxy)"
    r"|the requested url was (rejected|not found on this server)|traefik|envoy",
    re.IGNORECASE,
)
_PROXY_HEADERS = ("x-squid-error", "cf-mitigated", "x-cache-lookup", "x-iinfo", "x-sucuri-block")


def is_proxys_own(response: Response, text: Text) -> bool:
    """Whether a refusal bears the marks of a proxy's or web server's standard page."""
    return any(name in response.headers for name in _PROXY_HEADERS) or bool(_PROXY_PAGES.search(text.source[:20_000]))
