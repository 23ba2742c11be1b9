"""What an Alertmanager, or whatever answers in its place, may tell without doing harm."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.reaction import alertmanager
from kodeks_exporter.reaction.alertmanager import Member, member_name
from kodeks_exporter.settings.fleet import Credentials
from kodeks_exporter.settings.reaction import ReactionSettings

ALERT: dict[str, Any] = {
    "labels": {"alertname": "KodeksTcpStatus", "manager": "ivanova", "priority": "K1"},
    "annotations": {"summary": "Порт закрыт"},
    "startsAt": "2026-11-22T01:02:03.456Z",
    "endsAt": "2026-11-22T02:02:03.456Z",
    "status": {"state": "suppressed", "inhibitedBy": [], "silencedBy": ["s1"]},
    "fingerprint": "0",
}
SILENCE: dict[str, Any] = {
    "id": "s1", "status": {"state": "active"}, "startsAt": "2026-11-22T04:05:00.5+03:00",
    "endsAt": "2026-11-22T03:00:00Z", "createdBy": "Иванова", "comment": "звоню", "matchers": [],
}  # fmt: skip


class Fake:
    """Answers whatever ``bodies`` hold for the last part of the path."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {"alerts": b"[]", "silences": b"[]"}
        self.status = 200
        self.pause = 0.0
        self.asked: list[tuple[str, str | None]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.asked.append((self.path, self.headers["Authorization"]))
                body = fake.bodies[self.path.rpartition("/")[2]]
                self.send_response(fake.status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
                for start in range(0, len(body), 1 << 20):
                    time.sleep(fake.pause)
                    self.wfile.write(body[start : start + (1 << 20)])

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """Nothing: whoever asks may hang up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def tell(self, alerts: Any, silences: Any = ()) -> None:
        self.bodies = {"alerts": json.dumps(alerts).encode(), "silences": json.dumps(list(silences)).encode()}


@pytest.fixture
def fake() -> Iterator[Fake]:
    found = Fake()
    yield found
    found.server.shutdown()
    found.server.server_close()


def member(fake: Fake, path: str = "", **settings: Any) -> Member:
    return Member(fake.url + path, ReactionSettings(**settings), lambda host: (host,))


def test_what_is_read(fake: Fake) -> None:
    fake.tell([ALERT], [SILENCE])
    listing = member(fake).listing()
    (alert,) = listing.alerts.values()
    assert alert.starts == (1795309323456,)
    assert alert.summary == "Порт закрыт"
    assert (alert.inhibited, alert.silenced_by) == (False, frozenset({"s1"}))
    silence = listing.silences["s1"]
    assert (silence.starts, silence.ends) == (1795309500.5, 1795316400.0)
    assert (silence.author, silence.comment) == ("Иванова", "звоню")


def test_the_signature_is_no_part_of_an_alerts_identity(fake: Fake) -> None:
    """A new key makes no new alerts of those that fire."""
    signed = [{**ALERT, "labels": ALERT["labels"] | {"reaction_key": key}} for key in ("1", "2")]
    fake.tell(signed)
    assert len(member(fake).listing().alerts) == 1


def test_path_and_password(fake: Fake) -> None:
    login = Credentials("экспортёр", Secret("пароль"))
    member(fake, "/alertmanager", credentials=login).listing()
    assert [path for path, _ in fake.asked] == ["/alertmanager/api/v2/silences", "/alertmanager/api/v2/alerts"]
    assert all(header is not None and header.startswith("Basic ") for _, header in fake.asked)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"{}", b"<html>", b'[{"labels": 1}]', b"[1]", b"[" * 100_000, b'[{"labels": {"manager": "a"}}]',
        json.dumps([{**ALERT, "startsAt": "yesterday"}]).encode(), json.dumps([{**ALERT, "status": None}]).encode(),
        b"\xff\xfe",
    ],
)  # fmt: skip
def test_garbage_is_no_answer(fake: Fake, body: bytes) -> None:
    fake.bodies["alerts"] = body
    with pytest.raises(CheckError) as caught:
        member(fake).listing()
    assert caught.value.reason == "garbage"


@pytest.mark.parametrize("status", [301, 401, 404, 500, 503])
def test_other_statuses_are_no_answer(fake: Fake, status: int) -> None:
    fake.status = status
    with pytest.raises(CheckError) as caught:
        member(fake).listing()
    assert caught.value.reason == "http"


def test_too_much_is_not_read(fake: Fake) -> None:
    fake.bodies["alerts"] = b"[" + b" " * (33 * 1024 * 1024) + b"]"
    with pytest.raises(CheckError) as caught:
        member(fake).listing()
    assert caught.value.reason == "too_large"


def test_dripping_is_cut_off(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alertmanager, "_WHOLE", 1.0)
    fake.bodies["alerts"] = b"[" + b" " * (10 * 1024 * 1024) + b"]"
    fake.pause = 0.3
    began = time.monotonic()
    with pytest.raises(CheckError) as caught:
        member(fake).listing()
    assert caught.value.reason == "timeout"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://am.example", "am.example:80"), ("https://am.example", "am.example:443"),
        ("http://127.0.0.1:9093", "127.0.0.1:9093"), ("http://[::1]:9093/am", "[::1]:9093/am"),
    ],
)  # fmt: skip
def test_names_of_members(url: str, name: str) -> None:
    assert member_name(url) == name
