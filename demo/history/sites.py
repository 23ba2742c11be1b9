"""The fleet of the history: installations of a distributor with branches, managers and hostings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from random import Random
from zoneinfo import ZoneInfo

from demo.people import Company, found
from demo.people.company import mix

BRANCHES = ("saratov", "samara", "perm", "vladivostok")
_ZONES = {
    "saratov": "Europe/Saratov", "samara": "Europe/Samara", "perm": "Asia/Yekaterinburg",
    "vladivostok": "Asia/Vladivostok",
}  # fmt: skip
_MANAGERS = (
    "ivanova", "petrov", "sidorova", "kuznetsov", "popova", "sokolov", "lebedeva", "kozlov", "novikova", "morozov",
    "volkova", "solovev",
)  # fmt: skip
_HOSTINGS = ("te-cloud", "dc-volga", "dc-ural")
_NOUNS = (
    "Ромашка", "Весна", "Прибор", "Волга", "Маяк", "Проект", "Монтаж", "Энерго", "Трубник", "Мост", "Сталь", "Химмаш",
    "Водоканал", "Кабель", "Нефтемаш", "Стройсервис", "Геодезия", "Экопром", "Лифт", "Горизонт",
)  # fmt: skip
_FORMS = ("ООО", "АО", "ПАО", "ФГУП", "МУП")
_VERSIONS = ("6.4.4.194", "6.4.5.127", "6.4.5.131")


@dataclass(frozen=True, slots=True)
class Site:
    """An installation. ``versions``: (from that day, server version). ``reliability``: 1 is usual, more fails less."""

    name: str
    client: str
    manager: str
    branch: str
    hosting: str
    url: str
    mode: str
    supported: bool
    time_zone: str
    regnum: str
    seats: int
    expires: dt.date
    windows: bool
    reliability: float
    versions: tuple[tuple[dt.date, str], ...]
    company: Company

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def sites(seed: int, count: int, most_users: int, start: dt.date, end: dt.date) -> list[Site]:
    """``count`` installations of at most ``most_users`` users each; most have fewer."""
    return [_site(seed, number, most_users, start, end) for number in range(count)]


def _site(seed: int, number: int, most_users: int, start: dt.date, end: dt.date) -> Site:
    name = f"inst-{number:03}"
    rng = Random(mix(seed, "site", name))
    manager_number = number % len(_MANAGERS)
    branch = BRANCHES[manager_number % len(BRANCHES)]
    users = min(most_users, 2 + int(rng.expovariate(1 / 5.5)))
    # A tenth has bought too few seats; the others have some to spare.
    seats = max(1, users // 4) if rng.random() < 0.1 else max(2, int(users * rng.uniform(0.6, 1.3)))
    push = rng.random() < 0.25
    hosting = "" if push or rng.random() < 0.7 else rng.choice(_HOSTINGS)
    old, new = sorted(rng.sample(_VERSIONS, 2))
    changed = start + dt.timedelta(days=rng.randrange(max(1, (end - start).days)))
    return Site(
        name=name,
        client=f"{rng.choice(_FORMS)} «{rng.choice(_NOUNS)}-{number:03}»",
        manager=_MANAGERS[manager_number],
        branch=branch,
        hosting=hosting,
        url="" if push else f"http://{name}.example:8080",
        mode="push" if push else "pull",
        supported=rng.random() > 0.04,
        time_zone=_ZONES[branch],
        regnum=f"0599_{100000 + number}",
        seats=seats,
        expires=end + dt.timedelta(days=rng.randint(3, 380)),
        windows=rng.random() < 0.6,
        reliability=rng.choice((0.3, 1.0, 1.0, 1.0, 2.0, 3.0)),
        versions=((start, old), (changed, new)),
        company=found(seed, name, users, seats),
    )
