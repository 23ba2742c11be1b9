"""What answers in place of Kodeks, recognised by its page. A new kind is a new row.

The wordings are those that registrars, hosters, providers and programs use in public today (assumed to last).
"""

import re
from dataclasses import dataclass

from kodeks_exporter.checks.pages import is_standard
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.reading import Text

_LONGEST_STUB = 3000
"""Characters, not counting links and lists; a longer page is not a stub, whatever words are on it."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """``reason``: slug of the documented list. ``words``: what it seems to be, Russian, for «не Кодекс, а …»."""

    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """``signs``: anywhere on a stub. ``names``: only where a page names itself: title, main headings."""

    stranger: Stranger
    signs: re.Pattern[str]
    names: re.Pattern[str]


def _kind(reason: str, words: str, signs: tuple[str, ...], names: tuple[str, ...] = ()) -> _Kind:
    never = (r"(?!)",)
    return _Kind(
        Stranger(f"not_kodeks_{reason}", words),
        *(re.compile("|".join(each or never), re.IGNORECASE | re.MULTILINE) for each in (signs, names)),
    )


_FEW = r"\W{1,5}(\S{1,30}\s+){0,4}?"
"""Up to four words between two."""
_DOMAIN = r"домен(ное имя|\w?\w?)"

_KINDS = (
    _kind(
        "challenge",
        "проверка браузера (защита от DDoS): внесите в её исключения адрес мониторинга",
        (
            r"ddos[- ]?guard|checking (your|if the site)\b|just a moment\.\.\.|attention required! \| cloudflare",
            r"(enable|включите) javascript (and|и) cookie|проверка\s+(вашего\s+)?браузера|(вы|я) не робот|not a robot",
        ),
        (r"\b(captcha|капча|qrator|servicepipe|stormwall|incapsula|imperva)\b",),
    ),
    _kind(
        "captive_portal",
        "страница входа в сеть (провайдер, Wi-Fi)",
        (
            r"(авторизаци|вход|подключени)\w*\s+(в|к)\s+(сет[иь]|интернет|wi-?fi)|captive portal|hotspot|wi-?fi login",
            r"пополните\s+(\S{1,30}\s+)?(баланс|сч[её]т)|недостаточно\s+средств|отрицательный\s+баланс|абонентская\s+плата",
            rf"доступ\w*\s+(\S{{1,30}}\s+){{0,2}}интернету?(?![-\w]){_FEW}(приостановлен|ограничен|заблокирован)",
            r"личный\s+кабинет\s+абонента|\bweb authentication\b|(log ?(on|in)|sign in) to (\S+ ){0,3}(network|wi-?fi)",
            rf"введите{_FEW}(номер\w*\s+телефон|код\w*\s+из\s+(смс|sms))",
        ),
    ),
    _kind(
        "registrar",
        "страница регистратора домена",
        (
            rf"{_DOMAIN}{_FEW}(прода[её]тся|припаркован|не\s+(делегирован|прикреплен|привязан|прилинкован|подключ[её]н))",
            rf"{_DOMAIN}{_FEW}(свобод|зарегистрирован|ист[её]к)",
            rf"(срок|регистраци)\w*\s+(регистрации\s+)?{_DOMAIN}{_FEW}(ист[её]к|законч)\w*",
            r"прод(лите|лить)\s+(\S{1,30}\s+)?домен|купить\s+(этот\s+)?домен|buy this domain|parked (domain|page)",
            r"domain\s+(\S{1,30}\s+){0,3}(is\s+)?(for\s+sale|parked|expired)"
            r"|domain (name )?(is|has)( been)? (parked|expired|registered|assigned)",
            r"\b(reg\.ru|nic\.ru|ru-center|рег\.ру|sedo|hugedomains|dan\.com|godaddy|namecheap|afternic)\b",
        ),
    ),
    _kind(
        "hosting_stub",
        "заглушка хостинга",
        (
            r"(сайт|аккаунт|хостинг|услуг\w+|сервис)\s+(\S{1,30}\s+){0,2}"
            r"(отключ[её]н|заблокирован|приостановлен|не\s+(оплачен|опубликован))\w*(?!\s+(в\s+соответствии|по\s+решению))",
            r"(работа|обслуживание)\s+сайта\s+приостановлен|хостинг-провайдер|оплат\w+\s+(услуг\w*\s+)?хостинг",
            r"account (has been )?suspended|this (site|account) (is|has been) (suspended|disabled)|bandwidth limit",
            r"сайт\s+(\S{1,30}\s+){0,3}(в\s+разработке|находится\s+в\s+стадии|скоро\s+(откро|появ)|на\s+реконструкции"
            r"|(только\s+что\s+|успешно\s+)?создан\b|ещ[её]\s+не\s+(создан|размещ))",
            r"(site|website) (is )?(under construction|coming soon|not (found|published|configured))"
            r"|not (currently )?have a default page",
            r"\b(timeweb|beget|masterhost|sweb)\b|(there isn.t a|no) (github pages )?(site|such app|application) here",
        ),
    ),
    _kind(
        "blocked_by_provider",
        "страница о блокировке доступа",
        (
            rf"(доступ|ресурс|сайт|страниц)\w*{_FEW}(ограничен|заблокирован|запрещ[её]н|внес[её]н|находится)\w*\s+"
            r"(\S{1,30}\s+)?(по\s+(решению|требованию|основаниям)|на\s+основании|в\s+соответствии|провайдер|оператор|администратор"
            r"|политик|в\s+(едином|единый)?\s*реестр)",
            r"warning\.rt\.ru|blocked by (your )?(provider|isp|administrator)|web ?(page|site) (is )?blocked",
            r"\b(fortigate|fortiguard|cisco umbrella|skydns|usergate|kerio control|kaspersky web traffic)\b",
            r"unavailable for legal reasons",
        ),
        (rf"(доступ|ресурс|сайт){_FEW}(ограничен|заблокирован)",),
    ),
    _kind(
        "default_page",
        "страница веб-сервера по умолчанию",
        (
            r"welcome to (nginx|openresty|caddy|centos|tengine|wildfly|jboss)|apache2? \S+ default page|test page for",
            r"iis windows( server)?|internet information services|^iis\d|^caddy works|placeholder page|it works!",
            r"default (web site|plesk|virtual host|web page)|(web server'?s|domain) default page|apache tomcat/",
            r"if you see this page, the (nginx|web server)|http server test page|xampp|denwer|openserver|index of /",
            r"your (new )?(web )?server is (now )?(ready|running|working)|^default backend - 404",
            r"directory listing for /|веб-сервер\s+(успешно\s+)?(установлен|работает)",
        ),
    ),
    _kind(
        "device",
        "страница сетевого устройства",
        (
            r"\b(routeros|mikrotik|keenetic|tp-link|d-link|zyxel|asuswrt|openwrt|luci|webfig|ubiquiti|pfsense|opnsense)\b",
            r"\b(synology|qnap|diskstation|hikvision|dahua|idrac|ilo \d|ipmi|esxi|proxmox|truenas|netsurveillance)\b",
        ),
        (
            r"\b(laserjet|officejet|kyocera|ecosys|command center|xerox|pantum|ricoh|(ip|network) camera|[dn]vr)\b",
            r"\b(network management card|eltex|видеорегистратор|ip-камера)\b",
        ),
    ),
    _kind(
        "other_program",
        "другая программа",
        (
            r"1с:?предприятие|1c:?enterprise|битрикс|\b(консультантплюс|гарант)\b",
            r"\b(grafana|prometheus|zabbix|jenkins|gitlab|nextcloud|phpmyadmin|roundcube|portainer|owa|zimbra)\b",
            r"\b(wordpress|joomla|moodle)\b",
        ),
        (
            r"\b1[сc]:|\b(confluence|jira|redmine|teamcity|sonarqube|kibana|keycloak|directum|docsvision|citrix)\b",
            r"^outlook\b|outlook web|\b(rd web access|remoteapp|sharepoint|vmware|drupal|tilda|opencart|rabbitmq)\b",
        ),
    ),
)


def stranger(response: Response, text: Text) -> Stranger:
    """What sent an answer that shows no sign of Kodeks, and never is one of Kodeks' own as far as is known."""
    found = stub(response, text)
    if found is not None:
        return found
    if text.asks_for_a_password or response.status == 401:
        return Stranger("not_kodeks_login", "чужая страница входа")
    title = text.title or next(iter(text.headings), "")
    if not text.visible:
        return Stranger("not_kodeks", "пустая страница")
    return Stranger("not_kodeks", f"другой сайт («{title[:80]}»)" if title else "другой сайт")


