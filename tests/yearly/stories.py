"""Clients made by hand, for tests that know the outcome."""

from __future__ import annotations

import datetime as dt

from tests.yearly.fake import KINDS, Told

NAME = "ООО «Ромашка»"
YEAR = 2025


def moment(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()


def month(told: Told, name: str, installation: str = "romashka", **figures: float) -> None:
    """A month with these figures; what is not named is 10 times nothing: 0."""
    for kind in KINDS:
        told.usage[installation, "office", name, kind] = figures.get(kind, 0.0)
    told.users[installation, name, "all"] = figures.get("users", 25.0)
    told.users[installation, name, "active"] = figures.get("active", 12.0)
    told.seats[installation, name] = figures.get("seats", 20.0)
    told.peak[installation, name] = figures.get("peak", 18.0)
    told.up[installation, name] = figures.get("up", 693.0)
    first = dt.date.fromisoformat(f"{name}-01")
    last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    told.reported[installation, name] = moment(f"{last}T15:00")


def romashka() -> Told:
    """The whole of 2025, and some of 2024: documents 100, 200, … 1200; refusals in four months; March unknown."""
    told = Told()
    told.clients["romashka"] = {"client": NAME, "manager": "ivanova", "branch": "saratov",
                                "url": "http://romashka.example:8080"}  # fmt: skip
    told.registration["romashka"] = {"regnum": "0599_123456", "legal_entity": NAME}
    told.expiry["romashka"] = moment("2026-02-14T21:00")
    for number in range(1, 13):
        if number == 3:
            continue
        month(
            told, f"{YEAR}-{number:02}", documents=100.0 * number, saves=10.0 * number, prints=5.0,
            searches_intellectual=50.0, searches_attribute=20.0, searches_empty=7.0, kassist=0.0,
            rejections=3.0 if number in (5, 6, 9, 10) else 0.0, requests=500.0, active=13.0, links=30.0,
        )  # fmt: skip
    days = [moment(f"{YEAR}-01-01T00:00") + 86400.0 * day for day in range(365)]
    told.empty["romashka", "ГОСТ", "absent"] = [(at, 100.0 + place // 10) for place, at in enumerate(days)]
    told.empty["romashka", "СП", "absent"] = [(at, float(place // 30)) for place, at in enumerate(days)]
    told.empty["romashka", "прочее", "absent"] = [(at, float(place // 5)) for place, at in enumerate(days)]
    told.empty["romashka", "ГОСТ", "layout"] = [(at, float(place // 20)) for place, at in enumerate(days)]
    return told
