"""The people of one installation: who they are and how they use the system. They never change, only come."""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random

from demo.people import words

EPOCH = dt.date(2024, 1, 9)
"""Nobody is registered before."""
_SETTLED = dt.date(2025, 9, 1)
_LAST_COMER = dt.date(2028, 9, 1)

_KINDS = (
    ("heavy", 0.12, 0.92, 2.2),
    ("regular", 0.33, 0.65, 1.0),
    ("occasional", 0.28, 0.18, 0.6),
    ("rare", 0.14, 0.03, 0.5),
    ("silent", 0.13, 0.0, 0.0),
)
"""Kind of user, share among users, likeliness to come on a working day, how much is done then."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user's card, as filled as its owner cared, and habits. ``registered``: the first possible day of use."""

    login: str
    domain: str
    fullname: str
    position: str
    department: str
    phone: str
    email: str
    ip: str
    browser: str
    registered: dt.date
    kind: str
    presence: float
    diligence: float


@dataclass(frozen=True, slots=True)
class Company:
    """An installation's people. ``key`` seeds every draw about it. ``seats`` 0: as many as it takes."""

    name: str
    key: int
    people: tuple[Person, ...]
    seats: int
    catalogs: tuple[str, ...] = ("/docs",)
    kassist: bool = True
    slow: bool = False
    """Whether searching is slow here."""
    calm: bool = False
    """Whether everybody has long been known here, and finds what he looks for."""
    growth: float = 0.0
    """Change of use per year around 1: -0.5 ends the year with about half of it."""
    volumes: tuple[tuple[str, str, str], ...] = field(default=words.PRODUCTS[:2])


def mix(*parts: object) -> int:
    """A number for ``Random`` that depends on all parts; not on PYTHONHASHSEED."""
    text = "\0".join(map(str, parts)).encode()
    return zlib.crc32(text) << 32 | zlib.adler32(text)


@lru_cache(2048)
def found(
    seed: int, name: str, size: int = 0, seats: int = 0, catalogs: tuple[str, ...] = ("/docs",), calm: bool = False
) -> Company:
    """The company of an installation. ``size``: users in all, those to come in later years too; 0: 20 to 200."""
    key = mix(seed, name)
    rng = Random(key)
    # Most clients are small; the middle is about 50.
    drawn = int(20 * 10 ** rng.triangular(0.0, 1.0, 0.3))
    two_domains = rng.random() < 0.3
    kassist, slow, growth = rng.random() < 0.6, rng.random() < 0.08, rng.choice((-0.4, -0.1, 0.0, 0.0, 0.1, 0.3))
    volumes = tuple(words.PRODUCTS[: rng.randint(2, 6)])
    used: set[str] = set()
    people = tuple(_person(rng, name, index, used, two_domains, calm) for index in range(size or drawn))
    return Company(name, key, people, seats, catalogs, kassist, slow and not calm, calm, growth, volumes)


def _person(rng: Random, company: str, index: int, used: set[str], two_domains: bool, calm: bool) -> Person:
    woman = rng.random() < 0.55
    surname, latin = rng.choice(words.SURNAMES)
    first, initial = rng.choice(words.WOMEN if woman else words.MEN)
    patronymic = rng.choice(words.PATRONYMICS)[woman]
    login = f"{latin}a.{initial}" if woman else f"{latin}.{initial}"
    login = next(each for each in (login, *(f"{login}{number}" for number in range(2, 1000))) if each not in used)
    used.add(login)
    domain = company.upper().partition("-")[0][:15] + ("-FIL" if two_domains and rng.random() < 0.4 else "")
    domain = "" if rng.random() < 0.08 else domain
    care = rng.random()  # how much of the card was filled
    likely = 1.0 if care < 0.55 else 0.5 if care < 0.85 else 0.0

    def shown(text: str) -> str:
        return text if rng.random() < likely else ""

    kind, presence, diligence = _kind(rng)
    settled = rng.random() < 0.75 or index < 2 or calm
    begin, end = (EPOCH, _SETTLED) if settled else (_SETTLED, _LAST_COMER)
    return Person(
        login=login,
        domain=domain,
        fullname=shown(f"{surname}{'а' if woman else ''} {first} {patronymic}"),
        position=shown(rng.choice(words.POSITIONS)),
        department=shown(rng.choice(words.DEPARTMENTS)),
        phone=shown(f"+7 000 {index // 100:03}-{index % 100:02}-{rng.randint(0, 99):02}"),
        email=shown(f"{login}@{company}.example"),
        ip=f"10.{sum(company.encode()) % 250}.{index // 250}.{index % 250 + 2}",
        browser=rng.choice(words.BROWSERS),
        registered=begin + dt.timedelta(days=rng.randrange((end - begin).days)),
        kind=kind,
        presence=presence * rng.uniform(0.85, 1.0),
        diligence=diligence * rng.uniform(0.7, 1.4),
    )


def _kind(rng: Random) -> tuple[str, float, float]:
    chance = rng.random()
    for kind, share, presence, diligence in _KINDS:
        chance -= share
        if chance < 0:
            return kind, presence, diligence
    return "silent", 0.0, 0.0
