"""Links of a trouble: its guide, its dashboard, its alert, and who handles it."""

from dataclasses import dataclass
from urllib.parse import quote

from kodeks_exporter.web import words
from kodeks_exporter.web.troubles import Trouble
from kodeks_exporter.web.views import FleetView


@dataclass(frozen=True, slots=True)
class TroubleRow:
    """Addresses are empty when there is no target; ``docs`` and ``take`` are relative to the root."""

    text: str
    since: str
    tone: str
    docs: str
    board: str
    alert: str
    take: str
    taken: str


def trouble_row(trouble: Trouble, subject: str, fleet: FleetView, *, access: bool = False) -> TroubleRow:
    """``subject``: the affected installation or, with ``access``, online access."""
    now, zone = fleet.generated, fleet.time_zone
    taking = fleet.takings.get((trouble.alert, subject))
    taken = take = ""
    if taking is not None and taking.by:
        taken = f"В работе: {taking.by}, {words.moment(taking.at, now, zone)}"
    elif taking is not None and taking.query:
        take = f"acknowledge?{taking.query}"
    label = "account" if access else "installation"
    board = "kodeks-billing-online" if access else "kodeks-client-profile"
    wanted = quote(f'{{alertname="{trouble.alert}",{label}="{subject}"}}', safe="")
    return TroubleRow(
        text=trouble.text,
        since=words.since(trouble.since, now, zone) if trouble.since is not None else "",
        tone=trouble.tone,
        docs=f"docs/errors/{trouble.alert}" if trouble.alert else "",
        board=f"{fleet.grafana}/d/{board}?var-{label}={quote(subject, safe='')}" if fleet.grafana else "",
        alert=f"{fleet.alertmanager}/#/alerts?filter={wanted}" if fleet.alertmanager and taking is not None else "",
        take=take,
        taken=taken,
    )
