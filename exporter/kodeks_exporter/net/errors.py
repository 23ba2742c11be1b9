"""Network errors as a slug and a Russian sentence, whichever library raised them, and whose fault they are."""

import errno
import ssl
from urllib.parse import urlsplit

from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.net.machine import has_route, is_exhausted

_BY_ERRNO = {
    errno.ECONNREFUSED: ("refused", "соединение отклонено: порт закрыт"),
    errno.ECONNRESET: ("reset", "соединение разорвано сервером"),
    errno.EPIPE: ("reset", "соединение разорвано сервером"),
    errno.ECONNABORTED: ("reset", "соединение разорвано сервером"),
    errno.EHOSTUNREACH: ("no_route", "нет маршрута до узла"),
    errno.ENETUNREACH: ("no_route", "сеть узла недоступна"),
    errno.EHOSTDOWN: ("no_route", "узел недоступен"),
    errno.ETIMEDOUT: ("timeout", "нет ответа за отведённое время"),
}
_FORBIDDEN = (errno.EPERM, errno.EACCES)
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class CheckError(Exception):
    """A network step went wrong. ``reason`` is a slug, ``text`` Russian; neither holds secrets.

    ``own``: the trouble of the monitor's own machine; None: the fault is the other side's or the network's.
    """

    def __init__(self, reason: str, text: str, own: Impairment | None = None) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason
        self.text = text
        self.own = own


class RedirectError(CheckError):
    """The server redirects to another place: ``url``, without its query."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        super().__init__("redirect_foreign", f"перенаправление на другой адрес ({where.scheme}://{where.netloc[:100]})")
        self.url = url


def own_trouble(cause: Impairment) -> CheckError:
    """An error of the monitor itself: its reason is the impairment's name."""
    return CheckError(cause.value, _OWN[cause], cause)


_OWN = {
    Impairment.RESOLVER: "сервер DNS самого мониторинга не отвечает",
    Impairment.DESCRIPTORS: "у самого мониторинга кончились дескрипторы файлов или другие ресурсы системы",
    Impairment.ROUTE: "у самого мониторинга нет пути в эту сеть",
    Impairment.PING: "экспортёру нельзя отправлять ping: разрешите группе процесса net.ipv4.ping_group_range или дайте"
    " CAP_NET_RAW (или отключите проверку: checks: {icmp: false})",
    Impairment.QUEUE: "сам мониторинг не успевает: проверка ждала в его очереди",
    Impairment.INTERNAL: "внутренняя ошибка экспортёра, подробности в его журнале",
}


def explain(error: OSError, address: str = "") -> CheckError:
    """Turns an ``OSError`` (including time-outs and TLS errors) into words. ``address``: the one being connected to."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code == _X509_EXPIRED:
            return CheckError("certificate_expired", "срок TLS-сертификата истёк")
        words = _UNTRUSTED.get(error.verify_code, error.verify_message)
        return CheckError("certificate_untrusted", f"TLS-сертификат не принят: {words}")
    if isinstance(error, ssl.SSLEOFError) and not error.reason:  # while something was sent: it had hung up before
        return CheckError("closed", "сервер закрыл соединение, не ответив")
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").upper()
        words = next((words for part, words in _TLS_WORDS.items() if part in reason), "")
        if not words:
            words = reason.replace("_", " ").lower() or "рукопожатие не удалось"
        return CheckError("tls", f"ошибка TLS: {words}")
    if isinstance(error, TimeoutError):
        return CheckError("timeout", "нет ответа за отведённое время")
    if is_exhausted(error):
        return own_trouble(Impairment.DESCRIPTORS)
    if address and error.errno in _FORBIDDEN:
        return own_trouble(Impairment.ROUTE)
    if address and error.errno in _NO_WAY and not has_route(address):
        return own_trouble(Impairment.ROUTE)
    if error.errno == errno.EADDRNOTAVAIL:
        return own_trouble(Impairment.DESCRIPTORS)  # of its kind: all local ports are in use
    reason, text = _BY_ERRNO.get(
        error.errno or 0, ("network", f"ошибка сети: {error.strerror or type(error).__name__}")
    )
    return CheckError(reason, text)


_UNTRUSTED = {
    2: "неизвестен издатель (не передана цепочка сертификатов?)",
    9: "срок ещё не начался: проверьте часы сервера",
    18: "он самоподписанный",
    19: "корневой сертификат цепочки не из доверенных (укажите tls.ca_file)",
    20: "неизвестен издатель (не передана цепочка сертификатов?)",
    21: "неизвестен издатель (не передана цепочка сертификатов?)",
    23: "он отозван",
    24: "его издатель не имеет права выпускать сертификаты",
    62: "он выдан на другое имя узла",
    64: "он выдан на другой IP-адрес",
    66: "ключ слишком короткий",
    68: "подпись слишком слабая",
}
"""By OpenSSL's X509_V_ERR_…"""
_TLS_WORDS = {
    "UNSUPPORTED_PROTOCOL": "сервер говорит только на устаревшем TLS",
    "PROTOCOL_VERSION": "сервер говорит только на другой версии TLS",
    "WRONG_VERSION_NUMBER": "на этом порту не TLS (обычный HTTP?)",
    "HTTP_REQUEST": "на этом порту не TLS (обычный HTTP?)",
    "UNRECOGNIZED_NAME": "сервер не знает такого имени узла",
    "HANDSHAKE_FAILURE": "нет общего шифра или нужен сертификат клиента",
    "NO_SHARED_CIPHER": "нет общего шифра",
    "UNSAFE_LEGACY_RENEGOTIATION": "сервер устарел: не умеет безопасного перезапуска соединения",
    "CERTIFICATE_REQUIRED": "сервер требует сертификат клиента",
    "DH_KEY_TOO_SMALL": "шифр сервера слишком слабый",
    "UNEXPECTED_EOF": "сервер оборвал рукопожатие",
    "INTERNAL_ERROR": "внутренняя ошибка сервера",
}
"""By parts of OpenSSL's reasons."""
_X509_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL
