"""The signature of the yearly report."""

from dataclasses import dataclass

from kodeks_exporter.settings.notation import File, Label


@dataclass(frozen=True, slots=True)
class YearlySettings:
    """Who hands the yearly report over. The report names its manager's `full_name` and `phone`, too."""

    company: Label = ""
    """The distributor's name, on the first page and at the end."""
    phone: Label = ""
    """The distributor's phone."""
    signature: Label = ""
    """Line above the manager's name at the end, such as a position."""
    logo_file: File = ""
    """PNG, JPEG or SVG of at most 256 KiB, for the first page."""
