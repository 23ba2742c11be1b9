"""Scripts of a tour are played at the same time, each at its own pace."""

from __future__ import annotations

import time

import pytest

from demo import script
from demo.script import Script, TourFailedError, Until, after, play


def test_scripts_run_at_the_same_time_and_in_their_own_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "PAUSE", 0.01)
    told: list[str] = []

    def slow() -> Script:
        told.append("slow begins")
        yield Until(lambda: "quick ends" in told, 5, "quick")
        told.append("slow ends")

    def quick() -> Script:
        told.append("quick begins")
        yield after(0.05)
        told.append("quick ends")

    play([slow(), quick()], lambda: None)
    assert told == ["slow begins", "quick begins", "quick ends", "slow ends"]


def test_what_does_not_come_is_named() -> None:
    def waits() -> Script:
        yield Until(lambda: False, 0.1, "нет письма")

    with pytest.raises(TourFailedError, match="нет письма"):
        play([waits()], lambda: None)


def test_a_script_that_waits_does_not_hide_a_child_that_died() -> None:
    def waits() -> Script:
        yield Until(lambda: False, 60, "нет письма")

    def check() -> None:
        raise RuntimeError("exporter died")

    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="exporter died"):
        play([waits()], check)
    assert time.monotonic() - begun < 5
