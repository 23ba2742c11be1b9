"""Sysinfo reports of the stand's servers: what they hold, and the forms in which they are written.

The layout is that of the sample and assumed, as all of a report's schema is.
"""

from demo.stand.reports.archive import pack
from demo.stand.reports.make import Circumstances, make
from demo.stand.reports.report import BLOCKS, ExtraSearch, Report
from demo.stand.reports.sqlitefile import to_sqlite
from demo.stand.reports.xmlfile import to_xml

__all__ = ["BLOCKS", "Circumstances", "ExtraSearch", "Report", "make", "pack", "to_sqlite", "to_xml"]
