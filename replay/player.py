"""Alertmanager, sped up: a real one, with real mail and Telegram, given what Prometheus' engine found."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import requests
import yaml

from demo import servers
from demo.rundir import RunDirectory
from demo.sinks import Mail, MailSink, TelegramMessage, TelegramSink
from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.load import ConfigError, load
from kodeks_exporter.render.files import render
from replay import clock, engine, feed, scaled
from replay.messages import Message, People
from replay.script import Script, ScriptError
from replay.series import series_of

_OPS: Final = "ops@dealer.example"
_OF_ACCESSES: Final = "online.yml"
_STARTUP: Final = 4.0
"""Seconds for Alertmanager to start before the script's time begins."""
_LATE: Final = 5.0
_LATE_REAL: Final = 0.1
"""How late a post may be, in seconds of the script, or real ones; a slower machine gets another, slower attempt."""
_ATTEMPTS: Final = 3
_LINGER: Final = 1.0
"""Real seconds to wait for the last message after the end."""
_YEARS: Final = timedelta(days=28 * 365 + 7)
"""28 years: the calendar is the same then, and so is the zone in winter. See _document."""

_ADDRESSES: Final[Plain] = {"web": {"external_url": "https://kodeks.example"}}
"""So that messages have links: a Telegram message names its alert only there."""


class ReplayError(RuntimeError):
    """The replay itself failed; the text says how."""


@dataclass(frozen=True, slots=True)
class Played:
    """``messages`` in order of arrival. ``refused``: what Telegram would reject. ``wrong``: about the answers.

    ``posts``: what Alertmanager was given, ``document``: its configuration, see ``scaled.at_any_hour``."""

    messages: tuple[Message, ...]
    refused: tuple[str, ...]
    wrong: str
    alerts: frozenset[str]
    speed: float
    posts: tuple[feed.Post, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)


def play(script: Script, progress: Callable[[str], None] = lambda _: None) -> Played:
    """Raises ScriptError, ReplayError, EngineError, OSError. Takes about the script's length divided by its speed."""
    folder = RunDirectory()
    try:
        return _play(script, folder.path, progress)
    finally:
        folder.remove()


