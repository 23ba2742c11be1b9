from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bcrypt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kodeks_exporter.config.load import ConfigError
from kodeks_exporter.config.webfile import ServerSecurity, load_web_config

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()


def write(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    for file, encryption in (
        ("server.key", serialization.NoEncryption()),
        ("locked.key", serialization.BestAvailableEncryption(b"x")),
    ):
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        (folder / file).write_bytes(pem)
    return folder


def test_empty_file_protects_nothing(tmp_path: Path) -> None:
    assert load_web_config(write(tmp_path, "")) == ServerSecurity()


def test_full_file(pki: Path) -> None:
    text = f"""\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: server.crt
  min_version: TLS13
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prometheus: {HASH}
"""
    config = load_web_config(write(pki, text))
    assert config.cert_file == pki / "server.crt", "relative paths start from the file's folder"
    assert config.client_verify is ssl.CERT_REQUIRED
    assert config.client_ca_file == pki / "server.crt"
    assert config.min_version is ssl.TLSVersion.TLSv1_3
    assert config.users == {"prometheus": HASH.encode()}
    assert config.headers == {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=31536000"}
    assert HASH not in repr(config)


BAD = {
    "bogus: 1": (1, "bogus", "unknown key"),
    "tls_server_config: {cert_file: server.crt}": (1, "tls_server_config.key_file", "is missing"),
    "tls_server_config:\n  cert_file: none.crt\n  key_file: server.key": (
        2, "tls_server_config.cert_file", "does not exist"),
    "tls_server_config:\n  cert_file: server.key\n  key_file: server.key": (
        2, "tls_server_config.cert_file", "is no PEM certificate that fits key_file"),
    "tls_server_config:\n  cert_file: server.crt\n  key_file: locked.key": (
        2, "tls_server_config.cert_file", "unencrypted"),
    "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_ca_file: server.crt": (
        4, "tls_server_config.client_ca_file", "has no effect"),
    "tls_server_config: {cert_file: server.crt, key_file: server.key, client_auth_type: VerifyClientCertIfGiven}": (
        1, "tls_server_config.client_ca_file", "is missing"),
    "tls_server_config: {cert_file: server.crt, key_file: server.key, client_auth_type: RequestClientCert}": (
        1, "tls_server_config.client_auth_type", "must be 'NoClientCert', "),
    "tls_server_config: {cert_file: server.crt, key_file: server.key, min_version: SSL3}": (
        1, "tls_server_config.min_version", "must be 'TLS10'"),
    "tls_server_config: {cert_file: server.crt, key_file: server.key, cipher_suites: [x]}": (
        1, "tls_server_config.cipher_suites", "unknown key"),
    "http_server_config:\n  headers:\n    X-Frame-Option: deny": (
        3, "http_server_config.headers.X-Frame-Option", "did you mean 'X-Frame-Options'?"),
    "basic_auth_users:\n  prometheus: plain-pass-word": (2, "basic_auth_users.prometheus", "must be a bcrypt hash"),
    f"basic_auth_users:\n  'a:b': {HASH}": (2, "basic_auth_users.a…", "can't have a ':'"),
}  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=[f"mistake{number}" for number in range(len(BAD))])
def test_mistakes(pki: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_web_config(write(pki, text))
    (problem,) = caught.value.problems
    line, key, message = BAD[text]
    assert (problem.line, problem.key) == (line, key)
    assert message in problem.message
    assert "plain-pass-word" not in str(caught.value)
