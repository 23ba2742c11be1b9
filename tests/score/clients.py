"""Clients made of knobs, as the series that the score's rules read. None: not measured.

Series have a sample every 5 days; "then" is what was up to 30 days before ``DAY``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.score.engine import Series

STEP = 5
"""Days between samples."""
DAY = 200
"""The day that is looked at."""
_PLACES = range(DAY // STEP + 1)
_TURN = (DAY - 30) // STEP + 1
"""From here on it is now: within all windows of 30 days."""


@dataclass(frozen=True, slots=True)
class Client:
    """Everything is of today or of the last 30 days; ``…_then`` of before."""

    availability: float | None = None
    operup_days: float | None = None
    found: int | None = None
    """Successful searches, of which ``fast`` took no longer than 10 s."""
    fast: int = 0
    catalogs: tuple[bool, ...] = ()
    seats: int | None = None
    seats_then: int = 1
    active: int | None = None
    active_then: int = 1
    users: int | None = None
    silent: int | None = None
    documents: int | None = None
    documents_then: int = 0
    """Per 30 days."""
    services: int | None = None
    kassist: int | None = None
    searches: int | None = None
    absent: int = 0
    absent_then: int = 0
    """Both of ``searches``, now and in each 30 days before."""
    expiry_days: float | None = None
    renewal_lead: float | None = None
    new_users: int | None = None
    new_searched: int = 0
    new_opened: int = 0
    new_filled: int = 0
    trial_days: float | None = None
    """Since the trial's start."""
    contract: bool = False
    volumes: int | None = None
    volumes_then: int = 1
    online_up: float | None = None
    online_login: bool | None = None
    online_used: float | None = None
    """Share of each of the four limits."""
    online_used_then: float = 0.0
    online_limit: int = 300
    online_limit_then: int = 300
    online_searches: int | None = None
    online_found: int = 0
    online_class: str = ""
    online_silent: bool = False


