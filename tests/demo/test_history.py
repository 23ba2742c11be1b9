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

START, END = dt.date(2026, 1, 20), dt.date(2026, 4, 4)  # a Friday is its last day
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


def test_months_are_series_of_their_own_that_end_with_the_months_total(written: Written) -> None:
    totals: dict[tuple[str, str, str], float] = defaultdict(float)
    for labels, values in written.of("kodeks_usage_total").items():
        who = dict(labels)
        zone = written.zone(who["installation"])
        seen = [dt.datetime.fromtimestamp(at, zone) for at, _ in values]
        assert f"{seen[0]:%Y-%m}" == who["month"]
        later = [at for at in seen if f"{at:%Y-%m}" != who["month"]]
        assert all(at.day <= 7 and (at - seen[0]).days < 40 for at in later)
        counted = [value for _, value in values]
        assert counted == sorted(counted), labels
        totals[who["installation"], who["month"], who["kind"]] += counted[-1]
    for name, told in written.truth["installations"].items():
        for month, sums in told["months"].items():
            for kind, total in sums["usage"].items():
                assert totals[name, month, kind] == total, (name, month, kind)
                assert sum(each[kind] for each in sums["domains"].values()) == total
            assert sums["usage"]["documents"] == sums["documents"]
            assert sums["usage"]["rejections"] == sums["rejections"]
    assert sum(totals[key] > 0 for key in totals) > 100
    assert {kind for _, _, kind in totals} == {
        "requests", "documents", "services", "links", "prints", "saves", "kassist", "searches_intellectual",
        "searches_attribute", "searches_empty", "rejections",
    }  # fmt: skip


def test_users_and_seats_of_a_month(written: Written) -> None:
    for name, told in written.truth["installations"].items():
        for month, sums in told["months"].items():
            found = {
                kind: sum(values[-1][1] for values in written.of(
                    "kodeks_month_users", installation=name, month=month, kind=kind
                ).values())
                for kind in ("all", "active")
            }  # fmt: skip
            assert found["active"] == sums["active_users"] <= found["all"]
            (seats,) = written.of("kodeks_month_seats", installation=name, month=month).values()
            assert {value for _, value in seats} == {sums["seats"]}


def test_what_is_left_of_a_month_stays_as_it_ended(written: Written) -> None:
    for account, told in written.truth["online"].items():
        for month, sums in told["months"].items():
            for resource, left in sums["left"].items():
                (values,) = written.of(
                    "kodeks_online_month_left", account=account, resource=resource, month=month
                ).values()
                assert values[-1][1] == left
                assert left + sums["used"][resource] == told["limits"][resource]


def test_the_class_of_an_access_follows_its_kind(written: Written) -> None:
    classes: dict[str, list[str]] = defaultdict(list)
    for labels, values in written.of("kodeks_online_profile").items():
        if values[-1][1] == 1:
            classes[dict(labels)["account"]].append(dict(labels)["class"])
    for account, told in written.truth["online"].items():
        assert classes[account] == [told["class"]]
        if told["kind"] in ("never", "low", "normal"):
            assert told["class"] == told["kind"]
        advice = [labels for labels, values in written.of("kodeks_online_advice", account=account).items()
                  if dt.datetime.fromtimestamp(values[-1][0], dt.UTC).date() == END - dt.timedelta(days=1)]  # fmt: skip
        assert len(advice) == (told["advice"] is not None)
    assert len({each[0] for each in classes.values()}) >= 4


def test_alerts_at_the_end_are_those_that_the_truth_tells(written: Written) -> None:
    known = set(
        re.findall(r"- alert: (\w+)", "".join(path.read_text() for path in (tools.ROOT / "rules").glob("*.yml")))
    )
    end = int(dt.datetime.combine(END, dt.time(), dt.UTC).timestamp())
    found: dict[str, list[str]] = defaultdict(list)
    for labels, values in written.of("ALERTS").items():
        alert = dict(labels)
        assert alert["alertname"] in known
        assert {"severity", "priority", "product", "client", "manager", "branch", "alertstate"} <= set(alert)
        assert values[-1][0] == end - 3600, "it fires to the end"
        found[alert.get("installation") or alert["account"]].append(alert["alertname"])
    since = {tuple(label for label in labels if label[0] != "alertstate") for labels in written.of("ALERTS")}
    assert set(written.of("ALERTS_FOR_STATE")) == since
    running = 0
    for name, told in written.truth["installations"].items():
        last = [each for each in told["incidents"] if each["end"] == end]
        running += len(last)
        assert len(found[name]) == len(told["alerts"]) + len(last), name
        assert set(told["alerts"]) <= set(found[name])
    assert running > 0
    for account, told in written.truth["online"].items():
        assert found[account] == told["alerts"]


def test_users_without_requests_are_those_not_seen(written: Written) -> None:
    end = dt.datetime.combine(END, dt.time(), dt.UTC).timestamp()
    silent = 0
    for name, told in written.truth["installations"].items():
        seen = [values[-1][1] for values in written.of(
            "kodeks_user_last_seen_timestamp_seconds", installation=name).values()]  # fmt: skip
        for days in (30, 60):
            there = sum(at >= end - days * 86400 for at in seen)
            assert told["users"] - there == told["zero_requests"][str(days)], name
            silent += told["users"] - there
        assert told["zero_requests"]["60"] <= told["zero_requests"]["30"]
        (values,) = written.of("kodeks_silent_users", installation=name).values()
        assert values[-1][1] <= told["zero_requests"]["60"]
    assert silent > 0


def test_single_searches_of_the_last_day_are_of_every_status(written: Written) -> None:
    for family in ("kodeks_search_event_info", "kodeks_online_search_event_info"):
        statuses = {dict(labels)["status"] for labels in written.series[family]}
        assert statuses >= {"ok", "empty"}, family
    for name, status in (("kodeks_searches_total", "ok"), ("kodeks_online_searches_total", "empty")):
        assert any(values[-1][1] > 0 for values in written.of(name, status=status).values())


def test_everything_that_is_only_asked_about_now_is_there_at_the_end(written: Written) -> None:
    end = int(dt.datetime.combine(END, dt.time(), dt.UTC).timestamp())
    for name in (
        "kodeks_session_info", "kodeks_forward_result", "kodeks_forward_last_success_timestamp_seconds",
        "kodeks_exporter_uploads_total", "kodeks_disk_free_bytes", "kodeks_catalog_products_ok", "kodeks_volume_info",
        "kodeks_online_server_up", "kodeks_online_read_timestamp_seconds", "kodeks_exporter_build_info", "up",
        "kodeks_new_users", "kodeks_silent_users", "kodeks_installation_trial", "kodeks_online_documents_expected",
        "kodeks_search_duration_seconds_bucket", "kodeks_sysinfo_received_timestamp_seconds",
    ):  # fmt: skip
        last = max(values[-1][0] for values in written.series[name].values())
        assert last >= end - 25 * 3600, name


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
