"""The product's one route, with a route for each person below it.

Each person has up to four receivers: mail, mail of digests (without RESOLVED), Telegram with sound and Telegram in
silence. Which of the latter two is awake depends on the person's working hours. Alertmanager remembers what it sent
separately for each receiver; so when the working hours begin, the one with sound, unaware of what the silent one has
sent, sends whatever still fires.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import yaml

from kodeks_exporter.render.example import HANDLING_MONTH, PRODUCT, UNDELIVERED, WATCHDOG, Digest, Example
from kodeks_exporter.render.hours import window_of
from kodeks_exporter.render.people import OPS, People, Person
from kodeks_exporter.render.yamltext import comment, flow, matcher, matcher_any, scalar
from kodeks_exporter.settings.alerting import PRIORITIES, AlertmanagerSettings
from kodeks_exporter.settings.values import duration_text

URGENT: Final = PRIORITIES[:2]
"""These go to Telegram whatever their severity, at night silently."""
_TWICE_A_DAY: Final = 12 * 3600.0
"""Mails of what is urgent are repeated no sooner: whoever opens the inbox finds one of the last half day."""
_MARGIN: Final = 600.0
THIS_WEEK: Final = PRIORITIES[3:]
"""These come by mail only, whatever their severity."""


def plain(section: Mapping[str, Any], indent: str) -> str:
    text = yaml.safe_dump(dict(section), sort_keys=False, allow_unicode=True, width=1000)
    return "".join(f"{indent}{line}\n" for line in text.splitlines())


def route(settings: AlertmanagerSettings, people: People, example: Example, whose: str = PRODUCT) -> str:
    """An item of a list of routes, with comments; not indented. ``whose``: the matcher of the alerts that it takes."""
    ops = people.ops
    text = f"""\
# Alerts are grouped by kind and by the person who gets them: one incident of several clients is one message.
- matchers: {flow([whose])}
  receiver: {scalar(ops.mail)}
{plain(example.grouping, "  ")}\
  repeat_interval: {duration_text(settings.repeat["K4"])}
  routes:
    # Always firing; people never see it. The dead man's switch outside raises the alarm when it stops coming.
    - matchers: {flow([matcher("alertname", WATCHDOG)])}
      receiver: {scalar(people.dead_man)}
{plain(example.watchdog, "      ")}\
    # A failing channel is reported through the other one; failures of further channels through both.
    - matchers: {flow([matcher("alertname", UNDELIVERED), matcher("integration", "telegram")])}
      receiver: {scalar(ops.mail)}
    - matchers: {flow([matcher("alertname", UNDELIVERED), matcher("integration", "email")])}
      receiver: {scalar(ops.sound or ops.mail)}
"""
    (month,) = (digest.times for digest in example.digests if HANDLING_MONTH in digest.alerts)
    for heads in people.heads:
        names = flow([matcher("alertname", HANDLING_MONTH), matcher("branch", heads.settings.branch)])
        text += f"    - matchers: {names}\n      receiver: {scalar(heads.digest)}\n{plain(month, '      ')}"
    above = None
    for person in people.managers:
        manager = person.settings
        if manager.branch != above:
            above = manager.branch
            text += f"\n    # ===== {comment(f'branch {above}' if above else 'no branch')} =====\n"
        if not person.reachable:
            text += f"\n    # {comment(manager.name)}: neither mail nor Telegram, so ops\n"
            continue
        # The branch is in the matchers, too, so that no client's alerts get to another branch, not even while a reload
        # moves managers. An alert without a branch belongs to the manager it names.
        branch = matcher_any("branch", ("", manager.branch)) if manager.branch else matcher("branch", "")
        names = flow([matcher("manager", manager.name), branch, example.for_ops])
        text += f"\n    # {comment(_about(person))}\n    - matchers: {names}\n"
        text += _person_routes(person, settings, example)
    ops = replace(ops, settings=replace(ops.settings, name=OPS))
    return text + (
        "\n    # ===== the rest: the monitoring itself, unknown managers, alerts without a manager =====\n\n"
        f"    # {comment(_about(ops))}\n" + _person_routes(ops, settings, example, first="    - ")
    )


def _about(person: Person) -> str:
    hours = person.day.name if person.day else "at any hour"
    return f"{person.settings.name}: sound {hours}" if person.sound else f"{person.settings.name}: mail only"


def _person_routes(person: Person, settings: AlertmanagerSettings, example: Example, first: str = "      ") -> str:
    """The rest of a person's route, after its matchers."""
    lines = [*_mail_lines(person, settings, example.digests)]
    if person.sound:
        lines += _telegram_lines(person, settings)
    routes = "".join(f"        {line}\n" for line in lines)
    return f"{first}receiver: {scalar(person.mail)}\n      routes:\n{routes}"


