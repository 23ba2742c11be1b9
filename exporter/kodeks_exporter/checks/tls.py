"""Does TLS work, is the certificate trusted, and how long is it valid?"""

import ssl
import time
import warnings
from functools import lru_cache

from cryptography import x509

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, failed_by, ok
from kodeks_exporter.domain.check import TlsFacts
from kodeks_exporter.net import trust
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.fleet import Installation

_NO_HANDSHAKE = ("tls", "reset", "closed")
_OLD = ("SSLv3", "TLSv1", "TLSv1.1")
_BAD_CERTIFICATE = ("certificate_expired", "certificate_untrusted")


def applies(installation: Installation) -> bool:
    return installation.url.startswith("https:")


def check(installation: Installation, context: Context) -> Verdict:
    timeout = context.settings.timeouts.connect
    try:
        trusting = trust.kept_context(installation.tls.verify, installation.tls.ca_file)
        facts = _facts(context.connection.secure(trusting, timeout))
        return ok(facts, f"раньше всех истекает сертификат издателя «{facts.issuer}»" if facts and facts.issuer else "")
    except CheckError as error:
        if error.reason not in _BAD_CERTIFICATE:
            context.secured = False
            return _no_handshake(context, error, timeout)
        bad = error
    # The page is still worth reading, but the password is not sent.
    context.trusted = False
    try:
        facts = _facts(context.connection.secure(trust.kept_context(False, ""), timeout))
    except CheckError as error:
        context.secured = False
        return failed_by(error)
    return failed(bad.reason, _whose(facts) if bad.reason == "certificate_expired" else bad.text, facts)


def _old_protocol(context: Context, timeout: float) -> str:
    """The old TLS version that the server accepts, after the usual handshake failed; empty when it accepts none."""
    lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lenient.check_hostname = False
    lenient.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the point of this check
        lenient.minimum_version = ssl.TLSVersion.TLSv1
    lenient.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return lenient


@lru_cache(maxsize=1024)
def _facts(chain: tuple[bytes, ...]) -> TlsFacts | None:
    """The earliest expiry in the chain, and which certificate it belongs to when that is not the server's own."""
    try:
        certificates = _issuers([x509.load_der_x509_certificate(each) for each in chain])
        first = min(certificates, key=lambda each: each.not_valid_after_utc)
    except ValueError:
        return None
    issuer = "" if first is certificates[0] else first.subject.rfc4514_string()[:100]
    return TlsFacts(first.not_valid_after_utc.timestamp(), issuer)


def _issuers(sent: list[x509.Certificate]) -> list[x509.Certificate]:
    chain = sent[:1]
    for each in sent[1:]:
        if each.subject == chain[-1].issuer and each.subject != each.issuer:
            chain.append(each)
    return chain
