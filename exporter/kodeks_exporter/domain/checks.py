"""The table of checks: one row per check, in the order of a round. What a check does is in ``checks/NAME.py``.

The chain, the status page, the dashboards, both READMEs and the keys of kodeks.yml take names and words from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class CheckRow:
    """``requires``: checks whose failure blocks this one. ``every``: its facts are kept and refreshed after that many
    seconds; 0: every round. ``remembers``: its facts are kept while it is blocked. ``fails``, ``fails_ru``: when it
    fails. ``blocks``: what else it blocks, in words.

    Russian, for people: ``title``; ``hint``: where to look when it fails; ``good``: what its success means to someone
    who asks «is it us or them?»; ``board``: its name on dashboards.
    """

    name: str
    title: str
    board: str
    fails: str
    fails_ru: str
    hint: str = ""
    good: str = ""
    requires: tuple[str, ...] = ()
    blocks: str = ""
    every: float = 0.0
    remembers: bool = False


_PAGE: Final = ("dns", "tcp", "http", "proxy", "maintenance")
_LOGGED_IN: Final = (*_PAGE, "tls", "key", "page", "seats", "auth")

_ROWS: Final = (
    CheckRow(
        "dns",
        title="Имя в DNS",
        board="DNS: имя разрешается",
        fails="the name does not resolve; the known `addresses` are then tried over TCP",
        fails_ru="имя не находится в DNS; тогда проверяется, отвечает ли известный IP-адрес",
        hint="DNS домена или площадки; сам сервер может работать",
    ),
    CheckRow(
        "icmp",
        title="Пинг",
        board="ping",
        fails="no answer to ping; the port is still tried",
        fails_ru="нет ответа на ping",
        hint="сеть до сервера или сам сервер: питание, канал, межсетевой экран",
        requires=("dns",),
        blocks="`tcp`, if that times out too",
    ),
    CheckRow(
        "tcp",
        title="Порт TCP",
        board="tcp: порт открыт",
        fails="the port refuses connections or times out",
        fails_ru="порт закрыт или молчит",
        hint="служба Кодекс на сервере или межсетевой экран",
        requires=("dns",),
    ),
    CheckRow(
        "tls",
        title="Сертификат TLS",
        board="tls: сертификат",
        fails="the handshake fails, or the certificate has expired or is not trusted",
        fails_ru="сертификат истёк, ему нельзя доверять, или защищённое соединение не устанавливается",
        hint="сертификат на сервере или прокси",
        requires=("dns", "tcp"),
        blocks="no password is sent without a trusted certificate; if the handshake fails, also `http` and the rest",
    ),
    CheckRow(
        "http",
        title="Ответ HTTP",
        board="http200: главная страница",
        fails="the main page gives no valid response within the limits of time and size, or a status code that nothing"
        " else explains; a request for a login is fine",
        fails_ru="главная страница не отвечает как должна",
        hint="служба Кодекс на сервере",
        good="сервер отвечает",
        requires=("dns", "tcp"),
    ),
    CheckRow(
        "proxy",
        title="Обратный прокси",
        board="proxy: прокси видит Кодекс",
        fails="what answers gives no sign of being Kodeks: a reverse proxy whose Kodeks is silent, or another site",
        fails_ru="обратный прокси отвечает, а «Кодекс» за ним — нет; или отвечает вовсе не «Кодекс»",
        hint="служба Кодекс за прокси; сам прокси отвечает",
        requires=("dns", "tcp", "http"),
        blocks="`http`",
        remembers=True,
    ),
    CheckRow(
        "maintenance",
        title="Режим обслуживания",
        board="maintenance: не на обслуживании",
        fails="the main page reports maintenance mode",
        fails_ru="режим обслуживания",
        hint="кто включил режим обслуживания и не забыл ли выключить",
        requires=("dns", "tcp", "http", "proxy"),
        blocks="`http`",
    ),
    CheckRow(
        "licman_icmp",
        title="Менеджер лицензий, пинг",
        board="Менеджер лицензий: ping",
        fails="the licence manager does not answer ping",
        fails_ru="менеджер лицензий не отвечает на ping",
        hint="машина менеджера лицензий и сеть до неё",
        blocks="`licman_tcp`, if that times out too; `key`, if the key is lost",
    ),
    CheckRow(
        "licman_tcp",
        title="Менеджер лицензий, порт",
        board="Менеджер лицензий: порт",
        fails="the port of the licence manager is closed",
        fails_ru="порт менеджера лицензий закрыт",
        hint="служба менеджера лицензий",
        blocks="`key`, if the key is lost",
    ),
    CheckRow(
        "key",
        title="Ключ защиты",
        board="key: ключ защиты",
        fails="the licence page says that protection does not work, or the main page says that the key was not found",
        fails_ru="не работает ключ защиты",
        hint="USB-ключ, программа его передачи по сети, служба защиты",
        good="ключ на месте",
        requires=(*_PAGE, "tls"),
    ),
    CheckRow(
        "page",
        title="Главная страница",
        board="warning: страница без ошибок",
        fails="the main page reports another problem: needs service, not started, server error, emergency",
        fails_ru="главная страница сообщает о другой беде: требуется обслуживание, сервер не запущен, ошибка сервера",
        hint="сервер Кодекс: его журнал и последнее обновление",
        requires=(*_PAGE, "key"),
    ),
    CheckRow(
        "seats",
        title="Свободные места",
        board="limit: есть свободные места",
        fails="the main page, or the refusal of the monitoring login, says that no seat is free",
        fails_ru="нет свободных рабочих мест",
        hint="кто занимает места: страница /admin/cookies",
        good="места есть",
        requires=(*_PAGE, "tls", "key", "page"),
        blocks="`key`, if its page is refused for that reason",
    ),
    CheckRow(
        "auth",
        title="Вход монитора",
        board="auth: вход логином мониторинга",
        fails="the monitoring login is refused although a seat is free",
        fails_ru="логину мониторинга отказано, хотя места есть",
        hint="логин мониторинга на сервере",
        good="вход работает",
        requires=(*_PAGE, "tls", "key", "page", "seats"),
        blocks="`key` and `seats`, which cannot be judged without it",
        remembers=True,
    ),
    CheckRow(
        "catalog",
        title="Каталоги",
        board="catalog: каталоги собраны",
        fails="`/sysinfo/metrics` reports a broken main page or product set for a catalog",
        fails_ru="каталог собран с ошибкой",
        hint="тома базы и последнее обновление",
        good="каталоги собраны",
        requires=(*_PAGE, "key", "page"),
    ),
    CheckRow(
        "schedule",
        title="Расписание",
        board="расписание",
        fails="never: reads the announced times of restart and backup, hourly",
        fails_ru="сбоем не бывает: раз в час читает время ночных перезапуска и копирования",
        requires=_LOGGED_IN,
        every=3600.0,
    ),
    CheckRow(
        "sysmon",
        title="Метрики sysmon",
        board="метрики sysmon",
        fails="never: reads the server's own monitoring module, once a minute, if `checks.sysmon` allows any metrics",
        fails_ru="сбоем не бывает: раз в минуту читает метрики самого сервера, если это включено в `checks.sysmon`",
        requires=_LOGGED_IN,
        every=60.0,
    ),
    CheckRow(
        "snmp",
        title="SNMP",
        board="SNMP-агент",
        fails="the agent does not answer; disks and processes have their own metrics",
        fails_ru="не отвечает агент SNMP; свободное место и служба — отдельные метрики",
        hint="агент SNMP на сервере; на работу пользователей не влияет",
        every=60.0,
    ),
)

CHECKS: Final[Mapping[str, CheckRow]] = MappingProxyType({row.name: row for row in _ROWS})
"""By name, in the order of a round."""
