"""The scripted tour: two incidents from fault to RESOLVED, overlapping so that the whole takes under 3 minutes, and
a search that finds nothing.
"""

from __future__ import annotations

import html
import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from demo import fleet
from demo.narrator import Narrator
from demo.sinks import Mail, TelegramMessage
from demo.stack import Stack

ALERT_SECONDS = 120.0
"""Within which a fault must be told, and a recovery too (each counted from its moment)."""
_KEY_CLIENT = "Ромашка"
_DNS_CLIENTS = ("Вега", "Альтаир", "Денеб", "Сириус")


TELL_EMPTY_SEARCH = False
"""Whether case 3 is told. Off until the mail template lists the rule's ``searches`` annotation: without that the mail
of KodeksSearchIsEmpty comes, but names neither user nor query, and the tour would rightly fail.
"""
_EMPTY_QUERIES = ("ПНД Ф 14.1:2:3:4.112-2023", "GYLA 14.1")


class TourFailedError(RuntimeError):
    """A message that should have come did not."""


def run(stack: Stack, narrator: Narrator) -> None:
    """Break, wait, mend, wait. TourFailedError when a message is missing; ChildDiedError when a child ended."""
    narrator.say("Ждём первого круга проверок и чтения экспортёра Prometheus")
    _wait(stack, lambda: _checked(stack), 60, "Prometheus не увидел проверок")
    begun = narrator.elapsed

    narrator.say("Случай 1. У клиента «Ромашка» пропал ключ SenseLock (код 4111)")
    stack.stand.fault("romashka", "key_lost", code=4111)
    time.sleep(10)
    narrator.say(f"Случай 2. У площадки {fleet.HOSTING} отказал DNS: имена четырёх клиентов не разрешаются")
    stack.stand.fault(fleet.HOSTING, "dns_servfail")
    search = _EmptySearch.begin(stack, narrator) if TELL_EMPTY_SEARCH else None

    _expect(stack, "о ключе", lambda text: _about_key(text) and not _resolved(text))
    narrator.say("Случай 1. О ключе сообщили почтой и в Telegram. Возвращаем ключ и ждём RESOLVED")
    stack.stand.clear("romashka")

    _expect(stack, "о DNS", lambda text: _about_dns(text) and not _resolved(text))
    narrator.say("Случай 2. О DNS сообщили. Чиним DNS и ждём RESOLVED")
    stack.stand.clear(fleet.HOSTING)

    _expect(stack, "о возвращении ключа", lambda text: _about_key(text) and _resolved(text))
    narrator.say("Случай 1. Закрыт")
    _expect(stack, "о возвращении DNS", lambda text: _about_dns(text) and _resolved(text))
    narrator.say("Случай 2. Закрыт")
    if search is not None:
        search.expect(stack, narrator)
    for number, fits in ((1, _about_key), (2, _about_dns)):
        about = [each.subject for each in stack.mails.messages if fits(f"{each.subject}\n{each.text}")]
        closing = sum(_resolved(subject) for subject in about)
        narrator.say(f"Случай {number}. Писем: о сбое {len(about) - closing}, о восстановлении {closing}")
    others = [
        each.subject
        for each in stack.mails.messages
        if not (_expected(f"{each.subject}\n{each.text}") or (search is not None and search.told_by(each)))
    ]
    narrator.say(f"Других писем пришло: {len(others)}" + "".join(f"\n    {subject}" for subject in others))
    narrator.say(
        f"Показ окончен за {narrator.elapsed - begun:.0f} с: писем {len(stack.mails.messages)}, "
        f"сообщений в Telegram {len(stack.telegrams.messages)}, отвергнуто {len(stack.telegrams.refusals)}"
    )


@dataclass(frozen=True, slots=True)
class _EmptySearch:
    """Case 3: somebody at a client looks for documents that are not there."""

    client: str
    login: str

    @classmethod
    def begin(cls, stack: Stack, narrator: Narrator) -> Self:
        """Let the client's last seen user search; the report goes the way that this stack has."""
        name = fleet.PUSHING if stack.pusher is not None else "vesna"
        users = stack.stand.report(name).blocks["users"]
        login = str(max(users, key=lambda row: str(row[-1]))[0])
        way = "отчёт отправит скрипт клиента" if stack.pusher is not None else "отчёт скачает экспортёр"
        queries = ", ".join(_EMPTY_QUERIES)
        narrator.say(f"Случай 3. {fleet.client(name)}: {login} ищет впустую ({queries}); {way}")
        for query in _EMPTY_QUERIES:
            stack.stand.search(name, login, query)
        if stack.pusher is not None:
            stack.pusher.now()
        return cls(fleet.client(name), login)

    def told_by(self, mail: Mail) -> bool:
        """Whether a mail lists client, user and every query."""
        text = f"{mail.text}\n{html.unescape(mail.html)}"
        return all(each in text for each in (self.client, self.login, *_EMPTY_QUERIES))

    def expect(self, stack: Stack, narrator: Narrator) -> None:
        """Only a mail: what can wait till morning does not go to Telegram."""
        _wait(
            stack,
            lambda: any(self.told_by(each) for each in stack.mails.messages),
            ALERT_SECONDS,
            f"нет письма о пустом поиске, {self.client}",
        )
        narrator.say(f"Случай 3. В письме менеджеру: {self.client}, {self.login}, {', '.join(_EMPTY_QUERIES)}")


def _expected(text: str) -> bool:
    return _about_key(text) or _about_dns(text)


def _about_key(text: str) -> bool:
    return _KEY_CLIENT in text


def _about_dns(text: str) -> bool:
    return "DNS" in text and any(client in text for client in _DNS_CLIENTS)


def _resolved(text: str) -> bool:
    """Whether a message tells a recovery alone; one that also lists what still fails does not."""
    return "RESOLVED" in text and "FIRING" not in text and "🔴" not in text


def _expect(stack: Stack, subject: str, fits: Callable[[str], bool]) -> None:
    """Wait for a mail and a Telegram message that fit."""

    def mail(each: Mail) -> bool:
        return fits(f"{each.subject}\n{each.text or each.html}")

    def telegram(each: TelegramMessage) -> bool:
        return fits(each.text)

    _wait(stack, lambda: any(mail(each) for each in stack.mails.messages), ALERT_SECONDS, f"нет письма {subject}")
    _wait(
        stack,
        lambda: any(telegram(each) for each in stack.telegrams.messages),
        ALERT_SECONDS,
        f"нет сообщения в Telegram {subject}",
    )


def _wait(stack: Stack, ready: Callable[[], bool], timeout: float, complaint: str) -> None:
    deadline = time.monotonic() + timeout
    while not ready():
        stack.check()
        if time.monotonic() > deadline:
            refused = "".join(f"\nTelegram отверг: {each.description}" for each in stack.telegrams.refusals)
            raise TourFailedError(f"{complaint} за {timeout:.0f} с{refused}\n{_tails(stack)}")
        time.sleep(0.2)


def _tails(stack: Stack) -> str:
    return "\n".join(f"Журнал {name}:\n{stack.child(name).tail()}" for name in ("alertmanager", "exporter"))


def _checked(stack: Stack) -> bool:
    """Whether Prometheus holds a successful look at the key of the client that is about to lose it."""
    query = "kodeks_check_success%7Binstallation%3D%22romashka%22%2Ccheck%3D%22key%22%7D"
    try:
        with urllib.request.urlopen(f"{stack.prometheus_url}/api/v1/query?query={query}", timeout=5) as answer:
            return bool(json.load(answer)["data"]["result"])
    except OSError:
        return False
