from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector

from kodeks_exporter.metrics.exposition import Exposition, Source, render_families


def everything(text: str = "x", value: float = 1.5) -> list[Any]:
    gauge = GaugeMetricFamily("kodeks_g_seconds", 'help with \\ and\nnewline and "quotes"', labels=["a"])
    gauge.add_metric([text], value)
    counter = CounterMetricFamily("kodeks_c", "A counter.", labels=["a"])
    counter.add_metric([text], value)
    info = InfoMetricFamily("kodeks_i", "An info.", labels=["a"])
    info.add_metric([text], {"b": text})
    histogram = HistogramMetricFamily("kodeks_h_seconds", "A histogram.", labels=["a"])
    histogram.add_metric([text], [("0.1", 1), ("+Inf", 2)], sum_value=3)
    return [gauge, counter, info, histogram, GaugeMetricFamily("kodeks_plain", "Without labels.", value=value)]


@given(st.text(max_size=20).filter(lambda text: "\r" not in text), st.floats(allow_nan=False))
def test_text_format_is_what_prometheus_client_writes(text: str, value: float) -> None:
    class Everything(Collector):
        def collect(self) -> Iterable[Any]:
            return everything(text, value)

    registry = CollectorRegistry()
    registry.register(Everything())
    assert render_families(everything(text, value)).decode() == generate_latest(registry).decode()


@given(st.text(max_size=20))
def test_hostile_label_values_come_back_unchanged(text: str) -> None:
    rendered = render_families(everything(text)).decode()
    samples = [sample for family in parse_text(rendered) for sample in family.samples if "a" in sample.labels]
    if "\r" not in text and all(character.isprintable() or character == "\n" for character in text):
        assert {sample.labels["a"] for sample in samples} == {text}
    assert len([line for line in rendered.split("\n") if line.startswith("kodeks_g_seconds")]) == 1


def test_openmetrics_is_valid() -> None:
    text = render_families(everything(), openmetrics=True).decode()
    assert text.endswith("# EOF\n")
    assert {family.name: family.type for family in parse_openmetrics(text)} == {
        "kodeks_g_seconds": "gauge",
        "kodeks_c": "counter",
        "kodeks_i": "info",
        "kodeks_h_seconds": "histogram",
        "kodeks_plain": "gauge",
    }


def gauge_of(name: str, value: float) -> Iterable[Any]:
    family = GaugeMetricFamily("kodeks_x", "X.", labels=["installation"])
    family.add_metric([name], value)
    return [family]


def test_only_what_changed_is_written_again() -> None:
    written = []
    exposition = Exposition()

    def source(name: str, version: int) -> Source:
        def families() -> Iterable[Any]:
            written.append(name)
            return gauge_of(name, version)

        return Source("part", name, version, families)

    exposition.render([source("a", 1), source("b", 1)])
    second = exposition.render([source("a", 1), source("b", 2)])
    assert written == ["a", "b", "b"]
    assert b'kodeks_x{installation="a"} 1.0\nkodeks_x{installation="b"} 2.0\n' in second


@pytest.mark.parametrize("samples", [1, 20, 2000])
def test_families_of_any_length_are_the_same_in_each_scrape(samples: int) -> None:
    def many(name: str) -> Any:
        family = GaugeMetricFamily("kodeks_many", "Many.", labels=["installation", "user"])
        for number in range(samples):
            family.add_metric([name, f"Ёжикова-{number}"], number)
        return family

    exposition = Exposition()
    sources = [Source("part", name, 1, lambda name=name: [many(name)]) for name in "ab"]  # type: ignore[misc]
    both = many("a")
    both.samples += many("b").samples
    assert [exposition.render(sources) for _ in range(2)] == [render_families([both])] * 2
    assert [sample.value for family in parse_text(render_families([both]).decode()) for sample in family.samples] == [
        *range(samples),
        *range(samples),
    ]


def test_what_is_kept_for_the_next_scrape_is_a_fraction_of_the_text() -> None:
    def users(name: str) -> Any:
        family = GaugeMetricFamily("kodeks_user_documents", "Documents.", labels=["installation", "client", "user"])
        for number in range(1000):
            family.add_metric([name, "Волжский завод «Луч»", f"user{number * 7919 % 100_003}"], number % 50)
        return family

    exposition = Exposition()
    sources = [Source("part", f"s{number}", 1, lambda number=number: [users(f"s{number}")]) for number in range(20)]  # type: ignore[misc]
    render_families([users("a")])  # what is imported or built once does not count
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        length = len(exposition.render(sources))
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert length > 2_000_000
    assert kept < length / 5
    assert len(exposition.render(sources)) == length


def test_samples_of_a_family_stand_together_and_removed_sources_go() -> None:
    exposition = Exposition()
    sources = [Source("part", name, 1, lambda name=name: everything(name)) for name in "abc"]  # type: ignore[misc]
    text = exposition.render(sources).decode()
    assert text.count("# TYPE kodeks_g_seconds gauge") == 1
    assert 'a="b"' not in exposition.render([sources[0], sources[2]]).decode()


@pytest.mark.parametrize("openmetrics", [False, True])
def test_families_without_samples_are_left_out(openmetrics: bool) -> None:
    empty = GaugeMetricFamily("kodeks_empty", "Nothing.", labels=["a"])
    assert b"kodeks_empty" not in render_families([empty], openmetrics=openmetrics)


def broken() -> Iterable[Any]:
    yield from gauge_of("half", 1)
    raise ZeroDivisionError("of a source")


def listing_breaks() -> Iterator[Source]:
    yield Source("listed", "first", 1, lambda: gauge_of("first", 1))
    raise KeyError("installation")


def test_a_source_that_fails_is_left_out_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    exposition = Exposition()
    huge = Source("numbers", "400 digits", 1, lambda: gauge_of("huge", 10**400))
    sources = [
        Source("good", "before", 1, lambda: gauge_of("before", 1)),
        Source("broken", "x", 1, broken),
        huge,
        Source("good", "after", 1, lambda: gauge_of("after", 1)),
    ]
    for _ in range(3):
        text = exposition.render(chain(sources, exposition.guarded("listed", listing_breaks))).decode()
        assert [name for name in ("before", "half", "huge", "first", "after") if f'"{name}"' in text] == [
            "before",
            "first",
            "after",
        ]
    assert exposition.errors() == {"broken": 3, "numbers": 3, "listed": 3}
    assert caplog.text.count("metrics source left out of the scrape") == 3  # one line each, not one a scrape
    exposition.render(sources[:1])
    exposition.render(sources)
    assert caplog.text.count("metrics source left out of the scrape") == 5  # it had recovered meanwhile


def test_text_that_is_no_unicode_breaks_nothing() -> None:
    assert b'kodeks_x{installation="?"} 1.0' in Exposition().render(
        [Source("part", "x", 1, lambda: gauge_of("\udc80", 1))]
    )
