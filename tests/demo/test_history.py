"""The year of history: what is written is what the model knows to be true, and promtool takes it."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo import tools
from demo.history.__main__ import main

START, END = dt.date(2026, 1, 20), dt.date(2026, 4, 5)
_LINE = re.compile(r"(\w+)\{(.*)\} (\S+) (\d+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Series = dict[tuple[tuple[str, str], ...], list[tuple[int, float]]]


class Written:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "openmetrics.txt"
        arguments = ["--installations", "12", "--accesses", "40", "--days", str((END - START).days), "--end", str(END)]
        assert main([*arguments, "--output", str(self.path), "--truth", str(folder / "truth.json")]) == 0
        self.text = self.path.read_text(encoding="utf-8")
        self.truth: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        self.series: dict[str, Series] = defaultdict(dict)
        for line in self.text.splitlines():
            if match := _LINE.fullmatch(line):
                labels = tuple(_LABEL.findall(match[2]))
                self.series[match[1]].setdefault(labels, []).append((int(match[4]), float(match[3])))

    def of(self, name: str, **labels: str) -> Series:
        wanted = set(labels.items())
        return {key: values for key, values in self.series[name].items() if wanted <= set(key)}

    def zone(self, installation: str) -> ZoneInfo:
        ((labels, _),) = self.of("kodeks_installation_info", installation=installation).items()
        return ZoneInfo(dict(labels)["time_zone"])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(tmp_path_factory.mktemp("history"))


def test_promtool_makes_blocks_of_it(written: Written, tmp_path: Path) -> None:
    promtool = tools.find("promtool")
    assert promtool
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=744h"]
    done = subprocess.run([*command, str(written.path), str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 3 <= len([each for each in tmp_path.iterdir() if each.is_dir()]) <= 6


def test_families_stand_together_and_samples_in_order(written: Written) -> None:
    families = re.findall(r"^# TYPE (\S+)", written.text, re.MULTILINE)
    assert len(families) == len(set(families)) > 35
    assert written.text.endswith("# EOF\n")
    seen: set[str] = set()
    last = ""
    for line in written.text.splitlines():
        head = line.rsplit(" ", 2)[0]
        if not line.startswith("#") and head != last:
            assert head not in seen, "a series comes in two pieces"
            seen.add(head)
            last = head
    begin = int(dt.datetime.combine(START, dt.time(), dt.UTC).timestamp()) - 12 * 3600
    end = int(dt.datetime.combine(END, dt.time(), dt.UTC).timestamp())
    for name, series in written.series.items():
        for labels, values in series.items():
            moments = [at for at, _ in values]
            assert moments == sorted(set(moments)), (name, labels)
            assert begin <= moments[0] <= moments[-1] < end, (name, labels)


def test_same_arguments_same_file(written: Written, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    assert Written(again).text == written.text


def test_users_counters_sum_up_to_the_truth_by_month(written: Written) -> None:
    checked = 0
    for name, told in written.truth["installations"].items():
        zone = written.zone(name)
        for family, field in (("requests", "requests"), ("documents", "documents"), ("prints", "printed"),
                              ("saves", "saved"), ("links", "links"), ("kassist", "kassist")):  # fmt: skip
            last: dict[str, float] = defaultdict(float)
            for values in written.of(f"kodeks_user_{family}_total", installation=name).values():
                newest = {f"{dt.datetime.fromtimestamp(at, zone):%Y-%m}": value for at, value in values}
                for month, value in newest.items():
                    last[month] += value
            for month in ("2026-01", "2026-02", "2026-03", "2026-04"):
                assert last[month] == told["months"][month][field], (name, family, month)
                checked += last[month] > 0
    assert checked > 100


def test_counters_fall_only_at_the_turn_of_a_month(written: Written) -> None:
    turns = 0
    for labels, values in written.of("kodeks_user_requests_total").items():
        zone = written.zone(dict(labels)["installation"])
        for (before, a), (after, b) in pairwise(values):
            same = dt.datetime.fromtimestamp(before, zone).month == dt.datetime.fromtimestamp(after, zone).month
            assert b >= a if same else b == 0
            turns += b < a
    assert turns > 20


def test_activity_and_involvement_are_the_truth(written: Written) -> None:
    for name, told in written.truth["installations"].items():
        zone = written.zone(name)
        newest: dict[str, dict[str, float]] = {}
        for family in ("kodeks_activity", "kodeks_active_users", "kodeks_seats"):
            (values,) = written.of(family, installation=name).values()
            newest[family] = {f"{dt.datetime.fromtimestamp(at, zone):%Y-%m}": value for at, value in values}
        for month, sums in told["months"].items():
            assert newest["kodeks_activity"][month] == sums["activity"]
            active = newest["kodeks_active_users"][month]
            assert active == sums["active_users"]
            assert active / newest["kodeks_seats"][month] == pytest.approx(sums["involvement"])
        assert [told["months"][month]["complete"] for month in ("2026-03", "2026-04")] == [True, False]


def test_searches_and_refusals_increase_as_the_truth_says(written: Written) -> None:
    for name, told in written.truth["installations"].items():
        for status in ("ok", "empty", "error"):
            total = sum(
                values[-1][1]
                for values in written.of("kodeks_searches_total", installation=name, status=status).values()
            )
            assert total == sum(month["searches"][status] for month in told["months"].values())
        refused = sum(
            values[-1][1] for values in written.of("kodeks_connections_rejected_total", installation=name).values()
        )
        assert refused == sum(month["rejections"] for month in told["months"].values())
        empty = sum(values[-1][1] for values in written.of("kodeks_empty_searches_total", installation=name).values())
        assert empty == sum(month["searches"]["empty"] for month in told["months"].values())
        (buckets,) = written.of("kodeks_search_duration_seconds_bucket", installation=name, le="+Inf").values()
        assert buckets[-1][1] == sum(month["searches"]["ok"] for month in told["months"].values())


def test_availability_is_the_share_of_hourly_samples(written: Written) -> None:
    failed = 0
    for name, told in written.truth["installations"].items():
        for check in ("tcp", "http"):
            series = written.of("kodeks_check_success", installation=name, check=check)
            if told["mode"] == "push":
                assert series == {}
                continue
            (values,) = series.values()
            months: dict[str, list[float]] = defaultdict(list)
            for at, value in values:
                months[f"{dt.datetime.fromtimestamp(at, dt.UTC):%Y-%m}"].append(value)
            for month, results in months.items():
                assert sum(results) / len(results) == pytest.approx(told["months"][month]["availability"][check])
                failed += results.count(0.0)
    assert failed > 0


def test_one_failure_at_a_time_and_one_state_at_a_time(written: Written) -> None:
    for name in written.truth["installations"]:
        states: dict[int, float] = defaultdict(float)
        for values in written.of("kodeks_installation_state", installation=name).values():
            for at, value in values:
                states[at] += value
        assert set(states.values()) <= {1.0}
        failures: dict[int, int] = defaultdict(int)
        for labels, values in written.of("kodeks_check_success", installation=name).items():
            if dict(labels)["check"] != "http":  # 0 when blocked, see families.py
                for at, value in values:
                    failures[at] += value == 0
        assert set(failures.values()) <= {0, 1}


def test_seats_in_use_never_exceed_the_seats(written: Written) -> None:
    most = {}
    for labels, values in written.of("kodeks_seats_used").items():
        name = dict(labels)["installation"]
        most[name] = max(value for _, value in values)
        assert most[name] == written.truth["installations"][name]["most_seats_used"]
        assert most[name] <= written.truth["installations"][name]["seats"]
    assert max(most.values()) > 0


def test_online_limits_are_used_as_each_kind_does(written: Written) -> None:
    left = written.of("kodeks_online_left", resource="documents")
    kinds = {each["kind"] for each in written.truth["online"].values()}
    assert kinds == {"never", "low", "quarterly", "half_yearly", "normal", "high", "exhausted", "shared"}
    for labels, values in left.items():
        account = dict(labels)["account"]
        told = written.truth["online"][account]
        limit = told["limits"]["documents"]
        assert 300 <= limit <= 350
        ends: dict[str, float] = {}
        for at, value in values:
            ends[f"{dt.datetime.fromtimestamp(at, ZoneInfo('Europe/Moscow')):%Y-%m}"] = limit - value
        assert ends == {month: sums["used"]["documents"] for month, sums in told["months"].items()}
        share = [ends[month] / limit for month in ("2026-02", "2026-03")]
        match told["kind"]:
            case "never":
                assert share == [0, 0]
            case "low":
                assert max(share) < 0.15
            case "shared":
                assert min(share) > 0.8
            case "quarterly":
                assert 0 in (ends["2026-01"], ends["2026-02"])


def test_file_is_bounded_by_users_and_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "few.txt"
    common = ["--installations", "8", "--accesses", "1", "--days", "9", "--end", "2026-04-05", "--output", str(path)]
    assert main([*common, "--users", "3", "--step", "6h"]) == 0
    text = path.read_text(encoding="utf-8")
    users = set(re.findall(r'kodeks_user_requests_total\{installation="([^"]+)",user="([^"]+)"', text))
    assert max(sum(name == each for each, _ in users) for name, _ in users) <= 3
    hours = {int(at) % 86400 for at in re.findall(r'check="tcp"\} \d (\d+)', text)}
    assert hours == {0, 21600, 43200, 64800}
    told = capsys.readouterr().err
    assert re.search(r"few\.txt: \d+ samples of \d+ series from 2026-03-27 to 2026-04-05, \d+ MB in [\d.]+ s", told)
