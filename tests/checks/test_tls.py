"""TLS: the certificate is judged, and without trust no password leaves."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kodeks_exporter.domain.check import InstallationState, TlsFacts
from kodeks_exporter.net.connection import Connection
from kodeks_exporter.settings.fleet import Tls
from tests.checks.conftest import Clinic, blocked, failures
from tests.checks.site import Site

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@pytest.fixture
def secure(clinic: Clinic, tmp_path: Path) -> Callable[[int], Path]:
    """Puts the clinic's site behind a self-signed certificate that ends in so many days; gives the CA file."""

    def start(days: int) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(NOW - datetime.timedelta(days=100))
            .not_valid_after(NOW + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256())
        )
        certificate_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate_file, key_file)
        site = clinic.site

        def wrapped(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                plain = Site(site.pages, requests=site.requests)
                plain.serve(secured)

        site.raw = wrapped
        return certificate_file

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
    monkeypatch.setattr(Connection, "tls_version", lambda *_: "TLSv1")
    result = clinic.examine(url=clinic.site.url.replace("http:", "https:")).results["tls"]
    assert (result.reason, "TLSv1" in result.text) == ("tls_old", True)
