"""A stand that behaves like a fleet of Kodeks servers, with faults on command."""

from demo.stand.faults import Fault
from demo.stand.model import LicenceManagerSpec, ServerSpec, StandSpec
from demo.stand.stand import Stand

__all__ = ["Fault", "LicenceManagerSpec", "ServerSpec", "Stand", "StandSpec"]