_LEGAL_REASONS = 451
_REFUSALS = (401, 403, 429, 503)
_PROTECTION = re.compile(r"ddos-guard|qrator|variti|servicepipe|stormwall", re.IGNORECASE)
_PROTECTION_HEADERS = ("cf-mitigated", "x-iinfo", "x-sucuri-block")


def _is_of_protection(response: Response) -> bool:
    headers = response.headers
    return bool(_PROTECTION.search(headers.get("server", ""))) or any(name in headers for name in _PROTECTION_HEADERS)


def _of(reason: str) -> Stranger:
    return next(kind.stranger for kind in _KINDS if kind.stranger.reason == f"not_kodeks_{reason}")


def stub(response: Response, text: Text, by_name_alone: bool = False) -> Stranger | None:
    """The kind of stub or other program, by a page's code and words; None: no known one.

    ``by_name_alone``: by title and main headings, which are seldom about something else.
    """
    if response.status == _LEGAL_REASONS:
        return _of("blocked_by_provider")
    if response.status in _REFUSALS and _is_of_protection(response):
        return _of("challenge")
    own_name = "\n".join((text.title, *text.headings, text.made_by))
    said = () if by_name_alone or sum(map(len, text.said)) > _LONGEST_STUB else text.said
    searched = "\n".join((own_name, *said, " ".join(said)))
    by_signs = (kind.stranger for kind in _KINDS if kind.signs.search(searched))
    by_name = (kind.stranger for kind in _KINDS if kind.names.search(own_name))
    by_address = filter(None, map(at_address, text.leads_to))
    return next(by_signs, None) or next(by_name, None) or next(by_address, None)


