"""Reports to metrics, through the store: figures of the sample, silence about what is missing, privacy, bounds."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import Metric

from kodeks_exporter.metrics.exposition import Exposition, Source
from kodeks_exporter.metrics.report import sources
from kodeks_exporter.settings.history import HistorySettings, SearchEventSettings, SeriesLimits
from tests.store.reporting import ROMASHKA, SAMPLE, SETTINGS, Bench, Search, report, unix, user

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
FIGURES = """
kodeks_sysinfo_created_timestamp_seconds 1795154100
kodeks_sysinfo_received_timestamp_seconds{via="push"} 1795154400
kodeks_sysinfo_size_bytes 3328
kodeks_server_start_timestamp_seconds 1795129800
kodeks_build_info{server="6.4.5.127 (x64)",sysinfo="2.0.6.15",kassist="5.1.0.88",os="Windows Server 2019"} 1
kodeks_registration_info{regnum="0599_123456",legal_entity="ООО \\"Ромашка\\""} 1
kodeks_protection_ok 1
kodeks_protection_error_code{source="sysinfo"} 0
kodeks_seats 25
kodeks_seats_used 2
kodeks_spp_up 1
kodeks_registration_expiry_timestamp_seconds 1801339200
kodeks_volume_expiry_timestamp_seconds{volume="stroy.vol",product="777712305"} 1797278400
kodeks_volume_error{volume="npa01.vol",code="0"} 0
kodeks_volume_error{volume="stroy.vol",code="2007"} 1
kodeks_operup_timestamp_seconds{file="stroy.opu"} 1794780850
kodeks_connections_rejected_total{user="kuznetsov",reason="seats"} 1
kodeks_users 3
kodeks_active_users 2
kodeks_activity 187
kodeks_user_requests_total{user="ivanova",domain="ROMASHKA"} 412
kodeks_user_documents_total{user="ivanova",domain="ROMASHKA"} 96
kodeks_user_services_total{user="ivanova",domain="ROMASHKA"} 14
kodeks_user_links_total{user="ivanova",domain="ROMASHKA"} 151
kodeks_user_searches_total{user="ivanova",domain="ROMASHKA",type="intellectual"} 88
kodeks_user_searches_total{user="ivanova",domain="ROMASHKA",type="attribute"} 12
kodeks_user_searches_total{user="ivanova",domain="ROMASHKA",type="empty"} 3
kodeks_user_prints_total{user="ivanova",domain="ROMASHKA"} 4
kodeks_user_saves_total{user="ivanova",domain="ROMASHKA"} 21
kodeks_user_kassist_total{user="ivanova",domain="ROMASHKA"} 9
kodeks_user_requests_total{user="sidorov",domain=""} 0
kodeks_user_last_seen_timestamp_seconds{user="sidorov",domain=""} 1785654000
kodeks_user_first_seen_timestamp_seconds{user="petrov",domain="ROMASHKA"} 1794945600
kodeks_user_card_field_filled{user="sidorov",domain="",field="phone"} 0
kodeks_user_card_field_filled{user="sidorov",domain="",field="email"} 1
kodeks_searches_total{catalog="/docs",source="ksrv",type="intellectual",status="ok"} 1
kodeks_searches_total{catalog="/docs",source="ksrv",type="attribute",status="empty"} 1
kodeks_search_duration_seconds_bucket{status="empty",le="10.0"} 0
kodeks_search_duration_seconds_bucket{status="empty",le="20.0"} 2
kodeks_search_duration_seconds_sum{status="empty"} 23.42
kodeks_search_duration_seconds_count{status="ok"} 1
kodeks_empty_searches_total{cause="absent",family="ТУ"} 1
kodeks_empty_searches_total{cause="layout",family="ПНД Ф"} 1
kodeks_kassist_links{kind="unique"} 14
kodeks_kassist_links{kind="checked"} 9
"""
PETROV = (
    'kodeks_search_event_info{user="petrov",catalog="/docs",source="ksrv",type="attribute",status="empty",'
    'query="GYLA 14.1:2:3:4.112-2023",time="2026-11-20T09:41:55",cause="layout",family="ПНД Ф"}'
)
SESSION = (
    'kodeks_session_info{user="petrov",domain="ROMASHKA",ip="10.0.0.17",browser="Mozilla/5.0",'
    'since="2026-11-20T09:40:03"}'
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def sample(bench: Bench) -> Bench:
    bench.take(SAMPLE)
    bench.journal.run()
    return bench


def names(values: dict[str, float]) -> set[str]:
    return {series.partition("{")[0] for series in values}


def test_the_figures_of_the_sample(sample: Bench) -> None:
    values = sample.values()
    for line in FIGURES.strip().splitlines():
        series, _, value = line.rpartition(" ")
        assert values.get(series) == float(value), series
    assert values[PETROV] == 11.02
    assert values[SESSION] == 1


def test_promtool_finds_nothing_to_say(sample: Bench, tool: Callable[[str], str]) -> None:
    sample.store.record_error("romashka", "too_large")
    for mode in ("plain", "hashed", "off"):
        done = subprocess.run(
            [tool("promtool"), "check", "metrics"], input=sample.text(mode).encode(), capture_output=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_no_card_data_ever_gets_out(sample: Bench) -> None:
    everything = sample.text() + "".join(sample.lines())
    for personal in ("Анна", "Петровна", "Инженер", "ПТО", "+7", "example.org", "Сидоров С"):
        assert personal not in everything


def test_hashed_users_are_the_same_everywhere_and_not_to_be_guessed(sample: Bench) -> None:
    text = sample.text("hashed")
    for login in ("ivanova", "petrov", "sidorov", "kuznetsov", "10.0.0.1"):
        assert login not in text
    users = {
        name: set(re.findall(rf'^{name}{{installation="romashka",user="([^"]*)"', text, re.MULTILINE))
        for name in ("kodeks_user_requests_total", "kodeks_session_info", "kodeks_search_event_info")
    }
    assert len(users["kodeks_user_requests_total"]) == 3
    assert users["kodeks_session_info"] == users["kodeks_search_event_info"]
    assert users["kodeks_session_info"] < users["kodeks_user_requests_total"]
    assert names(sample.values("hashed")) == names(sample.values())


def test_hashes_differ_between_storages(sample: Bench, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other")
    other.take(SAMPLE)
    other.journal.run()
    assert other.text() == sample.text()
    assert other.text("hashed") != sample.text("hashed")
    other.store.close()


def test_without_users_the_sums_stay(sample: Bench) -> None:
    plain, off = sample.values(), sample.values("off")
    text = sample.text("off")
    for login in ("ivanova", "petrov", "sidorov", "kuznetsov", "10.0.0.1"):
        assert login not in text
    gone = names(plain) - names(off)
    assert gone == {name for name in names(plain) if name.startswith("kodeks_user_")} | {"kodeks_session_info"}
    assert (off["kodeks_users"], off["kodeks_active_users"], off["kodeks_activity"]) == (3, 2, 187)
    assert off['kodeks_connections_rejected_total{user="",reason="seats"}'] == 1
    assert sum(series.startswith("kodeks_search_event_info") for series in off) == 3


def test_logins_with_several_addresses_are_told_and_no_others(bench: Bench) -> None:
    sessions = "".join(
        f'<session login="{login}" domain="R" ip="{ip}" since="2026-11-20T09:01:12"/>'
        for login, ip in (
            ("ivanova", "10.0.0.1"), ("ivanova", "10.0.0.2"), ("ivanova", "10.0.0.2"), ("ivanova", ""),
            ("petrov", "10.0.0.1"), ("petrov", "10.0.0.1"), ("", "10.0.0.3"), ("", "10.0.0.4"),
        )
    )  # fmt: skip
    bench.take(report("2026-11-20T09:55:00", more=f"<sessions>{sessions}</sessions>"))

    def told(mode: str) -> list[tuple[str, float]]:
        return [each for each in bench.values(mode).items() if each[0].startswith("kodeks_login_addresses")]

    assert told("plain") == [('kodeks_login_addresses{user="ivanova",domain="R"}', 2)]
    ((hashed, count),) = told("hashed")
    assert count == 2
    assert "ivanova" not in hashed
    assert told("off") == []


def test_volumes_are_counted_whose_end_is_told(bench: Bench) -> None:
    volumes = '<volume file="a.vol" product="1" expires="2027-01-01"/><volume file="b.vol" product="1"/>'
    bench.take(report("2026-11-20T09:55:00", more=f"<volumes>{volumes}</volumes>"))
    assert bench.values()["kodeks_volumes_with_expiry"] == 1


BLOCKS = {
    "modules": set[str](),
    "sessions": {"kodeks_seats_used", "kodeks_session_info"},
    "volumes": {
        "kodeks_volume_info",
        "kodeks_volume_expiry_timestamp_seconds",
        "kodeks_volumes_with_expiry",
        "kodeks_volume_error",
    },
    "operup": {"kodeks_operup_timestamp_seconds"},
    "rejections": {"kodeks_connections_rejected_total"},
    "kassist": {"kodeks_kassist_links", "kodeks_kassist_day_timestamp_seconds"},
    "searches": {
        "kodeks_searches_total",
        "kodeks_search_duration_seconds_bucket",
        "kodeks_search_duration_seconds_sum",
        "kodeks_search_duration_seconds_count",
        "kodeks_empty_searches_total",
        "kodeks_search_event_info",
    },
    "protection": {"kodeks_protection_ok", "kodeks_protection_error_code"},
    "spp": {"kodeks_spp_up"},
}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_missing_block_is_silence_not_zero(bench: Bench, block: str, tmp_path: Path) -> None:
    whole = SAMPLE.read_text(encoding="utf-8")
    bench.take(whole)
    bench.journal.run()
    everything = names(bench.values())
    cut = re.sub(rf"<{block}\b[^>]*/>|<{block}\b.*?</{block}>", "", whole, flags=re.DOTALL)
    assert cut != whole
    other = Bench(tmp_path / "other")
    other.take(cut)
    other.journal.run()
    other.store.close()
    assert everything - names(other.values()) == BLOCKS[block]


def test_users_without_usage_and_usage_without_a_field(bench: Bench) -> None:
    bench.take(report("2026-11-20T09:55:00", users=[user("a", card='fullname="x"')]))
    assert not names(bench.values()) & {"kodeks_active_users", "kodeks_activity", "kodeks_user_requests_total"}
    bench.take(report("2026-11-20T09:56:00", users=[user("a", "2026-11", requests=1, documents=2)]))
    values = bench.values()
    assert values['kodeks_user_documents_total{user="a",domain="D"}'] == 2
    assert not names(values) & {"kodeks_activity", "kodeks_user_prints_total", "kodeks_user_searches_total"}


def test_events_age_away_and_only_they_are_written_again(sample: Bench) -> None:
    snapshot = sample.store.snapshot("romashka")
    assert snapshot is not None
    written: list[str] = []

    def watched(now: float) -> Iterator[Source]:
        for source in sources(ROMASHKA, snapshot, SETTINGS, sample.store.names("plain"), now):

            def families(source: Source = source) -> Iterator[Metric]:
                written.append(source.part)
                yield from source.families()

            yield Source(source.part, source.key, source.version, families)

    exposition = Exposition()
    shown = {}
    for hours in (0, 1, 23, 23.5, 14 * 24 - 1, 14 * 24):
        written.clear()
        text = exposition.render(watched(sample.now + hours * 3600)).decode()
        shown[hours] = (text.count("\nkodeks_search_event_info{"), list(written))
    assert shown == {
        0: (3, ["report", "searches"]),
        1: (3, []),
        23: (3, []),
        23.5: (2, ["searches"]),
        14 * 24 - 1: (2, []),
        14 * 24: (0, ["searches"]),
    }


def test_labels_are_cut_and_hostile_texts_stay_one_line(bench: Bench) -> None:
    long = "п" * 119 + "\\" + "q" * 3000
    hostile = 'a"} 1 kodeks_seats{installation="x'
    bench.take(
        report(
            "2026-11-20T09:55:00",
            searches=[Search("2026-11-20T09:00:00", long, status="empty"), Search("2026-11-20T09:01:00", hostile)],
        )
    )
    lines = [line for line in bench.text().splitlines() if line.startswith("kodeks_search_event_info")]
    assert len(lines) == 2
    assert 'query="' + "п" * 119 + '\\\\",' in lines[0]
    assert 'cause="too_long"' in lines[0]
    assert 'query="a\\"} 1 kodeks_seats{installation=\\"x"' in lines[1]


def test_searches_that_look_the_same_are_one_series_and_count_as_two(bench: Bench) -> None:
    same = [Search("2026-11-20T09:00:00", "q", duration=duration) for duration in ("1.5", "2.5", "0.5")]
    bench.take(report("2026-11-20T09:55:00", searches=same))
    values = bench.values()
    assert [value for series, value in values.items() if series.startswith("kodeks_search_event_info")] == [2.5]
    assert values['kodeks_search_duration_seconds_count{status="ok"}'] == 3


def test_bounds_cut_and_say_so(tmp_path: Path) -> None:
    limits = SeriesLimits(users=2, sessions=1, volumes=1, operup_files=1, rejected_users=1)
    bench = Bench(tmp_path, replace(HistorySettings(), series=limits, searches=SearchEventSettings(ok_count=0)))
    bench.take(SAMPLE)
    values = bench.values()
    # Those who were there last are shown; sums count everybody.
    assert {series for series in values if series.startswith("kodeks_user_requests_total")} == {
        'kodeks_user_requests_total{user="ivanova",domain="ROMASHKA"}',
        'kodeks_user_requests_total{user="petrov",domain="ROMASHKA"}',
    }
    assert (values["kodeks_users"], values["kodeks_seats_used"], values["kodeks_activity"]) == (3, 2, 187)
    dropped = {series: value for series, value in values.items() if series.startswith("kodeks_series_dropped")}
    assert dropped == {
        f'kodeks_series_dropped{{subject="{subject}"}}': 1 for subject in ("users", "sessions", "volumes", "operup")
    }
    assert not any('status="ok"' in series for series in values if series.startswith("kodeks_search_event_info"))
    bench.store.close()


def test_volumes_of_the_same_name_are_told_apart(bench: Bench) -> None:
    volumes = "".join(f'<volume file="{path}" product="1" error="0"/>' for path in (r"D:\a\x.vol", r"E:\b\x.vol"))
    bench.take(report("2026-11-20T09:55:00", more=f"<volumes>{volumes}</volumes>"))
    shown = {series for series in bench.values() if series.startswith("kodeks_volume_error")}
    assert shown == {f'kodeks_volume_error{{volume="{name}",code="0"}}' for name in ("a/x.vol", "b/x.vol")}


def test_kassist_shows_the_newest_day_that_is_over(bench: Bench) -> None:
    days = "".join(f'<day date="2026-11-{day}" unique="{day}"/>' for day in (18, 19, 20))
    bench.take(report("2026-11-20T23:30:00", more=f"<kassist>{days}</kassist>"), unix("2026-11-20T23:31:00"))
    values = bench.values()
    assert values['kodeks_kassist_links{kind="unique"}'] == 19
    assert values["kodeks_kassist_day_timestamp_seconds"] == unix("2026-11-19T00:00:00")


def test_every_metric_of_reports_is_documented(sample: Bench) -> None:
    sample.store.record_error("romashka", "too_large")
    documented = DOCS.read_text(encoding="utf-8")
    shown = {family.name for source in _sources(sample) for family in source.families()}
    for name in shown:
        assert re.search(rf"`{name}(_total|_info)?[`{{]", documented), name


def _sources(bench: Bench) -> list[Source]:
    snapshot = bench.store.snapshot("romashka")
    assert snapshot is not None
    return list(sources(ROMASHKA, snapshot, SETTINGS, bench.store.names("plain"), bench.now))
