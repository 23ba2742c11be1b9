"""Who gets messages, and through which receivers."""

from dataclasses import dataclass, replace
from typing import Final

from kodeks_exporter.render.hours import Day, day_of
from kodeks_exporter.settings.alerting import AlertmanagerSettings
from kodeks_exporter.settings.fleet import Manager
from kodeks_exporter.settings.settings import Settings

OPS: Final = "ops"
OPS_MAIL: Final = "root@localhost"
"""Recipient of ops' mail when kodeks.yml names no address: the machine's own mailbox."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who gets messages, with the names of the receivers, empty for none.

    ``day`` None: may be disturbed at any hour, and ``silent`` is empty. ``mail_reader``: who reads ``mail``.
    ``own_mail``: addresses; empty: all mail receivers are those of ops, or of ops' chat. ``telegram``: whether
    ``sound`` and ``silent`` include it.
    """

    settings: Manager
    mail: str
    digest: str
    sound: str
    silent: str
    own_mail: tuple[str, ...]
    day: Day | None
    telegram: bool
    mail_reader: Manager

    @property
    def reachable(self) -> bool:
        return bool(self.own_mail or self.sound)


@dataclass(frozen=True, slots=True)
class People:
    """``managers``: sorted by branch and name. ``heads``: one entry for all heads of a branch; they get only the digest
    of reviews."""

    ops: Person
    managers: tuple[Person, ...]
    heads: tuple[Person, ...]
    dead_man: str

    @property
    def everybody(self) -> tuple[Person, ...]:
        return (self.ops, *self.managers)


def people(site: Settings, prefix: str = "") -> People:
    """``prefix`` separates our receivers from others in the same configuration."""
    settings = site.alertmanager
    ops = _ops(settings, prefix)
    managers = sorted(site.fleet.managers.values(), key=lambda manager: (manager.branch, manager.name))
    heads = []
    for branch in dict.fromkeys(("", *(manager.branch for manager in managers))):
        mail = [each for reviewer in site.handling.reviewers if reviewer.sees(branch) for each in reviewer.email]
        if mail:
            head = replace(settings.ops, name=f"heads/{branch}", branch=branch, email=tuple(dict.fromkeys(mail)))
            heads.append(_person(head, settings, ops, prefix))
    persons = tuple(_person(manager, settings, ops, prefix) for manager in managers)
    return People(ops, persons, tuple(heads), f"{prefix}dead-man")


def has_telegram(person: Manager, settings: AlertmanagerSettings) -> bool:
    return person.telegram_chat_id is not None and settings.telegram.bot_token is not None


def has_chat(person: Manager, settings: AlertmanagerSettings) -> bool:
    """Whether messages reach the person at once, by Telegram or a similar channel."""
    return has_telegram(person, settings) or person.mattermost is not None or person.webhook is not None


def _chat(person: Manager, settings: AlertmanagerSettings) -> str:
    """The base of the names of these receivers."""
    return "telegram" if has_telegram(person, settings) else "chat" if has_chat(person, settings) else ""


def _ops(settings: AlertmanagerSettings, prefix: str) -> Person:
    chat = _chat(settings.ops, settings)
    mail = settings.ops.email or (() if chat else (OPS_MAIL,))
    day = day_of(settings.ops)
    # «/» separates them from the receivers of a manager, whatever the manager's name is.
    return Person(
        settings=settings.ops,
        mail=f"{prefix}{OPS}",
        digest=f"{prefix}{OPS}/digest",
        sound=f"{prefix}{OPS}/{chat}" if chat else "",
        silent=f"{prefix}{OPS}/{chat}-night" if chat and day else "",
        own_mail=mail,
        day=day,
        telegram=has_telegram(settings.ops, settings),
        mail_reader=settings.ops,
    )


def _person(manager: Manager, settings: AlertmanagerSettings, ops: Person, prefix: str) -> Person:
    chat = _chat(manager, settings)
    day = day_of(manager)
    name = f"{prefix}{manager.name}"
    return Person(
        settings=manager,
        mail=f"{name}-mail" if manager.email else ops.mail,
        digest=f"{name}-digest" if manager.email else ops.digest,
        sound=f"{name}-{chat}" if chat else "",
        silent=f"{name}-{chat}-night" if chat and day else "",
        own_mail=manager.email,
        day=day,
        telegram=has_telegram(manager, settings),
        mail_reader=manager if manager.email else settings.ops,
    )
