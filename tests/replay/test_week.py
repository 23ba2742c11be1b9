"""How much a manager is told: a small week by the real rules and routes, within bounds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from replay.week.play import Size, Weeks, play
from replay.week.show import counts
from replay.week.stand import MANAGER
from replay.week.told import told

SIZE = Size(installations=10, accesses=5, first=dt.date(2026, 1, 5), days=3, warm_up=1)
"""Monday to Wednesday: the week's digest, an outage at night, a broken catalog and an error in the morning."""
MAILS, TELEGRAMS = 12, 8


@pytest.fixture(scope="module")
def weeks(tool: Callable[[str], str]) -> Weeks:
    tool("promtool")
    return play(SIZE)


def test_what_was_planted_is_told_in_time_to_whom_it_concerns(weeks: Weeks) -> None:
    found = told(weeks.planted, weeks.sent)
    assert [each.planted.what for each in found] == ["tcp", "catalog", "page"]
    for each in found:
        assert each.after is not None, each.planted
        assert {name.partition("-")[0] for name in each.by} == {MANAGER}
        assert {"mail", "telegram"} == {name.split("-")[1] for name in each.by}


def test_a_manager_goes_on_reading(weeks: Weeks) -> None:
    found = counts(weeks)
    assert 1 <= found[MANAGER, 0, "mail"].all <= MAILS, found
    assert 1 <= found[MANAGER, 0, "telegram"].all <= TELEGRAMS, found
    assert found[MANAGER, 0, "telegram"].repeats <= 2, "an outage at night rings once more in the morning"


def test_what_can_wait_comes_in_one_mail_a_morning(weeks: Weeks) -> None:
    mornings = [int(each.at // 86400) for each in weeks.sent if each.receiver == f"{MANAGER}-digest"]
    kinds = {dict(labels)["alertname"] for each in weeks.sent for labels in each.firing}
    assert len(kinds) > len(set(mornings))
