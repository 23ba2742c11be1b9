"""Several exporters for one fleet: each gets its own kodeks.yml with its share of installations and accesses.

Plain data in, plain data out: secrets are never read here.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import yaml

from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.parts import INCLUDE
from kodeks_exporter.render.files import RenderedFile, RenderError
from kodeks_exporter.settings.fleet import Installation, OnlineAccess
from kodeks_exporter.settings.settings import Settings

FOLDER: Final = "exporters"
SHARED: Final = ("hash", "branch")
"""Kinds of ``prometheus.sharding`` with the inventory divided here."""
_OTHERS: Final = (INCLUDE, "prometheus")
"""Sections that no exporter reads; files named by ``include`` are in the lists already."""
_FIRST: Final = ("alertmanager", "reaction")
"""Sections of the first exporter only: reactions are counted once."""
_HEAD: Final = """\
# For {exporter}: {installations} installations, {accesses} online accesses.
# Rendered by `kodeks-exporter render`: a change here is lost at the next run.
"""

Choice = Callable[[Installation | OnlineAccess], str]


def files(settings: Settings, data: Mapping[str, Plain]) -> tuple[RenderedFile, ...]:
    """One file per exporter, in the order of ``prometheus.exporters``; none where the inventory is not divided.

    ``data``: kodeks.yml with its included files, as written. References to secrets stay as they are, so relative paths
    start from the folder of the file on the exporter's own machine. Raises RenderError for an exporter without work.
    """
    exporters = settings.prometheus.exporters
    if settings.prometheus.sharding not in SHARED:
        return ()
    choice = _by_branch(settings) if settings.prometheus.sharding == "branch" else _by_hash(exporters)
    fleet = settings.fleet
    found = []
    for number, exporter in enumerate(exporters):
        installations = {name for name, each in fleet.installations.items() if choice(each) == exporter}
        accesses = {name for name, each in fleet.online_accesses.items() if choice(each) == exporter}
        if not installations and not accesses:
            raise RenderError(f"prometheus.exporters: nothing is left for {exporter}")
        share = dict(_share(data, installations, accesses, first=number == 0))
        text = _HEAD.format(exporter=exporter, installations=len(installations), accesses=len(accesses))
        text += yaml.safe_dump(share, allow_unicode=True, sort_keys=False, width=120)
        name = re.sub(r"[^\w.-]+", "_", exporter).strip("_")
        found.append(RenderedFile(f"{FOLDER}/{name}.yml", text.encode(), secret=True))
    return tuple(found)


def _by_hash(exporters: Sequence[str]) -> Choice:
    """The exporter whose name, hashed with the subject's, gives the largest number. So a new one takes its share
    from each of the others, and nothing else moves. Accesses of one server stay together, so that one exporter
    limits the load on it."""

    def chosen(each: Installation | OnlineAccess) -> str:
        subject = each.url.split("/")[2] if isinstance(each, OnlineAccess) else each.name
        return max(exporters, key=lambda exporter: hashlib.sha256(f"{exporter}\0{subject}".encode()).digest())

    return chosen


def _by_branch(settings: Settings) -> Choice:
    """Branches in the order of managers, dealt out to the exporters in turn."""
    exporters = settings.prometheus.exporters
    branches = list(dict.fromkeys(manager.branch for manager in settings.fleet.managers.values()))
    place = {branch: exporters[number % len(exporters)] for number, branch in enumerate(branches)}
    return lambda each: place[each.branch]


def _share(
    data: Mapping[str, Plain], installations: set[str], accesses: set[str], *, first: bool
) -> Iterator[tuple[str, Plain]]:
    for key, value in data.items():
        if key in _OTHERS or (key in _FIRST and not first):
            continue
        if key == "installations":
            yield key, _named(value, installations)
        elif key == "online_accesses":
            yield key, _named(value, accesses)
        elif key == "dealers":
            yield key, list(_dealers(value, installations))
        elif key == "reports":
            yield key, _reports(value, installations)
        else:
            yield key, value


def _named(entries: Plain, names: set[str]) -> Plain:
    return [each for each in _list(entries) if isinstance(each, dict) and each.get("name") in names]


def _dealers(entries: Plain, installations: set[str]) -> Iterator[Plain]:
    """Dealers with their installations in this share; those without any belong to another exporter."""
    for each in _list(entries):
        if not isinstance(each, dict) or each.get("installations") is None:
            yield each
            continue
        kept: list[Plain] = [name for name in _list(each["installations"]) if name in installations]
        if kept:
            yield {**each, "installations": kept}


def _reports(section: Plain, installations: set[str]) -> Plain:
    """Without forwarding intervals of installations that are elsewhere."""
    if isinstance(section, dict) and isinstance(forward := section.get("forward"), dict):
        intervals = forward.get("intervals")
        if isinstance(intervals, dict):
            kept: Plain = {name: each for name, each in intervals.items() if name in installations}
            return {**section, "forward": {**forward, "intervals": kept}}
    return section


def _list(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else [] if value is None else [value]
