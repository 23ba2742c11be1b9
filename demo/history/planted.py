"""Clients whose score is known beforehand: a good, a middling and a bad one, and one for each stage's weakness.

They have no people: their series are drawn by hand, from knobs, and join the families of the history. Whoever has them
in a history has installations that the truth (demo/history/truth.py) does not know.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from demo.history.model import History
from demo.history.monthly import FINAL_DAYS
from demo.history.openmetrics import Writer, labels

MANAGER, BRANCH = "sidorova", "perm"
_EVENING = 17 * 3600
_DAY = 86400


class Turn(NamedTuple):
    """``then``, and ``now`` in the last ``days``."""

    then: float
    now: float
    days: int


Knob = float | Turn


@dataclass(frozen=True, slots=True)
class Plant:
    """An installation of its own client. Counts are of a day, shares from 0 to 1, days count back from the end."""

    name: str
    client: str
    seats: Knob = 20
    users: int = 20
    active: Knob = 17
    silent: int = 0
    documents: Knob = 14
    searches: Knob = 12
    absent: Knob = 0.0
    """Share of the searches."""
    slow: float = 0.0
    services: Knob = 2
    kassist: Knob = 4
    down: float = 0.0
    """Share of the hours."""
    operup_days: int = 1
    catalog_works: bool = True
    volumes: Knob = 4
    expires: int = 200
    """Days from the end."""
    renewed: int | None = None
    """How many days before the end the licence was renewed, ``lead`` days before it passed."""
    lead: int = 30
    new: tuple[int, int, int, int] = (0, 0, 0, 0)
    """New users: all, searched, opened, with a filled card."""
    trial: int | None = None
    """Begun so many days before the end."""
    contract: int | None = None


GOOD = Plant(
    "planted-good", "АО «Образцовый»", seats=Turn(18, 20, 120), active=Turn(15, 18, 120), volumes=Turn(4, 5, 120),
    new=(2, 2, 2, 2), renewed=150, trial=250, contract=230,
)  # fmt: skip
MIDDLING = replace(
    GOOD, name="planted-middling", client="ООО «Середина»", active=8, silent=6, documents=4, searches=4, absent=0.05,
    services=0.6, kassist=1, seats=20, volumes=4, down=0.05, new=(4, 2, 2, 1), expires=45, lead=7,
)  # fmt: skip
BAD = replace(
    MIDDLING, name="planted-bad", client="ЗАО «Отстающий»", seats=Turn(30, 20, 100), active=Turn(6, 2, 60), silent=14,
    documents=Turn(3, 0.4, 40), searches=Turn(3, 1, 40), absent=Turn(0.1, 0.3, 40), slow=0.3, services=0, kassist=0,
    down=0.15, operup_days=10, catalog_works=False, volumes=Turn(5, 3, 100), expires=4, lead=-20, new=(3, 0, 0, 0),
    contract=140,
)  # fmt: skip
WEAK: dict[str, Plant] = {
    "attraction": replace(
        GOOD, client="ООО «Слабый тест»", users=20, active=1, silent=0, documents=1.2, searches=1.2, trial=25,
        contract=None,
    ),
    "selection": replace(GOOD, client="ООО «Не тот комплект»", absent=Turn(0.02, 0.3, 45)),
    "sale": replace(GOOD, client="ООО «Долгая продажа»", trial=330, contract=200, renewed=90, lead=-25),
    "onboarding": replace(GOOD, client="ООО «Новички одни»", new=(5, 1, 0, 0)),
    "solution": replace(
        GOOD, client="ООО «Сервер болеет»", down=0.12, operup_days=9, slow=0.3, catalog_works=False
    ),
    "evolution": replace(
        GOOD, client="ООО «Не растёт»", seats=Turn(30, 20, 120), active=Turn(20, 16, 150), users=20,
        volumes=Turn(6, 4, 120), services=0.1, kassist=0,
    ),
    "loyalty": replace(GOOD, client="ООО «Редкие гости»", active=3, documents=1, searches=1),
    "leaving": replace(
        GOOD, client="ООО «Уже одной ногой»", silent=13, documents=Turn(60, 15, 35), searches=Turn(50, 12, 35),
        expires=5,
    ),
}  # fmt: skip
"""By the stage that must come out as the weakest."""
_MAIN = replace(GOOD, name="planted-main", client=WEAK["attraction"].client, trial=None, contract=None)
"""What the client of the weak trial already has: of it only a second installation is a trial."""
PLANTS: tuple[Plant, ...] = (
    GOOD, MIDDLING, BAD, _MAIN, *(replace(plant, name=f"planted-{stage}") for stage, plant in WEAK.items()),
)  # fmt: skip


class Planting(Writer):
    """Writes to another writer, and the plants' series of a family before the next one begins."""

    def __init__(self, writer: Writer, history: History) -> None:
        self._writer, self._open = writer, ""
        self._left = _series(history)

    def family(self, name: str, kind: str, text: str) -> None:
        self._plant()
        self._open = name
        self._writer.family(name, kind, text)

    def write(self, name: str, moments: Sequence[int], values: Iterable[float]) -> None:
        self._writer.write(name, moments, values)

    def constant(self, name: str, moments: Sequence[int], value: float = 1) -> None:
        self._writer.constant(name, moments, value)

    def end(self) -> None:
        self._plant()
        if self._left:
            raise ValueError(f"the history has no families {sorted(self._left)}")
        self._writer.end()

    def _plant(self) -> None:
        for name, moments, values in self._left.pop(self._open, []):
            self._writer.write(name, moments, values)


