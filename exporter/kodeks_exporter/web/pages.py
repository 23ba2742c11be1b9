"""HTML of the pages: templates, stylesheet and the Content-Security-Policy that lets exactly these in."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kodeks_exporter.web.installation import InstallationPage
from kodeks_exporter.web.status import StatusPage

if TYPE_CHECKING:
    from kodeks_exporter.web.handling import HandlingPage

TEMPLATES: Final = Path(__file__).parent / "templates"
"""The folder of all pages' templates and stylesheets."""
_ICON_COLOURS: Final = {"bad": "#d5322b", "warn": "#d98a06", "ok": "#2c9a4e", "plan": "#3d6fd0"}


class Pages:
    """Renders the page models. ``policy`` is the value of Content-Security-Policy that goes with them."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters["capital"] = lambda text: text[:1].upper() + text[1:]
        style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
        # Our own file, and CSS holds no "<": it must go in unescaped, or its hash would not fit.
        self._environment.globals["style"] = Markup(style)  # noqa: S704
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.policy: Final = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def status(self, page: StatusPage) -> str:
        return self._render("status.html", page)

    def installation(self, page: InstallationPage) -> str:
        return self._render("installation.html", page)

    def handling(self, page: HandlingPage) -> str:
        """The reviewers' pages."""
        return self._environment.get_template("handling.html").render(page=page)

    def guide(self, title: str, body: Markup, links_to_all: bool) -> str:
        """A page about an alert; ``body`` is HTML."""
        template = self._environment.get_template("guide.html")
        return template.render(title=title, body=body, links_to_all=links_to_all)

    def _render(self, template: str, page: StatusPage | InstallationPage) -> str:
        return self._environment.get_template(template).render(page=page, icon=_icon(page.tone))


def _icon(tone: str) -> str:
    """A dot of the fleet's colour, so that a tab in the background shows it."""
    colour = _ICON_COLOURS.get(tone, "#8a93a0")
    circle = f'<circle cx="4" cy="4" r="4" fill="{colour}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">{circle}</svg>'
    return "data:image/svg+xml," + quote(svg)
