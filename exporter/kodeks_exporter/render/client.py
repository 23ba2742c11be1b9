"""The client's side of pushing: two scripts, their tasks, the options of curl, and a page for the technician.

Everything that differs between clients is in curl's configuration files, so that a shell never reads a name, password
or address. The requests are those of docs/reports.md.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import jinja2

from kodeks_exporter.render.files import RenderedFile

System = Literal["windows", "linux"]
SYSTEMS: Final[tuple[System, ...]] = ("windows", "linux")
_FOLDER: Final = Path(__file__).with_name("client_files")
_CURL: Final = ("report.curl", "status.curl", "status-older.curl", "logout.curl")
_LINUX: Final = (
    "common.sh", "report.sh", "status.sh", "install.sh",
    "kodeks-report.service", "kodeks-report.timer", "kodeks-status.service", "kodeks-status.timer",
)  # fmt: skip
_WINDOWS: Final = ("report.cmd", "status.cmd", "install.cmd", "kodeks-report.xml", "kodeks-status.xml")
PAGE: Final = "ПРОЧТИ.html"
_SUFFIXES: Final = {"report": ".zip", "status": ".status"}


@dataclass(frozen=True, slots=True)
class PushClient:
    """``kodeks``: address of the server as seen on its own machine. ``server``: of the monitoring, without a
    trailing slash. ``credentials``: ``login:password`` or empty. ``ca``: PEM of the authority of ``server``, or
    empty. ``contact``: the manager by name and phone, or empty."""

    name: str
    client: str
    kodeks: str
    server: str
    dealer: str
    token: str
    report_path: str
    logout_path: str
    credentials: str = ""
    proxy: str = ""
    ca: str = ""
    contact: str = ""


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["quoted"] = _quoted
    return made


def files(client: PushClient, system: System) -> tuple[RenderedFile, ...]:
    """All files of the folder. Those of curl hold secrets."""
    values = {name: getattr(client, name) for name in PushClient.__slots__ if name != "ca"}
    values |= {"windows": system == "windows", "ca_file": bool(client.ca)}

    def text(name: str, **more: str) -> str:
        return _environment().get_template(name).render(**values, **more)

    found = [RenderedFile(name, text(name).encode(), secret=True) for name in _CURL]
    for task, suffix in _SUFFIXES.items():
        content = text("upload.curl", task=task, suffix=suffix)
        found.append(RenderedFile(f"upload-{task}.curl", content.encode(), secret=True))
    scripts = _WINDOWS if system == "windows" else _LINUX
    found += [RenderedFile(name, _bytes(name, text(name))) for name in scripts]
    found.append(RenderedFile(PAGE, text("page.html").encode()))
    if client.ca:
        found.append(RenderedFile("ca.crt", client.ca.encode()))
    return tuple(found)


def _quoted(text: str) -> str:
    """A value in curl's configuration file; newlines would begin another option."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for character, name in (("\n", "n"), ("\r", "r"), ("\t", "t")):
        escaped = escaped.replace(character, f"\\{name}")
    return f'"{escaped}"'


def _bytes(name: str, text: str) -> bytes:
    """cmd needs CRLF, the Task Scheduler UTF-16 with a byte order mark."""
    if name.endswith(".xml"):
        return text.replace("\n", "\r\n").encode("utf-16")
    if name.endswith(".cmd"):
        return text.replace("\n", "\r\n").encode("ascii")
    return text.encode()
