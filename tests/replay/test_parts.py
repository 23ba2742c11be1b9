"""The parts of a replay, each by its own door; what they do together is in test_cases.py."""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter.settings.fleet import Fleet, Installation
from replay import clock, engine, feed, observed, scaled
from replay.__main__ import main
from replay.engine import Firing
from replay.expect import problems
from replay.messages import Message
from replay.player import Played
from replay.script import Script, ScriptError, load, scripts
from replay.series import series_of

START = datetime(2026, 1, 14, 10, tzinfo=clock.ZONE)


def script(**more: Any) -> Script:
    plain: dict[str, Any] = {
        "case": 99, "title": "t", "today": "x", "here": "y", "fleet": {}, "timeline": [],
        "start": datetime(2026, 1, 14, 10), "end": datetime(2026, 1, 14, 10, 5),
    }  # fmt: skip
    return Script.model_validate(plain | more)


def fleet() -> Fleet:
    return Fleet(installations={"a": Installation("a", "ООО «А»", "ivanova", url="http://a.example")})


# Times.


@pytest.mark.parametrize(("text", "expected"), [("15s", 15), ("1h30m", 5400), ("2d", 172800), ("300ms", 0.3), ("0", 0)])
def test_durations(text: str, expected: float) -> None:
    assert clock.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "15", "h", "1h ", "-5m"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        clock.seconds(text)


def test_moments() -> None:
    assert clock.moment("21:00:15", START).isoformat() == "2026-01-14T21:00:15+03:00"
    assert clock.moment("+2d 01:30", START).isoformat() == "2026-01-16T01:30:00+03:00"
    with pytest.raises(ValueError, match="time"):
        clock.moment("tomorrow", START)


# Scripts.


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"end": datetime(2026, 1, 14, 9)}, "end is not after start"),
        ({"start": datetime(2026, 6, 1), "end": datetime(2026, 6, 2)}, "between November and February"),
        ({"calendar": True}, "2026-01-01 03:00"),
        ({"timeline": [{"at": "10:01", "fails": "key"}]}, "who fails"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_bad_scripts(more: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        script(**more)


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.yml"
    path.write_text("case: [", encoding="utf-8")
    with pytest.raises(ScriptError, match=r"broken\.yml"):
        load(path)


# What the exporter would see.


def test_a_fault_blocks_what_the_exporters_chain_says() -> None:
    site = fleet().installations["a"]
    seen = observed.status(site, observed.Fault("tcp", 5.0), 5.0)
    assert seen.round.root_cause is not None
    assert seen.round.root_cause.check == "tcp"
    blocked = {name: result.by for name, result in seen.round.results.items() if result.by}
    assert set(blocked.values()) == {"tcp"}
    assert {"http", "page", "catalog"} <= set(blocked)


def test_a_planned_fault_is_held_against_nobody() -> None:
    seen = observed.status(fleet().installations["a"], observed.Fault("tcp", 5.0, planned="restart"), 5.0)
    assert seen.round.root_cause is None
    assert seen.round.results["tcp"].by == "restart"


def test_an_unknown_check_is_refused() -> None:
    with pytest.raises(ValueError, match="licman_tcp"):
        observed.status(fleet().installations["a"], observed.Fault("licman_tcp", 0.0), 0.0)


# Series.


def values(notation: str) -> list[str]:
    """One text a step."""
    found: list[str] = []
    for item in notation.split():
        value, _, times = item.rpartition("x")
        if item == "stale":
            found.append("stale")
        elif value == "_":
            found += ["_"] * int(times)
        elif "+" in value:
            first, _, step = value.partition("+")
            found += [f"{float(first) + n * float(step):g}" for n in range(int(times) + 1)]
        else:
            found += [value] * (int(times) + 1)
    return found


def test_series_have_a_value_a_step_and_end_as_scrapes_do() -> None:
    made = series_of(
        script(
            step="1m",
            timeline=[
                {"at": "10:02", "who": ["*"], "fails": "tcp"},
                {"at": "10:04", "who": ["a"], "works": True},
                {"at": "10:01", "every": "2m", "series": {'seen{x="1"}': "now-1m"}},
                {"at": "10:03", "series": {"once": 7}},
                {"at": "10:04", "series": {"once": None}},
            ],
        ),
        fleet(),
    )
    short = {name.replace(',job="kodeks",instance="127.0.0.1:9877"', ""): values(each) for name, each in made.items()}
    assert all(len(each) == 6 for each in short.values())
    assert short['kodeks_check_success{installation="a",check="tcp"}'] == ["1", "1", "0", "0", "1", "1"]
    assert short['kodeks_check_success{installation="a",check="http"}'] == ["1", "1", "stale", "_", "1", "1"]
    assert short['kodeks_check_last_run_timestamp_seconds{installation="a",check="tcp"}'][-1] == "300"
    assert short['seen{x="1"}'] == ["_", "0", "0", "120", "120", "240"]
    assert next(each for name, each in short.items() if name.startswith("once")) == ["_"] * 3 + ["7", "stale", "_"]


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        ({"at": "10:01", "who": ["b"], "fails": "tcp"}, "'b'"),
        ({"at": "10:01", "who": ["a"], "fails": "teleport"}, "teleport"),
        ({"at": "10:01", "series": {"m": "soon"}}, "soon"),
    ],
)
def test_a_timeline_that_cannot_be(event: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScriptError, match=complaint):
        series_of(script(timeline=[event]), fleet())


