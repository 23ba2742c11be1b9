"""Recognises what came instead of a report or a status: a page, another kind of archive.

Clients' scripts save whatever they get (known: ``curl`` without ``-f``), so a login form, a maintenance page or a
proxy's error arrives under the name of a report.
"""

import re
from dataclasses import dataclass
from typing import Final

from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.reading import read_text

_LOOKED_AT: Final = 16 * 1024
_PAGE: Final = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body|meta|script"
    r"|title|style|div|span|br|hr|p|b|font|pre|center|h[1-6]|frameset|iframe|noscript)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE: Final = re.compile(r"<(?:title|h1)[^>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_ERROR: Final = re.compile(r"\b([45]\d\d)\b")
_LOGIN: Final = re.compile(r"парол|авториз|вход|войти|password|log\s?in|sign\s?in|unauthorized", re.IGNORECASE)
_PASSWORD_FIELD: Final = re.compile(r"<input[^>]{0,300}type\s*=\s*[\"']?password", re.IGNORECASE)
_MAINTENANCE: Final = re.compile(r"обслуживани|maintenance", re.IGNORECASE)
_SEATS: Final = re.compile(r"количество пользователей превысило|нет свободн\S+ (?:рабочих )?мест", re.IGNORECASE)
_ARCHIVES: Final = (
    (b"Rar!\x1a\x07", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"MSCF", "CAB"),
    (b"PK\x07\x08", "многотомный ZIP"),
    (b"MZ", "самораспаковывающийся (EXE)"),
)


_WORDS: Final = {
    "login": ("страница входа", "проверьте логин и пароль, которыми его запрашивают, и право на sysinfo"),
    "maintenance": ("страница о режиме обслуживания", "повторите, когда сервер выйдет из него"),
    "seats": ("страница о нехватке рабочих мест", "освободите место для логина мониторинга"),
    "error": ("страница ошибки {code}", "сервер Кодекса или прокси перед ним не ответил как следует"),
    "other": ("веб-страница", "проверьте адрес, по которому его запрашивают"),
}
"""By kind of page: a description and the remedy."""


@dataclass(frozen=True, slots=True)
class WrongPage:
    """``kind``: login, maintenance, seats, error or other. ``code``: the HTTP status shown on the page, or empty."""

    kind: str
    code: str = ""

    def text(self, wanted: str) -> str:
        """One Russian sentence. ``wanted``: what should have come (``отчёт``)."""
        what, hint = _WORDS[self.kind]
        return f"Это {what.format(code=self.code)}, а не {wanted}: {hint}."


def page(head: bytes) -> WrongPage | None:
    """The page at the start of a file, or None. ``head``: a few kilobytes."""
    source = _decoded(head[:_LOOKED_AT])
    if _PAGE.match(source) is None:
        return None
    visible = read_text(Response(200, {}, source.encode("utf-8", "replace"), "")).visible
    title = " ".join(_TITLE.findall(source))
    if error := _ERROR.search(title):
        return WrongPage("login", error[1]) if error[1] == "401" else WrongPage("error", error[1])
    if _SEATS.search(visible):
        return WrongPage("seats")
    if _PASSWORD_FIELD.search(source) or _LOGIN.search(title) or ("<form" in source.lower() and _LOGIN.search(visible)):
        return WrongPage("login")
    if _MAINTENANCE.search(visible):
        return WrongPage("maintenance")
    return WrongPage("other")


def _decoded(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    if head[:1] == b"<" and head[1:2] == b"\0":
        return head.decode("utf-16-le", "replace")
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Truncated within a letter, or in another character set.
        text = head.decode("utf-8-sig", "replace")
        return text if text.count("\ufffd") < 4 else head.decode("windows-1251", "replace")


def answer(head: bytes) -> str:
    """What an answer that is no page should have been, as a Russian sentence; empty if it is none."""
    begin = head[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin.startswith(b"HTTP/"):
        return "Файл начинается с заголовков HTTP: скрипт сохраняет их вместе с отчётом (curl -i), это лишнее."
    if begin.startswith((b"{", b"[")):
        return "Это ответ JSON, а не отчёт: проверьте адрес, по которому его запрашивают."
    return ""


def archive(head: bytes) -> str:
    """The kind of a known archive other than ZIP, or empty."""
    if head[257:262] == b"ustar":
        return "tar"
    return next((name for magic, name in _ARCHIVES if head.startswith(magic)), "")
