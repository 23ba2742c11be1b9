"""alertmanager.yml: who gets which message, when it may sound, and what mutes what.

Each person has up to four receivers: mail, mail of digests (without RESOLVED), Telegram with sound and Telegram in
silence. The two of Telegram are gated by the person's working hours. Alertmanager remembers what it sent for each
receiver on its own; so when the working hours begin, the sounding one, which has not told of what the silent one told
at night, sends whatever still fires.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

from kodeks_exporter.config.show import duration_text
from kodeks_exporter.domain.alerting import PRIORITIES, AlertmanagerSettings
from kodeks_exporter.domain.fleet import Fleet, Manager
from kodeks_exporter.render.example import WATCHDOG, Digest, Example
from kodeks_exporter.render.hours import Day, day_of
from kodeks_exporter.render.yamltext import comment, flow, matcher, matcher_any, scalar, template_text

URGENT: Final = PRIORITIES[:3]
"""These go to Telegram whatever their severity, at night in silence."""
OPS: Final = "ops"
DEAD_MAN: Final = "dead-man"
OPS_MAIL: Final = "root@localhost"
"""Where ops' mail goes when kodeks.yml does not tell: the machine's own mailbox."""
_NIGHT_REPEAT: Final = 12 * 3600.0
_MARGIN: Final = 600.0

_HEAD: Final = """\
# Alertmanager 0.25 and newer. Rendered by `kodeks-exporter render`: a change here is lost at the next run.
#
# Mail always; Telegram for critical alerts and for K1 to K3. Outside of a manager's working hours K1 to K3 come to
# Telegram in silence, and other critical alerts wait; what still fires when the working hours begin sounds.
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who gets messages, by the names of the receivers; an empty one is not there.

    ``day`` None: may be rung at any hour, and ``silent`` is not used.
    """

    mail: str
    digest: str
    sound: str
    silent: str
    day: Day | None


def rendered(settings: AlertmanagerSettings, fleet: Fleet, example: Example) -> str:
    """The whole file. It holds secrets where the settings do."""
    ops = _ops(settings)
    everybody = sorted(fleet.managers.values(), key=lambda manager: (manager.branch, manager.name))
    people = {manager.name: _person(manager, settings, ops) for manager in everybody}
    parts = [
        _HEAD,
        _globals(settings, example),
        _list("templates", example.templates),
        _routes(settings, everybody, people, ops, example),
        _intervals([ops, *people.values()]),
        _receivers(settings, everybody, people, ops, example),
        example.inhibit_rules + _more_inhibitions(settings),
    ]
    return "\n".join(part for part in parts if part)


def problems(settings: AlertmanagerSettings, fleet: Fleet) -> list[str]:
    """What the configuration leaves out or takes for granted, for the person who renders it."""
    told = []
    if not settings.smarthost:
        told.append("alertmanager.smtp.smarthost is not set: mail goes to localhost:25")
    if not settings.smtp_from:
        told.append("alertmanager.smtp.sender is not set: mail comes from the example's address")
    if not settings.ops.email and not _telegram(settings.ops, settings):
        told.append(f"alertmanager.ops has no email: what belongs to no manager goes to {OPS_MAIL}")
    if settings.dead_man_url is None:
        told.append("alertmanager.dead_man.url is not set: nobody notices when alerting itself is broken")
    if settings.telegram_bot_token is None:
        chats = [
            manager for manager in [settings.ops, *fleet.managers.values()] if manager.telegram_chat_id is not None
        ]
        if chats:
            told.append(f"alertmanager.telegram.bot_token is not set: {len(chats)} Telegram chats get nothing")
    for manager in fleet.managers.values():
        if not manager.email:
            way = "mail" if _telegram(manager, settings) else "everything"
            told.append(f"manager {manager.name!r} has no email: {way} of his goes to ops")
    return told


def has_secrets(settings: AlertmanagerSettings) -> bool:
    return bool(settings.telegram_bot_token or settings.smtp_credentials or settings.dead_man_url)


def _telegram(person: Manager, settings: AlertmanagerSettings) -> bool:
    return person.telegram_chat_id is not None and settings.telegram_bot_token is not None


def _ops(settings: AlertmanagerSettings) -> Person:
    # «/» keeps them apart from the receivers of a manager, whatever his name is.
    telegram = _telegram(settings.ops, settings)
    sound = f"{OPS}/telegram" if telegram else ""
    silent = f"{OPS}/telegram-night" if telegram else ""
    return Person(OPS, f"{OPS}/digest", sound, silent, day_of(settings.ops))


def _person(manager: Manager, settings: AlertmanagerSettings, ops: Person) -> Person:
    telegram = _telegram(manager, settings)
    return Person(
        mail=f"{manager.name}-mail" if manager.email else ops.mail,
        digest=f"{manager.name}-digest" if manager.email else ops.digest,
        sound=f"{manager.name}-telegram" if telegram else "",
        silent=f"{manager.name}-telegram-night" if telegram else "",
        day=day_of(manager),
    )


def _globals(settings: AlertmanagerSettings, example: Example) -> str:
    lines = [
        f"smtp_smarthost: {scalar(settings.smarthost or example.smarthost)}",
        f"smtp_from: {scalar(template_text(settings.smtp_from or example.smtp_from))}",
        f"smtp_require_tls: {str(settings.smtp_require_tls).lower()}",
    ]
    if settings.smtp_credentials:
        lines += [
            f"smtp_auth_username: {scalar(settings.smtp_credentials.username)}",
            f"smtp_auth_password: {scalar(settings.smtp_credentials.password.reveal())}",
        ]
    if settings.telegram_api_url:
        lines.append(f"telegram_api_url: {scalar(settings.telegram_api_url)}")
    return "global:\n" + "".join(f"  {line}\n" for line in lines)


def _list(key: str, items: tuple[str, ...]) -> str:
    return f"{key}:\n" + "".join(f"  - {scalar(item)}\n" for item in items)


def _plain(section: Mapping[str, Any], indent: str) -> str:
    text = yaml.safe_dump(dict(section), sort_keys=False, allow_unicode=True, width=1000)
    return "".join(f"{indent}{line}\n" for line in text.splitlines())


def _routes(
    settings: AlertmanagerSettings, everybody: list[Manager], people: dict[str, Person], ops: Person, example: Example
) -> str:
    text = f"""\
