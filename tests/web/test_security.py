"""Basic authentication, as exporter-toolkit does it."""

from __future__ import annotations

import base64
from typing import Any

import bcrypt
import pytest
import requests

from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.web.security import PasswordChecker
from tests.web.conftest import Start
from tests.web.fakes import FakeBackend

HASH = bcrypt.hashpw(b"parol", bcrypt.gensalt(4))


class Session(requests.Session):
    """Asks one server by path."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        return super().request(method, self._url + url, timeout=10, **options)


@pytest.fixture
def guarded(start: Start) -> Session:
    return Session(start(ServerSecurity(users={"prometheus": HASH, "Иванова": HASH})).url)


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready", "/sd", "/config", "/nothing"])
def test_everything_is_protected(guarded: Session, path: str) -> None:
    answer = guarded.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.text == "unauthorized\n"
    assert guarded.get(path, auth=("prometheus", "parol")).status_code in (200, 404)


def test_reload_is_protected(guarded: Session, backend: FakeBackend) -> None:
    assert guarded.post("/-/reload").status_code == 401
    assert backend.reloads == 0


@pytest.mark.parametrize(
    ("user", "password"),
    [("prometheus", "wrong"), ("prometheus", ""), ("nobody", "parol"), ("", ""), ("prometheus", "parol\0x")],
)
def test_wrong_ones_stay_out(guarded: Session, user: str, password: str) -> None:
    for _ in range(2):  # the second answer comes from memory
        assert guarded.get("/metrics", auth=(user, password)).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !!!", "Basic cGFyb2w=", "Bearer parol", "Digest username=x", "Basic //79/A==", "Basic \xff\xe0="],
)
def test_malformed_credentials_stay_out(guarded: Session, header: str) -> None:
    assert guarded.get("/metrics", headers={"Authorization": header}).status_code == 401


def test_names_may_be_russian(guarded: Session) -> None:
    header = "Basic " + base64.b64encode("Иванова:parol".encode()).decode()
    assert guarded.get("/metrics", headers={"Authorization": header}).status_code == 200


def test_hashes_of_htpasswd_are_understood() -> None:
    checker = PasswordChecker({"a": b"$2y$" + HASH[4:]})
    assert checker.check("a", "parol")
    assert not checker.check("a", "wrong")


def test_long_passwords_are_cut_as_htpasswd_does() -> None:
    checker = PasswordChecker({"a": bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4))})
    assert checker.check("a", "x" * 100)
    assert not checker.check("a", "x" * 71)


def test_a_damaged_hash_lets_nobody_in() -> None:
    checker = PasswordChecker({"a": b"not a hash", "b": b""})
    assert not checker.check("a", "not a hash")
    assert not checker.check("b", "")


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The hashes that bcrypt was really asked about, in turn: the expensive part of every check."""
    asked: list[bytes] = []
    real = bcrypt.checkpw

    def counting(password: bytes, hashed: bytes) -> bool:
        asked.append(hashed)
        return real(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    return asked


def test_answers_are_remembered(compared: list[bytes]) -> None:
    checker = PasswordChecker({"a": HASH})
    for _ in range(5):
        assert checker.check("a", "parol")
        assert not checker.check("a", "wrong")
    assert len(compared) == 2


def test_guesses_do_not_push_good_answers_out_of_memory(compared: list[bytes]) -> None:
    checker = PasswordChecker({"a": HASH})
    assert checker.check("a", "parol")
    for number in range(300):
        checker.check("a", f"guess {number}")
    compared.clear()
    assert checker.check("a", "parol")
    assert compared == []


def test_an_unknown_user_costs_as_much_as_a_wrong_password(compared: list[bytes]) -> None:
    checker = PasswordChecker({"a": bcrypt.hashpw(b"parol", bcrypt.gensalt(5))})
    checker.check("a", "wrong")
    checker.check("nobody", "wrong")
    known, dummy = compared
    assert known != dummy
    assert known[:7] == dummy[:7] == b"$2b$05$"


def test_no_password_is_kept() -> None:
    checker = PasswordChecker({"a": HASH})
    checker.check("a", "parol")
    checker.check("a", "very-secret-guess")
    kept = repr(vars(checker))
    assert "parol" not in kept
    assert "very-secret-guess" not in kept
    assert HASH.decode() not in repr(ServerSecurity(users={"a": HASH}))


def test_configured_headers_replace_ours(start: Start) -> None:
    security = ServerSecurity(headers={"X-Frame-Options": "SAMEORIGIN", "Strict-Transport-Security": "max-age=1"})
    headers = Session(start(security).url).get("/").headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Strict-Transport-Security"] == "max-age=1"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_over_the_wire(start: Start) -> None:
    server = start(ServerSecurity(users={"prometheus": HASH}))
    assert requests.get(server.url + "/metrics", timeout=30).status_code == 401
    assert requests.get(server.url + "/metrics", auth=("prometheus", "parol"), timeout=30).status_code == 200


def test_users_can_be_changed_while_running(start: Start) -> None:
    server = start(ServerSecurity(users={"old": HASH}))
    server.prepare(ServerSecurity(users={"new": HASH}))()
    assert requests.get(server.url + "/metrics", auth=("old", "parol"), timeout=30).status_code == 401
    assert requests.get(server.url + "/metrics", auth=("new", "parol"), timeout=30).status_code == 200
