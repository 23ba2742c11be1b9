"""HTML of a report: one file with stylesheet and charts inside, no script, nothing external."""

import base64
import functools
import hashlib
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from kodeks_exporter.yearly.view import ReportPage

_TEMPLATES: Final = Path(__file__).parent / "templates"


def render(page: ReportPage) -> str:
    """The whole document. Everything from Prometheus is escaped; the policy lets nothing run or load."""
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _template().render(
        page=page,
        # Our own file, without "<". It must go in unescaped, or its hash would not match.
        style=Markup(style),  # noqa: S704
        policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    )


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
