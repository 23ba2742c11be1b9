"""One incident shows as one failed check, and everything behind it names that check."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from demo.processes import free_port
from kodeks_exporter.checks import licman_icmp, maintenance
from kodeks_exporter.checks.verdict import failed
from kodeks_exporter.domain.check import (
    CatalogFacts,
    CheckResult,
    DnsFacts,
    Impairment,
    InstallationState,
    Outcome,
    ProtectionFacts,
    Round,
    ScheduleFacts,
    SeatsFacts,
)
from kodeks_exporter.settings.values import Endpoint
from tests.checks.conftest import Clinic, blocked, failures
from tests.checks.site import CATALOGS, GOOD_PAGE, LICENCE_PAGE, TITLE_PAGE, Request, answer

KEY_LOST_PAGE = "Привязка: SenseLock ключ - Ошибка защиты 4111 Ключ не обнаружен (license manager configured at x:8888)"


def facts_of(round_: Round, check: str) -> object:
    return round_.results[check].facts


def test_healthy(clinic: Clinic) -> None:
    round_ = clinic.examine()
    assert {name: r.outcome for name, r in round_.results.items()} == dict.fromkeys(round_.results, Outcome.OK)
    chain = "dns icmp tcp http proxy maintenance key page seats auth catalog schedule"
    assert " ".join(round_.results) == chain
    assert round_.state is InstallationState.OK
    assert round_.root_cause is None
    assert facts_of(round_, "seats") == SeatsFacts(25, 12)
    assert facts_of(round_, "key") == ProtectionFacts(0)


def test_one_connection_serves_the_whole_round(clinic: Clinic) -> None:
    clinic.examine()
    assert clinic.site.connections == 1


def test_port_closed_is_the_only_failure(clinic: Clinic) -> None:
    round_ = clinic.examine(url=f"http://127.0.0.1:{free_port()}")
    assert failures(round_) == {"tcp": "refused"}
    assert set(blocked(round_).values()) == {"tcp"}
    assert {"http", "proxy", "maintenance", "key", "page", "seats", "auth", "catalog"} <= blocked(round_).keys()
    assert round_.state is InstallationState.UNREACHABLE


def test_name_fails_while_a_known_address_answers(clinic: Clinic) -> None:
    round_ = clinic.examine(
        url=f"http://no-such-name.invalid:{clinic.site.port}", addresses=("127.0.0.1", "127.0.0.254")
    )
    assert list(failures(round_)) == ["dns"]
    assert set(blocked(round_).values()) == {"dns"}
    assert facts_of(round_, "dns") == DnsFacts(working=("127.0.0.1",))
    assert "127.0.0.1" in round_.results["dns"].text


def test_lost_key_is_the_cause_of_refused_logins_and_broken_catalogs(clinic: Clinic) -> None:
    clinic.site.pages |= {
        "/docs": answer("<h1>Техэксперт</h1>Ключ не найден", 503),
        "/admin/lic": answer(KEY_LOST_PAGE, charset="windows-1251"),
        "/admin/title": answer("no", 401),
        "/sysinfo/metrics": answer(CATALOGS.replace("} 0", ',status="no required volume DB"} 1')),
    }
    round_ = clinic.examine()
    assert failures(round_) == {"key": "code_4111"}
    assert set(blocked(round_).values()) == {"key"}
    assert {"http", "page", "auth", "catalog"} <= blocked(round_).keys()
    assert round_.state is InstallationState.KEY_MISSING
    facts = facts_of(round_, "key")
    assert isinstance(facts, ProtectionFacts)
    assert facts.code == 4111
    assert "не найден" in round_.results["key"].text


def test_key_lost_by_the_administration_page_alone(clinic: Clinic) -> None:
    clinic.site.pages["/admin/lic"] = answer(KEY_LOST_PAGE)
    round_ = clinic.examine()
    assert failures(round_) == {"key": "code_4111"}
    assert round_.state is InstallationState.KEY_MISSING


def test_key_lost_by_the_main_page_alone(clinic: Clinic) -> None:
    clinic.site.pages["/docs"] = answer("Кодекс. Ключ защиты не обнаружен", 200)
    round_ = clinic.examine()
    assert failures(round_) == {"key": "main_page"}
    assert blocked(round_)["page"] == "key"


def test_silent_licence_manager_is_the_cause_of_a_lost_key(clinic: Clinic) -> None:
    clinic.site.pages["/admin/lic"] = answer(KEY_LOST_PAGE)
    round_ = clinic.examine(licence_manager=Endpoint("127.0.0.1", free_port()))
    assert failures(round_) == {"licman_tcp": "refused"}
    assert blocked(round_)["key"] == blocked(round_)["auth"] == "licman_tcp"
    assert round_.state is InstallationState.KEY_MISSING


def test_key_works_though_the_licence_managers_port_is_closed_to_us(clinic: Clinic) -> None:
    round_ = clinic.examine(licence_manager=Endpoint("127.0.0.1", free_port()))
    assert failures(round_) == {"licman_tcp": "refused"}
    assert round_.results["key"].outcome is Outcome.OK
    assert round_.state is InstallationState.OK


@pytest.mark.parametrize("status", [200, 503])
def test_maintenance(clinic: Clinic, status: int) -> None:
    clinic.site.pages["/docs"] = answer("Техэксперт. Сервер находится в режиме обслуживания", status)
    round_ = clinic.examine()
    assert failures(round_) == {"maintenance": "maintenance"}
    assert set(blocked(round_).values()) == {"maintenance"}
    assert round_.state is InstallationState.MAINTENANCE


def test_maintenance_where_its_check_is_switched_off(clinic: Clinic) -> None:
    clinic.site.pages["/docs"] = answer("Техэксперт. Сервер находится в режиме обслуживания")
    round_ = clinic.examine(checks={"maintenance": False})
    assert failures(round_) == {}
    assert blocked(round_)["page"] == "maintenance"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Требуется обслуживание системы", InstallationState.NEEDS_SERVICE),
        ("Сервер Кодекс не запущен", InstallationState.NOT_STARTED),
        ("Внутренняя ошибка сервера", InstallationState.SERVER_ERROR),
        ("Аварийное состояние комплекса", InstallationState.WARNING),
    ],
)
@pytest.mark.parametrize("status", [200, 500])
def test_unusual_states_of_the_page(clinic: Clinic, text: str, state: InstallationState, status: int) -> None:
    clinic.site.pages["/docs"] = answer(text, status)
    round_ = clinic.examine()
    assert failures(round_) == {"page": state.value}
    assert round_.state is state


def test_words_of_a_long_working_page_are_no_state(clinic: Clinic) -> None:
    titles = "О режиме обслуживания населения. Ключ не найден. Требуется обслуживание лифтов. " * 100
    clinic.site.pages["/docs"] = answer(GOOD_PAGE + titles)
    assert failures(clinic.examine()) == {}


@pytest.mark.parametrize(("status", "reason"), [(502, "http_502"), (503, "http_503"), (504, "http_504")])
def test_proxy_answers_and_kodeks_behind_it_does_not(clinic: Clinic, status: int, reason: str) -> None:
    clinic.site.pages["/docs"] = answer("<h1>Bad Gateway</h1>", status, server="nginx/1.22")
    round_ = clinic.examine(reverse_proxy=True)
    assert failures(round_) == {"proxy": reason}
    assert blocked(round_)["http"] == "proxy"
    assert round_.state is InstallationState.UNREACHABLE


def test_proxy_shows_its_own_page(clinic: Clinic) -> None:
    clinic.site.pages["/docs"] = answer("Welcome to nginx!", 200, server="nginx")
    assert failures(clinic.examine(reverse_proxy=True)) == {"proxy": "not_kodeks_default_page"}


def test_kodeks_behind_a_proxy_is_known_by_its_pages(clinic: Clinic) -> None:
    clinic.site.pages["/docs"] = answer(GOOD_PAGE, 200, server="nginx")
    assert failures(clinic.examine(reverse_proxy=True)) == {}


@pytest.mark.parametrize(
    ("status", "text"),
    [(500, "<h1>500 Internal Server Error</h1><hr><center>nginx</center>"), (404, "Ключ не найден")],
)
def test_what_a_web_server_says_itself_is_no_state_of_kodeks(clinic: Clinic, status: int, text: str) -> None:
    clinic.site.pages["/docs"] = answer(text, status, server="nginx")
    assert failures(clinic.examine()) == {"http": f"http_{status}"}


def test_unexplained_code(clinic: Clinic) -> None:
    del clinic.site.pages["/docs"]
    round_ = clinic.examine()
    assert failures(round_) == {"http": "http_404"}
    assert round_.state is InstallationState.WARNING


def test_main_page_that_asks_for_a_login_is_healthy(clinic: Clinic) -> None:
    def page(request: Request) -> bytes:
        return answer() if request.login == ("smartlogin", "s3cret") else answer("вход", 401)

    clinic.site.pages["/docs"] = page
    assert failures(clinic.examine()) == {}
    assert failures(clinic.examine(credentials=None)) == {}


def test_seats_exhausted_is_no_broken_login(clinic: Clinic) -> None:
    refused = answer("Количество пользователей превысило максимальное (2008)", 403, charset="windows-1251")
    clinic.site.pages |= {"/admin/title": refused, "/admin/lic": refused, "/admin/pref": refused}
    round_ = clinic.examine()
    assert failures(round_) == {"seats": "login_refused"}
    assert blocked(round_)["auth"] == "seats"
    assert round_.state is InstallationState.OUT_OF_SEATS


def test_a_page_that_tells_of_seats_is_a_refusal_if_it_is_short(clinic: Clinic) -> None:
    clinic.site.pages["/admin/title"] = answer("Нет свободных лицензий", charset="windows-1251")
    assert failures(clinic.examine()) == {"seats": "login_refused"}
    advice = "Что делать, если нет свободных лицензий: " + "закройте окна, которые не нужны. " * 40
    clinic.site.pages["/admin/title"] = answer(TITLE_PAGE + advice, charset="windows-1251")
    assert failures(clinic.examine()) == {}


def test_login_refused_though_a_seat_is_free(clinic: Clinic) -> None:
    refused = answer("Неверный пароль", 401)
    clinic.site.pages |= {"/admin/title": refused, "/admin/lic": refused}
    round_ = clinic.examine()
    assert failures(round_) == {"auth": "refused"}
    assert blocked(round_)["key"] == "auth"
    assert round_.state is InstallationState.OK
    assert "s3cret" not in repr(round_)


def test_no_right_to_the_licence_page_is_told_and_not_alerted(clinic: Clinic) -> None:
    clinic.site.pages["/admin/lic"] = answer("нельзя", 403)
    round_ = clinic.examine()
    assert failures(round_) == {}
    assert round_.results["key"].outcome is Outcome.SKIPPED
    assert round_.results["key"].reason == "forbidden"


def test_broken_catalog_is_named_with_its_reason(clinic: Clinic) -> None:
    clinic.site.pages["/sysinfo/metrics"] = answer(
        CATALOGS + 'kserver_main_page{service="kodweb",path="/norms",status="update DB"} 1\n'
    )
    round_ = clinic.examine()
    assert failures(round_) == {"catalog": "broken"}
    facts = facts_of(round_, "catalog")
    assert isinstance(facts, CatalogFacts)
    assert [(c.path, c.main_page_ok, c.main_page_reason, c.products_ok) for c in facts.catalogs] == [
        ("/docs", True, "", True),
        ("/norms", False, "update DB", None),
    ]


@pytest.mark.parametrize(
    "around", ["{}Ошибка чтения тома\n", "kserver 6.4.4\n{}", "\ufeff{}", "# HELP a б\n\n  {}\n# EOF\n"]
)
def test_what_else_is_in_the_metrics_hides_no_catalog(clinic: Clinic, around: str) -> None:
    clinic.site.pages["/sysinfo/metrics"] = answer(around.format(CATALOGS.replace("} 0", "} 0.0")))
    assert clinic.examine().results["catalog"].outcome is Outcome.OK
    clinic.site.pages["/sysinfo/metrics"] = answer(around.format('kserver_main_page{status="update DB"} 1\n'))
    assert failures(clinic.examine()) == {"catalog": "broken"}


KEY_LINES = {
    "в порядке": "",
    "N 12345": "",
    "Ошибка защиты 4113 Ключ не обнаружен": "code_4113",
    "Ошибка защиты (4111)": "code_4111",
    "Ошибка защиты: № 4113": "code_4113",
    "<br>Ошибка защиты 4113": "code_4113",
    "Ошибка доступа к ключу (51)": "code_51",
    "ошибка": "protection",
    "Ключ не обнаружен": "protection",
    "заблокирован администратором": "protection",
}


@pytest.mark.parametrize("line", KEY_LINES)
def test_the_line_of_the_key(clinic: Clinic, line: str) -> None:
    page = f"<p>Привязка: SenseLock ключ - {line}</p><p>Лицензия 5 - Ошибка защиты 4103 (Не найден продукт)</p>"
    clinic.site.pages["/admin/lic"] = answer(page, charset="windows-1251")
    reason = KEY_LINES[line]
    assert failures(clinic.examine()) == ({"key": reason} if reason else {})


def test_older_server_without_catalog_metrics(clinic: Clinic) -> None:
    del clinic.site.pages["/sysinfo/metrics"]
    round_ = clinic.examine()
    assert failures(round_) == {}
    assert round_.results["catalog"].outcome is Outcome.SKIPPED


def test_a_session_is_logged_out(clinic: Clinic) -> None:
    clinic.site.pages["/admin/title"] = answer("x", Set_Cookie="sid=abc; path=/")
    clinic.examine()
    last = clinic.site.requests[-1]
    assert last.path == "/logout"
    assert last.headers["cookie"] == "sid=abc"


def test_switched_off_checks_do_not_appear(clinic: Clinic) -> None:
    round_ = clinic.examine(checks={"icmp": False, "auth": False})
    assert {"icmp", "auth"}.isdisjoint(round_.results)
    assert failures(round_) == {}


def test_a_fault_of_our_own_is_neither_the_client_s_nor_health(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr(maintenance, "ok", broken)
    round_ = clinic.examine()
    assert failures(round_) == {}
    assert round_.results["maintenance"].own is Impairment.INTERNAL
    assert round_.results["catalog"].outcome is Outcome.SKIPPED, "it builds on what nobody knows"
    assert round_.results["proxy"].outcome is Outcome.OK
    assert round_.impairments == {Impairment.INTERNAL}
    assert "a bug" in caplog.text


def nightly(clinic: Clinic, clock: str) -> Round:
    """The round while the server is away, at a time of day in Saratov (UTC+4); restart is announced for 03:00."""
    clinic.now = datetime.fromisoformat(f"2026-11-20T{clock}:00+04:00").astimezone(UTC).timestamp()
    known = {"schedule": CheckResult("schedule", Outcome.OK, started=clinic.now - 7200, facts=announced(clinic))}
    return clinic.examine(known, url=f"http://127.0.0.1:{free_port()}", time_zone=ZoneInfo("Europe/Saratov"))


def announced(clinic: Clinic) -> ScheduleFacts:
    facts = facts_of(clinic.examine(), "schedule")
    assert isinstance(facts, ScheduleFacts)
    return facts


@pytest.mark.parametrize("clock", ["02:59", "03:00", "03:10", "03:19"])
def test_announced_restart_is_no_failure(clinic: Clinic, clock: str) -> None:
    round_ = nightly(clinic, clock)
    assert failures(round_) == {}
    assert blocked(round_)["tcp"] == "restart"
    assert round_.planned == "restart"
    assert facts_of(round_, "schedule") == announced(clinic), "what was announced is not forgotten while it is away"


@pytest.mark.parametrize("clock", ["02:45", "03:21", "15:00"])
def test_away_at_another_time_is_a_failure(clinic: Clinic, clock: str) -> None:
    assert failures(nightly(clinic, clock)) == {"tcp": "refused"}


def test_schedule_is_asked_once_an_hour(clinic: Clinic) -> None:
    first = clinic.examine()
    clinic.now += 3000
    second = clinic.examine(first.results)
    clinic.now += 3000
    clinic.examine(second.results)
    assert [r.path for r in clinic.site.requests].count("/admin/pref") == 2


def test_licence_page_of_unknown_markup_is_told(clinic: Clinic) -> None:
    clinic.site.pages["/admin/lic"] = answer(LICENCE_PAGE.replace("SenseLock", "Что-то"))
    result = clinic.examine().results["key"]
    assert (result.outcome, result.reason) == (Outcome.SKIPPED, "not_understood")


def test_password_is_not_sent_elsewhere(clinic: Clinic) -> None:
    clinic.site.pages["/admin/title"] = answer("", 302, Location="http://127.0.0.2:1/steal")
    round_ = clinic.examine()
    assert (round_.results["auth"].outcome, round_.results["auth"].reason) == (Outcome.SKIPPED, "login_scheme")
    assert failures(round_) == {}, "who sends a login elsewhere has not refused it"


def test_results_can_be_replaced(clinic: Clinic) -> None:
    """Rounds are plain frozen data: what presents them cannot change them."""
    round_ = clinic.examine()
    with pytest.raises(AttributeError):
        round_.state = InstallationState.OK  # type: ignore[misc]
    assert replace(round_, planned="restart").planned == "restart"


def test_licence_manager_that_is_only_deaf_to_ping_does_not_hide_a_lost_key(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.site.pages["/admin/lic"] = answer(KEY_LOST_PAGE)
    monkeypatch.setattr(licman_icmp, "ping_verdict", lambda *_: failed("no_reply", "не отвечает на ping"))
    round_ = clinic.examine(licence_manager=Endpoint("127.0.0.1", clinic.site.port))
    assert failures(round_) == {"licman_icmp": "no_reply", "key": "code_4111"}