# Alerts are grouped by kind and by the person who gets them: one incident of several clients is one message.
route:
  receiver: {OPS}
{_plain(example.grouping, "  ")}\
  repeat_interval: {duration_text(settings.repeat["K4"])}
  routes:
    # Always firing; people never see it. The dead man's switch outside raises the alarm when it stops coming.
    - matchers: {flow([matcher("alertname", WATCHDOG)])}
      receiver: {DEAD_MAN}
{_plain(example.watchdog, "      ")}"""
    above = None
    for manager in everybody:
        if manager.branch != above:
            above = manager.branch
            text += f"\n    # ===== {comment(f'branch {above}' if above else 'no branch')} =====\n"
        if not manager.email and not people[manager.name].sound:
            text += f"\n    # {comment(manager.name)}: neither mail nor Telegram, so ops\n"
            continue
        # The branch stands in the matchers too: a client never gets to another branch, not even while a reload moves
        # managers about. An alert without a branch belongs to the manager whom it names.
        branch = matcher_any("branch", ("", manager.branch)) if manager.branch else matcher("branch", "")
        whose = flow([matcher("manager", manager.name), branch])
        text += f"\n    # {comment(_about(manager, people[manager.name]))}\n"
        text += f"    - matchers: {whose}\n" + _person_routes(people[manager.name], settings, example)
    return text + (
        "\n    # ===== the rest: the monitoring itself, unknown managers, alerts without a manager =====\n\n"
        f"    # {comment(_about(replace(settings.ops, name=OPS), ops))}\n"
        + _person_routes(ops, settings, example, first="    - ")
    )


def _about(manager: Manager, person: Person) -> str:
    if not person.sound:
        return f"{manager.name}: mail only"
    return f"{manager.name}: sound " + (person.day.name if person.day else "at any hour")


def _person_routes(person: Person, settings: AlertmanagerSettings, example: Example, first: str = "      ") -> str:
    """The rest of a person's route, behind its matchers."""
    routes = "".join(f"        {line}\n" for line in _person_lines(person, settings, example.digests))
    return f"{first}receiver: {scalar(person.mail)}\n      routes:\n{routes}"


