"""How much a manager is told: two weeks through the rendered routes, within bounds.

What the rules told in them is kept in week.json.gz: they take ten minutes. After a change of rules `./run week --keep
tests/replay/week.json.gz` writes it anew.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from replay.week import keep
from replay.week.play import Size, Weeks, play
from replay.week.show import counts
from replay.week.stand import MANAGER
from replay.week.told import told

KEPT = Path(__file__).with_name("week.json.gz")
MAILS = {0: 24, 1: 36}
"""By week: an ordinary one, and one of eight outages, four of them on a weekend."""
TELEGRAMS = {0: 7, 1: 14}


@pytest.fixture(scope="module")
def weeks() -> Weeks:
    return play(Size(), known=keep.read(KEPT))


def test_what_was_planted_is_told_in_time_to_whom_it_concerns(weeks: Weeks) -> None:
    found = told(weeks.planted, weeks.sent)
    assert len(found) == 15
    for each in found:
        assert each.after is not None, each.planted
        assert {name.partition("-")[0] for name in each.by} == {MANAGER}
        if each.planted.what in ("tcp", "key", "page"):
            assert {"mail", "telegram"} == {name.split("-")[1] for name in each.by}, each


def test_a_manager_goes_on_reading(weeks: Weeks) -> None:
    found = counts(weeks)
    for week in MAILS:
        assert 1 <= found[MANAGER, week, "mail"].all <= MAILS[week], found
        assert 1 <= found[MANAGER, week, "telegram"].all <= TELEGRAMS[week], found


def test_what_can_wait_is_one_mail_a_morning(weeks: Weeks) -> None:
    """Beside the list of empty searches, and on Mondays, around the 20th and of lasting faults another one."""
    lists = [
        (weeks.start + timedelta(seconds=each.at)).date()
        for each in weeks.sent
        if each.receiver == f"{MANAGER}-digest" and each.alert not in ("KodeksSearchIsEmpty", "KodeksLimitsUsers")
    ]
    assert 10 <= len(lists) <= 14 + 2 + 2 + 3
    assert all(lists.count(day) <= 3 for day in lists)


def test_what_is_kept_is_what_was_written(tmp_path: Path) -> None:
    changes = keep.read(KEPT)
    keep.write(tmp_path / "again.gz", changes)
    assert keep.read(tmp_path / "again.gz") == changes
