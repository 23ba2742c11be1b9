"""Disks and processes as reported by a host's agent (HOST-RESOURCES-MIB, RFC 2790, and net-snmp's dskTable)."""

import re
from typing import Any, Final

from kodeks_exporter.domain.check import Disk
from kodeks_exporter.domain.numbers import bounded
from kodeks_exporter.net.snmp_agent import Oid, Rows

_STORAGE: Final[Oid] = (1, 3, 6, 1, 2, 1, 25, 2, 3, 1)
TYPE, DESCR, UNITS, SIZE, USED = ((*_STORAGE, column) for column in (2, 3, 4, 5, 6))
_FIXED_DISK: Final[Oid] = (1, 3, 6, 1, 2, 1, 25, 2, 1, 4)
_RUN: Final[Oid] = (1, 3, 6, 1, 2, 1, 25, 4, 2, 1)
RUN_NAME: Final[Oid] = (*_RUN, 2)
RUN_STATUS: Final[Oid] = (*_RUN, 7)
_DSK: Final[Oid] = (1, 3, 6, 1, 4, 1, 2021, 9, 1)  # UCD-SNMP-MIB, of net-snmp alone
DSK_PATH, DSK_AVAIL, DSK_LOW, DSK_HIGH = ((*_DSK, column) for column in (2, 7, 13, 14))
INVALID: Final = 4  # hrSWRunStatus invalid; net-snmp reports zombies this way

_LINUX_NAME: Final = 15  # the kernel truncates process names to this length
_NO_REAL_DISK: Final = ("/run", "/dev", "/proc", "/sys", "/snap", "/var/snap", "/var/lib/docker", "/var/lib/containers")
_WINDOWS_DRIVE: Final = re.compile(r"([A-Za-z]:)\\")


def disks(rows: Rows, available: Rows | None = None) -> tuple[Disk, ...]:
    """Fixed disks in an hrStorageTable, without pseudo disks (memory file systems, snaps, containers).

    ``available``: rows of net-snmp's dskTable, which shows the space available to non-root users, like df;
    hrStorageTable counts the space reserved for root as free.
    """
    usable = _usable(available or {})
    found: dict[str, Disk] = {}
    for row in rows.values():
        if _type(row.get(TYPE)) != _FIXED_DISK:
            continue
        name = partition(text(row.get(DESCR)))
        units, size, used = (number(row.get(column)) for column in (UNITS, SIZE, USED))
        if not name or units is None or size is None or used is None:
            continue
        # Integer32 of disks with over 2^31 units: it overflows on Windows.
        size, used = (each + 2**32 if each < 0 else each for each in (size, used))
        if units > 0 and size > 0:
            found.setdefault(
                name, Disk(name, units * size, min(units * max(0, size - used), usable.get(name, units * size)))
            )
    return tuple(found.values())


def _usable(rows: Rows) -> dict[str, int]:
    """Mount point to bytes available to non-root users."""
    found = {}
    for row in rows.values():
        low, high = number(row.get(DSK_LOW)), number(row.get(DSK_HIGH))
        kilobytes = number(row.get(DSK_AVAIL)) if low is None or high is None else (high << 32) + low
        if kilobytes is not None and kilobytes >= 0:
            found[text(row.get(DSK_PATH))] = kilobytes * 1024
    return found


def partition(description: str) -> str:
    r"""``C:\ Label:System  Serial Number 1a2b`` is ``C:``, a mount point is itself; empty for what is no disk."""
    drive = _WINDOWS_DRIVE.match(description)
    if drive:
        return drive[1].upper()
    if any(description == skip or description.startswith(f"{skip}/") for skip in _NO_REAL_DISK):
        return ""
    return description[:200]


def wanted_name(running: str, names: tuple[str, ...]) -> str:
    """Which of ``names`` a running process matches, or empty. Case, ``.exe`` and truncation by Linux are ignored."""

    def bare(name: str) -> str:
        return re.split(r"[/\\]", name)[-1].casefold().removesuffix(".exe")  # some agents give the path

    seen = bare(running)
    for name in names:
        if seen and (seen == bare(name) or (len(running) == _LINUX_NAME and bare(name).startswith(seen))):
            return name
    return ""


def text(value: Any) -> str:
    if not hasattr(value, "asOctets"):
        return ""
    raw: bytes = value.asOctets()
    return "".join(c for c in raw[:1024].decode("utf-8", "replace") if c.isprintable()).strip()


def number(value: Any) -> int | None:
    """None for non-numbers, such as a string of digits, and for implausible numbers."""
    if hasattr(value, "asOctets"):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return bounded(number)


def _type(value: Any) -> Oid:
    try:
        return tuple(value.asTuple())
    except AttributeError:
        return ()
