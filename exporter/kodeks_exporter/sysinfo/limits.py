"""Bounds of reading one report, so that no file can take the exporter's memory, disk or time."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Sizes in bytes, text lengths in characters, times in seconds."""

    file_size: int = 512 * MIB
    """Of the file as received."""
    report_size: int = 1024 * MIB
    """Of the XML or SQLite file itself, unpacked."""
    ratio: int = 250
    """Unpacked to packed size, checked above ``ratio_floor``. Reports compress 10 to 60 times; bombs 1000 times."""
    ratio_floor: int = 32 * MIB
    seconds: float = 300.0
    depth: int = 32
    token: int = 1 * MIB
    """One tag with its attributes, one comment …"""
    names: int = 4000
    """Different names of elements and attributes."""
    label: int = 200
    """Logins, versions and other short texts; longer ones are truncated."""
    text: int = 4000
    """Search queries; longer ones are truncated."""
    deferred: int = 50_000
    """Records that wait for a field of the element around them."""
    logins: int = 100_000
    """Users of a SQLite report whose domain is kept for their usage rows."""
    cell: int = 4 * MIB
    """One value of a SQLite row."""
    temp_dir: str | None = None
    """Where SQLite files are unpacked; None: the system's place for temporary files."""