# The rule engine.

RULES = r"""
groups:
  - name: g
    rules:
      - alert: Odd
        expr: m > 0
        for: 30s
        labels: {who: 'a "b" \ {c}, d="e"'}
        annotations: {text: "строка\nвторая {{ $value }} }"}
      - alert: KodeksWatchdog
        expr: vector(1)
"""


def test_the_engine_tells_what_fires_and_with_which_words(tool: Callable[[str], str], tmp_path: Path) -> None:
    tool("promtool")
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES, encoding="utf-8")
    series = {'m{n="1"}': "0x3 5x6 0x9", 'm{n="2"}': "0x5 6x4 0x9"}
    steps, _ = engine.evaluated(script(), series, [rules], tmp_path)
    assert [len(each) for each in steps[:13]] == [0] * 6 + [1, 1, 2, 2, 2, 0, 0]
    (first,) = steps[6]
    assert first.name == "Odd"
    assert dict(first.labels) == {"alertname": "Odd", "n": "1", "who": 'a "b" \\ {c}, d="e"'}
    assert dict(first.annotations) == {"text": "строка\nвторая 5 }"}


def test_the_engine_does_not_hide_broken_rules(tool: Callable[[str], str], tmp_path: Path) -> None:
    tool("promtool")
    rules = tmp_path / "rules.yml"
    rules.write_text("groups: [{name: g, rules: [{alert: A, expr: 'm >'}]}]", encoding="utf-8")
    with pytest.raises(engine.EngineError):
        engine.evaluated(script(), {"m": "1x20"}, [rules], tmp_path)


def test_a_wrong_answer_is_told(tool: Callable[[str], str], tmp_path: Path) -> None:
    tool("promtool")
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES, encoding="utf-8")
    for value, right in ((3.0, True), (4.0, False)):
        asked = script(answers=[{"at": "10:01", "asks": "?", "expr": "m", "value": value, "means": "x"}])
        assert (engine.evaluated(asked, {"m": "3x20"}, [rules], tmp_path)[1] == "") is right


# What is posted.


def alert(text: str, name: str = "A") -> Firing:
    return Firing((("alertname", name),), (("text", text),))


def test_posts_begin_change_once_a_minute_and_end() -> None:
    steps = [[], [alert("1")], [alert("2")], [alert("3")], [alert("4")], [alert("5")], [], [alert("6")]]
    told = [(post.at, dict(post.alert.annotations)["text"], post.since, post.over) for post in feed.posts(steps, 15)]
    assert told == [(15, "1", 15, None), (75, "5", 15, None), (90, "5", 15, 90), (105, "6", 105, None)]


# A faster clock.

DOCUMENT: dict[str, Any] = {
    "route": {
        "receiver": "a", "group_wait": "20s", "repeat_interval": "4h",
        "routes": [{"receiver": "b", "repeat_interval": "1d", "routes": [{"receiver": "c", "group_interval": "1m"}]}],
    },
    "receivers": [{"name": "a"}],
    "time_intervals": [
        {"name": "day", "time_intervals": [
            {"times": [{"start_time": "07:30", "end_time": "20:00"}], "weekdays": ["monday:friday"],
             "location": "Europe/Moscow"}]},
        {"name": "late", "time_intervals": [
            {"times": [{"start_time": "00:00", "end_time": "24:00"}], "weekdays": ["saturday"], "location": "UTC"}]},
    ],
}  # fmt: skip


def test_every_waiting_time_is_divided_and_nothing_else() -> None:
    made = scaled.scaled(DOCUMENT, 60)
    root = made["route"]
    assert (root["group_wait"], root["group_interval"], root["repeat_interval"]) == ("333ms", "5000ms", "240000ms")
    assert root["routes"][0]["repeat_interval"] == "1440000ms"
    assert root["routes"][0]["routes"][0]["group_interval"] == "1000ms"
    assert made["receivers"] == DOCUMENT["receivers"]
    assert DOCUMENT["route"]["group_wait"] == "20s", "the original is left alone"
    assert scaled.divided("1ms", 60) == "1ms"


