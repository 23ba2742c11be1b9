"""The project's message templates with the address of a site's exporter, and with times of everybody's own zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.assets import AssetsError
from kodeks_exporter.render.zones import named, placed

_UNSAFE: Final = re.compile(r"""[{}"'`<>|^\\\s]""")


def read(assets: Path) -> dict[str, str]:
    """File name to text, sorted."""
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((assets / "alertmanager/templates").glob("*.tmpl"))
    }


def link_base(url: str) -> str:
    """A base of links as it may stand in YAML, in a Go template and in HTML: what means something there is encoded."""
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", url)


def rendered(templates: dict[str, str], exporter: str, home: ZoneInfo, zones: Iterable[ZoneInfo]) -> dict[str, str]:
    """``exporter``: base of the links by which an alert is taken; may be empty. ``home``: where ops read times.
    ``zones``: those of everybody; each other one has a copy of all files."""
    texts = _defined(templates, "kodeks.exporter", exporter)
    files = {name: placed(text, home) for name, text in texts.items()}
    for zone in sorted({zone.key: zone for zone in zones if zone.key != home.key}.values(), key=lambda zone: zone.key):
        for name, text in texts.items():
            files[f"{zone.key.replace('/', '-')}.{name}"] = named(placed(text, zone), zone.key)
    return files


def _defined(templates: dict[str, str], name: str, address: str) -> dict[str, str]:
    definition = re.compile(r"(\{\{ define \"" + re.escape(name) + r"\" \}\}).*?(\{\{ end \}\})")
    texts = {}
    found = 0
    for file, text in templates.items():
        texts[file], count = definition.subn(lambda match: f"{match[1]}{address}{match[2]}", text)
        found += count
    if found != 1:
        raise AssetsError(f"the templates define {name!r} {found} times instead of once")
    return texts
