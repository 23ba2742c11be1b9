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


def _whose(facts: TlsFacts | None) -> str:
    """Which certificate of a chain has expired."""
    if facts is not None and facts.expires > time.time():
        return "истёк корневой сертификат, которому доверяет мониторинг (tls.ca_file); у сервера свежий"
    if facts is not None and facts.issuer:
        return f"истёк сертификат издателя «{facts.issuer}»: обновите цепочку на сервере"
    return "срок TLS-сертификата истёк"


def _no_handshake(context: Context, error: CheckError, timeout: float) -> Verdict:
    """Explains the failure by another attempt with everything OpenSSL supports, however old or weak."""
    if error.reason not in _NO_HANDSHAKE:
        return failed_by(error)
    try:
        version, cipher = context.connection.agreed_on(_lenient(), timeout)
    except CheckError:
        return failed_by(error)
    if version in _OLD:
        return failed("tls_old", f"сервер говорит только по {version}: браузеры его не принимают")
    return failed("tls", f"сервер принимает только слабые шифры ({cipher}): браузеры их не знают")


def _lenient() -> ssl.SSLContext:
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
    """The earliest end in the chain, and whose it is if not the server's own. Certificates outside the chain do not
    count, nor does a root, which clients do not take from the server."""
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
