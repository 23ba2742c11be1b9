"""Servers that hang, lie or never end cost a check its time limit and no more, and the reason is named."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

import pytest

from kodeks_exporter.domain.check import InstallationState, Outcome
from tests.checks.conftest import Clinic, failures
from tests.checks.site import GOOD_PAGE, answer

HEAD = b"HTTP/1.1 200 OK\r\nServer: WWW-Kodeks/6.4\r\n"


def hang(connection: socket.socket) -> None:
    connection.settimeout(30)
    while connection.recv(4096):
        pass


def drip(connection: socket.socket) -> None:
    connection.recv(4096)
    for byte in HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def endless_header(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(HEAD)
    while True:
        connection.sendall(b"X-Filler: " + b"x" * 1000 + b"\r\n")


def endless_line(connection: socket.socket) -> None:
    connection.recv(4096)
    while True:
        connection.sendall(b"x" * 4096)


def endless_body(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_chunks(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def bad_chunks(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nnonsense")


def garbage(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"\x00\xff\x16\x03\x01SSH-2.0-OpenSSH\r\n\r\n")


def cut(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\nhalf")


def close_at_once(connection: socket.socket) -> None:
    connection.recv(4096)


@pytest.mark.parametrize(
    ("behaviour", "reasons"),
    [
        (hang, {"timeout"}),
        (drip, {"timeout"}),
        (endless_header, {"garbage"}),
        (endless_line, {"garbage"}),
        (endless_body, {"too_large"}),
        (endless_chunks, {"too_large"}),
        (bad_chunks, {"garbage", "incomplete"}),
        (garbage, {"garbage"}),
        (cut, {"incomplete"}),
        (close_at_once, {"closed", "reset"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_bad_server(clinic: Clinic, behaviour: Callable[[socket.socket], None], reasons: set[str]) -> None:
    clinic.site.raw = behaviour
    begin = time.monotonic()
    round_ = clinic.examine()
    assert time.monotonic() - begin < 3 * clinic.timeouts.http
    assert list(failures(round_)) == ["http"]
    assert round_.results["http"].reason in reasons
    assert round_.results["http"].text
    assert round_.state is InstallationState.UNREACHABLE


def test_redirect_loop(clinic: Clinic) -> None:
    clinic.site.pages["/docs"] = answer("", 302, Location="/docs")
    assert failures(clinic.examine()) == {"http": "redirects"}
    assert len(clinic.site.requests) < 10


def test_redirect_on_the_same_host_is_followed(clinic: Clinic) -> None:
    clinic.site.pages |= {"/docs": answer("", 302, Location="/docs/?d=1 2"), "/docs/?d=1%202": answer()}
    assert failures(clinic.examine()) == {}


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/docs",
        "https://127.0.0.1/docs",
        "//evil.example/docs",
        "file:///etc/passwd",
        "gopher://127.0.0.1/_X",
    ],
)
def test_redirect_to_another_place_is_refused(clinic: Clinic, location: str) -> None:
    clinic.site.pages["/docs"] = answer("", 302, Location=location)
    assert failures(clinic.examine()) == {"http": "redirect_foreign"}


@pytest.mark.parametrize("location", ["http://[bad", "http://127.0.0.1:99999999/"])
def test_redirect_to_nonsense(clinic: Clinic, location: str) -> None:
    clinic.site.pages["/docs"] = answer("", 302, Location=location)
    assert failures(clinic.examine()) == {"http": "garbage"}


def test_redirect_cannot_smuggle_a_request(clinic: Clinic) -> None:
    clinic.site.pages["/docs"] = answer("", 302, Location="/x\tHTTP/1.1%0d%0aX: y")
    clinic.examine()
    assert all("\r" not in request.path and "x" not in request.headers for request in clinic.site.requests)


def test_a_main_page_with_nothing_in_it(clinic: Clinic) -> None:
    clinic.site.pages["/docs"] = answer(" \r\n")
    assert failures(clinic.examine()) == {"http": "empty"}
    clinic.site.pages["/docs"] = answer("", Refresh="0; url=/docs/ui")
    assert failures(clinic.examine()) == {}


@pytest.mark.parametrize(("declared", "actual"), [("utf-8", "cp1251"), ("windows-1251", "utf-8")])
def test_wrong_character_set_is_what_users_see(clinic: Clinic, declared: str, actual: str) -> None:
    page = answer(GOOD_PAGE.encode(actual), Content_Type=f"text/html; charset={declared}")
    clinic.site.pages["/docs"] = page
    assert failures(clinic.examine()) == {"http": "wrong_charset"}


@pytest.mark.parametrize("declared", ["windows-1251", "cp1251", "nonsense", "rot13", "utf-8-with-a-typo", ""])
def test_windows_1251_is_read_whatever_it_is_called(clinic: Clinic, declared: str) -> None:
    page = GOOD_PAGE.replace("Документы", "Сервер в режиме обслуживания").encode("cp1251")
    clinic.site.pages["/docs"] = answer(page, 503, Content_Type=f"text/html; charset={declared}")
    assert clinic.examine().state is InstallationState.MAINTENANCE


def test_character_set_by_meta(clinic: Clinic) -> None:
    page = '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1251">' + GOOD_PAGE
    clinic.site.pages["/docs"] = answer(page.encode("cp1251"), Content_Type="text/html")
    assert failures(clinic.examine()) == {}


def test_server_closes_between_pages(clinic: Clinic) -> None:
    """Kodeks 6.4 may answer with ``Connection: close``; the round goes on over a new connection."""
    clinic.site.pages["/docs"] = answer(Connection="close")
    assert failures(clinic.examine()) == {}


def test_idle_connection_closed_by_the_server_is_no_fault(clinic: Clinic) -> None:
    def one_page_each(connection: socket.socket) -> None:
        request = connection.recv(4096).decode()
        page = clinic.site.pages[request.split()[1]]
        assert isinstance(page, bytes)
        connection.sendall(page)
        connection.shutdown(socket.SHUT_RDWR)

    clinic.site.raw = one_page_each
    assert failures(clinic.examine()) == {}


def test_cookie_bombs_are_bounded(clinic: Clinic) -> None:
    bombs = [f"c{number}={'x' * 100}" for number in range(60)]
    head = "HTTP/1.1 200 OK\r\nServer: WWW-Kodeks\r\nContent-Length: 0\r\n"
    head += "".join(f"Set-Cookie: {bomb}\r\n" for bomb in bombs) + "Set-Cookie: huge=" + "x" * 9000 + "\r\n\r\n"
    clinic.site.pages["/docs"] = head.encode()
    clinic.examine()
    sent = clinic.site.requests[-1].headers["cookie"]
    assert len(sent) < 4096
    assert "huge" not in sent


@pytest.mark.parametrize("text", ["{" * 10_000, 'kserver_main_page{path="/x" 1', "kserver_main_page{} x", "\x00" * 100])
def test_catalog_metrics_that_cannot_be_read(clinic: Clinic, text: str) -> None:
    clinic.site.pages["/sysinfo/metrics"] = answer(text)
    result = clinic.examine().results["catalog"]
    assert (result.outcome, result.reason) == (Outcome.SKIPPED, "not_understood")


def test_number_of_catalogs_is_bounded(clinic: Clinic) -> None:
    lines = "".join(f'kserver_main_page{{path="/{number}"}} 0\n' for number in range(500))
    clinic.site.pages["/sysinfo/metrics"] = answer(lines)
    facts = clinic.examine().results["catalog"].facts
    assert len(facts.catalogs) == 50  # type: ignore[union-attr]


def test_refused_connection_while_listening_backlog_is_full(clinic: Clinic) -> None:
    """A host that drops packets: nothing answers on a blackhole port, so the time limit decides."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        begin = time.monotonic()
        round_ = clinic.examine(url=f"http://127.0.0.1:{port}")
    assert failures(round_) == {"tcp": "timeout"}
    assert time.monotonic() - begin < clinic.timeouts.connect + 1
