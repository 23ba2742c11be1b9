"""Several exporters for one fleet: each gets a kodeks.yml of its own, with its share of installations and accesses.

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
"""Kinds of ``prometheus.sharding`` that divide the inventory here."""
_OTHERS: Final = (INCLUDE, "prometheus")
"""Sections that no exporter reads; what ``include`` names is in the lists by now."""
_FIRST: Final = ("alertmanager", "reaction")
"""Sections of one exporter, the first: reactions are counted once."""
_HEAD: Final = """\
# For {exporter}: {installations} installations, {accesses} online accesses.
# Rendered by `kodeks-exporter render`: a change here is lost at the next run.
"""

Choice = Callable[[Installation | OnlineAccess], str]


def files(settings: Settings, data: Mapping[str, Plain]) -> tuple[RenderedFile, ...]:
    """One file an exporter, in the order of ``prometheus.exporters``; none where the inventory is not divided.

    ``data``: kodeks.yml with what it includes, as it was written. Secrets are named as they are there, so relative
    paths start from the folder of the file on the exporter's own machine. Raises RenderError for an exporter without
    work.
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
        found.append(RenderedFile(f"{FOLDER}/{_file_name(exporter)}", text.encode(), secret=True))
    return tuple(found)


def _file_name(exporter: str) -> str:
    return re.sub(r"[^\w.-]+", "_", exporter).strip("_") + ".yml"


def _by_hash(exporters: Sequence[str]) -> Choice:
    """Of all exporters that whose name, hashed with the subject's, weighs most. So one that is added takes its share
    from each of the others, and nothing else moves. Accesses of one server stay together: that server is spared by the
    exporter that visits it."""

    def chosen(each: Installation | OnlineAccess) -> str:
        subject = each.url.split("/")[2] if isinstance(each, OnlineAccess) else each.name
        return max(exporters, key=lambda exporter: hashlib.sha256(f"{exporter}\0{subject}".encode()).digest())

    return chosen


def _by_branch(settings: Settings) -> Choice:
    """Branches in the order in which managers name them, one exporter after another, and round again."""
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
    """Each with those of its installations that are here; one without any of them is somebody else's."""
    for each in _list(entries):
        if not isinstance(each, dict) or each.get("installations") is None:
            yield each
            continue
        kept: list[Plain] = [name for name in _list(each["installations"]) if name in installations]
        if kept:
            yield {**each, "installations": kept}


def _reports(section: Plain, installations: set[str]) -> Plain:
    """Without the intervals of forwarding for installations that are elsewhere."""
    if isinstance(section, dict) and isinstance(forward := section.get("forward"), dict):
        intervals = forward.get("intervals")
        if isinstance(intervals, dict):
            kept: Plain = {name: each for name, each in intervals.items() if name in installations}
            return {**section, "forward": {**forward, "intervals": kept}}
    return section


def _list(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else [] if value is None else [value]