def _person_lines(person: Person, settings: AlertmanagerSettings, digests: tuple[Digest, ...]) -> Iterator[str]:
    repeat = settings.repeat
    yield "# mail, always"
    yield f"- receiver: {scalar(person.mail)}"
    yield f"  repeat_interval: {duration_text(repeat['K4'])}"
    if person.sound:
        yield "  continue: true"
    yield "  routes:"
    # Alertmanager takes the first that fits; where no receiver is told, it is the one above.
    for digest in digests:
        times = ", ".join(f"{key}: {value}" for key, value in digest.times.items())
        names = flow([matcher_any("alertname", digest.alerts)])
        yield f"    - {{matchers: {names}, receiver: {_quoted(person.digest)}, {times}}}"
    for priority in PRIORITIES:
        again = duration_text(repeat[priority])
        yield f"    - {{matchers: {flow([matcher('priority', priority)])}, repeat_interval: {again}}}"
    if not person.sound:
        return
    critical = matcher("severity", "critical")
    if person.day is None:
        yield "# Telegram"
        for priority in URGENT:
            yield _leaf([matcher("priority", priority)], person.sound, repeat[priority])
        for priority in PRIORITIES[len(URGENT) :]:
            yield _leaf([matcher("priority", priority), critical], person.sound, repeat[priority])
        yield _leaf([critical], person.sound, repeat["K4"])
        return
    if settings.sound_at_night:
        yield "# Telegram, with sound at any hour"
        yield _leaf([matcher_any("alertname", sorted(settings.sound_at_night))], person.sound, repeat["K1"])
    hours = flow([person.day.name])
    # A receiver does not hear of an end that falls into the other's hours, so it must be free to tell of the same alert
    # again when its own hours come back: it may not remember for longer than the other's hours last.
    yield "# Telegram at night, in silence"
    at_night = min(_NIGHT_REPEAT, max(person.day.shortest_day - _MARGIN, _MARGIN))
    yield _leaf(
        [f'priority=~"{"|".join(URGENT)}"'], person.silent, at_night, f", mute_time_intervals: {hours}, continue: true"
    )
    yield "# Telegram in working hours, with sound"
    longest = max(person.day.shortest_night - _MARGIN, _MARGIN)
    active = f", active_time_intervals: {hours}"
    for priority in URGENT:
        yield _leaf([matcher("priority", priority)], person.sound, min(repeat[priority], longest), active)
    for priority in PRIORITIES[len(URGENT) :]:
        yield _leaf([matcher("priority", priority), critical], person.sound, repeat[priority], active)
    yield _leaf([critical], person.sound, repeat["K4"], active)


def _leaf(matchers: list[str], receiver: str, repeat: float, more: str = "") -> str:
    wait = duration_text(repeat)
    return f"- {{matchers: {flow(matchers)}, receiver: {_quoted(receiver)}, repeat_interval: {wait}{more}}}"


def _quoted(name: str) -> str:
    """In a mapping on one line a plain scalar could be cut by a comma or a colon."""
    return flow([name])[1:-1]


def _intervals(people: list[Person]) -> str:
    days = {person.day.name: person.day for person in people if person.day and person.sound}
    text = "# Working hours; people with the same ones share an entry.\ntime_intervals:\n" if days else ""
    for name in sorted(days):
        day = days[name]
        text += f"""\
  - name: {scalar(name)}
    time_intervals:
      - times: [{{start_time: '{day.start}', end_time: '{day.end}'}}]
        weekdays: {flow([day.weekdays])}
        location: {scalar(day.zone)}
"""
    return text