def series(name: str, client: Client) -> Iterator[Series]:
    """``name`` is the client, his installation and his online access."""
    who = {"client": name, "manager": "ivanova", "branch": "saratov"}
    mine = {"installation": name}
    access = {"account": name}

    def flat(metric: str, value: float | None, labels: dict[str, str], **more: str) -> Iterator[Series]:
        if value is not None:
            yield Series(metric, labels | more, [value] * len(_PLACES))

    def turn(metric: str, then: float, now: float, labels: dict[str, str], **more: str) -> Series:
        return Series(metric, labels | more, [then if place < _TURN else now for place in _PLACES])

    def grow(metric: str, then: float, now: float, labels: dict[str, str], **more: str) -> Series:
        """A counter that grew by ``then`` in every 30 days, and by ``now`` in the last ones."""
        start = [float(then * place * STEP // 30) for place in _PLACES]
        return Series(metric, labels | more, [v + (now if p >= _TURN else 0) for p, v in enumerate(_before(start))])

    yield Series("kodeks:installation:info", mine | who, [1] * len(_PLACES))
    yield from flat("installation:kodeks_interface_up:avg30d", client.availability, mine)
    if client.operup_days is not None:
        made = [(place * STEP - client.operup_days) * 86400 for place in _PLACES]
        yield Series("kodeks_operup_timestamp_seconds", mine | {"file": "a"}, made)
    if client.found is not None:
        for le, count in (("10.0", client.fast), ("+Inf", client.found)):
            yield grow("installation:kodeks_search_duration:daily", 30, count, mine, status="ok", le=le)
    for number, works in enumerate(client.catalogs):
        for metric in ("kodeks_catalog_main_page_ok", "kodeks_catalog_products_ok"):
            yield from flat(metric, float(works or metric.endswith("page_ok")), mine, catalog=str(number), reason="")
    if client.seats is not None:
        yield turn("installation:kodeks_month_seats:daily", client.seats_then, client.seats, mine, month="1")
        yield turn("installation:kodeks_seats:max", client.seats_then, client.seats, mine)
        yield turn("installation:kodeks_seats:hourly", client.seats_then, client.seats, mine)
    if client.active is not None:
        users = "installation:kodeks_month_users:daily"
        yield turn(users, client.active_then, client.active, mine, domain="", month="1", kind="active")
    yield from flat("kodeks_users", client.users, mine)
    yield from flat("kodeks_silent_users", client.silent, mine)
    usage = "installation:kodeks_usage:daily"
    if client.documents is not None:
        yield grow(usage, client.documents_then, client.documents, mine, domain="", month="1", kind="documents")
    for kind, used in (("services", client.services), ("kassist", client.kassist)):
        if used is not None:
            yield grow(usage, 0, used, mine, domain="", month="1", kind=kind)
    if client.searches is not None:
        yield grow("installation:kodeks_searches:daily", client.searches, client.searches, mine, status="ok")
        why = {"cause": "absent", "family": "ГОСТ"}
        yield grow("installation:kodeks_empty_searches:daily", client.absent_then, client.absent, mine, **why)
    if client.expiry_days is not None:
        jump = 400 if client.renewal_lead is not None else 0
        at = len(_PLACES) - 3  # 10 days ago
        lead = (client.renewal_lead or 0) + STEP
        days = [
            client.expiry_days + (DAY - place * STEP)
            if place >= at or not jump
            else lead + (at - 1 - place) * STEP - STEP
            for place in _PLACES
        ]
        yield Series("installation:kodeks_licence_expiry_days:min", mine, days)
        yield Series("installation:kodeks_licence_expiry_days:daily", mine, days)
    if client.new_users is not None:
        counts = {"all": client.new_users, "searched": client.new_searched, "opened": client.new_opened,
                  "filled": client.new_filled}  # fmt: skip
        for kind, count in counts.items():
            yield from flat("kodeks_new_users", count, mine, kind=kind)
    if client.trial_days is not None:
        yield from flat("kodeks_trial_start_timestamp_seconds", (DAY - client.trial_days) * 86400, mine)
        if client.contract:
            yield from flat("kodeks_contract_start_timestamp_seconds", DAY * 86400, mine)
        else:
            yield from flat("kodeks_installation_trial", 1, mine)
    if client.volumes is not None:
        for number in range(max(client.volumes, client.volumes_then)):
            present = [(client.volumes_then if place < _TURN else client.volumes) > number for place in _PLACES]
            values = [4e9 if there else None for there in present]
            yield Series(
                "kodeks_volume_expiry_timestamp_seconds", mine | {"volume": str(number), "product": "1"}, values
            )
    if (client.online_up, client.online_login, client.online_used, client.online_searches) != (None,) * 4:
        yield Series("kodeks_online_access_info", access | who | {"server": "s", "login": "u"}, [1] * len(_PLACES))
    yield from flat("account:kodeks_online_up:avg30d", client.online_up, access)
    login = None if client.online_login is None else float(client.online_login)
    yield from flat("kodeks_online_login_success", login, access)
    if client.online_used is not None:
        for resource in ("documents", "searches", "prints", "uploads"):
            limit, limit_then = client.online_limit, client.online_limit_then
            own = access | {"resource": resource}
            yield turn("account:kodeks_online_limit:daily", limit_then, limit, own)
            left_then, left = limit_then * (1 - client.online_used_then), limit * (1 - client.online_used)
            yield turn("account:kodeks_online_month_left:daily", left_then, left, own, month="1")
    if client.online_searches is not None:
        failed = client.online_searches - client.online_found
        for status, count in (("ok", client.online_found), ("empty", failed)):
            yield grow("kodeks_online_searches_total", 0, count, access, type="intellectual", status=status)
    if client.online_class:
        for each in ("new", "never", "low", "normal", "high"):
            yield from flat("kodeks_online_class", float(each == client.online_class), access, **{"class": each})
    if client.online_silent:
        yield from flat("kodeks_online_deviation", 1, access, kind="silent")


def _before(values: list[float]) -> list[float]:
    """A counter that stands still in the last days: what is added now is added on top."""
    return [value if place < _TURN else values[_TURN - 1] for place, value in enumerate(values)]