def test_edges_of_working_hours() -> None:
    night = datetime(2026, 1, 14, 1, tzinfo=clock.ZONE)
    found = scaled.edges(DOCUMENT, night, night + timedelta(hours=8))
    assert found["late"] == (False, [])
    holds, changes = found["day"]
    assert not holds
    assert [(f"{each.at.astimezone(clock.ZONE):%H:%M}", each.begins) for each in changes] == [("07:30", True)]
    with pytest.raises(scaled.ScaleError, match="several"):
        scaled.the_edge(scaled.edges(DOCUMENT, night, night + timedelta(hours=23)))
    saturday = datetime(2026, 1, 17, 12, tzinfo=clock.ZONE)
    assert scaled.edges(DOCUMENT, saturday, saturday + timedelta(hours=1)) == {"day": (False, []), "late": (True, [])}


@pytest.mark.parametrize("hour", range(24))
def test_pinned_hours_begin_at_the_real_minute(hour: int) -> None:
    night = datetime(2026, 1, 14, 1, tzinfo=clock.ZONE)
    found = scaled.edges(DOCUMENT, night, night + timedelta(hours=8))
    edge = datetime(2026, 11, 22, hour, 17, tzinfo=UTC)
    made = scaled.pinned(DOCUMENT, found, edge)
    first = {"time_intervals": made["time_intervals"][:1]}
    around = scaled.edges(first, edge - timedelta(hours=1), edge + timedelta(hours=1))
    assert around["day"] == (False, [scaled.Edge(edge, True)])
    assert made["time_intervals"][1]["time_intervals"] == [{"years": ["1970"]}]


def test_alertmanager_takes_what_is_made(tool: Callable[[str], str], tmp_path: Path) -> None:
    night = datetime(2026, 1, 14, 1, tzinfo=clock.ZONE)
    document = {**DOCUMENT, "receivers": [{"name": name} for name in "abc"]}
    found = scaled.edges(document, night, night + timedelta(hours=8))
    path = tmp_path / "alertmanager.yml"
    path.write_text(yaml.safe_dump(scaled.pinned(scaled.scaled(document, 7200), found, datetime.now(UTC))))
    done = subprocess.run([tool("amtool"), "check-config", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# Expectations.


def message(**more: Any) -> Message:
    plain: dict[str, Any] = {
        "at": START + timedelta(minutes=1), "to": "ivanova", "by": "telegram", "title": "🔴 Беда · срочно",
        "text": "🔴 K1 · Беда\nООО «А»\nЧто делать: docs/errors/A.md", "sound": True,
    }  # fmt: skip
    return Message(**(plain | more))


EXPECTED = {
    "to": "ivanova", "by": ["telegram"], "between": ["10:00:30", "10:02"], "alert": "A",
    "words": ["ООО «А»"], "no_words": ["ООО «Б»"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("came", "complaint"),
    [
        ([message()], None),
        ([], "не пришло: ivanova · telegram · FIRING A"),
        ([message(), message()], "лишнее: 10:01:00"),
        ([message(to="petrov")], "лишнее"),
        ([message(sound=False)], "без звука"),
        ([message(at=START)], "пришло в 10:00:00"),
        ([message(text="docs/errors/A.md")], "нет слов «ООО «А»»"),
        ([message(text="docs/errors/A.md ООО «А» ООО «Б»")], "есть слова"),
        ([message(title="✅ RESOLVED")], "не пришло"),
    ],
)
def test_expectations(came: list[Message], complaint: str | None) -> None:
    outcome = Played(tuple(came), (), "", frozenset(), 60)
    found = problems(script(messages=[EXPECTED]), outcome)
    assert (found == []) if complaint is None else any(complaint in each for each in found), found


def test_refusals_and_wrong_answers_are_problems() -> None:
    outcome = Played((), ("Bad Request: message is too long",), "expr: m", frozenset(), 60)
    told = "\n".join(problems(script(), outcome))
    assert "too long" in told
    assert "expr: m" in told


# The command.


def test_the_list_of_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert len(re.findall(r"^ +\d+  \S", capsys.readouterr().out, re.MULTILINE)) == len(scripts())


def test_no_such_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["77"]) == 2
    assert "77" in capsys.readouterr().err


def test_a_replay_by_the_command(tool: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> None:
    tool("promtool")
    assert main(["9"]) == 0
    assert "Всё так, как обещано" in capsys.readouterr().out


def test_run_and_make_know_the_command() -> None:
    root = Path(__file__).resolve().parents[2]
    assert (root / "run").stat().st_mode & stat.S_IXUSR
    assert "python -m replay" in (root / "docs" / "replay.md").read_text(encoding="utf-8")
    assert "./run replay $(CASE)" in (root / "Makefile").read_text(encoding="utf-8")
