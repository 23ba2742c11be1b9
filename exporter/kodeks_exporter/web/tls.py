"""The server's TLS: certificate files that may change while it runs, and client certificates."""

import logging
import os
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from kodeks_exporter.config.webfile import ServerSecurity

logger = logging.getLogger("kodeks_exporter.web")


def build_context(security: ServerSecurity) -> ssl.SSLContext:
    """A server context. Raises ValueError for inconsistent settings, OSError (ssl.SSLError) for bad files."""
    if security.cert_file is None or security.key_file is None:
        raise ValueError("TLS needs both cert_file and key_file")
    if security.client_verify is not ssl.CERT_NONE and security.client_ca_file is None:
        raise ValueError("verifying client certificates needs client_ca_file")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = security.min_version
    # An encrypted key must fail, not prompt for a passphrase.
    context.load_cert_chain(security.cert_file, security.key_file, password=_no_passphrase)
    if security.client_ca_file is not None:
        context.load_verify_locations(security.client_ca_file)
    context.verify_mode = security.client_verify
    return context


class Certificates:
    """The context for new connections. A changed certificate is used for them; after a broken one the old stays in
    force."""

    def __init__(self, security: ServerSecurity) -> None:
        self._lock = threading.Lock()
        self.prepare(security)()

    def prepare(self, security: ServerSecurity) -> Callable[[], None]:
        """Returns a function that puts other settings in force for new connections. Raises like ``build_context``."""
        stamp = _stamp(security)
        context = build_context(security)

        def commit() -> None:
            with self._lock:
                self._context, self._security, self._stamp = context, security, stamp

        return commit

    def context(self) -> ssl.SSLContext:
        with self._lock:
            stamp = _stamp(self._security)
            if stamp != self._stamp:
                self._stamp = stamp  # tried once for each change, not at every connection
                try:
                    self._context = build_context(self._security)
                except (OSError, ValueError) as problem:
                    logger.error("certificate changed but can't be used, the old one stays: %s", problem)
                else:
                    logger.info("certificate reloaded: %s", self._security.cert_file)
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
