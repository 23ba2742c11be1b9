"""TLS: the certificate is judged, and without trust no password leaves."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kodeks_exporter.domain.check import InstallationState, Round, TlsFacts
from kodeks_exporter.net import target
from kodeks_exporter.net.connection import Connection
from kodeks_exporter.settings.fleet import Tls
from tests.checks.conftest import Clinic, blocked, failures
from tests.checks.site import Site, answer, kodeks_pages, running

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


Key = ec.EllipticCurvePrivateKey
Named = tuple[x509.Certificate, Key]
"""A certificate and its key."""


def issued(name: str, days: int, by: Named | None = None, *, authority: bool = False) -> Named:
    """A certificate that ends in so many days; ``by``: whose authority signs it, or it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=100))
        .not_valid_after(NOW + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=authority or by is None, path_length=None), True)
    )
    return builder.sign(by[1] if by else key, hashes.SHA256()), key


def pem(*named: Named) -> bytes:
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate, _ in named)


def behind_tls(site: Site, folder: Path, *chain: Named) -> ssl.SSLContext:
    """The site speaks TLS from now on; the chain begins with its own certificate. Gives what it speaks by."""
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificate_file.write_bytes(pem(*chain))
    key_file.write_bytes(
        chain[0][1].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)

    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            plain = Site(site.pages, requests=site.requests)
            plain.serve(secured)

    site.raw = wrapped
    return context


@pytest.fixture
def secure(clinic: Clinic, tmp_path: Path) -> Callable[[int], Path]:
    """Puts the clinic's site behind a self-signed certificate that ends in so many days; gives the CA file."""

    def start(days: int) -> Path:
        behind_tls(clinic.site, tmp_path, issued("127.0.0.1", days))
        return tmp_path / "cert.pem"

    return start


def test_trusted_certificate(clinic: Clinic, secure: Callable[[int], Path]) -> None:
    ca_file = secure(30)
    round_ = clinic.examine(url=clinic.site.url.replace("http:", "https:"), tls=Tls(ca_file=str(ca_file)))
    assert failures(round_) == {}
    assert clinic.site.connections == 1
    facts = round_.results["tls"].facts
    assert facts == TlsFacts((NOW + datetime.timedelta(days=30)).timestamp())


@pytest.mark.parametrize(
    ("days", "with_ca", "reason"), [(-1, True, "certificate_expired"), (30, False, "certificate_untrusted")]
)
def test_bad_certificate(clinic: Clinic, secure: Callable[[int], Path], days: int, with_ca: bool, reason: str) -> None:
    ca_file = secure(days)
    round_ = clinic.examine(
        url=clinic.site.url.replace("http:", "https:"), tls=Tls(ca_file=str(ca_file) if with_ca else "")
    )
    assert failures(round_) == {"tls": reason}
    assert blocked(round_)["auth"] == blocked(round_)["key"] == "tls"
    assert round_.state is InstallationState.OK, "the page itself works"
    assert isinstance(round_.results["tls"].facts, TlsFacts), "when it ends is told all the same"
    assert clinic.site.requests, "the page is still read"
    assert all(request.login is None for request in clinic.site.requests), "no password without trust"


def test_a_server_that_goes_away_after_a_bad_certificate(clinic: Clinic, secure: Callable[[int], Path]) -> None:
    secure(30)
    speak = clinic.site.raw
    assert speak is not None

    def away(connection: socket.socket) -> None:
        connection.recv(65536)  # what is left unread would reset the connection, at times before the client reads on

    def once(connection: socket.socket) -> None:
        clinic.site.raw = away
        speak(connection)

    clinic.site.raw = once
    round_ = clinic.examine(url=clinic.site.url.replace("http:", "https:"))
    assert failures(round_) == {"tls": "tls"}
    assert round_.state is InstallationState.UNREACHABLE


def test_verification_switched_off(clinic: Clinic, secure: Callable[[int], Path]) -> None:
    secure(30)
    round_ = clinic.examine(url=clinic.site.url.replace("http:", "https:"), tls=Tls(verify=False))
    assert failures(round_) == {}


def test_no_tls_at_the_port(clinic: Clinic) -> None:
    round_ = clinic.examine(url=clinic.site.url.replace("http:", "https:"))
    assert list(failures(round_)) == ["tls"]
    assert round_.state is InstallationState.UNREACHABLE


def test_a_replaced_ca_file_is_noticed(clinic: Clinic, secure: Callable[[int], Path]) -> None:
    ca_file = secure(30)
    url = clinic.site.url.replace("http:", "https:")
    good = ca_file.read_bytes()
    ca_file.write_bytes(b"")
    assert failures(clinic.examine(url=url, tls=Tls(ca_file=str(ca_file)))) == {"tls": "ca_file"}
    ca_file.write_bytes(good)
    assert failures(clinic.examine(url=url, tls=Tls(ca_file=str(ca_file)))) == {}


