"""A replay in Russian, as a person reads it: the clock, what happens, who gets what."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from replay import clock
from replay.messages import Message
from replay.player import Played
from replay.script import Event, Script

_WIDTH: Final = 110
_LINES: Final = 14
"""Maximum per message; the rest is cut off."""
_INDENT: Final = " " * 12
_LINK: Final = re.compile(r"[^:]+(?::\d+)?: https?://")
"""The target of a link in a Telegram message, which readers see only when they point at it."""
_WAYS: Final = {"mail": "почта", "telegram": "Telegram"}


def shown(script: Script, outcome: Played, problems: Sequence[str]) -> str:
    """The whole text."""
    return "\n".join([*_head(script), *_timeline(script, outcome), *_end(script, outcome, problems)]) + "\n"


def _head(script: Script) -> Iterator[str]:
    title = f"Случай {script.case}. {script.title}"
    yield title
    yield "═" * len(title)
    yield from _paragraph("Было:  ", script.today)
    yield from _paragraph("Стало: ", script.here)
    if script.note:
        yield from _paragraph("Важно: ", script.note)
    clients = len(script.fleet.get("installations", [])) + len(script.fleet.get("online_accesses", []))
    yield ""
    yield f"{script.start:%d.%m.%Y}, время московское. Клиентов в парке: {clients}, менеджеры: {_managers(script)}."
    yield ""


def _managers(script: Script) -> str:
    said = []
    for manager in script.fleet.get("managers", []):
        hours = manager.get("working_hours")
        said.append(f"{manager['name']} ({hours['start']}–{hours['end']})" if hours else str(manager["name"]))
    return ", ".join(said)


def _timeline(script: Script, outcome: Played) -> Iterator[str]:
    lines: list[tuple[datetime, int, list[str]]] = []
    for event in script.timeline:
        if event.what:
            at = clock.moment(event.at, script.start)
            lines.append((at, 0, _event(script, event, at)))
    for answer in script.answers:
        at = clock.moment(answer.at, script.start)
        lines.append((at, 1, [*_paragraph(f"{_clock(script, at)}  ?  ", answer.asks), f"{_INDENT} = {answer.means}"]))
    lines += [(message.at, 2, _message(script, message)) for message in outcome.messages]
    for _, _, block in sorted(lines, key=lambda line: line[:2]):
        yield from block
        yield ""


def _clock(script: Script, at: datetime) -> str:
    local = at.astimezone(clock.ZONE)
    if script.end.date() == script.start.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%d.%m %H:%M}"


def _event(script: Script, event: Event, at: datetime) -> list[str]:
    sign = "✓" if event.works else "⚡" if event.fails and not event.planned else "•"
    return list(_paragraph(f"{_clock(script, at)}  {sign}  ", event.what))


def _message(script: Script, message: Message) -> list[str]:
    sound = "" if message.by == "mail" else ", со звуком" if message.sound else ", без звука"
    sign = "✉" if message.by == "mail" else "🔔" if message.sound else "🔕"
    block = [f"{_clock(script, message.at)}  {sign}  {message.to} · {_WAYS[message.by]}{sound}"]
    block.append(f"{_INDENT}┌ {message.title}")
    # The text begins by repeating the title, and a mail's signature repeats the subject.
    told = [line.strip() for line in message.text.splitlines()[1:] if line.strip()]
    told = told[: told.index("--")] if "--" in told else told
    lines = [
        wrapped
        for line in told
        if not (message.by == "telegram" and _LINK.match(line))
        for wrapped in textwrap.wrap(line, _WIDTH - len(_INDENT) - 2, break_long_words=False,
                                     break_on_hyphens=False)
    ]  # fmt: skip
    block += [f"{_INDENT}│ {line}" for line in lines[:_LINES]]
    if len(lines) > _LINES:
        block.append(f"{_INDENT}│ … ещё строк: {len(lines) - _LINES}")
    return block


def _end(script: Script, outcome: Played, problems: Sequence[str]) -> Iterator[str]:
    firing = [message for message in outcome.messages if not message.resolved]
    over = len(outcome.messages) - len(firing)
    mails = sum(message.by == "mail" for message in firing)
    sounds = sum(message.by == "telegram" and message.sound for message in firing)
    silent = sum(message.by == "telegram" and not message.sound for message in firing)
    yield "─" * 40
    yield (
        f"Сообщений о беде: {len(firing)} (почта {mails}, Telegram со звуком {sounds}, без звука {silent});"
        f" о том, что прошло: {over}."
    )
    if script.missing:
        yield f"Чего пока нет: {', '.join(script.missing)}."
    if problems:
        yield "НЕ ТАК, КАК ОБЕЩАНО:"
        yield from (f"  • {each}" for each in problems)
    else:
        yield "Всё так, как обещано в сценарии."


def _paragraph(first: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(" ".join(text.split()), _WIDTH, initial_indent=first, subsequent_indent=" " * len(first))