def at_address(url: str) -> Stranger | None:
    """What seems to be at an address to which a server redirects; None where the address does not tell."""
    return next((stranger for stranger, signs in _ADDRESSES if signs.search(url)), None)


SIGN_ON = Stranger("not_kodeks_login", "единый вход (SSO)")
_ADDRESSES = tuple(
    (stranger, re.compile(signs, re.IGNORECASE))
    for stranger, signs in (
        (_of("blocked_by_provider"), r"//(warning\.rt\.ru|[\w.-]*\b(block(ed|page)?|zapret|lawfilter|rkn)\b)"),
        (_of("registrar"), r"//ww\d+\.|//[\w.-]*(park(ing|ed)|sedo|expired|hugedomains|reg\.ru|nic\.ru)"),
        (_of("hosting_stub"), r"suspended|defaultwebpage"),
        (
            SIGN_ON,
            r"/adfs/|//(adfs|sso|idp|keycloak|login\.microsoftonline|esia)\b|/realms/|openid-connect|/oauth2?/|/saml|/cas/login",
        ),
        (
            _of("captive_portal"),
            r"hotspot|captive|\bwi-?fi\b|//(10|192\.168|172\.(1[6-9]|2\d|3[01]))\.[\d.]+(:\d+)?/(login|portal|guest)",
        ),
    )
)


_OTHERS_COOKIES = re.compile(
    r"(PHPSESSID|BITRIX_\w+|JSESSIONID|ASP\.NET_SessionId|wordpress_\w+|wp-\w+|laravel_session|csrftoken|_\w+_session)="
)
_OTHERS_HEADERS = ("x-generator", "x-powered-cms", "x-pingback", "x-drupal-cache", "x-jenkins", "x-gitlab-meta")
_SELLING = re.compile(
    r"купить|заказать|цен[аы]\b|дистрибь?ютор|официальн\w+ (сайт|дилер|партн)|скачать|вакансии|отзывы", re.IGNORECASE
)


def bears_anothers_mark(response: Response, text: Text) -> bool:
    """Whether a page that names Kodeks is of another program, or sells it: then the name proves nothing."""
    headers = response.headers
    return bool(
        text.made_by
        or _SELLING.search(text.title)
        or headers.get("x-powered-by", "").startswith("PHP")
        or any(name in headers for name in _OTHERS_HEADERS)
        or any(map(_OTHERS_COOKIES.match, response.cookies))
    )


_PROXY_HEADERS = ("x-squid-error", "x-cache-lookup", *_PROTECTION_HEADERS)


def is_proxys_own(response: Response, text: Text) -> bool:
    """Whether a refusal looks like a proxy's or web server's standard page."""
    return any(name in response.headers for name in _PROXY_HEADERS) or is_standard(text)
