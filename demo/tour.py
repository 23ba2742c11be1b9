"""The scripted tour. First and alone the one story: a key is lost, the message, the key is back, RESOLVED.

With everything: also a hosting's DNS, searches that find nothing, an online access used up, all at the same time; the
incidents take under 3 minutes, the whole under 7.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from demo import fleet, tour_online
from demo.narrator import Narrator
from demo.script import Script, TourFailedError, Until, after, play
from demo.sinks import Mail, TelegramMessage
from demo.stack import Part, Stack

ALERT_SECONDS = 120.0
"""Within which a fault must be told, and a recovery too (each counted from its moment)."""
SEARCH_SECONDS = 300.0
"""Within which the list of empty searches comes: its group of rules is evaluated every four minutes."""
_KEY_CLIENT = "Ромашка"
_DNS_CLIENTS = ("Вега", "Альтаир", "Денеб", "Сириус")
_EMPTY_QUERIES = ("ПНД Ф 14.1:2:3:4.112-2023", "GYLA 14.1")


def prepare(_: dict[str, Any], stack: Stack) -> None:
    """Before the exporter starts: searches that find nothing.

    The rules make their first list of all that is there when they are first evaluated, and the next one tomorrow; what
    a first report holds is in it, whenever that is.
    """
    search = _EmptySearch.of(stack)
    for query in _EMPTY_QUERIES:
        stack.stand.search(search.name, search.login, query)


def run(stack: Stack, narrator: Narrator, *, everything: bool = False) -> None:
    """Break, wait, mend, wait. TourFailedError when a message is missing; ChildDiedError when a child ended."""
    try:
        (_everything if everything else _story)(stack, narrator)
    except TourFailedError as error:
        refused = "".join(f"\nTelegram отверг: {each.description}" for each in stack.telegrams.refusals)
        raise TourFailedError(f"{error}{refused}\n{_tails(stack)}") from error


def _story(stack: Stack, narrator: Narrator) -> None:
    narrator.say("Ждём первого круга проверок и чтения экспортёра Prometheus")
    play([_first_round(stack)], stack.check)
    begun = narrator.elapsed
    play([_key(stack, narrator)], stack.check)
    narrator.say(f"Вся история заняла {narrator.elapsed - begun:.0f} с (ожидания в правилах о ключе сокращены)")


def _everything(stack: Stack, narrator: Narrator) -> None:
    narrator.say("Ждём первого круга проверок и чтения экспортёра Prometheus")
    play([_first_round(stack)], stack.check)
    begun = narrator.elapsed
    search = _EmptySearch.of(stack)
    scripts = [_key(stack, narrator), _dns(stack, narrator), search.play(stack, narrator)]
    if stack.has_vendor:
        scripts.append(tour_online.spend(stack, narrator))
    play(scripts, stack.check)

    for number, fits in ((1, _about_key), (2, _about_dns)):
        about = [each.subject for each in stack.mails.messages if fits(f"{each.subject}\n{each.text}")]
        closing = sum(_resolved(subject) for subject in about)
        narrator.say(f"Случай {number}. Писем: о сбое {len(about) - closing}, о восстановлении {closing}")
    if stack.has_vendor:
        narrator.say(tour_online.summary(stack))
    others = [
        each.subject
        for each in stack.mails.messages
        if not (_expected(f"{each.subject}\n{each.text}") or search.told_by(each) or tour_online.about_accesses(each))
    ]
    narrator.say(f"Других писем пришло: {len(others)}" + "".join(f"\n    {subject}" for subject in others))
    narrator.say(
        f"Показ окончен за {narrator.elapsed - begun:.0f} с: писем {len(stack.mails.messages)}, "
        f"сообщений в Telegram {len(stack.telegrams.messages)}, отвергнуто {len(stack.telegrams.refusals)}"
    )


def _first_round(stack: Stack) -> Script:
    """Until Prometheus holds a successful look at the key of the client that is about to lose it."""
    series = 'kodeks_check_success{installation="romashka",check="key"}'
    yield Until(lambda: stack.value(series) is not None, 60, "Prometheus не увидел проверок")


def _key(stack: Stack, narrator: Narrator) -> Script:
    narrator.say("Случай 1. У клиента «Ромашка» пропал ключ SenseLock (код 4111)")
    stack.stand.fault("romashka", "key_lost", code=4111)
    yield from _told(stack, "о ключе", lambda text: _about_key(text) and not _resolved(text))
    narrator.say("Случай 1. О ключе сообщили почтой и в Telegram. Возвращаем ключ и ждём RESOLVED")
    stack.stand.clear("romashka")
    taken = _Taken(stack, (_KEY_CLIENT,))
    yield from _told(stack, "о возвращении ключа", lambda text: _about_key(text) and _resolved(text), taken)
    narrator.say(f"Случай 1. {taken.conclusion()}")


def _dns(stack: Stack, narrator: Narrator) -> Script:
    yield after(10)
    narrator.say(f"Случай 2. У площадки {fleet.HOSTING} отказал DNS: имена четырёх клиентов не находятся в DNS")
    stack.stand.fault(fleet.HOSTING, "dns_servfail")
    yield from _told(stack, "о DNS", lambda text: _about_dns(text) and not _resolved(text))
    narrator.say("Случай 2. О DNS сообщили. Чиним DNS и ждём RESOLVED")
    stack.stand.clear(fleet.HOSTING)
    taken = _Taken(stack, _DNS_CLIENTS)
    yield from _told(stack, "о возвращении DNS", lambda text: _about_dns(text) and _resolved(text), taken)
    narrator.say(f"Случай 2. {taken.conclusion()}")


@dataclass(frozen=True, slots=True)
class _Taken:
    """Whether the spectator has taken all of an incident by the links of its messages: then no RESOLVED will come."""

    stack: Stack
    clients: tuple[str, ...]

    def __call__(self) -> bool:
        silenced = self.stack.silenced_clients()
        return all(any(client in each for each in silenced) for client in self.clients)

    def conclusion(self) -> str:
        return "Закрыт. Его взяли в работу, поэтому RESOLVED не будет, пока не кончится тишина" if self() else "Закрыт"


@dataclass(frozen=True, slots=True)
class _EmptySearch:
    """Case 3: somebody at a client looks for documents that are not there."""

    client: str
    login: str

    name: str

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """The client's last seen user; the report goes the way that this stack has."""
        name = fleet.PUSHING if Part.PUSH in stack.parts else "vesna"
        users = stack.stand.report(name).blocks["users"]
        return cls(fleet.client(name), str(max(users, key=lambda row: str(row[-1]))[0]), name)

    def play(self, stack: Stack, narrator: Narrator) -> Script:
        """Only a mail: what can wait till morning does not go to Telegram.

        The list is made once a day. One that was made before this report was there holds nothing of it; then it
        comes tomorrow, which is no fault.
        """
        way = "отчёт отправил скрипт клиента" if stack.pusher is not None else "отчёт скачал экспортёр"
        queries = ", ".join(_EMPTY_QUERIES)
        narrator.say(f"Случай 3. {self.client}: {self.login} искал впустую ({queries}); {way}")
        late = narrator.elapsed + SEARCH_SECONDS

        def told() -> bool:
            return any(self.told_by(each) for each in stack.mails.messages)

        yield Until(lambda: told() or narrator.elapsed > late, SEARCH_SECONDS + 60, "часы стоят")
        if told():
            narrator.say(f"Случай 3. В письме менеджеру: {self.client}, {self.login}, {queries}")
        else:
            narrator.say("Случай 3. Список пустых поисков составляется раз в сутки: эти попадут в утренний")

    def told_by(self, mail: Mail) -> bool:
        """Whether a mail lists client, user and every query."""
        text = f"{mail.text}\n{html.unescape(mail.html)}"
        return all(each in text for each in (self.client, self.login, *_EMPTY_QUERIES))


