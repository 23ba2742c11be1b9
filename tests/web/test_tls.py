"""TLS of the real server: certificates, their change, client certificates, silent clients."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.x509.oid import NameOID

from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.connection import ServerOptions
from kodeks_exporter.web.server import WebServer
from tests.web.certificates import Authority, Pair
from tests.web.conftest import Start
from tests.web.fakes import TEXT_BODY, FakeBackend


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


@pytest.fixture
def security(pair: Pair) -> ServerSecurity:
    return ServerSecurity(cert_file=pair.cert, key_file=pair.key)


def served_name(server: WebServer) -> str:
    """Common name of the certificate that a new connection gets."""
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate(server.address).encode())
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def replace_files(old: Pair, new: Pair) -> None:
    for source, target in ((new.cert, old.cert), (new.key, old.key)):
        temporary = target.with_suffix(".new")
        shutil.copy(source, temporary)
        temporary.replace(target)


def test_https(start: Start, security: ServerSecurity, authority: Authority) -> None:
    server = start(security)
    assert server.url.startswith("https://127.0.0.1:")
    answer = requests.get(server.url + "/metrics", verify=str(authority.file), timeout=30)
    assert answer.content == TEXT_BODY


def test_a_large_answer_over_https(
    start: Start, security: ServerSecurity, authority: Authority, backend: FakeBackend
) -> None:
    backend.body = os.urandom(3_000_000)
    with requests.Session() as session:
        server = start(security)
        for _ in range(2):
            assert session.get(server.url + "/metrics", verify=str(authority.file), timeout=30).content == backend.body


def test_plain_http_on_the_tls_port_is_told(start: Start, security: ServerSecurity) -> None:
    server = start(security)
    answer = requests.get(server.url.replace("https:", "http:") + "/", timeout=30)
    assert answer.status_code == 400
    assert "https" in answer.text


def test_old_protocols_are_refused(start: Start, security: ServerSecurity) -> None:
    server = start(replace(security, min_version=ssl.TLSVersion.TLSv1_3))
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(server.address, timeout=30) as sock,
        pytest.raises(ssl.SSLError),
        context.wrap_socket(sock),
    ):
        pass


def test_clients_that_do_not_shake_hands_block_nobody(
    start: Start, security: ServerSecurity, authority: Authority
) -> None:
    server = start(security, ServerOptions(io_grace=1.5))
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(server.address, timeout=30)) for _ in range(20)]
        silent[0].sendall(b"\x16\x03\x01")  # the beginning of a handshake
        began = time.monotonic()
        assert requests.get(server.url + "/-/healthy", verify=str(authority.file), timeout=30).ok
        assert time.monotonic() - began < 1.4
        silent[0].settimeout(3)
        assert silent[0].recv(100) == b""


def test_a_new_certificate_serves_new_connections(
    start: Start, security: ServerSecurity, authority: Authority, pair: Pair
) -> None:
    server = start(security)
    assert served_name(server) == "server"
    replace_files(pair, authority.issue("renewed"))
    assert served_name(server) == "renewed"


def test_a_broken_certificate_leaves_the_old_one(
    start: Start, security: ServerSecurity, authority: Authority, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    server = start(security)
    good = pair.cert.read_bytes()
    pair.cert.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
    assert served_name(server) == "server"
    assert served_name(server) == "server"
    assert caplog.text.count("the old one stays") == 1  # told once, not at every connection
    pair.cert.unlink()
    assert served_name(server) == "server"
    pair.cert.write_bytes(good)
    assert served_name(server) == "server"
    replace_files(pair, authority.issue("renewed"))
    assert served_name(server) == "renewed"


@pytest.mark.parametrize(
    ("verify", "given", "let_in"),
    [
        (ssl.CERT_REQUIRED, "known", True),
        (ssl.CERT_REQUIRED, "none", False),
        (ssl.CERT_REQUIRED, "stranger", False),
        (ssl.CERT_OPTIONAL, "known", True),
        (ssl.CERT_OPTIONAL, "none", True),
        (ssl.CERT_OPTIONAL, "stranger", False),
    ],
)
def test_client_certificates(
    start: Start,
    security: ServerSecurity,
    authority: Authority,
    tmp_path: Path,
    verify: ssl.VerifyMode,
    given: str,
    let_in: bool,
) -> None:
    server = start(replace(security, client_ca_file=authority.file, client_verify=verify))
    other = Authority(tmp_path, "other")
    pairs = {"known": authority.issue("client"), "stranger": other.issue("stranger")}
    pair = pairs.get(given)
    cert = (str(pair.cert), str(pair.key)) if pair else None
    try:
        answer = requests.get(server.url + "/metrics", verify=str(authority.file), cert=cert, timeout=30)
    except requests.ConnectionError:
        assert not let_in
    else:
        assert answer.ok
        assert let_in


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key_file": None}, "both cert_file and key_file"),
        ({"cert_file": None}, "both cert_file and key_file"),
        ({"client_verify": ssl.CERT_REQUIRED}, "client_ca_file"),
    ],
)
def test_settings_that_do_not_fit(security: ServerSecurity, changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WebServer("127.0.0.1:0", Application(FakeBackend()), replace(security, **changes))  # type: ignore[arg-type]


def test_a_missing_certificate_is_an_error_at_once(security: ServerSecurity, pair: Pair) -> None:
    pair.cert.unlink()
    with pytest.raises(OSError, match=r"No such file"):
        WebServer("127.0.0.1:0", Application(FakeBackend()), security)


def test_a_key_with_a_passphrase_is_an_error_and_asks_nobody(authority: Authority) -> None:
    locked = authority.issue("locked", passphrase=b"secret")
    with pytest.raises(ValueError, match="passphrase"):
        WebServer("127.0.0.1:0", Application(FakeBackend()), ServerSecurity(locked.cert, locked.key))


def test_security_can_be_changed_while_running(start: Start, security: ServerSecurity, authority: Authority) -> None:
    server = start(security)
    other = authority.issue("other")
    server.prepare(ServerSecurity(other.cert, other.key, headers={"X-Frame-Options": "SAMEORIGIN"}))()
    assert served_name(server) == "other"
    answer = requests.get(server.url + "/-/healthy", verify=str(authority.file), timeout=30)
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    with pytest.raises(ValueError, match="restart"):
        server.prepare(ServerSecurity())
    assert served_name(server) == "other"
