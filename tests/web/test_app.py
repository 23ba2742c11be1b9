"""Routes, statuses, headers and negotiation, through werkzeug's client."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from kodeks_exporter.web.app import Application, Route
from tests.web.fakes import OPENMETRICS_BODY, TEXT_BODY, FakeBackend, fleet, healthy

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PREFERS_TEXT = "text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5"
GETTABLE = (
    "/",
    "/metrics",
    "/probe?target=romashka",
    "/sd",
    "/config",
    "/-/healthy",
    "/-/ready",
    "/installations/beta",
)


@pytest.mark.parametrize("accept", [PROMETHEUS_2, PROMETHEUS_3, "application/openmetrics-text; version=1.0.0"])
def test_openmetrics_when_asked(client: Client, accept: str) -> None:
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.data == OPENMETRICS_BODY
    assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        PREFERS_TEXT,
        "application/openmetrics-text",  # no version: it may be one we can't write
        "application/openmetrics-text;version=9.0.0,text/plain;q=0.1",
        "application/openmetrics-text;version=1.0.0;q=0",
        "garbage;;;q=x,,",
    ],
)
def test_plain_text_otherwise(client: Client, accept: str | None) -> None:
    answer = client.get("/metrics", headers={"Accept": accept} if accept is not None else {})
    assert answer.data == TEXT_BODY
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_gzip_when_accepted(client: Client) -> None:
    answer = client.get("/metrics", headers={"Accept-Encoding": "gzip, deflate"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == TEXT_BODY
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(TEXT_BODY)


@pytest.mark.parametrize("encoding", [None, "identity", "deflate, br", "gzip;q=0"])
def test_no_gzip_when_not_accepted(client: Client, encoding: str | None) -> None:
    answer = client.get("/metrics", headers={"Accept-Encoding": encoding} if encoding is not None else {})
    assert "Content-Encoding" not in answer.headers
    assert answer.data == TEXT_BODY


def test_caches_are_told_what_the_answer_depends_on(client: Client) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip", "Accept": PROMETHEUS_2}):
        vary = client.get("/metrics", headers=headers).headers["Vary"]
        assert {part.strip() for part in vary.split(",")} == {"Accept", "Accept-Encoding"}


@pytest.mark.parametrize("path", GETTABLE)
def test_head_is_get_without_body(client: Client, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert got.status_code == head.status_code == 200
    assert head.data == b""
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert head.headers["Content-Length"] == str(len(got.data))


@pytest.mark.parametrize("path", [*GETTABLE, "/nothing", "/-/reload"])
def test_security_headers_are_everywhere(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_probe(client: Client, backend: FakeBackend) -> None:
    assert client.get("/probe?target=romashka").data == TEXT_BODY
    assert client.get("/probe?target=romashka", headers={"Accept": PROMETHEUS_2}).data == OPENMETRICS_BODY
    assert backend.probed == ["romashka", "romashka"]


def test_probes_at_once_are_limited(backend: FakeBackend) -> None:
    backend.hold = threading.Event()
    client = Client(Application(backend, max_probes=1))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.get, "/probe?target=romashka")
        while not backend.probed:
            time.sleep(0.01)
        assert client.get("/probe?target=romashka").status_code == 503
        backend.hold.set()
        assert first.result().status_code == 200
    assert client.get("/probe?target=nobody").status_code == 404
    assert client.get("/probe?target=romashka").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/probe", 400),
        ("/probe?target=", 400),
        ("/probe?target=nobody", 404),
        ("/probe?target=http://169.254.169.254/", 404),
        ("/probe?target=romashka%0d%0aX-Evil:%201", 404),
        ("/installations/nobody", 404),
        ("/installations/a/b", 404),
        ("/metrics/", 404),
    ],
)
def test_what_is_not_there(client: Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "X-Evil" not in answer.headers
    assert "evil" not in answer.text.lower()
    assert "Location" not in answer.headers


def test_service_discovery(backend: FakeBackend, client: Client) -> None:
    answer = client.get("/sd")
    assert answer.mimetype == "application/json"
    groups = json.loads(answer.data)
    assert len(groups) == 12
    assert groups[1] == {
        "targets": ["zavod-7"],
        "labels": {
            "__meta_kodeks_client": "АО «Энгельсский завод металлоконструкций»",
            "__meta_kodeks_manager": "petrov",
            "__meta_kodeks_branch": "saratov",
            "__meta_kodeks_hosting": "te-cloud",
            "__meta_kodeks_mode": "pull",
            "__meta_kodeks_url": "http://zavod-7.example:8080",
        },
    }


def test_an_empty_fleet_is_an_empty_list(backend: FakeBackend, client: Client) -> None:
    backend.view = fleet()
    assert json.loads(client.get("/sd").data) == []


def test_config(client: Client) -> None:
    answer = client.get("/config")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Иванова" in answer.text


def test_readiness(client: Client, backend: FakeBackend) -> None:
    assert client.get("/-/ready").status_code == 200
    backend.is_ready = False
    assert client.get("/-/ready").status_code == 503
    assert client.head("/-/ready").status_code == 503
    assert client.get("/-/healthy").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_reload(client: Client, backend: FakeBackend, method: str) -> None:
    assert client.open("/-/reload", method=method).status_code == 200
    backend.problems = ["kodeks.yml:3: managers[0].name: missing", "kodeks.yml:9: installations[1].url: bad"]
    answer = client.open("/-/reload", method=method)
    assert answer.status_code == 500
    assert answer.text.splitlines() == backend.problems
    assert backend.reloads == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({}, 200),
    ],
)
def test_another_sites_page_reloads_nothing(
    client: Client, backend: FakeBackend, headers: dict[str, str], status: int
) -> None:
    assert client.post("/-/reload", headers=headers).status_code == status
    assert backend.reloads == (status == 200)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/-/reload", {"POST", "PUT"}),
        ("HEAD", "/-/reload", {"POST", "PUT"}),
        ("POST", "/metrics", {"GET", "HEAD"}),
        ("DELETE", "/", {"GET", "HEAD"}),
    ],
)
def test_wrong_method(client: Client, backend: FakeBackend, method: str, path: str, allowed: set[str]) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == 405
    assert {name.strip() for name in answer.headers["Allow"].split(",")} >= allowed
    assert backend.reloads == 0


def test_an_exception_is_logged_and_not_shown(
    client: Client, backend: FakeBackend, caplog: pytest.LogCaptureFixture
) -> None:
    backend.failure = RuntimeError("password=hunter2")
    answer = client.get("/metrics?token=t0p")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = [record for record in caplog.records if record.name == "kodeks_exporter.web"]
    assert record.exc_info is not None
    assert "/metrics" in record.getMessage()
    assert "t0p" not in record.getMessage()


def test_access_log_has_no_query_and_can_not_be_forged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "kodeks_exporter.web"):
        client.get("/metrics?token=t0p-secret")
        client.get("/nothing%0a2025-11-21 INFO all is well")
    lines = [record.getMessage() for record in caplog.records]
    assert "'/metrics' 200" in lines[0]
    assert "t0p-secret" not in "".join(lines)
    assert not any("\n" in line for line in lines)


def test_access_log_is_for_debugging_only(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kodeks_exporter.web"):
        client.get("/metrics")
    assert caplog.records == []


def test_other_modules_bring_their_routes(backend: FakeBackend) -> None:
    def show(request: Request, variables: object) -> Response:
        return Response(f"{request.method} {variables}", content_type="text/plain")

    client = Client(Application(backend, [Route("/files/<name>", ("GET",), show)]))
    answer = client.get("/files/romashka.zip")
    assert answer.text == "GET {'name': 'romashka.zip'}"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/metrics").status_code == 200


def test_names_with_all_allowed_letters_have_a_page(backend: FakeBackend, client: Client) -> None:
    backend.view = fleet(healthy("a_b.c:8080-d", "ООО «Двоеточие»"))
    assert 'href="installations/a_b.c%3A8080-d"' in client.get("/").text
    assert "ООО «Двоеточие»" in client.get("/installations/a_b.c%3A8080-d").text
