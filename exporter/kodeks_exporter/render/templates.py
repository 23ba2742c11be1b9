"""The project's message templates with the address of a site's exporter, the names of its people, and times in each
person's own zone."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from kodeks_exporter.assets import AssetsError
from kodeks_exporter.render.zones import named, placed
from kodeks_exporter.settings.fleet import Manager

_UNSAFE: Final = re.compile(r"""[{}"'`<>|^\\\s]""")


def read(assets: Path) -> dict[str, str]:
    """File name to text, sorted."""
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((assets / "alertmanager/templates").glob("*.tmpl"))
    }


def link_base(url: str) -> str:
    """A base of links for YAML, Go templates and HTML: characters with a meaning there are encoded."""
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", url)


def rendered(templates: dict[str, str], exporter: str, ops: Manager, managers: Iterable[Manager]) -> dict[str, str]:
    """``exporter``: base of the links by which an alert is taken; may be empty. Times are in the zone of ``ops``;
    each other zone of ``managers`` has a copy of all files."""
    managers, home = tuple(managers), ops.time_zone
    zones = [manager.time_zone for manager in managers]
    texts = _defined(templates, "kodeks.exporter", exporter)
    texts = _defined(texts, "kodeks.person", _people((ops, *managers)))
    files = {name: placed(text, home) for name, text in texts.items()}
    for zone in sorted({zone.key: zone for zone in zones if zone.key != home.key}.values(), key=lambda zone: zone.key):
        for name, text in texts.items():
            files[f"{zone.key.replace('/', '-')}.{name}"] = named(placed(text, zone), zone.key)
    return files


def _people(managers: Iterable[Manager]) -> str:
    """A template's body: names and phones by the label. JSON's strings are those of Go."""
    text = ""
    for manager in sorted(managers, key=lambda each: each.name):
        person = ", ".join(filter(None, (manager.full_name, manager.phone)))
        if not person:
            continue
        if not manager.full_name:
            person = f"{manager.name}, {person}"
        label, words = (json.dumps(each, ensure_ascii=False) for each in (manager.name, person))
        text += f"{{{{ {'else if' if text else 'if'} eq . {label} }}}}{{{{ {words} }}}}"
    return text + "{{ else }}{{ . }}{{ end }}" if text else "{{ . }}"


def _defined(templates: dict[str, str], name: str, body: str) -> dict[str, str]:
    definition = re.compile(r"(\{\{ define \"" + re.escape(name) + r"\" \}\}).*?(\{\{ end \}\})$", re.MULTILINE)
    texts = {}
    found = 0
    for file, text in templates.items():
        texts[file], count = definition.subn(lambda match: f"{match[1]}{body}{match[2]}", text)
        found += count
    if found != 1:
        raise AssetsError(f"the templates define {name!r} {found} times instead of once")
    return texts
