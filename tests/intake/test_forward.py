from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from werkzeug.formparser import parse_form_data

from demo.processes import free_port
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.intake.forward import Forwarded, Forwarder, forward_job, forward_jobs
from kodeks_exporter.metrics import forward as metrics
from kodeks_exporter.metrics.exposition import render_families
from kodeks_exporter.poll.scheduler import Pace
from kodeks_exporter.settings.fleet import Credentials
from kodeks_exporter.settings.reports import ForwardHeader, ForwardSettings, ReportSettings
from kodeks_exporter.settings.settings import Settings
from tests.answering import Answering, Asked, reply, serving
from tests.intake.fakes import FakeStore, fleet, intake

WEEK = 7 * 86400.0


@dataclass
class Gateway:
    server: Answering
    status: int = 200
    body: bytes = b'{"response": "ok"}'


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    def answer(to: BaseHTTPRequestHandler, _: Asked) -> None:
        reply(to, made.status, made.body, Content_Type="text/plain")

    with serving(answer) as server:
        made = Gateway(server)
        yield made


class Post:
    """One installation's reports, sent on by hand of the test's clock."""

    def __init__(self, storage: Path, settings: ForwardSettings) -> None:
        self.now = 1_000_000.0
        self.storage = storage
        self.settings = Settings(fleet=fleet(), reports=ReportSettings(forward=settings))
        self.intake = intake(storage, FakeStore(), self.settings.fleet)
        self.restart()

    def restart(self) -> None:
        self.forwarder = Forwarder(self.storage, lambda host: (host,), lambda: self.now)
        self.run = forward_job("romashka", self.intake, self.forwarder, lambda: self.settings)

    def receive(self, data: bytes = b"report") -> None:
        with self.intake.incoming(1000) as incoming:
            incoming.write(data)
            self.intake.accept("romashka", incoming, "push", ".zip", self.now)

    @property
    def outcome(self) -> Forwarded:
        return self.forwarder.forwarded()["romashka"]


@pytest.fixture
def post(tmp_path: Path, gateway: Gateway) -> Post:
    return Post(tmp_path, ForwardSettings(url=gateway.server.url + "/asrp?x=1"))


def test_the_form(tmp_path: Path, gateway: Gateway) -> None:
    settings = ForwardSettings(
        url=gateway.server.url, field_name="report", fields={"код": "0599"},
        headers=(ForwardHeader("X-Token", Secret("t1")),),
        credentials=Credentials("u", Secret("p")),
    )  # fmt: skip
    post = Post(tmp_path, settings)
    post.receive(b"data\r\n--")
    assert post.run() is Pace.NORMAL
    (asked,) = gateway.server.asked
    assert asked.headers["x-token"] == "t1"
    assert asked.headers["authorization"].startswith("Basic ")
    environ = {
        "wsgi.input": io.BytesIO(asked.body), "CONTENT_TYPE": asked.headers["content-type"],
        "CONTENT_LENGTH": str(len(asked.body)), "REQUEST_METHOD": "POST",
    }  # fmt: skip
    _, form, files = parse_form_data(environ)
    assert form.to_dict() == {"код": "0599"}
    assert files["report"].filename == "romashka.zip"
    assert files["report"].read() == b"data\r\n--"


def test_once_a_week_and_not_again_after_a_restart(post: Post, gateway: Gateway) -> None:
    assert post.run() is Pace.NORMAL  # nothing to send yet
    for hour in range(24 * 15):
        post.now = 1_000_000.0 + hour * 3600
        post.receive()
        post.run()
        if hour % 50 == 0:
            post.restart()
    assert len(gateway.server.asked) == 3


def test_the_same_report_is_not_sent_twice(post: Post, gateway: Gateway) -> None:
    post.receive()
    for _ in range(3):
        post.run()
        post.now += WEEK + 1
    assert len(gateway.server.asked) == 1