def _play(script: Script, folder: Path, progress: Callable[[str], None]) -> Played:
    desk = _Desk()
    with MailSink(desk.mail) as mails, TelegramSink(listener=desk.telegram) as telegrams:
        config = folder / "kodeks.yml"
        config.touch(mode=0o600)
        config.write_text(yaml.safe_dump(_kodeks(script, mails, telegrams), allow_unicode=True), encoding="utf-8")
        try:
            settings = load(config, {}, _ADDRESSES)
        except ConfigError as error:
            raise ScriptError(f"fleet: {error}") from error
        for file in render(settings).files:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
        left_out = engine.LEFT_OUT if settings.fleet.online_accesses else {*engine.LEFT_OUT, _OF_ACCESSES}
        rules = sorted(path for path in (folder / "rules").glob("*.yml") if path.name not in left_out)
        progress("Prometheus: правила шаг за шагом")
        series = series_of(script, settings.fleet)
        steps, wrong = engine.evaluated(script, series, rules, folder)
        posts = feed.posts(steps, script.step)
        alerts = frozenset(alert.name for step in steps for alert in step)
        people = People(
            {mail: each.name for each in settings.fleet.managers.values() for mail in each.email} | {_OPS: "ops"},
            {each.telegram_chat_id: each.name for each in settings.fleet.managers.values() if each.telegram_chat_id},
        )
        if not posts:
            return Played((), (), wrong, alerts, script.speed)
        document = scaled.at_any_hour(
            yaml.load((folder / "alertmanager.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
        )
        speed = script.speed
        for attempt in range(1, _ATTEMPTS + 1):
            run = _Run(script, posts, document, speed)
            progress(f"Alertmanager: в {run.speed:.0f} раз быстрее часов")
            desk.open(people, run.now)
            late = run.run(folder / f"alertmanager-{attempt}", folder / "templates")
            if late <= max(_LATE, _LATE_REAL * run.speed):
                refused = tuple(each.description for each in telegrams.refusals)
                return Played(desk.close(), refused, wrong, alerts, run.speed, tuple(posts), document)
            progress(f"машина не успевает (опоздание {late:.0f} с по часам случая), ещё раз медленнее")
            speed = speed / 2
        raise ReplayError(f"this machine is too slow even for speed {speed * 2:g}")


def _kodeks(script: Script, mails: MailSink, telegrams: TelegramSink) -> dict[str, Any]:
    return {
        **script.fleet,
        "alertmanager": {
            "smtp": {"smarthost": f"{mails.host}:{mails.port}", "sender": "k@dealer.example", "require_tls": False},
            "telegram": {"bot_token": telegrams.token, "api_url": telegrams.url},
            "ops": {"email": _OPS},
            "night": {"sound": list(script.night_sound)},
        },
    }


class _Desk:
    """Where messages come in, from the sinks' threads; by the clock of the attempt that runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[Message] = []
        self._people = People({}, {})
        self._now: Callable[[], datetime] | None = None

    def open(self, people: People, now: Callable[[], datetime]) -> None:
        with self._lock:
            self._messages, self._people, self._now = [], people, now

    def close(self) -> tuple[Message, ...]:
        with self._lock:
            self._now = None
            return tuple(self._messages)

    def mail(self, mail: Mail) -> None:
        with self._lock:
            if self._now is not None:
                to = ", ".join(self._people.mailboxes.get(address, address) for address in mail.to)
                self._messages.append(Message(self._now(), to, "mail", mail.subject, mail.text.strip(), sound=True))

    def telegram(self, message: TelegramMessage) -> None:
        text = message.text.strip()
        title = text.partition("\n")[0]
        links = "".join(f"\n{label}: {address}" for label, address in message.links)
        with self._lock:
            if self._now is not None:
                to = self._people.chats.get(message.chat_id, str(message.chat_id))
                came = Message(self._now(), to, "telegram", title, text + links, sound=not message.silent)
                self._messages.append(came)


class _Run:
    """One attempt."""

    def __init__(self, script: Script, posts: list[feed.Post], document: dict[str, Any], speed: float) -> None:
        self._script, self._posts = script, posts
        # Nothing happens in Alertmanager before the first post, so its time begins shortly before that.
        self._first = max(0.0, posts[0].at - 10)
        self._length = (script.end - script.start).total_seconds()
        begin = datetime.now(UTC) + timedelta(seconds=_STARTUP)
        found = scaled.edges(document, self._moment(self._first), script.end)
        edge = scaled.the_edge(found)
        real_edge = begin
        if edge is not None:
            # The edge has to be a whole minute of the real clock, so the speed is adjusted.
            span = (edge - self._moment(self._first)).total_seconds()
            real_edge = (begin + timedelta(seconds=0.8 * span / speed + 59.999)).replace(second=0, microsecond=0)
            speed = span / (real_edge - begin).total_seconds()
        self.speed = speed
        self._begin = begin.timestamp()
        self._document = scaled.pinned(scaled.scaled(document, speed), found, real_edge)

    def run(self, folder: Path, templates: Path) -> float:
        """How late the latest post was, in seconds of the script."""
        folder.mkdir()
        shutil.copytree(templates, folder / "templates")
        config = folder / "alertmanager.yml"
        config.touch(mode=0o600)
        config.write_text(yaml.safe_dump(self._document, allow_unicode=True, sort_keys=False), encoding="utf-8")
        late = 0.0
        with servers.alertmanager(config, folder, environment={"TZ": clock.ZONE.key}) as server:
            for at in sorted({post.at for post in self._posts}):
                wait = self._real(at) - time.time()
                if wait > 0:
                    time.sleep(wait)
                late = max(late, -wait * self.speed)
                _post(server.url, [_document(each, self._moment) for each in self._posts if each.at == at])
            time.sleep(max(0.0, self._real(self._length) - time.time()) + _LINGER)
            server.check()
        return late

    def _real(self, seconds: float) -> float:
        """The Unix time at which a moment of the script is played."""
        return self._begin + (seconds - self._first) / self.speed

    def _moment(self, seconds: float) -> datetime:
        return self._script.start + timedelta(seconds=seconds)

    def now(self) -> datetime:
        """By the script's clock."""
        return self._moment(self._first + (time.time() - self._begin) * self.speed)


def _document(post: feed.Post, moment: Callable[[float], datetime]) -> dict[str, Any]:
    """An alert as Alertmanager's API takes it.

    Its times are shown in messages, so they are the script's. But Alertmanager compares them with the real clock: it
    sends an alert that began long ago at once, without group_wait, and one that ends in the future is not resolved. So
    a firing alert has the script's times 28 years later, and a resolved one 28 years earlier; messages don't show
    years.
    """
    since = moment(post.since)
    if post.over is None:
        starts, ends = since + _YEARS, since + 2 * _YEARS
    else:
        starts, ends = since - _YEARS, moment(post.over) - _YEARS
    texts = dict(post.alert.annotations)
    if texts.get("since"):
        texts["since"] = clock.placed(texts["since"], moment(0))
    return {
        "labels": dict(post.alert.labels),
        "annotations": texts,
        "startsAt": starts.astimezone(UTC).isoformat(),
        "endsAt": ends.astimezone(UTC).isoformat(),
    }


def _post(url: str, alerts: list[Mapping[str, Any]]) -> None:
    try:
        requests.post(f"{url}/api/v2/alerts", json=alerts, timeout=30).raise_for_status()
    except requests.RequestException as error:
        raise ReplayError(f"Alertmanager does not take alerts: {error}") from error
