"""Prometheus' HTTP API, as far as the report needs it: two kinds of request, every answer bounded in size and time."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode, urlsplit

import msgspec

from kodeks_exporter.domain.refusal import CommandError
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.net.errors import CheckError, explain
from kodeks_exporter.net.transport import Transport, pieces
from kodeks_exporter.settings.fleet import Credentials

MIB: Final = 1024 * 1024
_LABEL: Final = 300
"""Longer label values are cut: none of the inventory's are."""
_MESSAGE: Final = 300
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class PrometheusError(CommandError):
    """Prometheus can't be asked, or its answer can't be used. The text is Russian and holds no secrets."""

    code = 3


@dataclass(frozen=True, slots=True)
class Server:
    """Prometheus' address and credentials. ``timeout``: seconds for one whole answer; ``size``: its bytes."""

    url: str
    credentials: Credentials | None = None
    bearer: Secret | None = None
    ca_file: str = ""
    timeout: float = 60.0
    size: int = 64 * MIB


@dataclass(frozen=True, slots=True)
class Series:
    """A series of an answer. ``samples``: (Unix seconds, value), the oldest first; NaN and infinities are left out."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]

    @property
    def value(self) -> float:
        """The newest."""
        return self.samples[-1][1]


class Prometheus:
    """One server. Not shared between threads; ``close()`` it at the end."""

    def __init__(self, server: Server) -> None:
        """Raises PrometheusError for an invalid address and for certificates that can't be read."""
        self._server = server
        self._base = _checked(server.url)
        try:
            self._transport = Transport(
                _resolve, min(10.0, server.timeout), server.credentials, tls_ca_file=server.ca_file
            )
        except CheckError as error:
            raise PrometheusError(error.text) from None
        if server.bearer is not None:
            self._transport.session.headers["Authorization"] = f"Bearer {server.bearer.reveal()}"
        self.warnings: list[str] = []
        """Warnings in Prometheus' answers, such as a missing store of Thanos; each once."""

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def query(self, expression: str, at: float) -> list[Series]:
        """An instant query at ``at`` (Unix seconds); of a range selector all samples. Raises PrometheusError."""
        fields = {"query": expression, "time": f"{at:.3f}", "timeout": f"{max(1, int(self._server.timeout))}s"}
        answer = self._ask("POST", "/api/v1/query", urlencode(fields))
        try:
            data = msgspec.json.decode(answer, type=_Queried).data
        except (msgspec.DecodeError, RecursionError):
            raise PrometheusError(f"{self._base}: ответ не похож на ответ Prometheus") from None
        return list(_series(data))

    def label_values(self, label: str, matches: Sequence[str], begin: float, end: float) -> list[str]:
        """Values of ``label`` in series that match one of the selectors. Raises PrometheusError."""
        fields = [*(("match[]", each) for each in matches), ("start", f"{begin:.3f}"), ("end", f"{end:.3f}")]
        answer = self._ask("GET", f"/api/v1/label/{label}/values?{urlencode(fields)}", None)
        try:
            values = msgspec.json.decode(answer, type=_Labels).data
        except (msgspec.DecodeError, RecursionError):
            raise PrometheusError(f"{self._base}: ответ не похож на ответ Prometheus") from None
        return [_short(each) for each in values]

    def _ask(self, method: str, path: str, body: str | None) -> bytes:
        """The body of a successful answer."""
        try:
            with self._transport.within(self._server.timeout):
                response = self._transport.ask(method, self._base + path, body, _FORM if body is not None else None)
                try:
                    answer = self._read(pieces(response))
                    status = response.status_code
                finally:
                    response.close()
        except CheckError as error:
            raise PrometheusError(f"{self._base}: {error.text}") from None
        self._judge(status, answer)
        return answer

    def _read(self, parts: Iterator[bytes]) -> bytes:
        answer = bytearray()
        for part in parts:
            answer += part
            if len(answer) > self._server.size:
                raise PrometheusError(f"{self._base}: ответ больше {self._server.size // MIB} МиБ, не читаем")
        return bytes(answer)

    def _judge(self, status: int, answer: bytes) -> None:
        if status in (401, 403):
            raise PrometheusError(f"{self._base}: не пускает (HTTP {status}): проверьте логин, пароль или токен")
        if 300 <= status < 400:
            raise PrometheusError(f"{self._base}: переадресует (HTTP {status}): укажите конечный адрес")
        try:
            envelope = msgspec.json.decode(answer, type=_Envelope)
        except (msgspec.DecodeError, RecursionError):
            raise PrometheusError(f"{self._base}: ответ не похож на ответ Prometheus (HTTP {status})") from None
        if envelope.status != "success" or status != 200:
            raise PrometheusError(f"{self._base}: HTTP {status}: {_plain(envelope.error) or 'ошибка без объяснения'}")
        for warning in map(_plain, envelope.warnings or ()):
            if warning not in self.warnings and len(self.warnings) < 10:
                self.warnings.append(warning)


class _Envelope(msgspec.Struct):
    status: str
    error: str = ""
    warnings: list[str] | None = None


class _One(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] | None = None


class _Data(msgspec.Struct):
    resultType: Literal["vector", "matrix"]  # noqa: N815 - the API's name
    result: list[_One]


class _Queried(msgspec.Struct):
    data: _Data


class _Labels(msgspec.Struct):
    data: list[str]


def _series(data: _Data) -> Iterator[Series]:
    for one in data.result:
        pairs = one.values if one.values is not None else [one.value] if one.value is not None else []
        samples = [(at, value) for at, text in pairs if (value := _number(text)) is not None]
        if samples:
            yield Series({name: _short(value) for name, value in one.metric.items()}, samples)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _short(text: str) -> str:
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"


def _plain(text: str) -> str:
    """For a terminal: one line, no control characters, bounded in length."""
    return "".join(each if each.isprintable() else " " for each in text[:_MESSAGE]).strip()


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise PrometheusError("адрес Prometheus должен быть вида http://узел:порт")
    if "@" in parts.netloc:
        raise PrometheusError("логин и пароль Prometheus — не в адресе, а в --prometheus.username и …password-file")
    return url.rstrip("/")


def _resolve(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise CheckError("dns", "имя узла недопустимо") from None
    except socket.gaierror:
        raise CheckError("dns", "имя узла не находится в DNS") from None
    except OSError as error:
        raise explain(error) from None
    return list(dict.fromkeys(str(each[4][0]) for each in found))
