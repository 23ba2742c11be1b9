"""A site's settings for reactions to alerts."""

from dataclasses import dataclass
from typing import Annotated

from kodeks_exporter.settings.fleet import Credentials, Tls
from kodeks_exporter.settings.notation import Items, SigningKey, Url, duration


@dataclass(frozen=True, slots=True)
class ReactionSettings:
    """How people react to alerts: read from Alertmanager's API v2 and shown in metrics; the page that takes alerts."""

    alertmanagers: tuple[Url, ...] = ()
    """Addresses such as `http://127.0.0.1:9093`, including a path if any: every member of one cluster. Required when
    the section is given."""
    credentials: Credentials | None = None
    """When Alertmanager asks for basic authentication."""
    tls: Tls = Tls()
    interval: Annotated[float, duration("5s", "5m")] = 15.0
    """How often each member is read."""
    link: Url = ""
    """How people reach the page `/acknowledge`. Empty: at `web.external_url`. With an address and a key, messages carry
    a link to it."""
    key: SigningKey | None = None
    """Signs links. It also gets into the rendered prometheus.yml."""
    link_lifetime: Annotated[float, duration("10m", "366d")] = 100 * 86400.0
    """Links of alerts that started longer ago are refused. A renewal is told for 90 days, and each of its messages has
    a link."""
    silence_choices: Annotated[tuple[Annotated[float, duration("1m", "31d")], ...], Items(1, 8)] = (
        1800.0,
        7200.0,
        28800.0,
        86400.0,
        7 * 86400.0,
    )
    """The longest silence that the page creates, but for renewals: they can be silenced until a date within 92 days."""

    @property
    def acknowledgeable(self) -> bool:
        """Whether the page answers links."""
        return bool(self.alertmanagers and self.key is not None)
