"""What the HTTP server needs from the rest of the exporter."""

from typing import Protocol

from kodeks_exporter.checks.shown import Shown
from kodeks_exporter.settings.settings import Web
from kodeks_exporter.web.views import FleetView


class Backend(Protocol):
    """Called from several threads at once. An exception becomes status 500 and a line in the log, never a traceback."""

    def metrics(self, openmetrics: bool) -> bytes:
        """The whole exposition: OpenMetrics 1.0.0, or text format 0.0.4."""

    def probe(self, name: str, openmetrics: bool) -> bytes | None:
        """Runs all checks of one installation now; its exposition, None when the inventory has no such name."""

    def examine(self, name: str) -> tuple[Shown, ...] | None:
        """Runs all checks of one installation now; returns its exchanges. None: there is no such name."""

    def fleet(self) -> FleetView:
        """The fleet as currently known, without new requests."""

    def web(self) -> Web:
        """The settings of viewers."""

    def config_yaml(self) -> str:
        """The effective configuration with all secrets masked."""

    def reload(self) -> list[str]:
        """Reads the configuration again. Returns every problem; empty when the new configuration is in force."""

    def ready(self) -> bool:
        """True once the exporter can answer with figures."""
