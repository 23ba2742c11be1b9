"""What the stand's sysinfo reports say: the same life in every form, going on with the hours and the months."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from demo.people import Diary, Usage, calendar, found, words
from demo.stand.reports import BLOCKS, Circumstances, ExtraSearch, Report, make, to_sqlite, to_xml
from tests.store.reporting import ZONE, Bench

FRIDAY = dt.datetime(2026, 11, 20, 15, 0)


@pytest.fixture
def diary() -> Diary:
    return Diary(found(0, "romashka", 40, 25, ("/docs", "/norms")))


def rows(report: Report, block: str) -> list[dict[str, object]]:
    return [dict(zip(BLOCKS[block], row, strict=True)) for row in report.blocks[block]]


def usage(report: Report) -> dict[object, Usage]:
    return {row[0]: Usage(*row[2:]) for row in report.blocks["usage"]}  # type: ignore[arg-type]


def hours(begin: dt.datetime, end: dt.datetime) -> Iterator[dt.datetime]:
    while begin <= end:
        yield begin
        begin += dt.timedelta(hours=1)


def test_same_seed_installation_and_moment_give_the_same_bytes(diary: Diary) -> None:
    again = Diary(found(0, "romashka", 40, 25, ("/docs", "/norms")))
    for moment in (
        FRIDAY - dt.timedelta(days=40),
        FRIDAY - dt.timedelta(hours=3),
    ):  # what is remembered must not matter
        diary.usage(moment)
    assert to_xml(make(diary, FRIDAY)) == to_xml(make(again, FRIDAY))
    assert to_sqlite(make(diary, FRIDAY)) == to_sqlite(make(again, FRIDAY))
    for other in (Diary(found(1, "romashka", 40, 25)), Diary(found(0, "vesna", 40, 25))):
        assert to_xml(make(other, FRIDAY)) != to_xml(make(diary, FRIDAY))


def test_counters_never_fall_within_a_month_and_restart_on_the_first(diary: Diary) -> None:
    before: dict[object, Usage] = {}
    for moment in hours(dt.datetime(2026, 10, 27, 5), dt.datetime(2026, 11, 6, 5)):
        now = usage(make(diary, moment))
        if moment == dt.datetime(2026, 11, 1, 0):
            assert any(sum(each) for each in before.values())
            assert not any(sum(each) for each in now.values())
        else:
            for login, counters in before.items():
                assert all(a <= b for a, b in zip(counters, now[login], strict=True)), (moment, login)
        before = now
    assert any(sum(each) for each in before.values())


def test_the_month_named_is_the_running_one(diary: Diary) -> None:
    assert {row["month"] for row in rows(make(diary, dt.datetime(2026, 11, 1, 0, 0, 5)), "usage")} == {"2026-11"}
    assert {row["month"] for row in rows(make(diary, dt.datetime(2026, 10, 31, 23, 59, 59)), "usage")} == {"2026-10"}


def test_counters_agree_with_the_searches_of_the_month(diary: Diary) -> None:
    moment = dt.datetime(2026, 11, 6, 14, 20)
    report = make(diary, moment, Circumstances(days=10))
    counted = usage(report)
    for person in diary.company.people:
        mine = [
            each for each in rows(report, "searches")
            if each["login"] == person.login and each["source"] == "ksrv" and str(each["time"]) >= "2026-11-01"
        ]  # fmt: skip
        if person.login not in counted:
            assert mine == []
            continue
        row = counted[person.login]
        assert row.searches_intellectual == sum(each["type"] == "intellectual" for each in mine)
        assert row.searches_attribute == sum(each["type"] == "attribute" for each in mine)
        assert row.searches_empty == sum(each["status"] == "empty" for each in mine)
        assert row.requests >= row.documents + row.links + row.services + len(mine)


def test_consecutive_reports_overlap_and_together_hold_every_search_once(diary: Diary) -> None:
    seen: set[tuple[object, ...]] = set()
    begin, end = dt.datetime(2026, 11, 12, 12), dt.datetime(2026, 11, 20, 12)
    for moment in hours(begin, end):
        now = set(map(tuple, make(diary, moment).blocks["searches"]))
        if seen:
            assert {row for row in now if str(row[0]) <= (moment - dt.timedelta(hours=1)).isoformat()} <= seen
        assert all(str(row[0]) <= moment.isoformat() for row in now)
        seen |= now
    whole = make(diary, end, Circumstances(days=15)).blocks["searches"]
    assert {tuple(row) for row in whole} == seen
    assert len(seen) > 50


def test_people_work_in_office_hours_and_rest_at_weekends(diary: Diary) -> None:
    found_on: dict[bool, int] = {True: 0, False: 0}
    days: dict[bool, int] = {True: 0, False: 0}
    for number in range(120):
        day = dt.date(2026, 8, 1) + dt.timedelta(days=number)
        searches = diary.day(day).searches
        assert all(8 * 3600 <= each.second < 19 * 3600 for each in searches)
        found_on[calendar.works(day)] += len(searches)
        days[calendar.works(day)] += 1
    assert found_on[True] / days[True] > 10 * found_on[False] / days[False]
    assert rows(make(diary, dt.datetime(2026, 11, 20, 3)), "sessions") == []
    noons = [dt.datetime(2026, 11, day, 11, 30) for day in range(16, 21)]
    assert sum(len(make(diary, noon).blocks["sessions"]) for noon in noons) > 10


def test_new_users_appear_and_some_never_come_back(diary: Diary) -> None:
    early = {str(row["login"]) for row in rows(make(diary, FRIDAY - dt.timedelta(days=400)), "users")}
    late = {str(row["login"]): row for row in rows(make(diary, FRIDAY), "users")}
    assert early < set(late)
    assert any(str(row["last_seen"]) < "2026-08" for row in late.values())
    assert all(str(row["registered"]) <= str(row["last_seen"]) <= FRIDAY.isoformat() for row in late.values())
    assert any(row["fullname"] == "" for row in late.values())
    assert any(row["fullname"] and row["phone"] for row in late.values())
    assert {"", "ROMASHKA"} <= {row["domain"] for row in late.values()}


def test_populations_are_believable() -> None:
    sizes = [len(found(0, f"client-{number}").people) for number in range(60)]
    assert 20 <= min(sizes) < 45
    assert 90 < max(sizes) <= 200


def test_empty_searches_come_of_all_causes_and_are_slow() -> None:
    diary = Diary(found(0, "large", 200, 0))
    searches = [each for n in range(90) for each in diary.day(dt.date(2026, 8, 1) + dt.timedelta(days=n)).searches]
    empty = [each for each in searches if each.status == "empty"]
    assert 0.03 < len(empty) / len(searches) < 0.15
    assert {words.cause(each.query) for each in empty} == {"absent", "layout", "typo", "too_long"}
    assert min(each.duration for each in empty) >= 8
    assert {each.status for each in searches} == {"ok", "empty", "error"}
    assert {each.source for each in searches} == {"ksrv", "kassist"}
    fast = sorted(each.duration for each in searches if each.status == "ok")
    assert fast[len(fast) // 2] < 2


def test_few_seats_mean_refusals_and_never_more_sessions_than_seats() -> None:
    diary = Diary(found(0, "tight", 120, 6))
    report = make(diary, dt.datetime(2026, 11, 20, 13), Circumstances(seats=6))
    assert len(report.blocks["rejections"]) > 3
    assert {row["reason"] for row in rows(report, "rejections")} == {"seats"}
    assert all(len(make(diary, moment).blocks["sessions"]) <= 6 for moment in hours(FRIDAY, FRIDAY.replace(hour=19)))
    roomy = Diary(found(0, "tight", 120, 100))
    assert make(roomy, FRIDAY).blocks["rejections"] == []


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
def test_xml_is_well_formed_in_its_encoding(diary: Diary, charset: str) -> None:
    awkward = ExtraSearch(FRIDAY - dt.timedelta(minutes=5), "ivanov", '<"ГОСТ" & Ω—\t5>', "empty")
    data = to_xml(make(diary, FRIDAY, Circumstances(extra=[awkward])), charset)
    root = ET.fromstring(data)
    assert root.find("registration").attrib["client"] == 'ООО "Ромашка"'  # type: ignore[union-attr]
    assert root.findall("searches/search")[-1].text == '<"ГОСТ" & Ω—\t5>'
    if charset == "windows-1251":
        assert "Ромашка".encode("windows-1251") in data
        with pytest.raises(UnicodeDecodeError):
            data.decode("utf-8")


@pytest.mark.parametrize("missing", [(), ("searches", "volumes", "protection", "spp")])
def test_sqlite_says_what_xml_says(diary: Diary, tmp_path: Path, missing: tuple[str, ...]) -> None:
    """To the exporter, which shares no code with them."""
    trouble = {"key_error": 4113, "key_message": "Ключ не обнаружен", "volume_error": "2007"}
    report = make(diary, FRIDAY, Circumstances(**trouble, missing=frozenset(missing)))  # type: ignore[arg-type]
    xml, sqlite = (
        shown(tmp_path / form, content) for form, content in (("xml", to_xml(report)), ("db", to_sqlite(report)))
    )
    assert xml == sqlite
    for family in ("kodeks_searches_total", "kodeks_volume_info", "kodeks_protection_ok", "kodeks_spp_up"):
        assert any(series.startswith(family) for series in xml) == (not missing), family
    assert xml["kodeks_users"] > 10
    assert xml.get('kodeks_protection_error_code{source="sysinfo"}') == (None if missing else 4113)


def shown(folder: Path, report: bytes) -> dict[str, float]:
    bench = Bench(folder)
    moment = FRIDAY.replace(tzinfo=ZONE).timestamp() + 60
    bench.take(report, moment)
    found = bench.values(now=moment)
    bench.store.close()
    return {series: value for series, value in found.items() if series != "kodeks_sysinfo_size_bytes"}


def test_a_search_on_command_counts_and_may_make_a_new_user(diary: Diary) -> None:
    plain = make(diary, FRIDAY)
    login = diary.company.people[0].login
    extra = [ExtraSearch(FRIDAY, login, "GYLA 14.1"), ExtraSearch(FRIDAY, "novichok", "гсот")]
    later = make(diary, FRIDAY, Circumstances(extra=extra))
    assert usage(later)[login].searches_empty == usage(plain)[login].searches_empty + 1
    assert usage(later)[login].requests == usage(plain)[login].requests + 1
    assert usage(later)["novichok"].searches_empty == 1
    assert rows(later, "users")[-1]["registered"] == "2026-11-20"
    assert {row["query"] for row in rows(later, "searches")[-2:]} == {"GYLA 14.1", "гсот"}
    next_month = make(diary, dt.datetime(2026, 12, 1, 1), Circumstances(extra=extra))
    assert not any(sum(each) for each in usage(next_month).values())


def test_volumes_and_updates_tell_their_troubles(diary: Diary) -> None:
    for error, expected in (("2007", 2007), ("4101", 4101), ("none", "")):
        volumes = rows(make(diary, FRIDAY, Circumstances(volume_error=error)), "volumes")
        assert [each["error"] for each in volumes][:2] == [expected, 0]
        assert volumes[0]["message"]
    stale = rows(make(diary, FRIDAY, Circumstances(operup_age=5)), "operup")
    assert [str(each["date"])[:10] for each in stale][:2] == ["2026-11-15", "2026-11-20"]
    weeks = [FRIDAY - dt.timedelta(weeks=number) for number in range(40)]
    errors = [
        any(row["error"] != 0 for row in rows(make(diary, each, Circumstances(occasional=True)), "volumes"))
        for each in weeks
    ]
    assert 3 < sum(errors) < 25
    expiries = {str(each["expires"]) for each in rows(make(diary, FRIDAY), "volumes")}
    assert len(expiries) == 2


def test_kassist_tells_of_days_that_are_over() -> None:
    diary = next(d for d in (Diary(found(0, f"k{n}", 40, 0)) for n in range(9)) if d.company.kassist)
    days = rows(make(diary, FRIDAY), "kassist")
    assert len(days) > 5
    assert all(str(each["date"]) < "2026-11-20" for each in days)
    assert all(each["unique"] <= each["added"] for each in days)  # type: ignore[operator]
    assert [a["date"] < b["date"] for a, b in pairwise(days)] == [True] * (len(days) - 1)  # type: ignore[operator]


def test_a_calm_client_finds_everything_and_knows_everybody() -> None:
    diary = Diary(found(0, "altair", 48, 25, calm=True))
    searches = [each for n in range(60) for each in diary.day(dt.date(2026, 9, 1) + dt.timedelta(days=n)).searches]
    assert {each.status for each in searches} == {"ok"}
    early = make(diary, FRIDAY - dt.timedelta(days=300)).blocks["users"]
    assert len(early) == len(make(diary, FRIDAY).blocks["users"]) == 48
