"""The project's message templates with the addresses of a site's Grafana, documentation and exporter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from kodeks_exporter.assets import AssetsError

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


def rendered(templates: dict[str, str], grafana: str, docs: str, exporter: str) -> dict[str, str]:
    """``grafana``, ``docs``, ``exporter``: bases of links; an empty one leaves the project's own."""
    texts = dict(templates)
    for name, address in (("kodeks.grafana", grafana), ("kodeks.docs", docs), ("kodeks.exporter", exporter)):
        if address:
            texts = _defined(texts, name, address)
    return texts


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
