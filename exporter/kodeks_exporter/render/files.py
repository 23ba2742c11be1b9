"""All files of a fleet, as bytes in memory."""

from dataclasses import dataclass
from pathlib import Path

from kodeks_exporter.assets import AssetsError, find
from kodeks_exporter.domain.reaction import UNCOUNTED
from kodeks_exporter.render import alertmanager, example, prometheus, rules, site, templates
from kodeks_exporter.settings.settings import Settings

LONGEST_LINK = 150
"""The longest link in characters that the message templates show."""


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """``path`` is relative to the output folder, with ``/``. ``secret``: for its owner's eyes only."""

    path: str
    content: bytes
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """``notes``: for the person who renders, one line each, without secrets. ``fragment``: the part for an
    Alertmanager configuration that serves others too, without patterns of templates."""

    files: tuple[RenderedFile, ...]
    notes: tuple[str, ...]
    fragment: alertmanager.Fragment


class RenderError(Exception):
    """The settings can't be rendered; the text says what to change."""


def render(settings: Settings, assets: Path | None = None) -> Rendered:
    """The same settings give the same bytes. Raises AssetsError and RenderError.

    Files come in the order in which they should replace older ones: each before those that refer to it.
    """
    assets = assets or find()
    own_rules = rules.read(assets)
    alerts = rules.alert_names(own_rules)
    for name in settings.alertmanager.night.sound:
        if name not in alerts:
            raise RenderError(f"alertmanager.night.sound: there is no alert {name!r}")
    docs, grafana = templates.link_base(settings.docs_base), templates.link_base(settings.links.grafana)
    notes = alertmanager.problems(settings.alertmanager, settings.fleet)
    if not docs:
        notes.append("neither web.external_url nor links.docs is set: messages have no link to what to do")
    elif len(docs) + max(len(f"/docs/errors/{alert}.md") for alert in alerts) > LONGEST_LINK:
        notes.append("links.docs or web.external_url is so long that Telegram messages leave the link out")
    if not grafana:
        notes.append("links.grafana is not set: messages have no link to dashboards")
    site_rules = rules.rendered(own_rules, docs, grafana)
    site_rules[site.FILE] = site.rendered(settings.thresholds, settings.score)
    reaction = settings.reaction
    link = templates.link_base(settings.acknowledge_base)
    if reaction.acknowledgeable and not link:
        notes.append("neither web.external_url nor reaction.link is set: messages have no link to take an alert")
    if len(link) > LONGEST_LINK:
        notes.append(
            "reaction.link or web.external_url is so long that Telegram may refuse messages; use a shorter one"
        )
    people = settings.alertmanager.ops, settings.fleet.managers.values()
    site_templates = templates.rendered(templates.read(assets), link, *people)
    own = example.read(assets)
    key = reaction.key if link else None
    files = [
        *(RenderedFile(f"rules/{name}", text.encode()) for name, text in site_rules.items()),
        *(RenderedFile(f"templates/{name}", text.encode()) for name, text in site_templates.items()),
        RenderedFile(
            "alertmanager.yml",
            alertmanager.rendered(settings, own).encode(),
            secret=alertmanager.has_secrets(settings.alertmanager, settings.fleet),
        ),
        RenderedFile(
            "prometheus.yml",
            prometheus.rendered(settings.prometheus, site_rules, key=key, endless=sorted(UNCOUNTED)).encode(),
            secret=bool(settings.prometheus.credentials or key),
        ),
    ]
    fragment = alertmanager.fragment(settings, own)
    return Rendered(tuple(files), tuple(notes), fragment)


__all__ = ["AssetsError", "RenderError", "Rendered", "RenderedFile", "render"]
