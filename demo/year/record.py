"""What the recording rules make of the year, asked from a Prometheus that holds what they read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec
import requests

from demo.history.openmetrics import labels
from demo.year.blocks import BLOCK, Blocks
from demo.year.prometheus import PATIENCE
from demo.year.rules import DAY, HOUR, Rule


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[int, str]] = msgspec.field(default_factory=list)
    value: tuple[int, str] | None = None


class _Data(msgspec.Struct):
    result: list[_Series]


class _Answer(msgspec.Struct):
    status: str
    data: _Data = msgspec.field(default_factory=lambda: _Data([]))
    error: str = ""


_DECODER = msgspec.json.Decoder(_Answer)


def record(url: str, rules: Sequence[Rule], writer: Blocks, start: int, end: int, fine_days: int) -> None:
    """Write what ``rules`` come to from ``start`` to before ``end`` (Unix seconds), on full steps.

    Kept finely are the last ``fine_days`` and the last day of each month, in which monthly figures are at their highest
    and begin again. Raises RuntimeError with Prometheus' words when a rule can't be evaluated.
    """
    with requests.Session() as session:
        pieces = list(_pieces(start, end, end - fine_days * DAY))
        for rule in rules:
            if rule.step == rule.fine > HOUR:
                _piece(session, url, rule, writer, start, end, rule.step)
                continue
            for begin, until, fine in pieces:
                _piece(session, url, rule, writer, begin, until, rule.fine if fine else rule.step)


def _pieces(start: int, end: int, recent: int) -> Iterator[tuple[int, int, bool]]:
    """Begin and end of pieces, none longer than a block, and whether they are kept finely."""

    def kind(at: int) -> tuple[int, bool]:
        tomorrow = dt.datetime.fromtimestamp(at + DAY, dt.UTC)
        return at // BLOCK, at >= recent or tomorrow.day == 1

    # Blocks begin on full six hours, as 486 h are a multiple of that.
    for (_, fine), parts in groupby(range(start, end, 6 * HOUR), kind):
        all_parts = list(parts)
        yield all_parts[0], min(end, all_parts[-1] + 6 * HOUR), fine


def _piece(session: requests.Session, url: str, rule: Rule, writer: Blocks, begin: int, until: int, step: int) -> None:
    first, last = -(-begin // step) * step, (until - 1) // step * step
    if first > last:
        return
    if "count_values" in rule.expression:
        found = _one_by_one(session, url, rule, range(first, last + 1, step))
    else:
        asked = {"query": rule.expression, "start": str(first), "end": str(last), "step": str(step)}
        found = _ask(session, f"{url}/api/v1/query_range", rule, asked)
    # A rule may take one metric now and another at the next moment (``last_over_time(a) or last_over_time(b)``): over a
    # range these are two series, which what is recorded does not tell apart.
    joined: dict[str, dict[int, str]] = {}
    for each in found:
        each.metric.pop("__name__", None)
        head = rule.name + labels(**(each.metric | dict(rule.labels)))
        joined.setdefault(head, {}).update(each.values)
    for head, values in joined.items():
        moments = sorted(values)
        writer.write(head, moments, [values[at] for at in moments])


def _one_by_one(session: requests.Session, url: str, rule: Rule, moments: Sequence[int]) -> list[_Series]:
    """By instant queries, as rules are evaluated: over a range, Prometheus 2.42 loses labels of ``count_values by``."""
    found: dict[tuple[tuple[str, str], ...], _Series] = {}
    for at in moments:
        for each in _ask(session, f"{url}/api/v1/query", rule, {"query": rule.expression, "time": str(at)}):
            known = found.setdefault(tuple(sorted(each.metric.items())), _Series(each.metric))
            if each.value:
                known.values.append(each.value)
    return list(found.values())


def _ask(session: requests.Session, url: str, rule: Rule, asked: dict[str, str]) -> list[_Series]:
    answer = _DECODER.decode(session.post(url, data=asked, timeout=PATIENCE).content)
    if answer.status != "success":
        raise RuntimeError(f"{rule.name}: {answer.error}")
    return answer.data.result
