"""The year in a Prometheus: its blocks, what the recording rules made of it, and how it is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from demo.tools import ROOT
from demo.year import Year, build
from demo.year.blocks import BLOCK, writer
from demo.year.build import Size
from demo.year.record import record
from demo.year.rules import DAY, HOUR, Rule, levels, recording
from tests.year import SIZE, year

pytestmark = pytest.mark.timeout(900)  # the first one may have to build the year

MODULE = sys.modules["demo.year.build"]


def test_blocks_stand_side_by_side() -> None:
    """Overlapping ones would be compacted while tests run."""
    told = [json.loads(path.read_text()) for path in build(SIZE).blocks.glob("*/meta.json")]
    spans = sorted((each["minTime"], each["maxTime"]) for each in told)
    assert len(spans) >= 395 * DAY // BLOCK
    for (begin, end), (following, _) in pairwise(spans):
        assert begin < end <= following
        assert begin // 1000 // BLOCK == (end // 1000 - 1) // BLOCK


@pytest.mark.parametrize(
    "name",
    [
        "kodeks:installation:info", "installation:kodeks_seats_used:hourly", "installation:kodeks_month_users:daily",
        "installation:kodeks_interface_up:avg30d", "account:kodeks_online_used:hourly",
        "installation:kodeks_licence_expiry_days:daily",
        "client:kodeks_score:total", "client:kodeks_score:place",
    ],
)  # fmt: skip
def test_recorded_is_what_the_rule_says(name: str) -> None:
    (rule,) = (rule for rule in recording() if rule.name == name)
    midnight = year().end // DAY * DAY
    for days in (0, 3, 200):
        at = midnight - days * DAY
        recorded = {_key(labels): float(value) for labels, _, value in year().vector(name, at)}
        expected = {_key(labels): float(value) for labels, _, value in year().vector(rule.expression, at)}
        assert recorded, days
        assert recorded == pytest.approx(expected), days


def _key(labels: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in labels.items() if name != "__name__")


def test_rules_come_after_what_they_read() -> None:
    def rule(name: str, expression: str) -> Rule:
        return Rule(name, expression, (), HOUR, HOUR)

    first, second, third = rule("a:b", "up"), rule("c:d", "sum(a:b)"), rule("e:f", "c:d / on () a:b")
    assert levels([third, first, second]) == [[first], [second], [third]]
    with pytest.raises(ValueError, match="in a circle: a:b, c:d"):
        levels([rule("a:b", "c:d"), rule("c:d", "a:b"), third])
    # What stands below in the same group is read as it was a round before.
    past = Rule("a:b", "c:d", (), HOUR, HOUR, below=("c:d",))
    assert levels([rule("c:d", "a:b"), past]) == [[past], [rule("c:d", "a:b")]]


def test_a_rule_that_takes_one_of_two_metrics_makes_one_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = (
        ("a:hourly", [[2 * BLOCK, "1"], [2 * BLOCK + 2 * HOUR, "3"]]),
        ("a:sparse", [[2 * BLOCK + HOUR, "2"]]),
    )
    result = [{"metric": {"__name__": name, "b": "c"}, "values": values} for name, values in answers]
    answer = SimpleNamespace(content=json.dumps({"status": "success", "data": {"result": result}}).encode())
    monkeypatch.setattr("requests.Session.post", lambda *_, **__: answer)
    rule = Rule("a:seen", "last_over_time(a:hourly[2d]) or last_over_time(a:sparse[30d])", (), HOUR, HOUR)
    with writer(tmp_path / "new", 2, 1) as made:
        record("http://127.0.0.1:1", [rule], made, 2 * BLOCK, 2 * BLOCK + 3 * HOUR, 1)
        made.end()
    (text,) = (tmp_path / "new").iterdir()
    told = [line for line in text.read_text().splitlines() if not line.startswith("#")]
    assert [line.split()[1] for line in told] == ["1", "2", "3"]


def test_samples_go_into_the_file_of_their_block(tmp_path: Path) -> None:
    with writer(tmp_path / "new", 2, 2) as made:
        made.write('a{b="c"}', [2 * BLOCK, 3 * BLOCK - 1, 3 * BLOCK, 4 * BLOCK - 1], [1, 2.5, "3", 4])
        made.constant("a", [3 * BLOCK + 1])
        made.end()
        with pytest.raises(IndexError):
            made.write("a", [4 * BLOCK], [1])
        with pytest.raises(ValueError, match="2 moments, 1 values"):
            made.write("a", [2 * BLOCK, 2 * BLOCK + 1], [1])
    first, second = ((tmp_path / "new" / name).read_text().splitlines() for name in ("000.txt", "001.txt"))
    assert first == [f'a{{b="c"}} 1 {2 * BLOCK}', f'a{{b="c"}} 2.5 {3 * BLOCK - 1}', "# EOF"]
    assert second == [f'a{{b="c"}} 3 {3 * BLOCK}', f'a{{b="c"}} 4 {4 * BLOCK - 1}', f"a 1 {3 * BLOCK + 1}", "# EOF"]


def test_every_process_asks_for_the_same_year() -> None:
    """Sets come in another order in each: each of the tests' workers once built a year of its own, in minutes."""
    script = "from demo.year.build import _key; from demo.year.rules import recording; from tests.year import SIZE; "
    keys = {
        subprocess.check_output(
            [sys.executable, "-c", f"{script}print(_key(SIZE, recording()))"],
            cwd=ROOT, env={"PYTHONHASHSEED": str(seed)},
        )
        for seed in range(3)
    }  # fmt: skip
    assert len(keys) == 1


def test_two_who_ask_get_one_year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []
    begun = threading.Barrier(2)

    def pretend(size: Size, rules: list[Rule], folder: Path, say: object) -> None:
        built.append(folder)
        folder.mkdir(parents=True)
        (folder / "year.json").write_text("{}")

    monkeypatch.setattr(MODULE, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(MODULE, "_build", pretend)
    got: list[Year] = []

    def ask() -> None:
        begun.wait(10)
        got.append(build(Size(installations=1)))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert len(built) == 1
    assert got[0] == got[1]
    assert got[0].folder.is_dir()
    running = got[0].folder / "runs" / f"{os.getpid()}-x"
    running.mkdir(parents=True)
    (tmp_path / "cache" / "left" / "runs" / "999999999-x").mkdir(parents=True)
    for installations in range(2, 9):
        build(Size(installations=installations))
    kept = list((tmp_path / "cache").glob("*/year.json"))
    assert 2 < len(kept) < 8, "old ones go"
    assert running.exists(), "but none that is in use"
    assert not (tmp_path / "cache" / "left").exists()
    with pytest.raises(FileExistsError):
        build(Size(), got[0].folder.parent)
