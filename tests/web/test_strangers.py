"""Whoever comes without a password costs neither a thread nor somebody else's answer."""

from __future__ import annotations

import asyncio
import threading
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import bcrypt
import pytest
import requests

from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.web.lanes import Full, Lane, LaneOptions
from kodeks_exporter.web.security import Suspects
from kodeks_exporter.web.table import Outbox, Place, Table, party
from tests.web.conftest import Start


class Crowd:
    """Places in a table, and those that were dropped, by name."""

    def __init__(self, most: int, of_one: int) -> None:
        self.table = Table(most, of_one)
        self.dropped: list[str] = []

    def enter(self, name: str, address: str = "192.0.2.1", *, spoke: bool = False) -> Place:
        place = Place(party(address), lambda: self.dropped.append(name), spoke)
        assert self.table.enter(place)
        return place


def test_the_longest_silent_one_makes_room_for_the_newest() -> None:
    crowd = Crowd(most=10, of_one=3)
    busy = crowd.enter("busy")
    crowd.table.works(busy)
    for number in range(5):
        crowd.enter(f"silent {number}")
    assert crowd.dropped == ["silent 0", "silent 1", "silent 2"]
    assert len(crowd.table) == 3


def test_one_who_has_asked_stays_longer_than_one_who_never_did() -> None:
    crowd = Crowd(most=10, of_one=2)
    idle = crowd.enter("prometheus")
    idle.spoke = True
    crowd.table.works(idle)
    crowd.table.waits(idle)
    crowd.enter("silent")
    crowd.enter("newest")
    assert crowd.dropped == ["silent"]


def test_an_address_that_fills_the_table_makes_room_for_others() -> None:
    crowd = Crowd(most=6, of_one=5)
    for number in range(5):
        crowd.enter(f"stranger {number}")
    crowd.enter("good 1", "192.0.2.2")
    crowd.enter("good 2", "192.0.2.3")
    assert crowd.dropped == ["stranger 0"]


def test_when_all_are_answered_the_newest_is_turned_away() -> None:
    crowd = Crowd(most=2, of_one=2)
    for name in "ab":
        crowd.table.works(crowd.enter(name))
    assert not crowd.table.enter(Place("192.0.2.9", lambda: None))
    assert crowd.dropped == []


def test_a_subscriber_of_ipv6_is_one() -> None:
    assert party("2001:db8:1:2::1") == party("2001:db8:1:2:ffff::9") != party("2001:db8:1:3::1")
    assert party("::ffff:192.0.2.1") == "192.0.2.1"
    assert party("fe80::1%eth0") == party("fe80::2")


def test_who_reads_nothing_is_dropped_for_want_of_memory() -> None:
    dropped: list[str] = []
    outbox = Outbox(100)
    first = Place("a", lambda: dropped.append("first"))
    with outbox.holding(first, 80), outbox.holding(Place("b", lambda: dropped.append("second")), 50):
        assert dropped == ["first"]


def test_refusals_come_late_to_who_was_refused_often() -> None:
    now = [0.0]
    suspects = Suspects(lambda: now[0])
    delays = [suspects.refused("192.0.2.1") for _ in range(12)]
    assert delays[:10] == [0.0] * 10
    assert min(delays[10:]) >= 0.4
    assert suspects.refused("192.0.2.2") == 0.0
    now[0] = 600.0
    assert suspects.refused("192.0.2.1") == 0.0


