"""kill -9 at random moments while 200 overlapping reports with 5000 distinct events come: none lost, none doubled."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

from tests.killing import follow
from tests.store.reporting import Bench, Search, report, user
from tests.store.reports_child import SETTINGS

REPORTS, EVENTS, KILLS = 200, 5000, 25


def event(number: int) -> Search:
    minute = number * 5 // 2  # over nine days
    time = f"2026-11-{11 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:{number % 60:02}"
    status = "empty" if number % 500 == 0 else "ok"
    return Search(time, f"ГОСТ {number}", f"user{number % 7}", status, f"{number % 13}.5")


def write_reports(folder: Path, pick: random.Random) -> None:
    """Each has 25 events that none had before and some hundred earlier ones; shuffled, so that many are late."""
    folder.mkdir()
    step = EVENTS // REPORTS
    texts = []
    for number in range(REPORTS):
        last = (number + 1) * step
        events = [event(each) for each in range(max(0, last - pick.randint(step, 800)), last)]
        if number % 5 == 0:
            pick.shuffle(events)
        created = f"2026-11-20T{number // 60:02}:{number % 60:02}:00"
        refused = [(events[0].time, "kuznetsov")]
        texts.append(
            report(created, searches=events, rejections=refused, users=[user("a", "2026-11", requests=number)])
        )
    for number in range(REPORTS):
        other = min(REPORTS - 1, number + pick.randint(0, 20))
        texts[number], texts[other] = texts[other], texts[number]
    for number, text in enumerate(texts):
        (folder / f"{number:03}.xml").write_text(text, encoding="utf-8")


def test_kill_at_any_moment(tmp_path: Path) -> None:
    pick = random.Random(7)
    write_reports(tmp_path / "reports", pick)
    refused = set()
    for path in (tmp_path / "reports").iterdir():
        refused.add(path.read_text(encoding="utf-8").split('<rejection time="')[1].split('"')[0])
    killed = follow("tests.store.reports_child", tmp_path, [pick.uniform(0, 0.1) for _ in range(KILLS)])
    assert killed >= 10, "all reports were taken before the process could be killed often enough"
    bench = Bench(tmp_path, SETTINGS)
    expected = [event(number) for number in range(EVENTS)]
    stored = Counter(each.query for each in bench.store.searches("romashka", 0))
    assert stored == Counter(each.query for each in expected)
    lines = Counter(json.loads(line)["query"] for line in bench.lines())
    assert lines == stored
    values = bench.values()
    for status, count in Counter(each.status for each in expected).items():
        assert (
            values[f'kodeks_searches_total{{catalog="/docs",source="ksrv",type="intellectual",status="{status}"}}']
            == count
        )
        assert values[f'kodeks_search_duration_seconds_count{{status="{status}"}}'] == count
        total = sum(float(each.duration) for each in expected if each.status == status)
        assert values[f'kodeks_search_duration_seconds_sum{{status="{status}"}}'] == total
    assert sum(value for key, value in values.items() if key.startswith("kodeks_empty_searches_total")) == EVENTS // 500
    assert values['kodeks_connections_rejected_total{user="kuznetsov",reason="seats"}'] == len(refused)
    assert values['kodeks_user_requests_total{user="a",domain="D"}'] == REPORTS - 1
    months = {key: value for key, value in values.items() if key.startswith("kodeks_usage_total")}
    assert months['kodeks_usage_total{domain="",month="2026-11",kind="rejections"}'] == len(refused)
    assert months['kodeks_usage_total{domain="D",month="2026-11",kind="requests"}'] == REPORTS - 1
    bench.store.close()