def _expected(text: str) -> bool:
    return _about_key(text) or _about_dns(text)


def _about_key(text: str) -> bool:
    return _KEY_CLIENT in text


def _about_dns(text: str) -> bool:
    return "DNS" in text and any(client in text for client in _DNS_CLIENTS)


def _resolved(text: str) -> bool:
    """Whether a message tells a recovery alone; one that also lists what still fails does not."""
    return "RESOLVED" in text and "FIRING" not in text and "🔴" not in text


def _told(
    stack: Stack, subject: str, fits: Callable[[str], bool], unless: Callable[[], bool] = lambda: False
) -> Script:
    """Wait for a mail and a Telegram message that fit; ``unless``: they will not come."""

    def mail(each: Mail) -> bool:
        return fits(f"{each.subject}\n{each.text or each.html}")

    def telegram(each: TelegramMessage) -> bool:
        return fits(each.text)

    yield Until(
        lambda: any(mail(each) for each in stack.mails.messages) or unless(), ALERT_SECONDS, f"нет письма {subject}"
    )
    yield Until(
        lambda: any(telegram(each) for each in stack.telegrams.messages) or unless(),
        ALERT_SECONDS,
        f"нет сообщения в Telegram {subject}",
    )


def _tails(stack: Stack) -> str:
    return "\n".join(f"Журнал {name}:\n{stack.child(name).tail()}" for name in ("alertmanager", "exporter"))