def _mail_lines(person: Person, settings: AlertmanagerSettings, digests: tuple[Digest, ...]) -> Iterator[str]:
    repeat = settings.repeat
    yield "# mail, always"
    yield f"- receiver: {scalar(person.mail)}"
    yield f"  repeat_interval: {duration_text(repeat['K4'])}"
    if person.sound:
        yield "  continue: true"
    yield "  routes:"
    # Alertmanager takes the first route that matches; one without a receiver inherits it.
    for digest in digests:
        times = ", ".join(f"{key}: {value}" for key, value in digest.times.items())
        names = flow([matcher_any("alertname", digest.alerts)])
        receiver = person.mail if digest.ends else person.digest
        if digest.window:
            times += f", active_time_intervals: {flow([window_of(person.mail_reader, digest.window).name])}"
        yield f"    - {{matchers: {names}, receiver: {_quoted(receiver)}, {times}}}"
    for priority in PRIORITIES:
        wait = max(repeat[priority], _TWICE_A_DAY) if priority in URGENT else repeat[priority]
        named = flow([matcher("priority", priority)])
        yield f"    - {{matchers: {named}, repeat_interval: {duration_text(wait)}}}"


def _telegram_lines(person: Person, settings: AlertmanagerSettings) -> Iterator[str]:
    repeat = settings.repeat
    today = [matcher("severity", "critical"), f'priority!~"{"|".join(THIS_WEEK)}"']
    active = ""
    if person.day is None:
        yield "# Telegram"
        for priority in URGENT:
            yield _leaf([matcher("priority", priority)], person.sound, repeat[priority])
    else:
        if settings.night.sound:
            yield "# Telegram, with sound at any hour"
            yield _leaf([matcher_any("alertname", sorted(settings.night.sound))], person.sound, repeat["K1"])
        yield "# Telegram: at night in silence, in working hours with sound"
        # A receiver misses an end in the other's hours, so it must be able to send the same alert again when its own
        # hours return: it must not remember it for longer than the other's hours last.
        again = min(_TWICE_A_DAY, max(person.day.shortest_day - _MARGIN, _MARGIN))
        muted = f", mute_time_intervals: {flow([person.day.inner_name])}, continue: true"
        yield _leaf([f'priority=~"{"|".join(URGENT)}"'], person.silent, again, muted)
        longest = max(person.day.shortest_night - _MARGIN, _MARGIN)
        active = f", active_time_intervals: {flow([person.day.name])}"
        for priority in URGENT:
            yield _leaf([matcher("priority", priority)], person.sound, min(repeat[priority], longest), active)
    # What can wait for the working hours rings once: 5d is as long as Alertmanager remembers.
    yield _leaf(today, person.sound, max(repeat.values()), active)


def _leaf(matchers: list[str], receiver: str, repeat: float, more: str = "") -> str:
    wait = duration_text(repeat)
    return f"- {{matchers: {flow(matchers)}, receiver: {_quoted(receiver)}, repeat_interval: {wait}{more}}}"


def _quoted(name: str) -> str:
    """Quoted, because in a mapping on one line a comma or a colon could cut a plain scalar."""
    return flow([name])[1:-1]
