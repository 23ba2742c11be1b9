"""The client against a server that lies, dawdles, floods, and one that behaves."""

from __future__ import annotations

import base64
import contextlib
import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from demo.processes import free_port
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings.fleet import Credentials
from kodeks_exporter.yearly.prometheus import Prometheus, PrometheusError, Series, Server
from tests.yearly.fake import Answer, Request, matrix, send, serving, success, vector


def answering(body: bytes, status: int = 200, **headers: str) -> Answer:
    return lambda _request, handler: send(handler, body, status, **headers)


def asked(answer: Answer, timeout: float = 5.0, size: int = 1024 * 1024) -> list[Series]:
    with serving(answer) as url, Prometheus(Server(url, timeout=timeout, size=size)) as prometheus:
        return prometheus.query("up", 1.0)


def refusal(answer: Answer, timeout: float = 5.0, size: int = 1024 * 1024) -> str:
    with pytest.raises(PrometheusError) as caught:
        asked(answer, timeout, size)
    return str(caught.value)


def streaming(write: Callable[[BaseHTTPRequestHandler], None]) -> Answer:
    """A body without a length, written by ``write`` until the client has enough."""

    def answer(_request: Request, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        with contextlib.suppress(OSError):
            write(handler)

    return answer


def test_vector_and_matrix() -> None:
    (one,) = asked(answering(success(vector(({"installation": "a"}, 2.5)))))
    assert (dict(one.labels), one.value) == ({"installation": "a"}, 2.5)
    (many,) = asked(answering(success(matrix(({"installation": "a"}, [(1.0, 2.0), (2.0, 3.0)])))))
    assert list(many.samples) == [(1.0, 2.0), (2.0, 3.0)]
    assert many.value == 3.0


def test_what_is_no_number_is_no_data() -> None:
    body = success(vector(*[({"n": text}, float(text)) for text in ("nan", "inf", "-inf", "7")]))
    assert [(each.labels["n"], each.value) for each in asked(answering(body))] == [("7", 7.0)]
    odd = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"much"]}]}}'
    assert asked(answering(odd)) == []


def test_endless_body_ends() -> None:
    def pour(handler: BaseHTTPRequestHandler) -> None:
        while True:
            handler.wfile.write(b"[" * 65536)

    assert "больше 1 МиБ" in refusal(streaming(pour))


def test_dripping_body_ends_in_time() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    begun = time.monotonic()
    assert "нет ответа за отведённое время" in refusal(streaming(drip), timeout=0.6)
    assert time.monotonic() - begun < 5


def test_silent_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.5)
        with Prometheus(server) as prometheus, pytest.raises(PrometheusError, match="нет ответа за отведённое время"):
            prometheus.query("up", 1.0)


def test_nobody_there() -> None:
    server = Server(f"http://127.0.0.1:{free_port()}")
    with Prometheus(server) as prometheus, pytest.raises(PrometheusError, match="соединение отклонено"):
        prometheus.query("up", 1.0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>nginx</html>",
        b"{",
        b"[]",
        b"null",
        b'{"status":"success"}',
        b'{"status":"success","data":[]}',
        b'{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}',
        b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"1"]}]}}',
        b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":["x","1"]}]}}',
        b'{"status":"success","data":{"resultType":"vector","result":' + b"[" * 100_000 + b"}}",
        b"\xff\xfe\x00",
    ],
)
def test_answers_of_something_else(body: bytes) -> None:
    assert "не похож на ответ Prometheus" in refusal(answering(body))


def test_huge_labels_are_cut() -> None:
    (one,) = asked(answering(success(vector(({"client": "Р" * 100_000}, 1.0)))))
    assert len(one.labels["client"]) == 300


def test_errors_are_told_in_one_line() -> None:
    body = b'{"status":"error","errorType":"execution","error":"too many samples\\n\\u001b[31mred' + b"x" * 5000 + b'"}'
    told = refusal(answering(body, 422))
    assert "HTTP 422: too many samples" in told
    assert told.isprintable()
    assert len(told) < 400


@pytest.mark.parametrize("status", [401, 403])
def test_refused(status: int) -> None:
    assert "не пускает" in refusal(answering(b"no", status))


def test_redirects_are_not_followed() -> None:
    told = refusal(answering(b"", 302, Location="http://127.0.0.1:1/"))
    assert "переадресует" in told


def test_label_values_and_warnings() -> None:
    seen: list[Request] = []

    def answer(request: Request, handler: BaseHTTPRequestHandler) -> None:
        seen.append(request)
        send(handler, success(["a", "б"], warnings=["a store is missing", "a store is missing"]))

    with serving(answer) as url, Prometheus(Server(url + "/prefix/")) as prometheus:
        assert prometheus.label_values("client", ['x{a="б"}', "y"], 1.0, 2.0) == ["a", "б"]
        assert prometheus.warnings == ["a store is missing"]
    assert seen[0].path == "/prefix/api/v1/label/client/values"
    assert seen[0].fields["match[]"] == ['x{a="б"}', "y"]


def test_basic_auth_and_bearer() -> None:
    seen: list[str] = []

    def answer(request: Request, handler: BaseHTTPRequestHandler) -> None:
        seen.append(request.headers.get("authorization", ""))
        send(handler, b"", 401)

    with serving(answer) as url:
        for server in (
            Server(url, credentials=Credentials("менеджер", Secret("s3cret"))),
            Server(url, bearer=Secret("s3cret")),
        ):
            with Prometheus(server) as prometheus, pytest.raises(PrometheusError) as caught:
                prometheus.query("up", 1.0)
            assert "s3cret" not in str(caught.value)
    assert seen == ["Basic " + base64.b64encode("менеджер:s3cret".encode()).decode(), "Bearer s3cret"]


@pytest.mark.parametrize(
    "url", ["", "localhost:9090", "ftp://a", "http://", "http://a?b=1", "http://a#b", "http://[", "http://a:x"]
)
def test_bad_addresses(url: str) -> None:
    with pytest.raises(PrometheusError, match="вида http://узел:порт"):
        Prometheus(Server(url))


def test_passwords_do_not_belong_in_the_address() -> None:
    with pytest.raises(PrometheusError) as caught:
        Prometheus(Server("http://me:s3cret@prometheus:9090"))
    assert "s3cret" not in str(caught.value)
    assert "password-file" in str(caught.value)


def test_missing_certificates() -> None:
    with pytest.raises(PrometheusError, match="не читается файл корневых сертификатов"):
        Prometheus(Server("https://prometheus", ca_file="/nowhere.pem"))
