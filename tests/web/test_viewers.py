"""Two users of two branches see only theirs, on every address of the exporter."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest
import requests
import yaml
from werkzeug.test import Client, TestResponse

from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.service.exporter import Service
from kodeks_exporter.settings.settings import Viewer, Web
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.server import WebServer
from kodeks_exporter.web.viewers import narrowed_metrics
from tests.web.fakes import FakeBackend, fleet, healthy

THEIRS = {"saratov": ("romashka", "Ромашка"), "samara": ("vasilek", "Василёк")}
WORDS = {
    "saratov": ("romashka", "Ромашка", "ivanova", "volga", "127.0.0.2"),
    "samara": ("vasilek", "Василёк", "petrova", "kama", "127.0.0.3"),
}
SHARED = {"/", "/metrics", "/sd", "/-/healthy", "/-/ready", "/docs/errors", "/docs/errors/", "/docs/errors/<name>"}
OWN_TOKEN = {"/upload", "/files/<name>", "/acknowledge", "/handling/view"}
"""Asked by scripts and links that carry a secret of their own, which says what they may."""


def document() -> dict[str, object]:
    entries = (
        ("saratov", "ivanova", "romashka", "Ромашка", "volga", "127.0.0.2:1"),
        ("samara", "petrova", "vasilek", "Василёк", "kama", "127.0.0.3:1"),
    )
    login = {"username": "u", "password": "p"}
    return {
        "managers": [{"name": manager, "branch": branch} for branch, manager, *_ in entries],
        "installations": [
            {"name": name, "client": client, "manager": manager, "url": f"http://{server}", "hosting": hosting}
            for _, manager, name, client, hosting, server in entries
        ],
        "online_accesses": [
            {
                "name": f"{name}-1",
                "client": client,
                "manager": manager,
                "url": f"http://{server}/k",
                "credentials": login,
            }
            for _, manager, name, client, _, server in entries
        ],
        "web": {
            "viewers": [
                {"user": "saratov", "branches": "saratov"},
                {"user": "samara", "managers": "petrova"},
                {"user": "chief", "everything": True},
            ],
            "user_header": "X-Remote-User",
            "trusted_proxies": ["192.0.2.1"],
        },
    }


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "kodeks.yml").write_text(yaml.safe_dump(document(), allow_unicode=True), encoding="utf-8")
    service = Service(folder / "kodeks.yml", folder / "data")
    service.start()
    try:
        yield Application(service, service.routes())
    finally:
        service.stop()


@pytest.fixture
def client(application: Application) -> Client:
    return Client(application)


def asked(client: Client, address: str, user: str = "", method: str = "GET", **headers: str) -> TestResponse:
    environ = {"REMOTE_USER": user, "REMOTE_ADDR": "198.51.100.7"}
    return client.open(address, method=method, environ_overrides=environ, headers=headers)


def rules(application: Application) -> list[tuple[str, str]]:
    return [
        (rule.rule, method)
        for rule in application._map.iter_rules()
        for method in sorted(rule.methods or ())
        if method in ("GET", "POST")
    ]


def filled(rule: str, name: str) -> str:
    address = re.sub(r"<\w+>", name, rule)
    return f"/probe?target={name}" if rule == "/probe" else address


@pytest.mark.parametrize(("user", "other"), [("saratov", "samara"), ("samara", "saratov")])
def test_no_address_tells_of_anothers_client(application: Application, client: Client, user: str, other: str) -> None:
    """Also when the other's name is asked for."""
    seen: set[str] = set()
    for rule, method in rules(application):
        for name in (THEIRS[user][0], THEIRS[other][0]):
            answer = asked(client, filled(rule, name), user, method)
            text = answer.get_data(as_text=True)
            told = [word for word in WORDS[other] if word in text]
            assert told == [], f"{method} {rule} as {user}"
            if name == THEIRS[other][0] and rule not in SHARED | OWN_TOKEN:
                assert answer.status_code in (403, 404), f"{method} {rule} as {user}"
            seen |= {word for word in WORDS[user] if word in text}
    assert {*THEIRS[user]} <= seen, "and one's own is there"


