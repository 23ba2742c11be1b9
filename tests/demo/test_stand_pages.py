"""What the stand's servers say, healthy and broken."""

from __future__ import annotations

import pytest

from demo.stand import Stand
from tests.demo.visitor import BASIC, Visitor, get


def test_connection_is_kept(stand: Stand) -> None:
    visitor = Visitor(stand, "romashka")
    visitor.get("/docs")
    sock = visitor.connection.sock
    visitor.get("/sysinfo/metrics")
    assert visitor.get("/docs", method="HEAD").body == b""
    assert visitor.get("/docs").status == 200
    assert visitor.connection.sock is sock


def test_preferences_hold_the_nightly_times_in_a_form(stand: Stand) -> None:
    visitor = Visitor(stand, "romashka")
    answer = visitor.get("/admin/pref", BASIC)
    assert 'NAME="restarttime" VALUE="03:30"' in answer.text
    assert 'NAME="reservtime" VALUE="02:00"' in answer.text
    stand.set_times("romashka", restart="23:15", backup="01:00")
    assert 'NAME="restarttime" VALUE="23:15"' in visitor.get("/admin/pref", cookie=answer.cookie).text
    visitor.get("/logout", cookie=answer.cookie)


def test_catalogs_and_metrics_may_ask_for_a_login(stand: Stand) -> None:
    assert get(stand, "sever", "/norms").status == 401
    assert get(stand, "sever", "/sysinfo/metrics").status == 401
    first = get(stand, "sever", "/norms", BASIC)
    assert first.status == 200
    assert get(stand, "sever", "/sysinfo/metrics", cookie=first.cookie).status == 200
    get(stand, "sever", "/logout", cookie=first.cookie)


def test_sysmon_came_with_a_later_version(stand: Stand) -> None:
    assert get(stand, "sever", "/sysmon/metrics", BASIC).status == 404
    answer = get(stand, "romashka", "/sysmon/metrics", BASIC)
    assert answer.status == 200
    get(stand, "romashka", "/logout", cookie=answer.cookie)


def test_a_session_holds_a_seat_until_logout(stand: Stand) -> None:
    first = get(stand, "romashka", "/admin/title", BASIC)
    assert first.cookie.startswith("KodeksSession=")
    assert stand.seats_used("romashka") == 4
    again = get(stand, "romashka", "/admin/lic", BASIC, first.cookie)
    assert again.status == 200
    assert again.cookie == ""
    assert stand.seats_used("romashka") == 4
    second = get(stand, "romashka", "/admin/title", BASIC)
    assert stand.seats_used("romashka") == 5
    full = get(stand, "romashka", "/admin/title", BASIC)
    assert full.status == 403
    assert "Количество пользователей превысило максимальное (2008)" in full.text
    assert get(stand, "romashka", "/admin/title", cookie=first.cookie).status == 200
    get(stand, "romashka", "/logout", cookie=first.cookie)
    assert stand.sessions("romashka") == ["smartlogin"]
    assert get(stand, "romashka", "/admin/title", cookie=first.cookie).status == 401
    get(stand, "romashka", "/logout", cookie=second.cookie)
    assert stand.seats_used("romashka") == 3


def test_cookies_page_lists_those_who_hold_seats(stand: Stand) -> None:
    answer = get(stand, "romashka", "/admin/cookies", BASIC)
    assert "<td>smartlogin</td><td>127.0.0.1</td>" in answer.text
    get(stand, "romashka", "/logout", cookie=answer.cookie)


def test_out_of_seats_may_show_on_the_main_page(stand: Stand) -> None:
    stand.fault("romashka", "out_of_seats", main_page="full")
    answer = get(stand, "romashka", "/docs")
    assert answer.status == 403
    assert "(2008)" in answer.text


def test_wording_and_status_of_a_state_may_be_chosen(stand: Stand) -> None:
    stand.fault("romashka", "maintenance", text="Идут работы", status=200)
    answer = get(stand, "romashka", "/docs")
    assert answer.status == 200
    assert "Идут работы" in answer.text


def test_catalog_faults_name_their_reason_at_one_catalog(stand: Stand) -> None:
    cookie = get(stand, "sever", "/norms", BASIC).cookie
    stand.fault("sever", "catalog_broken", reason="no required volume DB", catalog="/norms")
    lines = get(stand, "sever", "/sysinfo/metrics", cookie=cookie).text.splitlines()
    assert 'kserver_product_control{service="kodweb",path="/norms",status="no required volume DB"} 1' in lines
    assert 'kserver_main_page{service="kodweb",path="/docs"} 0' in lines
    stand.clear("sever")
    stand.fault("sever", "updating")
    lines = get(stand, "sever", "/sysinfo/metrics", cookie=cookie).text.splitlines()
    assert 'kserver_main_page{service="kodweb",path="/docs",status="update DB"} 1' in lines
    get(stand, "sever", "/logout", cookie=cookie)


@pytest.mark.parametrize(("declare", "written"), [("utf-8", "windows-1251"), ("windows-1251", "utf-8")])
def test_wrong_charset_declares_one_and_writes_another(stand: Stand, declare: str, written: str) -> None:
    stand.fault("romashka", "wrong_charset", declare=declare)
    answer = get(stand, "romashka", "/docs")
    assert answer.headers.get_content_charset() == declare
    assert f"charset={declare}" in answer.body.decode(written)
    assert "Техэксперт" in answer.body.decode(written)
