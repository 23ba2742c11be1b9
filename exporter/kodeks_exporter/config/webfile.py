"""Reads the file of ``--web.config.file``: the common format of the Prometheus exporters (exporter-toolkit).

Unsupported settings (cipher suites, request rate limits, client certificates without verification …) are errors, so
that nobody relies on protection that is not there. ``http2`` is accepted and has no effect.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from kodeks_exporter.config import document
from kodeks_exporter.config.problems import ConfigError, Problem, key_path
from kodeks_exporter.config.secrets import Surroundings
from kodeks_exporter.config.typed import Finding, read
from kodeks_exporter.settings import values
from kodeks_exporter.settings.notation import File, Label, Notation
from kodeks_exporter.settings.values import did_you_mean

HEADERS = (
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
    "Content-Security-Policy",
)
"""Response headers that the format lets a file set."""
_BCRYPT = re.compile(r"\$2[abxy]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_VERIFY = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True, slots=True)
class ServerSecurity:
    """The contents of web.yml. Without ``cert_file`` the server uses plain HTTP, without ``users`` everybody has
    access.

    ``client_verify`` other than CERT_NONE needs ``client_ca_file``.
    ``users``: name to bcrypt hash. ``headers`` are set on every answer, in place of our own of the same name.
    """

    cert_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None
    client_verify: ssl.VerifyMode = ssl.CERT_NONE
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


def _bcrypt(text: str) -> str:
    if _BCRYPT.fullmatch(text) is None:
        raise ValueError("must be a bcrypt hash, as `htpasswd -nBC 10 '' | tr -d ':\\n'` prints it")
    return text


def _user(text: str) -> str:
    if ":" in text:
        raise ValueError("a login of basic authentication can't have a ':'")
    return values.label(text)


def _header(text: str) -> str:
    if text not in HEADERS:
        raise ValueError(f"this header can't be set; {did_you_mean(text, HEADERS)}")
    return text


User = Annotated[str, Notation(_user)]
Hash = Annotated[str, Notation(_bcrypt)]
Header = Annotated[str, Notation(_header)]


@dataclass(frozen=True, slots=True)
class _Tls:
    cert_file: File
    key_file: File
    client_auth_type: Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] = "NoClientCert"
    client_ca_file: File = ""
    min_version: Literal["TLS10", "TLS11", "TLS12", "TLS13"] = "TLS12"


@dataclass(frozen=True, slots=True)
class _Http:
    http2: bool = True
    headers: Mapping[Header, Label] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Web:
    tls_server_config: _Tls | None = None
    http_server_config: _Http = _Http()
    basic_auth_users: Mapping[User, Hash] = field(default_factory=dict)


def load_web_config(path: Path) -> ServerSecurity:
    """The web configuration; relative paths start from the file's folder. Raises ConfigError with every problem."""
    node, problems = document.read(path, empty_allowed=True)
    typed, findings = read(_Web, node.plain(), Surroundings(path.parent, {}))
    if typed is not None and typed.tls_server_config is not None:
        findings += _tls_findings(typed.tls_server_config)
    for loc, message in findings:
        line, way = node.find(loc)
        problems.append(Problem(str(path), line, key_path(way), message))
    if problems or typed is None:
        raise ConfigError(problems)
    users = {name: hashed.encode() for name, hashed in typed.basic_auth_users.items()}
    security, tls = ServerSecurity(users=users, headers=typed.http_server_config.headers), typed.tls_server_config
    if tls is None:
        return security
    return replace(
        security,
        cert_file=Path(tls.cert_file),
        key_file=Path(tls.key_file),
        client_verify=_VERIFY[tls.client_auth_type],
        client_ca_file=Path(tls.client_ca_file) if tls.client_ca_file else None,
        min_version=_VERSIONS[tls.min_version],
    )


def _tls_findings(tls: _Tls) -> list[Finding]:
    findings: list[Finding] = []
    section = "tls_server_config"
    verifies = tls.client_auth_type != "NoClientCert"
    if verifies and not tls.client_ca_file:
        findings.append(((section, "client_ca_file"), f"is missing; client_auth_type {tls.client_auth_type} needs it"))
    if tls.client_ca_file and not verifies:
        findings.append(((section, "client_ca_file"), "has no effect; set client_auth_type too"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # With an empty password OpenSSL does not prompt for one.
        context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    except (ssl.SSLError, OSError, ValueError):
        message = "is no PEM certificate that fits key_file (an unencrypted PEM key)"
        findings.append(((section, "cert_file"), message))
    if tls.client_ca_file:
        try:
            context.load_verify_locations(tls.client_ca_file)
        except (ssl.SSLError, OSError):
            findings.append(((section, "client_ca_file"), "has no PEM certificates"))
    return findings