def test_intervals_of_single_installations(post: Post, gateway: Gateway) -> None:
    forward = replace(post.settings.reports.forward, intervals={"romashka": 0.0, "vasilek": 3600.0})
    post.settings = replace(post.settings, reports=replace(post.settings.reports, forward=forward))
    post.receive()
    post.run()
    assert gateway.server.asked == []
    jobs = forward_jobs(post.settings.fleet, forward, lambda _: lambda: Pace.NORMAL)
    assert "forward vasilek" in jobs
    assert "forward romashka" not in jobs
    assert forward_jobs(post.settings.fleet, ForwardSettings(), lambda _: lambda: Pace.NORMAL) == {}


@pytest.mark.parametrize(
    ("status", "body", "result", "state", "pace"),
    [
        (200, '{"response":"ok","state":"Принят"}', "ok", "Принят", Pace.NORMAL),
        (200, "<r><response>warning</response><state>Повтор</state></r>", "warning", "Повтор", Pace.NORMAL),
        (200, "response=OK; ПРИНЯТ", "ok", "Принят", Pace.NORMAL),
        (200, "response: error, token is unknown", "error", "", Pace.FAILED),
        (200, "", "unknown", "", Pace.NORMAL),
        (500, "ok", "http_500", "", Pace.FAILED),
        (302, "", "http_302", "", Pace.FAILED),
    ],
)
def test_answers(post: Post, gateway: Gateway, status: int, body: str, result: str, state: str, pace: Pace) -> None:
    gateway.status, gateway.body = status, body.encode()
    post.receive()
    assert post.run() is pace
    assert (post.outcome.result, post.outcome.state) == (result, state)


def test_windows_1251(post: Post, gateway: Gateway) -> None:
    gateway.body = "response: ok, Повтор".encode("cp1251")
    post.receive()
    post.run()
    assert post.outcome.state == "Повтор"


def test_a_failed_sending_is_tried_again(post: Post, gateway: Gateway) -> None:
    gateway.status = 503
    post.receive()
    assert post.run() is Pace.FAILED
    gateway.status = 200
    post.now += 60
    post.restart()
    assert post.run() is Pace.NORMAL
    assert post.outcome == Forwarded(1_000_060.0, 1_000_060.0, "ok", "", 1_000_000.0)


def test_no_connection(tmp_path: Path) -> None:
    post = Post(tmp_path, ForwardSettings(url=f"http://127.0.0.1:{free_port()}/"))
    post.receive()
    assert post.run() is Pace.FAILED
    assert post.outcome.result == "refused"


def test_damaged_memory_is_no_reason_to_stop(post: Post, gateway: Gateway) -> None:
    post.receive()
    (post.storage / "forward" / "romashka.msgpack").write_bytes(b"\x81\xa1x\x01")
    post.restart()
    assert post.run() is Pace.NORMAL
    assert len(gateway.server.asked) == 1


def test_what_an_older_version_sent_is_not_sent_again(post: Post, gateway: Gateway) -> None:
    post.receive()
    state = {"attempted": post.now, "sent": post.now, "result": "ok", "state": "", "received": post.now}
    (post.storage / "forward" / "romashka.json").write_text(json.dumps(state))
    post.restart()
    assert post.run() is Pace.NORMAL
    assert gateway.server.asked == []
    assert [path.name for path in (post.storage / "forward").iterdir()] == ["romashka.msgpack"]


def test_metrics() -> None:
    text = render_families(metrics.families("romashka", Forwarded(20.0, 10.0, "http_500", "Повтор", 5.0))).decode()
    assert 'kodeks_forward_last_attempt_timestamp_seconds{installation="romashka"} 20.0' in text
    assert 'kodeks_forward_last_success_timestamp_seconds{installation="romashka"} 10.0' in text
    assert 'kodeks_forward_success{installation="romashka"} 0.0' in text
    assert 'kodeks_forward_result{installation="romashka",result="http_500",state="Повтор"} 1.0' in text
