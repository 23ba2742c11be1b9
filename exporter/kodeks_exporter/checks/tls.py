"""Does TLS work, is the certificate to be trusted, and until when is it valid?"""

from __future__ import annotations

import ssl
import warnings
from functools import lru_cache
from pathlib import Path

from cryptography import x509

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, failed_by, ok
from kodeks_exporter.domain.check import TlsFacts
from kodeks_exporter.net import trust
from kodeks_exporter.net.errors import CheckError, explain
from kodeks_exporter.net.machine import is_exhausted
from kodeks_exporter.settings.fleet import Installation

_NO_HANDSHAKE = ("tls", "reset", "closed")
_BAD_CERTIFICATE = ("certificate_expired", "certificate_untrusted")


def applies(installation: Installation) -> bool:
    return installation.url.startswith("https:")


def check(installation: Installation, context: Context) -> Verdict:
    timeout = context.settings.timeouts.connect
    verify = installation.tls.verify
    try:
        trusting = _context(verify, installation.tls.ca_file)
    except OSError as error:
        context.secured = False
        if is_exhausted(error):
            return failed_by(explain(error))
        return failed("ca_file", f"не читается файл корневых сертификатов {installation.tls.ca_file}")
    try:
        facts = _facts(context.connection.secure(trusting, timeout))
        return ok(facts, f"раньше всех истекает сертификат издателя «{facts.issuer}»" if facts and facts.issuer else "")
    except CheckError as error:
        if error.reason not in _BAD_CERTIFICATE:
            context.secured = False
            old = _old_protocol(context, timeout) if error.reason in _NO_HANDSHAKE else ""
            if old:
                return failed("tls_old", f"сервер говорит только по {old}: браузеры его не принимают")
            return failed_by(error)
        bad = error
    # The page is still worth reading without trust, but the password is not sent.
    context.trusted = False
    try:
        return failed(bad.reason, bad.text, _facts(context.connection.secure(_context(False, ""), timeout)))
    except CheckError as error:
        context.secured = False
        return failed_by(error)


def _old_protocol(context: Context, timeout: float) -> str:
    """The version that a server speaks with whom no handshake was possible as usual; empty when none helps."""
    lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lenient.check_hostname = False
    lenient.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is what is asked here
        lenient.minimum_version = ssl.TLSVersion.TLSv1
        lenient.maximum_version = ssl.TLSVersion.TLSv1_1
    lenient.set_ciphers("ALL:@SECLEVEL=0")
    try:
        return context.connection.tls_version(lenient, timeout)
    except CheckError:
        return ""


def _context(verify: bool, ca_file: str) -> ssl.SSLContext:
    """Built again when the file has changed."""
    stamp = Path(ca_file).stat() if ca_file else None
    return _kept_context(verify, ca_file, (stamp.st_mtime_ns, stamp.st_size, stamp.st_ino) if stamp else ())


@lru_cache(maxsize=64)
def _kept_context(verify: bool, ca_file: str, _stamp: tuple[int, ...]) -> ssl.SSLContext:
    return trust.context(verify, ca_file)


@lru_cache(maxsize=1024)
def _facts(chain: tuple[bytes, ...]) -> TlsFacts | None:
    """The earliest end in the chain; whose it is, where it is not the server's own."""
    try:
        certificates = [x509.load_der_x509_certificate(each) for each in chain]
        first = min(certificates, key=lambda each: each.not_valid_after_utc)
    except ValueError:
        return None
    issuer = "" if first is certificates[0] else first.subject.rfc4514_string()[:100]
    return TlsFacts(first.not_valid_after_utc.timestamp(), issuer)