def test_a_full_lane_says_so_at_once() -> None:
    hold = threading.Event()

    async def work() -> None:
        lane = Lane(LaneOptions(("/x",), threads=1, waiting=1, of_one=2))
        tasks = [asyncio.create_task(lane.run("a", hold.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        for who in ("a", "b"):
            with pytest.raises(Full):
                await lane.run(who, hold.wait)
        hold.set()
        await asyncio.gather(*tasks)
        assert await lane.run("b", lambda: 5) == 5
        lane.stop()

    asyncio.run(work())


def test_who_asks_for_the_same_meanwhile_gets_one_answer_begun_after_all_asked() -> None:
    asked: list[int] = []
    runs: list[int] = []
    hold = threading.Event()

    def scrape() -> int:
        runs.append(len(asked))
        hold.wait(10)
        return len(runs)

    async def ask(lane: Lane) -> int:
        asked.append(1)
        return await lane.share("metrics", "a", scrape)

    async def work() -> None:
        lane = Lane(LaneOptions(("/metrics",), threads=2, waiting=100, shared=True))
        first = asyncio.create_task(ask(lane))
        while not runs:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(ask(lane)) for _ in range(50)]
        await asyncio.sleep(0.01)
        hold.set()
        assert await first == 1
        assert set(await asyncio.gather(*others)) == {2}
        assert runs == [1, 51]
        lane.stop()

    asyncio.run(work())


def test_guessed_passwords_do_not_queue(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = bcrypt.hashpw(b"parol", bcrypt.gensalt(4))
    server = start(ServerSecurity(users={"prometheus": hashed}))

    def scrape() -> requests.Response:
        return requests.get(server.url + "/metrics", auth=("prometheus", "parol"), timeout=10)

    assert scrape().ok
    hold = threading.Event()
    real = bcrypt.checkpw

    def slow(password: bytes, against: bytes) -> bool:
        hold.wait(10)
        return real(password, against)

    monkeypatch.setattr(bcrypt, "checkpw", slow)

    def guess(number: int) -> int:
        return requests.get(server.url + "/metrics", auth=("prometheus", str(number)), timeout=20).status_code

    with ThreadPoolExecutor(9) as pool:
        guesses = [pool.submit(guess, number) for number in range(9)]
        while sum(one.done() for one in guesses) < 8:  # all but the one that is compared
            time.sleep(0.01)
        assert scrape().ok  # its password is remembered, while another is still compared
        hold.set()
        assert sorted(one.result() for one in guesses) == [401] + [429] * 8


def test_who_sends_the_right_password_at_once_with_others_shares_their_check(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(ServerSecurity(users={"prometheus": bcrypt.hashpw(b"parol", bcrypt.gensalt(4))}))
    compared: list[bytes] = []
    hold = threading.Event()
    real = bcrypt.checkpw

    def slow(password: bytes, against: bytes) -> bool:
        compared.append(password)
        hold.wait(10)
        return real(password, against)

    monkeypatch.setattr(bcrypt, "checkpw", slow)

    def scrape() -> int:
        return requests.get(server.url + "/metrics", auth=("prometheus", "parol"), timeout=20).status_code

    with ThreadPoolExecutor(8) as pool:
        scrapes = [pool.submit(scrape) for _ in range(8)]
        while not compared:
            time.sleep(0.01)
        hold.set()
        assert [one.result() for one in scrapes] == [200] * 8
    assert compared == [b"parol"]


def test_a_first_right_password_is_checked_before_guesses_from_many_addresses(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restart, when no password is remembered."""
    hashed = bcrypt.hashpw(b"parol", bcrypt.gensalt(4))
    server = start(ServerSecurity(users={f"user{number}": hashed for number in range(10)}))
    real, over = bcrypt.checkpw, threading.Event()

    def slow(password: bytes, against: bytes) -> bool:
        time.sleep(0.02)
        return real(password, against)

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    refused = dict.fromkeys(range(2, 12), 0)

    def ask(source: int, user: str, password: str) -> int:
        line = HTTPConnection(*server.address, timeout=10, source_address=(f"127.0.0.{source}", 0))
        line.request(
            "GET", "/metrics", headers={"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}
        )
        status = line.getresponse().status
        line.close()
        return status

    def guess(source: int) -> None:
        while not over.is_set():
            refused[source] += ask(source, "user0", f"{source} {refused[source]}") in (401, 429)

    with ThreadPoolExecutor(len(refused)) as pool:
        pool.map(guess, refused)
        while min(refused.values()) < 5:
            time.sleep(0.01)
        try:
            assert [ask(1, f"user{number}", "parol") for number in range(10)] == [200] * 10
        finally:
            over.set()
