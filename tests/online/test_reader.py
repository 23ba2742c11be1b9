"""A visit: what is read, how each failure is told, and that nothing is left behind or spent."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from demo.processes import free_port
from demo.vendor import Access, Kind, ServerSpec, Vendor, VendorFault
from kodeks_exporter.domain.online import OnlineReading, Quota, Resource, reason_text
from kodeks_exporter.net import target
from kodeks_exporter.online.reader import OnlineTools, read_access
from kodeks_exporter.settings.fleet import Tls
from kodeks_exporter.settings.online import OnlineTimeouts
from tests.answering import reply, serving
from tests.online.conftest import PASSWORD, QUICK, Answer, Asked, Clock, Numbers, access_of, moment, one, scripted
from tests.web.certificates import Authority

WEDNESDAY = moment("2026-11-18 23:00")
ACCESS = Access("u1", PASSWORD)


@pytest.fixture(params=["basic", "form", "windows-1251", "form in windows-1251"])
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    kind = str(request.param)
    charset = "windows-1251" if "1251" in kind else "utf-8"
    with Vendor([one(form="form" in kind, charset=charset)], Clock(WEDNESDAY)) as made:
        yield made


@pytest.fixture
def basic() -> Iterator[Vendor]:
    with Vendor([one()], Clock(WEDNESDAY)) as made:
        yield made


def visit(vendor: Vendor, *days: date, password: str | None = None, **changes: Any) -> OnlineReading:
    access = access_of(vendor.url("nps1"), ACCESS, password)
    return read_access(access, replace(QUICK, **changes), OnlineTools(Numbers().resolve), days)


def test_what_is_left_and_the_limits_are_read(vendor: Vendor) -> None:
    reading = visit(vendor)
    assert reading.reason == ""
    assert reading.login is True
    server = vendor.servers["nps1"]
    assert reading.quotas == {
        resource: Quota(server.left(ACCESS, resource.value), getattr(ACCESS.limits, resource.value))
        for resource in Resource
    }
    assert reading.quotas[Resource.DOCUMENTS].left < 300


def test_the_session_is_closed_and_nothing_else_is_asked_for(vendor: Vendor) -> None:
    visit(vendor, date(2026, 11, 17))
    server = vendor.servers["nps1"]
    assert server.sessions == {}
    assert server.max_sessions == 1
    assert server.requests["/logout"] == 1
    assert server.strange == []


def test_the_history_of_days_is_read(vendor: Vendor) -> None:
    reading = visit(vendor, date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 15))
    assert reading.history_reason == ""
    assert [day.day for day in reading.history] == [date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 15)]
    monday, tuesday, sunday = reading.history
    assert sunday.events == ()
    assert tuesday.events[0].time == moment("2026-11-17 09:00")
    found = {(event.type, event.status, event.query, event.found, event.duration) for event in monday.events}
    assert ("attribute", "empty", "ТУ 14-1-476-72", 0, 11.2) in found
    assert ("intellectual", "ok", "ГОСТ 9.402", 12, 0.9) in found


def test_a_refused_login(vendor: Vendor) -> None:
    reading = visit(vendor, password="wrong-Пароль")
    assert (reading.reason, reading.login, reading.quotas) == ("refused", False, {})
    assert vendor.servers["nps1"].refusals == {"u1": 1}
    assert vendor.servers["nps1"].sessions == {}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (VendorFault.ERROR_500, "http_500"),
        (VendorFault.MAINTENANCE, "maintenance"),
        (VendorFault.CAPTCHA, "captcha"),
        (VendorFault.PROXY, "proxy"),
        (VendorFault.SQUID, "proxy"),
        (VendorFault.MARKUP, "markup"),
        (VendorFault.HUGE, "too_large"),
        (VendorFault.HANG, "timeout"),
        (VendorFault.GARBAGE, "garbage"),
        (VendorFault.CLOSED, "connection"),
    ],
)
def test_each_fault_has_its_reason(vendor: Vendor, fault: VendorFault, reason: str) -> None:
    vendor.fault("nps1", fault)
    patience = 0.4 if fault is VendorFault.HANG else 30  # a busy machine is slow, and that is no fault
    reading = visit(vendor, timeouts=OnlineTimeouts(request=patience))
    assert reading.reason == reason
    assert reading.login is not False
    assert vendor.servers["nps1"].refusals == {}
    assert reason_text(reason).endswith(".")
    vendor.clear("nps1")
    assert visit(vendor).reason == ""


def test_sessions_are_closed_when_the_page_is_not_understood(vendor: Vendor) -> None:
    vendor.fault("nps1", VendorFault.MARKUP)
    visit(vendor)
    assert vendor.servers["nps1"].sessions == {}


def test_a_name_that_does_not_resolve() -> None:
    access = access_of("http://nps9.example/kodeks02", ACCESS)
    assert read_access(access, QUICK, OnlineTools(Numbers().resolve)).reason == "dns"


def test_no_password_without_tls() -> None:
    with scripted(lambda asked: (200, "x", {})) as site:
        access = access_of(f"https://127.0.0.1:{site.port}/kodeks02", ACCESS)
        assert read_access(access, QUICK, OnlineTools(Numbers().resolve)).reason == "tls"
        assert site.requests == []


def test_a_broken_history_does_not_spoil_the_figures(basic: Vendor) -> None:
    basic.fault("nps1", VendorFault.HISTORY_500)
    reading = visit(basic, date(2026, 11, 17), date(2026, 11, 16))
    assert reading.reason == ""
    assert reading.quotas
    assert reading.history == ()
    assert reading.history_reason == "http_500"
    assert basic.servers["nps1"].requests["/history"] == 1


FORM = '<form action="{action}" method="{method}"><input name="u"><input type="password" name="p"></form>'


@pytest.mark.parametrize(
    ("action", "method", "reason"),
    [
        ("http://other.example/login", "post", "redirect"),
        ("https://127.0.0.1/login", "post", "redirect"),
        ("//other.example/login", "post", "redirect"),
        ("/login", "get", "markup"),
        ("javascript:void(0)", "post", "redirect"),
    ],
)
def test_the_password_goes_nowhere_else(action: str, method: str, reason: str) -> None:
    page = FORM.format(action=action, method=method)
    with scripted(lambda asked: (200, page, {})) as site:
        access = access_of(f"http://127.0.0.1:{site.port}/kodeks02", ACCESS)
        assert read_access(access, QUICK, OnlineTools(Numbers().resolve)).reason == reason
        assert all("/login" not in request.path for request in site.requests)


def test_a_form_in_the_open_gets_no_password_that_was_to_go_by_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "ca")
    pair, context = authority.issue("server"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    settings = replace(QUICK, tls=Tls(ca_file=str(authority.file)))
    with serving(lambda to, _: reply(to, 200)) as plain:
        ports = {"http": int(plain.url.rpartition(":")[2])}
        page = FORM.format(action=f"{plain.url}/login", method="post").encode()
        with serving(lambda to, _: reply(to, 200, page, Content_Type="text/html"), context) as private:
            monkeypatch.setattr(target, "_DEFAULT_PORTS", ports | {"https": int(private.url.rpartition(":")[2])})
            access = access_of(f"{private.url}/kodeks02", ACCESS)
            assert read_access(access, settings, OnlineTools(Numbers().resolve)).reason == "redirect"
        assert plain.asked == []


def test_a_redirect_to_another_host_is_not_followed() -> None:
    other = free_port()
    with scripted(lambda asked: (302, "", {"Location": f"http://127.0.0.1:{other}/x"})) as site:
        access = access_of(f"http://127.0.0.1:{site.port}/kodeks02", ACCESS)
        assert read_access(access, QUICK, OnlineTools(Numbers().resolve)).reason == "redirect"


def test_a_form_behind_a_redirect_and_a_profile_behind_the_form() -> None:
    """The action is relative to the page that has the form, and what follows the login need not be the profile."""

    def pages(asked: Asked) -> Answer:
        match asked.path:
            case "/kodeks02/profile" if "in=1" not in asked.cookie:
                return 302, "", {"Location": "/auth/start"}
            case "/auth/start":
                return 200, FORM.format(action="do?x=1", method="POST"), {}
            case "/auth/do?x=1":
                return 200, "Добро пожаловать", {"Set-Cookie": "in=1; Path=/"}
        return 200, "<table><tr><td>Документы</td><td>7</td></tr></table>", {}

    with scripted(pages) as site:
        access = access_of(f"http://127.0.0.1:{site.port}/kodeks02/", ACCESS)
        reading = read_access(access, QUICK, OnlineTools(Numbers().resolve))
    assert reading.reason == ""
    assert reading.quotas == {Resource.DOCUMENTS: Quota(7, None)}
    assert site.requests[-1].path == "/kodeks02/logout"


def test_a_visit_is_cheap(basic: Vendor) -> None:
    visit(basic)
    begin = time.thread_time()
    for _ in range(50):
        assert visit(basic).reason == ""
    each = (time.thread_time() - begin) / 50
    print(f"CPU of one visit: {each * 1000:.2f} ms; 500 an hour are {each * 500 / 36:.3f} % of a core")
    assert each * 500 / 3600 < 0.02


def test_clients_of_all_kinds_can_be_read() -> None:
    accesses = tuple(Access(f"u-{kind}", PASSWORD, kind) for kind in Kind)
    with Vendor([ServerSpec("nps1", accesses)], Clock(WEDNESDAY)) as vendor:
        for access in accesses:
            reading = read_access(access_of(vendor.url("nps1"), access), QUICK, OnlineTools(Numbers().resolve))
            assert reading.quotas[Resource.DOCUMENTS].left == vendor.servers["nps1"].left(access, "documents")