def plain_http(connection: socket.socket) -> None:
    """As nginx answers a handshake on a port without TLS."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_reasons_are_in_russian(clinic: Clinic, secure: Callable[[int], Path]) -> None:
    clinic.site.raw = plain_http
    plain = clinic.examine(url=clinic.site.url.replace("http:", "https:")).results["tls"]
    assert "не TLS" in plain.text
    secure(30)
    untrusted = clinic.examine(url=clinic.site.url.replace("http:", "https:")).results["tls"]
    assert "самоподписанный" in untrusted.text


def test_a_server_that_speaks_old_tls_alone(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.site.raw = plain_http
    monkeypatch.setattr(Connection, "agreed_on", lambda *_: ("TLSv1", "x"))
    result = clinic.examine(url=clinic.site.url.replace("http:", "https:")).results["tls"]
    assert (result.reason, "TLSv1" in result.text) == ("tls_old", True)


def examined_by_tls(clinic: Clinic, ca_file: Path, **changes: Any) -> Round:
    tls = changes.pop("tls", Tls(ca_file=str(ca_file)))
    return clinic.examine(url=clinic.site.url.replace("http:", "https:"), tls=tls, **changes)


@pytest.fixture
def root(tmp_path: Path) -> Named:
    """An authority; its certificate is in ``ca.pem``."""
    made = issued("Root", 900, authority=True)
    (tmp_path / "ca.pem").write_bytes(pem(made))
    return made


def test_whose_certificate_has_expired(clinic: Clinic, tmp_path: Path, root: Named) -> None:
    middle = issued("Middle", -1, root, authority=True)
    behind_tls(clinic.site, tmp_path, issued("127.0.0.1", 30, middle), middle)
    result = examined_by_tls(clinic, tmp_path / "ca.pem").results["tls"]
    assert (result.reason, "издателя «CN=Middle»" in result.text) == ("certificate_expired", True)
    ended = issued("Root", -1, authority=True)
    (tmp_path / "ca.pem").write_bytes(pem(ended))
    behind_tls(clinic.site, tmp_path, issued("127.0.0.1", 30, ended))
    result = examined_by_tls(clinic, tmp_path / "ca.pem").results["tls"]
    assert (result.reason, "tls.ca_file" in result.text) == ("certificate_expired", True)


@pytest.mark.parametrize("verify", [True, False])
def test_what_is_sent_beside_the_chain_does_not_count(
    clinic: Clinic, tmp_path: Path, root: Named, verify: bool
) -> None:
    stray = issued("Stray", -1)
    behind_tls(clinic.site, tmp_path, issued("127.0.0.1", 30, root), issued("Root", -1, authority=True), stray)
    round_ = examined_by_tls(clinic, tmp_path / "ca.pem", tls=Tls(verify, str(tmp_path / "ca.pem")))
    assert failures(round_) == {}
    assert round_.results["tls"].facts == TlsFacts((NOW + datetime.timedelta(days=30)).timestamp())


def test_weak_ciphers_are_named(clinic: Clinic, tmp_path: Path, root: Named) -> None:
    context = behind_tls(clinic.site, tmp_path, issued("127.0.0.1", 30, root))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")
    result = examined_by_tls(clinic, tmp_path / "ca.pem").results["tls"]
    assert (result.reason, "ECDHE-ECDSA-NULL-SHA" in result.text) == ("tls", True)


def test_a_server_by_tls_whose_certificate_nobody_asks_about(clinic: Clinic, tmp_path: Path, root: Named) -> None:
    behind_tls(clinic.site, tmp_path, issued("127.0.0.1", 30, root))
    assert failures(examined_by_tls(clinic, tmp_path / "ca.pem", checks={"tls": False})) == {}


def test_from_http_to_https_and_back(
    clinic: Clinic, tmp_path: Path, root: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As browsers follow it at the usual ports. No password goes in the open to who is meant to be asked by TLS."""
    behind_tls(clinic.site, tmp_path, issued("127.0.0.1", 30, root))
    with running(Site()) as plain:
        monkeypatch.setattr(target, "_DEFAULT_PORTS", {"http": plain.port, "https": clinic.site.port})
        plain.otherwise = lambda request: answer(
            "", 301, Location=f"https://127.0.0.1:{clinic.site.port}{request.path}"
        )
        trusting = Tls(ca_file=str(tmp_path / "ca.pem"))
        assert failures(clinic.examine(url=plain.url, tls=trusting)) == {}
        assert any(request.login for request in clinic.site.requests)
        assert failures(clinic.examine(url=plain.url)) == {"http": "certificate_untrusted"}
        clinic.site.pages["/docs"] = answer("", 302, Location=f"{plain.url}/docs")
        plain.pages, plain.otherwise = kodeks_pages(), None
        assert failures(examined_by_tls(clinic, tmp_path / "ca.pem")) == {}
        assert not any(request.login for request in plain.requests)
