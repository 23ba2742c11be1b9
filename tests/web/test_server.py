"""The real server over real sockets: limits, slow clients, authentication, TLS."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import logging
import random
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
import requests

from kodeks_exporter.web.app import Application
from kodeks_exporter.web.connection import ServerOptions
from kodeks_exporter.web.server import WebServer
from tests.web.conftest import Start
from tests.web.fakes import TEXT_BODY, FakeBackend

FEW = ServerOptions(io_grace=1.5, io_rate=1024 * 1024)


@contextmanager
def connection(server: WebServer) -> Iterator[socket.socket]:
    with socket.create_connection(server.address, timeout=30) as sock:
        yield sock


def exchange(server: WebServer, raw: bytes) -> bytes:
    """Everything the server answers until it closes the connection."""
    with connection(server) as sock:
        sock.sendall(raw)
        answer = b""
        try:
            while chunk := sock.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer


def closed_within(sock: socket.socket, seconds: float) -> bool:
    sock.settimeout(seconds)
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_serves_on_the_port_it_tells(start: Start) -> None:
    server = start()
    host, port = server.address
    assert host == "127.0.0.1"
    assert port > 0
    assert server.url == f"http://127.0.0.1:{port}"
    answer = requests.get(server.url + "/metrics", headers={"Accept-Encoding": "identity"}, timeout=30)
    assert answer.content == TEXT_BODY
    assert answer.headers["Server"] == "kodeks-exporter"


def test_ipv6(start: Start) -> None:
    if not socket.has_dualstack_ipv6():  # a machine without IPv6: all that can be asked is that :0 still serves
        assert requests.get(start(listen=":0").url + "/-/healthy", timeout=30).ok
        return
    server = start(listen="[::1]:0")
    assert server.url.startswith("http://[::1]:")
    assert requests.get(server.url + "/-/healthy", timeout=30).ok


def test_an_address_in_use_is_an_error_at_once(start: Start) -> None:
    server = start()
    second = WebServer(f"127.0.0.1:{server.address[1]}", Application(FakeBackend()))
    with pytest.raises(OSError, match=str(server.address[1])):
        second.start()


def test_gzip_and_head_over_the_wire(start: Start) -> None:
    server = start()
    answer = requests.get(server.url + "/metrics", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.raw.read(decode_content=False)) == TEXT_BODY
    head = requests.head(server.url + "/", timeout=30)
    assert head.ok
    assert head.content == b""


def test_one_connection_serves_many_requests(start: Start) -> None:
    server = start()
    client = http.client.HTTPConnection(*server.address, timeout=30)
    client.connect()
    sock = client.sock
    for _ in range(3):
        client.request("GET", "/-/healthy")
        assert client.getresponse().read() == b"healthy\n"
        assert client.sock is sock
    client.close()


def test_a_large_answer_arrives_whole_and_quickly(start: Start, backend: FakeBackend) -> None:
    backend.body = b"0123456789abcdef" * 2_000_000
    server = start()
    began = time.monotonic()
    answer = requests.get(server.url + "/metrics", headers={"Accept-Encoding": "identity"}, timeout=10)
    assert answer.content == backend.body
    assert time.monotonic() - began < 20


def test_many_get_the_same_large_answer_at_once(start: Start, backend: FakeBackend) -> None:
    backend.body = random.Random(4).randbytes(3_000_000)
    server = start()

    def scrape(_: int) -> bool:
        answer = requests.get(server.url + "/metrics", headers={"Accept-Encoding": "identity"}, timeout=30)
        return answer.content == backend.body

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(scrape, range(24)))


def test_an_answer_is_forgotten_once_it_is_sent(start: Start, backend: FakeBackend) -> None:
    backend.body = random.Random(5).randbytes(8_000_000)  # with gzip an answer as long, made for the request
    server = start()
    tracemalloc.start()
    try:
        for _ in range(3):
            assert len(requests.get(server.url + "/metrics", timeout=30).content) == len(backend.body)
        deadline = time.monotonic() + 20
        while tracemalloc.get_traced_memory()[0] > len(backend.body) / 2:
            assert time.monotonic() < deadline, "an idle server still holds an answer"
            time.sleep(0.05)
        assert tracemalloc.get_traced_memory()[1] > len(backend.body), "the answers were counted"
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "first",
    [
        b"",  # connects and says nothing
        b"GET /metrics HT",  # stops in the middle
        b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",  # a body that never comes
    ],
)
def test_silent_clients_block_nobody_and_are_dropped(start: Start, first: bytes) -> None:
    server = start(options=FEW)
    with ExitStack() as stack:
        silent = [stack.enter_context(connection(server)) for _ in range(20)]
        for sock in silent[: 20 if not first else 1]:
            sock.sendall(first)
        began = time.monotonic()
        assert requests.get(server.url + "/-/healthy", timeout=30).ok
        assert time.monotonic() - began < 1.4
        if first:
            assert closed_within(silent[0], 3)
        else:
            assert all(closed_within(sock, 3) for sock in silent)


def test_a_dripping_client_is_dropped_in_time(start: Start) -> None:
    """One byte now and then starts a socket's own timeout anew; the limit is for the whole request."""
    server = start(options=FEW)
    with connection(server) as sock:
        began = time.monotonic()
        sock.settimeout(0.05)
        gone = False
        while not gone and time.monotonic() - began < 5:
            try:
                sock.sendall(b"G")
                gone = not sock.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                gone = True
        assert gone
        assert 1.2 < time.monotonic() - began < 4
    assert requests.get(server.url + "/-/healthy", timeout=30).ok


