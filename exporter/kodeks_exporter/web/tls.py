"""TLS of the server: certificate files that may change while it runs, client certificates, and no handshake that
could hold up others."""

from __future__ import annotations

import logging
import os
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cheroot.errors import FatalSSLAlert
from cheroot.ssl import Adapter

from kodeks_exporter.web.security import ServerSecurity

logger = logging.getLogger("kodeks_exporter.web")

_VERSIONS: Final[Mapping[str, ssl.TLSVersion]] = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CLIENT_AUTH: Final[Mapping[str, ssl.VerifyMode]] = {
    "NoClientCert": ssl.CERT_NONE,
    "RequestClientCert": ssl.CERT_NONE,  # asks for a certificate and ignores it: the same for who is let in
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


def build_context(security: ServerSecurity) -> ssl.SSLContext:
    """A server context. Raises ValueError for settings that do not fit, OSError (ssl.SSLError) for bad files."""
    if security.cert_file is None or security.key_file is None:
        raise ValueError("TLS needs both cert_file and key_file")
    if security.min_version not in _VERSIONS:
        raise ValueError(f"unknown min_version {security.min_version!r}: one of {', '.join(_VERSIONS)}")
    if security.client_auth_type == "RequireAnyClientCert":
        raise ValueError(
            "client_auth_type RequireAnyClientCert is not supported: it accepts any certificate, even self-made; "
            "use RequireAndVerifyClientCert with client_ca_file"
        )
    if security.client_auth_type not in _CLIENT_AUTH:
        raise ValueError(f"unknown client_auth_type {security.client_auth_type!r}: one of {', '.join(_CLIENT_AUTH)}")
    mode = _CLIENT_AUTH[security.client_auth_type]
    if mode is not ssl.CERT_NONE and security.client_ca_file is None:
        raise ValueError(f"client_auth_type {security.client_auth_type} needs client_ca_file")
    if mode is ssl.CERT_NONE and security.client_ca_file is not None:
        raise ValueError("client_ca_file is given but client_auth_type does not verify client certificates")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[security.min_version]
    # An encrypted key must fail, not ask for a passphrase on the terminal.
    context.load_cert_chain(security.cert_file, security.key_file, password=_no_passphrase)
    if security.client_ca_file is not None:
        context.load_verify_locations(security.client_ca_file)
    context.verify_mode = mode
    return context


class ReloadingAdapter(Adapter):
    """Cheroot's door to TLS. A changed certificate serves new connections; a broken one leaves the old in force."""

    def __init__(self, security: ServerSecurity) -> None:
        self._lock = threading.Lock()
        self.secure(security)

    def secure(self, security: ServerSecurity) -> None:
        """Puts other settings in force for new connections. Raises like ``build_context`` and then changes nothing."""
        with self._lock:
            stamp = _stamp(security)
            self._context = build_context(security)
            self._security, self._stamp = security, stamp

    def bind(self, sock: Any) -> Any:
        return sock

    def wrap(self, sock: Any) -> tuple[Any, dict[str, str]]:
        """Wraps without the handshake: this runs in the accepting thread, where a silent client would stop everyone.
        The connection shakes hands in its worker thread."""
        context = self._current()
        try:
            wrapped = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError as gone:
            raise FatalSSLAlert(*gone.args) from gone  # the client has hung up already
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: Any, mode: str = "r", bufsize: int = -1) -> Any:
        raise NotImplementedError  # the connection class makes its own, with a time limit

    def _current(self) -> ssl.SSLContext:
        with self._lock:
            stamp = _stamp(self._security)
            if stamp != self._stamp:
                self._stamp = stamp  # tried once for each change, not at every connection
                try:
                    self._context = build_context(self._security)
                except (OSError, ValueError) as problem:
                    logger.error("certificate changed but can't be used, the old one stays: %s", problem)
                else:
                    logger.info("certificate read again: %s", self._security.cert_file)
            return self._context


def _stamp(security: ServerSecurity) -> tuple[tuple[int, int, int] | None, ...]:
    return tuple(_file_stamp(path) for path in (security.cert_file, security.key_file, security.client_ca_file))


def _file_stamp(path: Path | None) -> tuple[int, int, int] | None:
    if path is None:
        return None
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _no_passphrase() -> bytes:
    raise ValueError("the private key is encrypted with a passphrase; give one without")
