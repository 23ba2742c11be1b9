"""Does TLS work, is the certificate to be trusted, and until when is it valid?"""

from __future__ import annotations

import ssl
from functools import lru_cache

from cryptography import x509

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, failed_by, ok
from kodeks_exporter.domain.check import TlsFacts
from kodeks_exporter.net.errors import CheckError, explain
from kodeks_exporter.net.machine import is_exhausted
from kodeks_exporter.settings.fleet import Installation

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
        return ok(_facts(context.connection.secure(trusting, timeout)))
    except CheckError as error:
        if error.reason not in _BAD_CERTIFICATE:
            context.secured = False
            return failed_by(error)
        bad = error
    # The page is still worth reading without trust, but the password is not sent.
    context.trusted = False
    try:
        return failed(bad.reason, bad.text, _facts(context.connection.secure(_context(False, ""), timeout)))
    except CheckError as error:
        context.secured = False
        return failed_by(error)


@lru_cache(maxsize=64)
def _context(verify: bool, ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file or None)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _facts(certificate: bytes) -> TlsFacts | None:
    try:
        return TlsFacts(x509.load_der_x509_certificate(certificate).not_valid_after_utc.timestamp())
    except ValueError:
        return None
