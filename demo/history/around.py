"""What is around reports: who is there now, disks, catalogs, uploads, reports sent on, the exporter itself."""

from __future__ import annotations

import datetime as dt
from random import Random

from demo.history import facts
from demo.history.life import RECENT_DAYS, Life
from demo.history.model import History, head
from demo.history.openmetrics import Writer, labels
from demo.people.company import mix
from demo.people.diary import present, visits

_SEEN_AT = 15 * 60
"""Minute of the last day whose sessions are shown."""
_WEEK = 7 * 86400
_ANSWERS = (("ok", "Принят", 0.86), ("ok", "Повтор", 0.06), ("warning", "Принят", 0.05), ("error", "", 0.03))
"""Answer to a report that was sent on, state, how often."""
_CATALOG_REASON = "unexpected change list products"


def around(history: History, writer: Writer) -> None:
    _sessions(history, writer)
    _hosts(history, writer)
    _catalogs(history, writer)
    _forwarding(history, writer)
    _intake(history, writer)
    _exporter(history, writer)


def _sessions(history: History, writer: Writer) -> None:
    for life in history.lives:
        company, day = life.site.company, life.dates[-1]
        midnight = int(dt.datetime.combine(day, dt.time(), life.site.zone).timestamp())
        for visit in present(company, visits(company, day), _SEEN_AT):
            card = company.people[visit.person]
            since = dt.datetime.combine(day, dt.time(visit.arrive // 60, visit.arrive % 60))
            writer.constant(
                head("kodeks_session_info", life, user=card.login, domain=card.domain, ip=card.ip,
                     browser=card.browser, since=since.isoformat()), [midnight + _SEEN_AT * 60],
            )  # fmt: skip


def _hosts(history: History, writer: Writer) -> None:
    for life in history.lives:
        for name in ("free", "size"):
            for partition, (free, size) in facts.disks(life).items():
                # It filled up by some 20 GiB in the year.
                values = [free + (facts.end(life) - at) * 680 for at in life.moments]
                values = [min(value, size) if name == "free" else size for value in values]
                writer.write(head(f"kodeks_disk_{name}_bytes", life, partition=partition), life.moments, values)
        if facts.disks(life):
            process = "kodweb.exe" if life.site.windows else "kodwebd"
            writer.constant(head("kodeks_process_running", life, process=process), life.moments)


def _catalogs(history: History, writer: Writer) -> None:
    for name in ("main_page", "products"):
        family = f"kodeks_catalog_{name}_ok"
        for life in history.lives:
            broken = [each for each in life.incidents if each.check == "catalog"] if name == "products" else []
            hours = {hour for each in broken for hour in range(each.begin, each.end)}
            good = [at for at in life.moments if (at - life.start) // 3600 not in hours]
            for catalog in life.site.company.catalogs:
                writer.constant(head(family, life, catalog=catalog, reason=""), good)
                if hours:
                    moments = [life.start + hour * 3600 for hour in sorted(hours)]
                    writer.constant(head(family, life, catalog=catalog, reason=_CATALOG_REASON), moments, 0)


def _forwarding(history: History, writer: Writer) -> None:
    for life in history.lives:
        rows = _attempts(history, life)
        moments = [row[0] for row in rows]
        last = "kodeks_forward_last_{}_timestamp_seconds"
        writer.write(head(last.format("attempt"), life), moments, [attempt for _, attempt, _, _ in rows])
        taken = [(at, success) for at, _, success, _ in rows if success is not None]
        writer.write(head(last.format("success"), life), [at for at, _ in taken], [success for _, success in taken])
        writer.write(head("kodeks_forward_success", life), moments, [int(row[1] == row[2]) for row in rows])
        for result, state, _ in _ANSWERS:
            moments = [row[0] for row in rows if row[3] == (result, state)]
            if moments:
                writer.constant(head("kodeks_forward_result", life, result=result, state=state), moments)


def _attempts(history: History, life: Life) -> list[tuple[int, int, int | None, tuple[str, str]]]:
    """Rows of the last weeks: moment, last attempt, last success, last answer."""
    rng = Random(mix("forward", life.site.name))
    place = rng.randrange(_WEEK)
    first = history.end - RECENT_DAYS * 86400 - _WEEK
    begin = first - (first - place) % _WEEK
    sent: list[tuple[int, int | None, tuple[str, str]]] = []
    taken: int | None = None
    for at in range(begin, history.end, _WEEK):
        chance, answer = rng.random(), ("error", "")
        for result, state, share in _ANSWERS:
            chance -= share
            if chance < 0:
                answer = result, state
                break
        taken = at if answer[0] != "error" else taken
        sent.append((at, taken, answer))
    rows = []
    for moment in sorted({*life.moments[-RECENT_DAYS:], *history.last_hours}):
        last = [each for each in sent if each[0] <= moment]
        if last:
            rows.append((moment, *last[-1]))
    return rows


def _intake(history: History, writer: Writer) -> None:
    moments = sorted({*history.days, *history.last_hours})
    pushed = sum(life.site.mode == "push" for life in history.lives)
    for result, in_a_day in (("ok", 24 * pushed), ("forbidden", 2), ("unreadable", 1), ("busy", 0)):
        totals = [(at - history.start) * in_a_day // 86400 for at in moments]
        writer.write("kodeks_exporter_uploads_total" + labels(result=result), moments, totals)
    for life in history.lives:
        if facts.number(life) % 9 == 2:
            totals = [(at - history.start) // (11 * 86400) for at in life.moments]
            writer.write(head("kodeks_sysinfo_errors_total", life, reason="timeout"), life.moments, totals)


def _exporter(history: History, writer: Writer) -> None:
    moments = sorted({*history.days, *history.last_hours})
    scraped = labels(job="kodeks", instance="127.0.0.1:9877")
    writer.constant("up" + scraped, moments)
    writer.constant("kodeks_exporter_build_info" + labels(version="1.0.0", python="3.11.2"), moments)
    for name, value in (
        ("installations", len(history.lives)), ("poll_lag_seconds", 0), ("config_last_reload_successful", 1),
        ("config_last_reload_success_timestamp_seconds", history.start),
    ):  # fmt: skip
        writer.constant(f"kodeks_exporter_{name}", moments, value)
    writer.constant("kodeks_exporter_poll_interval_seconds" + labels(kind="checks"), moments, 30)
