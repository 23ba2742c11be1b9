"""Network errors, told in one slug and one Russian sentence, whatever library raised them."""

from __future__ import annotations

import errno
import ssl

_BY_ERRNO = {
    errno.ECONNREFUSED: ("refused", "соединение отклонено: порт закрыт"),
    errno.ECONNRESET: ("reset", "соединение разорвано сервером"),
    errno.EPIPE: ("reset", "соединение разорвано сервером"),
    errno.ECONNABORTED: ("reset", "соединение разорвано сервером"),
    errno.EHOSTUNREACH: ("no_route", "нет маршрута до узла"),
    errno.ENETUNREACH: ("no_route", "сеть недоступна"),
    errno.EHOSTDOWN: ("no_route", "узел недоступен"),
    errno.ETIMEDOUT: ("timeout", "нет ответа за отведённое время"),
}


class CheckError(Exception):
    """A check's network step went wrong. ``reason`` is a slug, ``text`` Russian; neither holds secrets."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason
        self.text = text


def explain(error: OSError) -> CheckError:
    """Puts an ``OSError`` (time-outs and TLS errors are such) into words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code == _X509_EXPIRED:
            return CheckError("certificate_expired", "срок TLS-сертификата истёк")
        return CheckError("certificate_untrusted", f"TLS-сертификат не принят: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return CheckError("tls", f"ошибка TLS: {error.reason or type(error).__name__}")
    if isinstance(error, TimeoutError):
        return CheckError("timeout", "нет ответа за отведённое время")
    reason, text = _BY_ERRNO.get(
        error.errno or 0, ("network", f"ошибка сети: {error.strerror or type(error).__name__}")
    )
    return CheckError(reason, text)


_X509_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL
