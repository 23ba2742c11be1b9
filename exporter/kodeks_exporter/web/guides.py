"""``/docs/errors/``: pages about what to do for each alert, as HTML, from the package itself.

They are Markdown in docs/errors, linked to each other by file name so that they also work in a repository. Here the
links lead to the served pages; links to other files become text. Raw HTML is shown as text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from kodeks_exporter import assets
from kodeks_exporter.web.pages import Pages

if TYPE_CHECKING:
    from markdown_it.token import Token

logger = logging.getLogger("kodeks_exporter.web")

FOLDER: Final = "docs/errors"
INDEX: Final = "README"
_PAGE: Final = re.compile(r"(\w+)\.md", re.ASCII)
_WEB: Final = re.compile(r"https?://")
_BOLD: Final = re.compile(r"^\*\*(.+?)\.?\*\*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Guide:
    """A page: its heading, the HTML of its body, and its first bold text."""

    title: str
    body: Markup
    summary: str


def answer(request: Request, name: str, pages: Pages) -> Response:
    """The page of an alert, or the list of all for INDEX. Raises NotFound."""
    guide = _guides().get(name)
    if guide is None:
        raise NotFound("Нет страницы с таким именем. Все страницы: /docs/errors/")
    response = pages.answer("guide.html", guide, links_to_all=name != INDEX)
    # Not for shared caches: the page may be behind a password.
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.add_etag()
    return response.make_conditional(request)


def summary(alert: str) -> str:
    """An alert in one Russian phrase; its name if it has no page."""
    guide = _guides().get(alert)
    return guide.summary or alert if guide is not None else alert


@cache
def _guides() -> Mapping[str, Guide]:
    """All pages by name, read once."""
    try:
        return read(assets.find() / FOLDER)
    except assets.AssetsError as error:
        logger.error("the alert pages are missing: %s", error)
        return {}


def read(folder: Path) -> dict[str, Guide]:
    """The pages of a folder by the names of their files, without ``.md``."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    return {name: _guide(name, text, markdown, texts.keys()) for name, text in texts.items()}


def _guide(name: str, text: str, markdown: MarkdownIt, known: Collection[str]) -> Guide:
    tokens = markdown.parse(text)
    title = name
    for number, token in enumerate(tokens):
        if token.children is not None:
            token.children = _linked(token.children, known)
        if token.type == "heading_open" and token.tag == "h1":
            title = tokens[number + 1].content
    # The library escapes the text; only file names are added here.
    body = Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704
    return Guide(title, body, "".join(_BOLD.findall(text)[:1]))


def _linked(tokens: list[Token], known: Collection[str]) -> list[Token]:
    """Links to files become links to pages; links to neither a page nor the web become text."""
    kept = []
    dropped = 0
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrGet("href") or "")
            page = _PAGE.fullmatch(href)
            if page is not None and page[1] in known:
                token.attrSet("href", "./" if page[1] == INDEX else page[1])
            elif not _WEB.match(href):
                dropped += 1
                continue
        elif token.type == "link_close" and dropped:
            dropped -= 1  # links do not nest
            continue
        kept.append(token)
    return kept
