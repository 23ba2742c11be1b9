"""What a site says of measuring how people react to alerts, and of the page by which they take one."""

from __future__ import annotations

from dataclasses import dataclass

from kodeks_exporter.domain.fleet import Credentials
from kodeks_exporter.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class ReactionSettings:
    """Times in seconds. ``acknowledgeable``: messages may carry a link, and the page answers it."""

    alertmanagers: tuple[str, ...] = ()
    """Base URLs of all members of one cluster, without a trailing slash; empty: nothing is measured."""
    credentials: Credentials | None = None
    """Of Alertmanager's own basic authentication."""
    tls_verify: bool = True
    tls_ca_file: str = ""
    interval: float = 15.0
    link: str = ""
    """How people reach this exporter, without a trailing slash."""
    key: Secret | None = None
    """Signs links; of ASCII letters, digits and ``_ . + / = -``, so that it means the same in Prometheus' files."""
    link_lifetime: float = 86400.0
    """Links of alerts that started longer ago are refused."""
    silence_choices: tuple[float, ...] = (1800.0, 7200.0, 28800.0, 86400.0)
    """For how long the page offers to silence, ascending; nothing longer is ever created."""

    @property
    def acknowledgeable(self) -> bool:
        return bool(self.alertmanagers and self.link and self.key is not None)
