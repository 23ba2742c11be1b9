"""A silent resolver is the monitor's own trouble; a name whose servers are silent is the name's."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.net import resolver as module
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.resolver import Resolved, Resolver

GOOD = ("192.0.2.1",)


class Names:
    """What a system's resolver answers: addresses, an error, or nothing until it is let go."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[str, ...] | CheckError] = {}
        self.asked: list[str] = []
        self.go = threading.Event()

    def __call__(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        answer = self.answers.get(host)
        if answer is None:
            self.go.wait(20)
            answer = self.answers.get(host, CheckError("dns_timeout", "молчит"))
        if isinstance(answer, CheckError):
            raise answer
        return answer


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def resolver(names: Names, monkeypatch: pytest.MonkeyPatch) -> Resolver:
    monkeypatch.setattr(module, "_IMPATIENT", 0.03)
    found = Resolver(timeout=0.05, look_up=names)
    monkeypatch.setattr(found, "_answers_anything", lambda: False)
    return found


def fails(ask: Callable[[], object]) -> CheckError:
    with pytest.raises(CheckError) as caught:
        ask()
    return caught.value


def settled(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to it")


def test_who_has_no_answer_yet_knows_nothing(resolver: Resolver) -> None:
    assert fails(lambda: resolver.find("a.test")).own is Impairment.RESOLVER


def test_one_look_up_a_name_at_a_time(resolver: Resolver, names: Names) -> None:
    for _ in range(5):
        fails(lambda: resolver.find("A.test."))
    assert names.asked == ["a.test"]


def test_an_answer_that_came_late_serves_who_asks_next(resolver: Resolver, names: Names) -> None:
    fails(lambda: resolver.find("a.test"))
    names.answers["a.test"] = GOOD
    names.go.set()
    settled(lambda: resolver._names["a.test"].running is None)
    names.go.clear()
    del names.answers["a.test"]
    assert resolver.find("a.test") == Resolved(GOOD)


def test_the_last_good_address_while_the_resolver_is_silent(
    resolver: Resolver, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    names.answers["a.test"] = GOOD
    assert resolver.find("a.test") == Resolved(GOOD)
    del names.answers["a.test"]
    assert resolver.find("a.test") == Resolved(GOOD), "an answer of a minute ago still counts"
    monkeypatch.setattr(module, "_RECENT", 0.0)
    assert resolver.find("a.test") == Resolved(GOOD, stale=True)
    names.go.set()
    settled(lambda: resolver._names["a.test"].running is None)
    assert resolver.find("a.test") == Resolved(GOOD, stale=True), "silent to the end, and no other name answered either"


@pytest.mark.parametrize("reason", ["nxdomain", "no_address"])
def test_an_answer_that_there_is_none_counts_at_once(resolver: Resolver, names: Names, reason: str) -> None:
    names.answers["a.test"] = GOOD
    resolver.find("a.test")
    names.answers["a.test"] = CheckError(reason, "нет")
    error = fails(lambda: resolver.find("a.test"))
    assert (error.reason, error.own) == (reason, None)
    del names.answers["a.test"]
    assert fails(lambda: resolver.find("a.test")).reason == reason, "and its old address is good for nothing"


def test_a_name_alone_in_its_silence_is_at_fault(resolver: Resolver, names: Names) -> None:
    names.answers |= {"a.test": CheckError("dns_timeout", "молчит"), "b.test": GOOD}
    assert fails(lambda: resolver.find("a.test")).own is Impairment.RESOLVER
    resolver.find("b.test")
    error = fails(lambda: resolver.find("a.test"))
    assert (error.reason, error.own) == ("dns_timeout", None)


def test_all_names_silent_is_the_resolver(resolver: Resolver, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a name server still tells where the root is: its own line is cut."""
    monkeypatch.setattr(resolver, "_answers_anything", lambda: True)
    hosts = [f"{letter}.test" for letter in "abcde"]
    names.answers |= dict.fromkeys(hosts, CheckError("dns_timeout", "молчит"))
    errors = [fails(lambda host=host: resolver.find(host)) for host in hosts]  # type: ignore[misc]
    assert {error.own for error in errors[3:]} == {Impairment.RESOLVER}


def test_hundreds_of_dead_names_keep_no_living_one_waiting(names: Names) -> None:
    resolver = Resolver(timeout=0.01, look_up=names)
    for number in range(100):
        fails(lambda number=number: resolver.find(f"dead{number}.test"))  # type: ignore[misc]
    names.go.set()
    settled(lambda: all(name.running is None for name in resolver._names.values()))
    names.go.clear()
    names.answers |= {f"ok{number}.test": GOOD for number in range(50)}
    for number in range(100):
        fails(lambda number=number: resolver.find(f"dead{number}.test"))  # type: ignore[misc]
    patient = [resolver._start(f"ok{number}.test")[1].result(30) for number in range(50)]
    assert patient == [GOOD] * 50, "while the dead ones still hang"
    names.go.set()


def test_names_in_cyrillic_are_asked_in_punycode(resolver: Resolver, names: Names) -> None:
    names.answers["xn--d1aqf8a.xn--p1ai"] = names.answers["xn--j1ail.xn--p1ai"] = GOOD
    assert resolver.resolve("КТО.рф") == GOOD


def test_no_descriptor_is_no_missing_name(resolver: Resolver, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """glibc says that a name does not exist when it can't open a socket to ask for it."""
    names.answers["a.test"] = CheckError("nxdomain", "нет")
    monkeypatch.setattr(module, "is_short_of_descriptors", lambda: True)
    assert fails(lambda: resolver.find("a.test")).own is Impairment.DESCRIPTORS


@pytest.mark.parametrize(
    ("raised", "own"), [(OSError(24, "no"), Impairment.DESCRIPTORS), (KeyError("x"), Impairment.INTERNAL)]
)
def test_what_nobody_expects_ends_the_look_up_all_the_same(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, own: Impairment
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(socket, "getaddrinfo", broken)
    resolver = Resolver(timeout=2.0)
    for _ in range(2):
        assert fails(lambda: resolver.find("a.test")).own is own
