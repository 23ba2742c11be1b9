"""The weeks as tables: messages by channel, alert and kind, and what became of the planted incidents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from replay.week.dispatch import Sent
from replay.week.play import Weeks
from replay.week.stand import MANAGER
from replay.week.told import told

_WEEK: Final = 7 * 86400.0
_WAYS: Final = {"mail": "почта", "telegram": "Telegram"}


@dataclass(frozen=True, slots=True)
class Count:
    """A week's messages: ``new``, ``repeats`` and those that only say that something is over."""

    new: int
    repeats: int
    resolved: int

    @property
    def all(self) -> int:
        return self.new + self.repeats + self.resolved


def person(message: Sent) -> str:
    return MANAGER if message.receiver.startswith(MANAGER) else "ops"


def way(message: Sent) -> str:
    return "telegram" if "telegram" in message.receiver else "mail"


def counts(weeks: Weeks) -> dict[tuple[str, int, str], Count]:
    """By person, week number and channel."""
    kinds: dict[tuple[str, int, str], Counter[str]] = {}
    for message in weeks.sent:
        key = person(message), int((message.at - weeks.begin) // _WEEK), way(message)
        kinds.setdefault(key, Counter())[_kind(message)] += 1
    return {key: Count(found["new"], found["repeat"], found["resolved"]) for key, found in sorted(kinds.items())}


def _kind(message: Sent) -> str:
    return "resolved" if not message.firing else "repeat" if message.repeat else "new"


def shown(weeks: Weeks) -> str:
    return "\n".join([*_weeks(weeks), "", *_alerts(weeks), "", *_planted(weeks)]) + "\n"


def _weeks(weeks: Weeks) -> Iterator[str]:
    for (who, number, by), count in counts(weeks).items():
        begin = weeks.start + timedelta(seconds=weeks.begin + number * _WEEK)
        days = min(7.0, (weeks.length - weeks.begin - number * _WEEK) / 86400)
        yield (
            f"{who:8} неделя с {begin:%d.%m} ({days:.0f} дн.) {_WAYS[by]:8} {count.all:3}: новых {count.new},"
            f" повторов {count.repeats}, RESOLVED {count.resolved}"
        )


def _alerts(weeks: Weeks) -> Iterator[str]:
    table: dict[tuple[str, str], Counter[str]] = {}
    for message in weeks.sent:
        row = table.setdefault((person(message), message.alert), Counter())
        row[way(message)] += 1
        row[_kind(message)] += 1
    yield f"{'кому':8} {'оповещение':32} {'почта':>6} {'Telegram':>9} {'новых':>6} {'повторов':>9} {'RESOLVED':>9}"
    for (who, alert), row in sorted(table.items(), key=lambda each: (each[0][0], -each[1]["mail"], each[0][1])):
        yield (
            f"{who:8} {alert:32} {row['mail']:6} {row['telegram']:9} {row['new']:6} {row['repeat']:9}"
            f" {row['resolved']:9}"
        )


def _planted(weeks: Weeks) -> Iterator[str]:
    found = told(weeks.planted, weeks.sent)
    yield f"Заложено бед: {len(found)}, сказано в срок: {sum(each.after is not None for each in found)}"
    for each in found:
        at = weeks.start + timedelta(seconds=each.planted.at)
        after = "НЕ СКАЗАНО" if each.after is None else f"через {each.after / 60:.0f} мин, {', '.join(sorted(each.by))}"
        yield f"  {at:%d.%m %H:%M} {each.planted.who:12} {each.planted.what:16} {after}"
