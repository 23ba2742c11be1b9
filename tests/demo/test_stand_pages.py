"""What a visit of the exporter does not show of the stand's servers; the rest is in test_stand_faults.py."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from demo.stand import Stand
from tests.demo.visitor import BASIC, Visitor, get


def test_connection_is_kept(stand: Stand) -> None:
    visitor = Visitor(stand, "romashka")
    visitor.get("/docs")
    sock = visitor.connection.sock
    visitor.get("/sysinfo/metrics")
    assert visitor.get("/docs", method="HEAD").body == b""
    assert visitor.get("/docs").status == 200
    assert visitor.connection.sock is sock


def test_sysmon_came_with_a_later_version(stand: Stand) -> None:
    assert get(stand, "sever", "/sysmon/metrics", BASIC).status == 404
    answer = get(stand, "romashka", "/sysmon/metrics", BASIC)
    assert answer.status == 200
    get(stand, "romashka", "/logout", cookie=answer.cookie)


def test_a_session_holds_a_seat_until_logout(stand: Stand) -> None:
    first = get(stand, "romashka", "/admin/title", BASIC)
    assert first.cookie.startswith("KodeksSession=")
    assert stand.seats_used("romashka") == 4
    again = get(stand, "romashka", "/admin/lic", BASIC, first.cookie)
    assert again.status == 200
    assert again.cookie == ""
    assert stand.seats_used("romashka") == 4
    second = get(stand, "romashka", "/admin/title", BASIC)
    assert stand.seats_used("romashka") == 5
    full = get(stand, "romashka", "/admin/title", BASIC)
    assert full.status == 403
    assert "Количество пользователей превысило максимальное (2008)" in full.text
    assert get(stand, "romashka", "/admin/title", cookie=first.cookie).status == 200
    get(stand, "romashka", "/logout", cookie=first.cookie)
    assert stand.sessions("romashka") == ["smartlogin"]
    assert get(stand, "romashka", "/admin/title", cookie=first.cookie).status == 401
    get(stand, "romashka", "/logout", cookie=second.cookie)
    assert stand.seats_used("romashka") == 3


def test_cookies_page_lists_those_who_hold_seats(stand: Stand) -> None:
    answer = get(stand, "romashka", "/admin/cookies", BASIC)
    assert "<td>smartlogin</td><td>127.0.0.1</td>" in answer.text
    get(stand, "romashka", "/logout", cookie=answer.cookie)


def test_nightly_restart_ends_by_itself(stand: Stand) -> None:
    stand.fault("romashka", "nightly_restart", seconds=2)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(stand.address("romashka"), 1)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            assert get(stand, "romashka", "/docs").status == 200
            return
    raise AssertionError("it is still away")


def test_bad_requests_are_refused(stand: Stand) -> None:
    with socket.create_connection(stand.address("romashka"), 2) as connection:
        connection.sendall(b"HELLO\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
