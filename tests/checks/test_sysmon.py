"""What is let through of a server's own monitoring module, however the server writes it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from kodeks_exporter.checks.catalog_metrics import parse_catalogs
from kodeks_exporter.checks.sysmon_metrics import is_let_through, parse_sysmon
from kodeks_exporter.domain.check import SysmonSample
from kodeks_exporter.metrics.exposition import render_families
from kodeks_exporter.metrics.sysmon import sysmon_families
from kodeks_exporter.settings.checks import SysmonSettings

ALL = SysmonSettings(("*",))


def names(text: str, settings: SysmonSettings = ALL) -> list[str]:
    return [sample.name for sample in parse_sysmon(text, settings).samples]


def test_names_with_stars_are_whole_names() -> None:
    text = "sysmon_seats 1\nsysmon_seats_used 2\nsysmon_seats_limit 3\nother_sysmon_seats 4\n"
    assert names(text, SysmonSettings(("sysmon_seats",))) == ["sysmon_seats"]
    assert names(text, SysmonSettings(("sysmon_seats_*",))) == ["sysmon_seats_used", "sysmon_seats_limit"]
    assert names(text, SysmonSettings(("*used", "*limit"))) == ["sysmon_seats_used", "sysmon_seats_limit"]
    assert names(text, SysmonSettings()) == []


@pytest.mark.parametrize(
    "name",
    ["kodeks_seats", "process_cpu_seconds_total", "python_info", "scrape_duration_seconds", "up", "ALERTS",
     "kodeks:network:failed", "a:b", "x" * 201],
)  # fmt: skip
def test_no_server_can_write_under_names_of_others(name: str) -> None:
    assert not is_let_through(name, ALL)
    assert names(f"{name} 1\nuptime 2\n") == ["uptime"]


def test_values_labels_and_times() -> None:
    facts = parse_sysmon(
        '# HELP a_total Something.\n# TYPE a_total counter\na_total{y="2",x="a\\"b} c"} 1.5e3 1790000000000\r\n'
        'h_bucket{le="+Inf"} 7\nn NaN\n',
        ALL,
    )
    assert facts.samples[:2] == (
        SysmonSample("a_total", (("x", 'a"b} c'), ("y", "2")), 1500.0),
        SysmonSample("h_bucket", (("le", "+Inf"),), 7.0),
    )
    assert math.isnan(facts.samples[2].value)
    assert facts.dropped == 0


def test_what_cannot_be_passed_on_is_counted() -> None:
    many = ",".join(f'l{number}="x"' for number in range(30))
    text = f'huge {"9" * 400}\na 1\na 2\nb{{__name__="up"}} 1\nc{{{many}}} 1\nd{{x="}} 1\ne 5\n'
    facts = parse_sysmon(text, ALL)
    assert [(sample.name, sample.value) for sample in facts.samples] == [("a", 1.0), ("e", 5.0)]
    assert facts.dropped == 5


def test_number_of_series_and_length_of_values_are_bounded() -> None:
    text = "".join(f'a{{x="{number}"}} 1\n' for number in range(500)) + "b 1\n"
    facts = parse_sysmon(text, SysmonSettings(("*",), series=10))
    assert (len(facts.samples), facts.dropped) == (10, 491)
    text = render_families(sysmon_families("romashka", facts)).decode()
    assert 'kodeks_series_dropped{installation="romashka",subject="sysmon"} 491.0' in text
    (sample,) = parse_sysmon(f'a{{x="{"я" * 1000}"}} 1\n', ALL).samples
    assert len(sample.labels[0][1]) == 200


@pytest.mark.parametrize("text", ["", "<html>401</html>", "# only comments\n", "{" * 10_000, "\x00\n"])
def test_what_is_no_metrics_text(text: str) -> None:
    with pytest.raises(ValueError, match="no line"):
        parse_sysmon(text, ALL)


@pytest.mark.parametrize("time", ["9" * 400, "-" + "9" * 400, "9" * 3000])
def test_a_time_that_no_clock_shows_costs_one_series(time: str) -> None:
    facts = parse_sysmon(f"a 1 {time}\nb 2\n", ALL)
    assert [each.name for each in facts.samples] == ["b"]
    with pytest.raises(ValueError):
        parse_catalogs(f'kserver_main_page{{path="/docs"}} 0 {time}\n')


@given(st.text(alphabet=st.sampled_from('ab_{}=",\\ 01.e+\n#:я'), max_size=200))
def test_whatever_comes_stays_a_valid_exposition(text: str) -> None:
    try:
        facts = parse_sysmon("fine 1\n" + text, ALL)
    except ValueError:
        pytest.fail("there is a sample")
    written = render_families(sysmon_families("romashka", facts)).decode()
    samples = [each for family in text_string_to_metric_families(written) for each in family.samples]
    assert len(samples) == len(facts.samples) + bool(facts.dropped)
    assert {sample.labels["installation"] for sample in samples} == {"romashka"}


def test_their_label_installation_steps_back() -> None:
    facts = parse_sysmon('a{installation="hostile"} 1\n', ALL)
    text = render_families(sysmon_families("romashka", facts)).decode()
    assert 'a{installation="romashka",exported_installation="hostile"} 1.0' in text
    assert "# TYPE a untyped\n" in text