def _receivers(
    settings: AlertmanagerSettings, everybody: list[Manager], people: dict[str, Person], ops: Person, example: Example
) -> str:
    forms = _Forms(settings, example)
    text = "receivers:\n  # The fallback: whatever nobody else gets.\n"
    ops_mail = settings.ops.email or (() if ops.sound else (OPS_MAIL,))
    if ops_mail:
        text += f"  - name: {OPS}\n" + forms.mail(ops_mail)
        text += f"  - name: {scalar(ops.digest)}\n" + forms.mail(ops_mail, digest=True)
    else:
        text += f"  - name: {OPS}\n" + forms.telegram(settings.ops.telegram_chat_id, silent=False)
        text += f"  - name: {scalar(ops.digest)}\n"
        text += forms.telegram(settings.ops.telegram_chat_id, silent=True, digest=True)
    text += _telegrams(ops, settings.ops, forms)
    for manager in everybody:
        person = people[manager.name]
        text += "\n"
        if manager.email:
            text += f"  - name: {scalar(person.mail)}\n" + forms.mail(manager.email)
            text += f"  - name: {scalar(person.digest)}\n" + forms.mail(manager.email, digest=True)
        text += _telegrams(person, manager, forms)
    text += "\n  # Outside of this machine; it raises the alarm when it hears nothing for some minutes.\n"
    text += f"  - name: {DEAD_MAN}\n"
    if settings.dead_man_url is not None:
        url = scalar(settings.dead_man_url.reveal())
        text += f"    webhook_configs:\n      - url: {url}\n        send_resolved: false\n"
    return text


def _telegrams(person: Person, manager: Manager, forms: _Forms) -> str:
    if not person.sound:
        return ""
    text = f"  - name: {scalar(person.sound)}\n" + forms.telegram(manager.telegram_chat_id, silent=False)
    if person.day is not None:
        text += f"  - name: {scalar(person.silent)}\n" + forms.telegram(manager.telegram_chat_id, silent=True)
    return text


class _Forms:
    """Writes the options of mails and Telegram messages in full once and refers to them from then on."""

    def __init__(self, settings: AlertmanagerSettings, example: Example) -> None:
        token = settings.telegram_bot_token
        self._options: dict[str, dict[str, Any]] = {
            "mail": example.mail,
            "telegram": {"bot_token": token.reveal()} | example.telegram if token else {},
        }
        self._written: set[str] = set()

    def mail(self, addresses: tuple[str, ...], *, digest: bool = False) -> str:
        own = [f"to: {scalar(template_text(', '.join(addresses)))}"]
        return "    email_configs:\n" + self._item("mail", own, digest)

    def telegram(self, chat: int | None, *, silent: bool, digest: bool = False) -> str:
        own = [f"chat_id: {chat}", f"disable_notifications: {str(silent).lower()}"]
        return "    telegram_configs:\n" + self._item("telegram", own, digest)

    def _item(self, form: str, own: list[str], digest: bool) -> str:
        # A person's digest stands behind his ordinary receiver, so the form is written by then.
        if form in self._written:
            lines = [f"<<: *{form}", *own, *(["send_resolved: false"] if digest else [])]
            return "      - " + "\n        ".join(lines) + "\n"
        self._written.add(form)
        return (
            f"      - &{form}\n"
            + "".join(f"        {line}\n" for line in own)
            + _plain(self._options[form], "        ")
        )


def _more_inhibitions(settings: AlertmanagerSettings) -> str:
    if not settings.inhibit_rules:
        return ""
    text = "\n  # Of this site.\n"
    for rule in settings.inhibit_rules:
        text += (
            f"  - source_matchers: {flow(rule.source_matchers)}\n    target_matchers: {flow(rule.target_matchers)}\n"
        )
        if rule.equal:
            text += f"    equal: {flow(rule.equal)}\n"
    return text
