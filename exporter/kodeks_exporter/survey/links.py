"""The links of a site's pages, and which of them are safe to request.

A survey only reads. A link that might change something, spend a client's units or end the session is not followed.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from kodeks_exporter.net.reading import visible_text

_LINK: Final = re.compile(
    r"""<(?P<tag>a|frame|iframe|area|form)\b[^<>]{0,500}?\b(?:href|src|action)\s*=\s*"""
    r"""(?P<address>"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+)[^<>]*>(?P<text>(?:[^<]|<(?!/?(?:a|form)\b)){0,300})""",
    re.IGNORECASE,
)
_CHANGES: Final = re.compile(
    r"del(ete)?\b|remove|drop|kill|restart|reboot|stop\b|shutdown|start\b|reset|clear|clean|save|apply|update|upload|"
    r"install|exec|run\b|set\b|edit|add\b|new\b|create|print|export|download|"
    r"удал|останов|выключ|перезап|сброс|очист|сохран|примен|обнов|устан|добав|созда|печат|выгруз|экспорт|скач",
    re.IGNORECASE,
)
_LEAVES: Final = re.compile(
    r"log[-_ ]?out|log[-_ ]?off|sign[-_ ]?out|quit|exit|выход|выйти|завершить (сеанс|работу)", re.I
)
_FILE: Final = re.compile(r"\.(css|js|ico|png|gif|jpe?g|svg|woff2?|zip|exe|msi|pdf|docx?|xlsx?)$", re.IGNORECASE)
_MOST: Final = 300


@dataclass(frozen=True, slots=True)
class Link:
    """``path``: on the same site, with its query if any. ``form``: it is a form's action."""

    path: str
    text: str
    form: bool

    @property
    def leaves(self) -> bool:
        """It ends the session."""
        return bool(_LEAVES.search(self.path) or _LEAVES.search(self.text))

    @property
    def harmless(self) -> bool:
        """Requesting it changes nothing, judging by its words."""
        return not (
            self.form
            or "?" in self.path
            or self.leaves
            or _FILE.search(self.path)
            or _CHANGES.search(self.path)
            or _CHANGES.search(self.text)
        )


def links(source: str, base: str, page: str) -> Iterator[Link]:
    """A page's links to its own site, each once. ``base``: ``http://host:port``, ``page``: the page's path."""
    seen: set[str] = set()
    for count, found in enumerate(_LINK.finditer(source)):
        if count >= _MOST:
            return
        address = html.unescape(found["address"].strip("\"'")).strip()
        try:
            parts = urlsplit(urljoin(base + page, address))
        except ValueError:
            continue
        if f"{parts.scheme}://{parts.netloc}".lower() != base.lower() or not parts.path.isascii():
            continue
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        if path not in seen and len(path) <= 300 and path.isprintable() and " " not in path:
            seen.add(path)
            yield Link(path, visible_text(found["text"])[:100], found["tag"].lower() == "form")