def test_a_client_that_does_not_read_is_dropped(start: Start, backend: FakeBackend) -> None:
    backend.body = b"x" * 32_000_000
    options = ServerOptions(io_grace=0.5, io_rate=1024**3)
    server = start(options=options)
    with connection(server) as sock:
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        began = time.monotonic()
        assert requests.get(server.url + "/-/healthy", timeout=30).ok
        time.sleep(0.2)
        sock.settimeout(5)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := sock.recv(1 << 20):
                received += len(piece)
                time.sleep(0.1)
        assert received < 32_000_000
        assert time.monotonic() - began < 4


def test_slow_work_of_the_exporter_is_not_held_against_the_client(start: Start, backend: FakeBackend) -> None:
    backend.hold = threading.Event()
    server = start(options=FEW)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(requests.get, server.url + "/metrics", timeout=10)
        assert requests.get(server.url + "/-/healthy", timeout=30).ok
        time.sleep(1.7)  # longer than io_grace
        backend.hold.set()
        assert slow.result().content == TEXT_BODY


def test_oversized_headers(start: Start) -> None:
    server = start()
    answer = exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + b"a" * 40_000 + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431")
    answer = exchange(server, b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431")
    assert requests.get(server.url + "/-/healthy", timeout=30).ok


def test_oversized_body(start: Start, backend: FakeBackend) -> None:
    server = start()
    answer = exchange(server, b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert backend.reloads == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde",
        b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET //evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /\r\n\r\n",
        b"POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\nabc\r\n",
        b"POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
    ],
)
def test_malformed_requests(start: Start, backend: FakeBackend, raw: bytes) -> None:
    server = start()
    answer = exchange(server, raw)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"Traceback" not in answer
    assert backend.reloads == 0
    assert requests.get(server.url + "/-/healthy", timeout=30).ok


def test_an_unknown_transfer_encoding_is_named(start: Start) -> None:
    raw = b"POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
    answer = exchange(start(), raw)
    assert answer.startswith(b"HTTP/1.1 501")
    assert b"only chunked" in answer


def test_line_breaks_in_a_query_stay_out_of_the_headers(start: Start) -> None:
    server = start()
    answer = requests.get(server.url + "/probe?target=a%0d%0aX-Evil:%20yes%0d%0a%0d%0abody", timeout=30)
    assert answer.status_code == 404
    assert "X-Evil" not in answer.headers


def test_more_connections_than_allowed_are_closed(start: Start) -> None:
    server = start(options=ServerOptions(max_connections=5, io_grace=1.0))
    with ExitStack() as stack:
        sockets = [stack.enter_context(connection(server)) for _ in range(8)]
        assert closed_within(sockets[0], 0.5)  # the longest silent one, not the newest
        assert requests.get(server.url + "/-/healthy", timeout=30).ok
    deadline = time.monotonic() + 5
    while True:  # the others have hung up: there is room again
        try:
            assert requests.get(server.url + "/-/healthy", timeout=30).ok
            break
        except requests.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_stop_lets_a_running_request_end(start: Start, backend: FakeBackend) -> None:
    backend.hold = threading.Event()
    server = start()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(requests.get, server.url + "/metrics", timeout=10)
        time.sleep(0.2)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.2)
        backend.hold.set()
        assert running.result().content == TEXT_BODY
        stopping.join(5)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(server.address, timeout=1)


def test_stop_does_not_wait_for_ever(start: Start, backend: FakeBackend) -> None:
    backend.hold = threading.Event()
    server = start(options=ServerOptions(stop_timeout=0.2))
    with connection(server) as sock:
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 4
    backend.hold.set()


def test_the_server_is_silent_on_standard_error(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    server = start()
    exchange(server, b"garbage\r\n\r\n")
    with connection(server) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
    requests.get(server.url + "/metrics", timeout=30)
    server.stop()
    assert capfd.readouterr().err == ""


def test_start_is_logged_with_the_real_port(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kodeks_exporter.web"):
        server = start()
    assert f"listening on {server.url}" in caplog.text
