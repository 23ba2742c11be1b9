"""A stand of the vendor's server for online accesses. Never imports the exporter."""

from demo.vendor.model import Access, Kind, Limits, ServerSpec
from demo.vendor.server import VendorFault
from demo.vendor.vendor import Vendor

__all__ = ["Access", "Kind", "Limits", "ServerSpec", "Vendor", "VendorFault"]
