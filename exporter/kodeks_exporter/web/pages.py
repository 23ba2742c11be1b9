"""HTML of the pages: templates, stylesheet and a Content-Security-Policy that allows only these."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from werkzeug.wrappers import Response

TEMPLATES: Final = Path(__file__).parent / "templates"
"""The folder of all pages' templates and stylesheets."""
_ICON_COLOURS: Final = {"bad": "#d5322b", "warn": "#d98a06", "ok": "#2c9a4e", "plan": "#3d6fd0"}


class Pages:
    """Renders the page models, with the Content-Security-Policy that lets only their stylesheets in."""

    def __init__(self, *styles: str) -> None:
        """``styles``: stylesheets beside the common one."""
        style = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", *styles))
        # Our own files, and CSS has no "<": it must not be escaped, or its hash would not match.
        self._style: Final = Markup(style)  # noqa: S704
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._policy: Final = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def render(self, template: str, page: object, **values: object) -> str:
        return _environment().get_template(template).render(page=page, style=self._style, **values)

    def answer(self, template: str, page: object, status: int = 200, **values: object) -> Response:
        response = Response(self.render(template, page, **values), status, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = self._policy
        return response


@functools.cache
def _environment() -> Environment:
    """One for all pages: to compile a template takes longer than to fill it in."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["capital"] = lambda text: text[:1].upper() + text[1:]
    made.globals["icon"] = _icon
    return made


def _icon(tone: str) -> str:
    """A dot in the fleet's colour, so that a background tab shows it."""
    colour = _ICON_COLOURS.get(tone, "#8a93a0")
    circle = f'<circle cx="4" cy="4" r="4" fill="{colour}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">{circle}</svg>'
    return "data:image/svg+xml," + quote(svg)
