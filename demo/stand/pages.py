"""The HTML and text that a Kodeks server answers with. Known wording follows the samples; the rest is assumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from demo.stand.model import ServerSpec

PROTECTION_MESSAGES = {
    4111: "Ключ не найден",
    4112: "По адресу менеджера лицензий отвечает неизвестная служба",
    4113: "Ключ не обнаружен",
    4116: "Не удалось найти менеджер лицензий широковещательным запросом",
    4117: "Ключ заблокирован администратором менеджера лицензий",
    4118: "Неверное имя или пароль прокси-сервера",
}
"""Known codes, assumed wording (4113 is known)."""

TOO_MANY_USERS = "Количество пользователей превысило максимальное (2008)"

_TOPICS = (
    "Нормы, правила, стандарты", "Стройэксперт", "Техэксперт: Промышленная безопасность", "Техэксперт: Экология",
    "Техэксперт: Охрана труда", "Техэксперт: Электроэнергетика", "Указатель национальных стандартов",
    "Картотека международных стандартов", "Типовая проектная документация", "Новости технического регулирования",
)  # fmt: skip


def page(title: str, body: str, charset: str) -> str:
    """A page in the manner of the sample: the encoding stands in META."""
    return (
        f'<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={charset}">'
        f"<TITLE>{escape(title)}</TITLE></HEAD><BODY>\n{body}\n</BODY></HTML>\n"
    )


def main_page(spec: ServerSpec, catalog: str, charset: str) -> str:
    """The healthy main page of a catalog: about 2 KB, as dull as a table of contents."""
    rows = "\n".join(
        f'<TR><TD><A HREF="{catalog}?nd={number}">{escape(topic)}</A></TD><TD>{number * 1371} документов</TD></TR>'
        for number, topic in enumerate(_TOPICS, start=1)
    )
    body = (
        f"<H1>Профессиональные справочные системы «Техэксперт»</H1>\n<P>{escape(spec.organisation)}</P>\n"
        f'<FORM ACTION="{catalog}"><INPUT NAME="text"><INPUT TYPE="submit" VALUE="Искать"></FORM>\n'
        f"<TABLE>{rows}</TABLE>\n<P>© АО «Кодекс»</P>"
    )
    return page("Техэксперт", body, charset)


def state_page(text: str, charset: str) -> str:
    """What a user sees when the server is not in its ordinary state."""
    body = f"<CENTER><H3>Техэксперт</H3></CENTER>\n<P>{escape(text)}</P>\n<P>Обратитесь к администратору системы.</P>"
    return page("Техэксперт", body, charset)


def plain_page(text: str, charset: str) -> str:
    """A short page with one sentence."""
    return page("Кодекс", f"<P>{escape(text)}</P>", charset)


def login_page(charset: str) -> str:
    """A form that asks for login and password (markup assumed)."""
    body = (
        '<CENTER><H3>Вход в систему</H3></CENTER>\n<FORM METHOD="POST" ACTION="/users/login">\n'
        'Имя: <INPUT NAME="user"><BR>\nПароль: <INPUT TYPE="password" NAME="pass"><BR>\n'
        '<INPUT TYPE="submit" VALUE="Войти"></FORM>'
    )
    return page("Вход", body, charset)


def title_page(spec: ServerSpec, sessions: int, working: int, charset: str) -> str:
    """``/admin/title``, as in the sample. ``working`` users hold seats."""
    system = "Windows Server 2019" if spec.kind == "windows" else "Debian GNU/Linux 12"
    body = (
        "<CENTER><H3>Информация о системе</H3></CENTER>\n"
        f"Версия: <B>{spec.version} (x64)</B><BR>\n"
        f"Операционная система: <B>{system}</B><BR>\n"
        f"Регистрационный номер: <B>{escape(spec.regnum)}</B><BR>\n"
        f"Зарегистрирована на: <B>{escape(spec.organisation, quote=False)}</B><BR>\n"
        f"Ограничение по сроку работы системы: <B>до {spec.expires}</B><BR>\n"
        f"Ограничение рег. файла: <B>{spec.seats}</B><BR>\n"
        f"Всего соединений (сессии): <B>{sessions}</B><BR>\n"
        "Пользователи работающие с продуктами (стандартные, расширенные лицензии): "
        f"<b>{working} ({working}, 0)</b><BR>"
    )
    return page("Администрирование", body, charset)


def licence_page(spec: ServerSpec, error: int, manager: str, charset: str) -> str:
    """``/admin/lic``. ``error`` 0: the key works. ``manager`` is host:port of the licence manager, or empty."""
    configured = f" (license manager configured at {manager})" if manager else ""
    state = f"SenseLock ключ{configured}"
    if error:
        message = PROTECTION_MESSAGES.get(error, "Ошибка защиты")
        state = f"SenseLock ключ - Ошибка защиты {error} {message}{configured}"
    body = (
        f"<CENTER><H3>Регистрация</H3></CENTER><BR> Привязка: {state}<br>\n"
        f"<table><tr><td>100001</td><td>Корпоративная лицензия</td><td>{spec.expires}</td></tr>\n"
        f"<tr><td>777712301</td><td>Нормы, правила, стандарты</td><td>{spec.expires}</td></tr></table>"
    )
    return page("Регистрация", body, charset)


def preferences_page(spec: ServerSpec, charset: str) -> str:
    """``/admin/pref``: the fields are known, the form's markup is assumed."""
    body = (
        '<CENTER><H3>Настройки</H3></CENTER>\n<FORM METHOD="POST" ACTION="/admin/pref">\n'
        f'Время резервного копирования: <INPUT TYPE="text" NAME="reservtime" VALUE="{escape(spec.backup)}"><BR>\n'
        f'Время перезапуска: <INPUT TYPE="text" NAME="restarttime" VALUE="{escape(spec.restart)}"><BR>\n'
        '<INPUT TYPE="submit" VALUE="Сохранить"></FORM>'
    )
    return page("Настройки", body, charset)


def cookies_page(rows: Iterable[tuple[str, str, str]], charset: str) -> str:
    """``/admin/cookies``: login, address and age of each session that holds a seat (markup assumed)."""
    table = "\n".join(
        f"<tr><td>{escape(login)}</td><td>{escape(address)}</td><td>{escape(since)}</td></tr>"
        for login, address, since in rows
    )
    return page("Сессии", f"<CENTER><H3>Сессии</H3></CENTER>\n<table>{table}</table>", charset)


def catalog_metrics(states: Sequence[tuple[str, str, str]]) -> str:
    """``/sysinfo/metrics``: path, reason of the main page's fault, reason of the product set's fault ("" is good)."""
    lines = ["# Sysinfo metrics"]
    for path, main, products in states:
        lines.append(f"# Path {path}")
        for family, reason in (("kserver_main_page", main), ("kserver_product_control", products)):
            status = f',status="{reason}"' if reason else ""
            lines.append(f'{family}{{service="kodweb",path="{path}"{status}}} {1 if reason else 0}')
    lines.append("# End")
    return "\n".join(lines) + "\n"


def sysmon_metrics(spec: ServerSpec, sessions: int, working: int, key_ok: bool) -> str:
    """``/sysmon/metrics``. The names are not published: these are invented, in Prometheus' style."""
    return (
        f'sysmon_server_info{{version="{spec.version}",os="{spec.kind}"}} 1\n'
        f"sysmon_sessions {sessions}\n"
        f"sysmon_seats_limit {spec.seats}\n"
        f"sysmon_seats_used {working}\n"
        f"sysmon_protection_ok {1 if key_ok else 0}\n"
    )