Row = tuple[str, list[int], list[float]]


def _series(history: History) -> dict[str, list[Row]]:
    """By family, the plants' series with samples."""
    found: dict[str, list[Row]] = {}
    for plant in PLANTS:
        for family, name, rows in _Grown(plant, history).series():
            own = labels(**{"installation": plant.name, **dict(name[1])})
            if rows:
                found.setdefault(family, []).append((name[0] + own, [at for at, _ in rows], [v for _, v in rows]))
    return found


Sample = tuple[int, float]
Named = tuple[str, dict[str, str]]


class _Grown:
    """One plant over the days of a history."""

    def __init__(self, plant: Plant, history: History) -> None:
        self.plant, self.history = plant, history
        self.days = range((history.end - history.start) // _DAY)
        self.evenings = [history.start + day * _DAY + _EVENING for day in self.days]

    def knob(self, value: Knob, day: int) -> float:
        if isinstance(value, Turn):
            return value.then if day < len(self.days) - value.days else value.now
        return value

    def series(self) -> Iterator[tuple[str, Named, list[Sample]]]:
        plant = self.plant
        yield self._flat("kodeks_installation", "kodeks_installation_info", 1, client=plant.client, manager=MANAGER,
                         branch=BRANCH, hosting="", url="", mode="pull", supported="true",
                         time_zone="Asia/Yekaterinburg")  # fmt: skip
        yield from self._trials()
        yield from self._checks()
        yield self._flat("kodeks_users", "kodeks_users", plant.users)
        yield self._daily("kodeks_active_users", lambda day: self.knob(plant.active, day))
        for kind, count in zip(("all", "searched", "opened", "filled"), plant.new, strict=True):
            yield self._flat("kodeks_new_users", "kodeks_new_users", count, kind=kind)
        yield self._flat("kodeks_silent_users", "kodeks_silent_users", plant.silent)
        yield self._daily("kodeks_seats", lambda day: self.knob(plant.seats, day))
        yield from self._counted()
        yield from self._licences()
        for name in ("created", "received"):
            more = {"via": "pull"} if name == "received" else {}
            family = f"kodeks_sysinfo_{name}_timestamp_seconds"
            yield family, (family, more), [(at, at - 900) for at in self.evenings]
        yield from self._monthly()
        for name, works in (("main_page", True), ("products", plant.catalog_works)):
            family = f"kodeks_catalog_{name}_ok"
            yield self._flat(
                family, family, int(works), catalog="/docs", reason="" if works else "no required volume DB"
            )

    def _flat(self, family: str, name: str, value: float, **more: str) -> tuple[str, Named, list[Sample]]:
        return family, (name, more), [(at, value) for at in self.evenings]

    def _daily(self, name: str, value: Callable[[int], float], **more: str) -> tuple[str, Named, list[Sample]]:
        return name, (name, more), [(at, value(day)) for day, at in zip(self.days, self.evenings, strict=True)]

    def _trials(self) -> Iterator[tuple[str, Named, list[Sample]]]:
        plant, end = self.plant, self.history.end
        if plant.trial is None:
            return
        start = end - plant.trial * _DAY
        contract = end if plant.contract is None else end - plant.contract * _DAY
        known = [at for at in self.evenings if at >= start]
        for name, rows in (
            ("kodeks_installation_trial", [(at, 1.0) for at in known if at < contract]),
            ("kodeks_trial_start_timestamp_seconds", [(at, float(start)) for at in known]),
            ("kodeks_contract_start_timestamp_seconds", [(at, float(contract)) for at in known if at >= contract]),
        ):
            yield name, (name, {}), rows

    def _checks(self) -> Iterator[tuple[str, Named, list[Sample]]]:
        hours = range(self.history.start, self.history.end, 3600)
        for check in ("tcp", "http"):
            bad = self.plant.down if check == "http" else 0
            rows = [(at, 0.0 if at // 3600 % 100 < bad * 100 else 1.0) for at in hours]
            yield "kodeks_check_success", ("kodeks_check_success", {"check": check}), rows

    def _total(self, a_day: Callable[[int], float]) -> list[Sample]:
        total, rows = 0.0, []
        for day, at in zip(self.days, self.evenings, strict=True):
            total += a_day(day)
            rows.append((at, float(int(total))))
        return rows

    def _counted(self) -> Iterator[tuple[str, Named, list[Sample]]]:
        plant = self.plant

        def searches(day: int, status: str) -> float:
            empty = self.knob(plant.absent, day)
            return self.knob(plant.searches, day) * (empty if status == "empty" else 1 - empty)

        for status in ("ok", "empty"):
            kind = {"catalog": "/docs", "source": "ksrv", "type": "intellectual", "status": status}
            name = "kodeks_searches_total"
            yield "kodeks_searches", (name, kind), self._total(lambda day, status=status: searches(day, status))  # type: ignore[misc]
        why = {"cause": "absent", "family": "ГОСТ"}
        yield (
            "kodeks_empty_searches",
            ("kodeks_empty_searches_total", why),
            self._total(lambda day: searches(day, "empty")),
        )
        for le, share in (("1.0", 0.9 - plant.slow), ("10.0", 1 - plant.slow), ("+Inf", 1.0)):
            bucket = ("kodeks_search_duration_seconds_bucket", {"status": "ok", "le": le})
            rows = self._total(lambda day, share=share: share * searches(day, "ok"))  # type: ignore[misc]
            yield "kodeks_search_duration_seconds", bucket, rows

    def _licences(self) -> Iterator[tuple[str, Named, list[Sample]]]:
        plant, end = self.plant, self.history.end
        rows: list[Sample] = []
        for at in self.evenings:
            expires = end + plant.expires * _DAY
            if plant.renewed is not None and at < end - plant.renewed * _DAY:
                expires = end - (plant.renewed - plant.lead) * _DAY
            rows.append((at, expires))
        name = "kodeks_registration_expiry_timestamp_seconds"
        yield name, (name, {}), rows
        name = "kodeks_volume_expiry_timestamp_seconds"
        for volume in range(10):
            there = [
                row for day, row in zip(self.days, rows, strict=True) if volume < int(self.knob(plant.volumes, day))
            ]
            yield name, (name, {"volume": f"{volume}.vol", "product": f"{777710000 + volume}"}), there
        name = "kodeks_operup_timestamp_seconds"
        yield name, (name, {"file": "0.opu"}), [(at, at - plant.operup_days * _DAY) for at in self.evenings]

    def _monthly(self) -> Iterator[tuple[str, Named, list[Sample]]]:
        """As the exporter shows them: each month a series, and the month before on the first days of the next one."""
        plant = self.plant
        dates = [dt.datetime.fromtimestamp(at, dt.UTC).date() for at in self.evenings]
        kinds = {"documents": plant.documents, "searches_intellectual": plant.searches, "services": plant.services,
                 "kassist": plant.kassist}  # fmt: skip
        months = sorted({f"{date:%Y-%m}" for date in dates})
        for month in months:
            own = [day for day in self.days if f"{dates[day]:%Y-%m}" == month]
            last = own[-1]
            after = [day for day in self.days[last + 1 : last + 1 + FINAL_DAYS] if dates[day].day <= FINAL_DAYS]
            name = "kodeks_usage_total"
            for kind, knob in kinds.items():
                total, rows = 0.0, []
                for day in own:
                    total += self.knob(knob, day)
                    rows.append((self.evenings[day], float(int(total))))
                rows += [(self.evenings[day], rows[-1][1]) for day in after]
                yield "kodeks_usage", (name, {"domain": "", "month": month, "kind": kind}), rows
            for kind, users in (("all", plant.users), ("active", plant.active)):
                rows = [(self.evenings[day], self.knob(users, min(day, last))) for day in (*own, *after)]
                name = "kodeks_month_users"
                yield name, (name, {"domain": "", "month": month, "kind": kind}), rows
            rows = [(self.evenings[day], self.knob(plant.seats, min(day, last))) for day in (*own, *after)]
            yield "kodeks_month_seats", ("kodeks_month_seats", {"month": month}), rows