def test_who_is_not_named_sees_nothing(application: Application, client: Client) -> None:
    for user in ("", "somebody"):
        for rule, method in rules(application):
            text = asked(client, filled(rule, "romashka"), user, method).get_data(as_text=True)
            assert [word for words in WORDS.values() for word in words if word in text] == [], f"{method} {rule}"


def test_who_sees_everything_does(client: Client) -> None:
    for address in ("/", "/metrics", "/sd", "/config"):
        text = asked(client, address, "chief").get_data(as_text=True)
        assert "romashka" in text
        assert "vasilek" in text
    assert asked(client, "/-/reload", "chief", "POST").status_code == 200
    assert asked(client, "/-/reload", "samara", "POST").status_code == 403


def test_the_header_of_a_proxy_counts_only_from_that_proxy(client: Client) -> None:
    def told(address: str, user: str) -> str:
        environ = {"REMOTE_ADDR": address, "REMOTE_USER": ""}
        return client.get("/sd", environ_overrides=environ, headers={"X-Remote-User": user}).get_data(as_text=True)

    assert "romashka" in told("192.0.2.1", "saratov")
    assert "vasilek" not in told("192.0.2.1", "saratov")
    assert "romashka" not in told("192.0.2.7", "chief")


def test_metrics_are_cut_by_label_and_not_by_words_in_values() -> None:
    text = (
        "# HELP a A.\n# TYPE a gauge\n"
        'a{installation="mine"} 1\n'
        'a{installation="other",q="x,installation=\\"mine\\""} 2\n'
        "# HELP b B.\n# TYPE b counter\nb_total 3\n"
        '# HELP c C.\n# TYPE c gauge\nc{q="{installation=\\"other\\"}",account="mine"} 4\n'
        "# EOF\n"
    )
    assert narrowed_metrics(text.encode(), {"mine"}).decode() == (
        '# HELP a A.\n# TYPE a gauge\na{installation="mine"} 1\n'
        '# HELP c C.\n# TYPE c gauge\nc{q="{installation=\\"other\\"}",account="mine"} 4\n# EOF\n'
    )


def test_without_the_section_all_is_as_before(tmp_path: Path) -> None:
    plain = document()
    del plain["web"]
    (tmp_path / "kodeks.yml").write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
    service = Service(tmp_path / "kodeks.yml", tmp_path / "data")
    service.start()
    try:
        client = Client(Application(service, service.routes()))
        assert "vasilek" in asked(client, "/").get_data(as_text=True)
        assert asked(client, "/config").status_code == 200
    finally:
        service.stop()


def test_scrapes_at_once_are_not_shared_between_users() -> None:
    """Scrapes that come together are answered by one run: of one user only."""
    hold = threading.Event()
    body = b'# TYPE a gauge\na{installation="mine"} 1\na{installation="theirs"} 2\n'
    views = (
        healthy("mine", "А", manager="ivanova"),
        replace(healthy("theirs", "Б", manager="petrova"), branch="samara"),
    )
    web = Web(viewers=(Viewer("a", managers=("ivanova",)), Viewer("b", managers=("petrova",))))
    backend = FakeBackend(view=fleet(*views), body=body, hold=hold, viewers=web)
    users = {name: bcrypt.hashpw(b"p", bcrypt.gensalt(4)) for name in ("a", "b")}
    server = WebServer("127.0.0.1:0", Application(backend), ServerSecurity(users=users))
    server.start()
    try:
        for user in users:  # so that the password is known, and no time is spent on it below
            assert requests.get(f"{server.url}/-/healthy", auth=(user, "p"), timeout=10).status_code == 200
        with ThreadPoolExecutor(4) as pool:
            asked_at_once = [
                pool.submit(requests.get, f"{server.url}/metrics", auth=(user, "p"), timeout=10) for user in "abab"
            ]
            time.sleep(0.3)
            hold.set()
            answers = [each.result() for each in asked_at_once]
        assert [each.status_code for each in answers] == [200] * 4, [each.text for each in answers]
        texts = [each.text for each in answers]
        assert ["mine" in text for text in texts] == [True, False, True, False]
        assert ["theirs" in text for text in texts] == [False, True, False, True]
    finally:
        server.stop()
