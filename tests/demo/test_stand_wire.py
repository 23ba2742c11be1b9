"""How the stand's answers travel, or fail to."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from demo.stand import ServerSpec, Stand, StandSpec, tls
from tests.demo.visitor import Visitor, ask_raw, get


def test_port_closed_drops_and_refuses(stand: Stand) -> None:
    visitor = Visitor(stand, "romashka")
    visitor.get("/docs")
    stand.fault("romashka", "port_closed")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(stand.address("romashka"), 1)
    with pytest.raises((OSError, http.client.HTTPException)):
        visitor.get("/docs")
    port = stand.address("romashka")[1]
    stand.clear("romashka")
    assert stand.address("romashka")[1] == port
    assert get(stand, "romashka", "/docs").status == 200


def test_nightly_restart_ends_by_itself(stand: Stand) -> None:
    stand.fault("romashka", "nightly_restart", seconds=0.3)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(stand.address("romashka"), 1)
    time.sleep(0.5)
    assert get(stand, "romashka", "/docs").status == 200


def test_bad_requests_are_refused(stand: Stand) -> None:
    with socket.create_connection(stand.address("romashka"), 2) as connection:
        connection.sendall(b"HELLO\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_broken_server_leaves_the_others_alone(stand: Stand) -> None:
    for fault in ("hang", "endless_body", "drip"):
        stand.fault("romashka", fault)
        with ask_raw(stand, "romashka"):
            begun = time.monotonic()
            assert get(stand, "klyuch", "/docs").status == 200
            assert time.monotonic() - begun < 10
        stand.clear("romashka")


def test_licence_manager_port_opens_and_closes(stand: Stand) -> None:
    socket.create_connection(stand.address("licman"), 1).close()
    stand.fault("licman", "port_closed")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(stand.address("licman"), 1)
    stand.clear("licman")
    socket.create_connection(stand.address("licman"), 1).close()


def _resolve(stand: Stand, name: str, kind: str = "A") -> dns.message.Message:
    host, port = stand.dns_address
    return dns.query.udp(dns.message.make_query(name, kind), host, timeout=0.3, port=port)


def test_faults_that_do_not_fit_are_refused(stand: Stand) -> None:
    with pytest.raises(KeyError):
        stand.fault("nobody", "hang")
    with pytest.raises(ValueError, match="nothing"):
        stand.fault("romashka", "nothing")
    with pytest.raises(ValueError, match="no DNS name"):
        stand.fault("klyuch", "dns_gone")
    with pytest.raises(ValueError, match="no TLS"):
        stand.fault("romashka", "tls_expired")
    with pytest.raises(ValueError, match="licence manager"):
        stand.fault("licman", "maintenance")


def test_tls_holds_expires_and_is_mended(tmp_path: Path) -> None:
    made = tls.issue(tmp_path, "bank.kodeks.test", "127.0.0.1")
    spec = ServerSpec(
        "bank",
        dns_name="bank.kodeks.test",
        tls_cert=str(made.cert),
        tls_key=str(made.key),
        tls_expired_cert=str(made.expired),
    )
    trusting = ssl.create_default_context(cafile=str(made.ca))
    with Stand(StandSpec((spec,))) as stand:

        def ask() -> int:
            connection = http.client.HTTPSConnection(*stand.address("bank"), timeout=30, context=trusting)
            connection.request("GET", "/docs")
            return connection.getresponse().status

        assert ask() == 200
        stand.fault("bank", "tls_expired")
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            ask()
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(stand.address("bank"), 2) as plain,
            unverified.wrap_socket(plain, server_hostname="bank.kodeks.test") as secure,
        ):
            assert secure.getpeercert(binary_form=True)
        stand.clear("bank")
        assert ask() == 200


def test_many_servers_in_one_stand() -> None:
    with Stand(StandSpec(tuple(ServerSpec(f"server{number}") for number in range(300)))) as stand:
        assert {get(stand, f"server{number}", "/docs").status for number in range(300)} == {200}
