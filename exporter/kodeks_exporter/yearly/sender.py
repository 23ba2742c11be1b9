"""Who hands the reports over: the distributor and its managers from kodeks.yml."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Final

from kodeks_exporter.domain.refusal import UsageError
from kodeks_exporter.settings import zones
from kodeks_exporter.settings.fleet import Manager
from kodeks_exporter.settings.settings import Settings

LARGEST_LOGO: Final = 256 * 1024
_KINDS: Final = ((b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg"), (b"<svg", "svg+xml"), (b"<?xml", "svg+xml"))


@dataclass(frozen=True, slots=True)
class Sender:
    """``logo``: a ``data:`` address, or empty. ``contact``: from the command line; it wins over the manager's name."""

    contact: str = ""
    company: str = ""
    phone: str = ""
    signature: str = ""
    logo: str = ""
    managers: Mapping[str, Manager] = field(default_factory=dict)

    def prepared_by(self, managers: Sequence[str]) -> str:
        """The contact on the first page; ``managers``: the client's, by label value."""
        names = [self._called(name) for name in managers]
        return self.contact or ("; " if any("," in name for name in names) else ", ").join(names)

    def named(self, managers: Sequence[str]) -> bool:
        """Whether a person's name is known."""
        known = (self.managers.get(name) for name in managers)
        return bool(self.contact) or any(each is not None and each.full_name for each in known)

    def zone(self, managers: Sequence[str]) -> tzinfo:
        """Whose calendar dates the report."""
        return next((self.managers[name].time_zone for name in managers if name in self.managers), zones.DEFAULT)

    def _called(self, name: str) -> str:
        manager = self.managers.get(name)
        return name if manager is None else ", ".join(filter(None, (manager.called, manager.phone)))


def of(settings: Settings | None, contact: str = "") -> Sender:
    """``settings`` None: only ``contact`` is known. Raises UsageError for an unusable logo, and OSError."""
    if settings is None:
        return Sender(contact)
    own = settings.yearly
    logo = _logo(Path(own.logo_file)) if own.logo_file else ""
    return Sender(contact, own.company, own.phone, own.signature, logo, settings.fleet.managers)


def _logo(path: Path) -> str:
    data = path.read_bytes()
    if len(data) > LARGEST_LOGO:
        raise UsageError(f"{path}: is larger than {LARGEST_LOGO // 1024} KiB")
    for mark, kind in _KINDS:
        if data.lstrip()[: len(mark)] == mark:
            return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    raise UsageError(f"{path}: is no PNG, JPEG or SVG")
