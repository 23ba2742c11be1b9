"""``survey`` of an installation: it names what differs, and what it proposes makes checks and report right as it is."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.stand import Stand, StandSpec
from demo.stand.model import ServerSpec
from kodeks_exporter.cli.main import main
from kodeks_exporter.config.edit import put
from kodeks_exporter.config.load import load
from kodeks_exporter.domain.check import Outcome, ScheduleFacts, SeatsFacts
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.service.survey import survey
from kodeks_exporter.settings.fleet import Credentials, Installation
from kodeks_exporter.survey.bundle import write_bundle
from kodeks_exporter.survey.findings import Fit, Survey, as_text
from tests.cli.running import write
from tests.survey.odd import LOGIN, PASSWORD, OddServer, odd_server


def configuration(folder: Path, url: str, login: str = LOGIN, password: str = PASSWORD, **more: Any) -> Path:
    entry: dict[str, Any] = {"name": "nezabudka", "client": "ЗАО «Незабудка»", "manager": "ivanova", "url": url}
    entry |= {"credentials": {"username": login, "password": password}} | more
    return write(folder / "kodeks.yml", {"managers": [{"name": "ivanova"}], "installations": [entry]})


@pytest.fixture(scope="module")
def odd() -> Iterator[OddServer]:
    with odd_server() as server:
        yield server


@pytest.fixture(scope="module")
def found(odd: OddServer, tmp_path_factory: pytest.TempPathFactory) -> Survey:
    return survey(load(configuration(tmp_path_factory.mktemp("site"), odd.url)), "nezabudka")


def test_each_difference_is_named(found: Survey) -> None:
    assert {finding.setting for finding in found.findings if finding.setting} == {
        "reverse_proxy", "catalogs", "time_zone", "profile", "report_path",
        "paths.catalogs", "paths.title", "paths.licence", "paths.preferences", "paths.sysmon", "paths.logout",
        "patterns.seats", "patterns.seats_used", "patterns.protection_line", "patterns.protection_ok",
        "patterns.restart_field", "patterns.backup_field",
    }  # fmt: skip
    assert found.entry["time_zone"] == "Asia/Omsk"
    assert found.entry["catalogs"] == ["/portal"]
    assert "cookie" in {finding.subject for finding in found.findings}


def test_with_the_proposal_every_check_is_right(found: Survey) -> None:
    assert found.round is not None
    results = found.round.results
    assert {name: result.outcome for name, result in results.items() if result.outcome is not Outcome.OK} == {}
    assert results["seats"].facts == SeatsFacts(40, 17)
    assert isinstance(results["schedule"].facts, ScheduleFacts)
    assert f"{results['schedule'].facts.restart:%H:%M} {results['schedule'].facts.backup:%H:%M}" == "04:10 02:20"


def test_applied_it_needs_no_edit_by_hand(odd: OddServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Then the commands say so themselves: the configuration is good, and ``probe`` finds nothing."""
    config = configuration(tmp_path, odd.url)
    text = config.read_text(encoding="utf-8") + "# what a colleague noted\n"
    config.write_text(text, encoding="utf-8")
    assert main(["survey", "--config.file", str(config), "--apply", "nezabudka"]) == 1
    assert "# what a colleague noted" in config.read_text(encoding="utf-8")
    assert (tmp_path / "kodeks.yml.before").read_text(encoding="utf-8") == text
    assert main(["check-config", str(config)]) == 0
    assert main(["probe", "--config.file", str(config), "nezabudka"]) == 0
    capsys.readouterr()
    assert main(["--lang", "ru", "survey", "--config.file", str(config), "nezabudka"]) == 0
    assert "менять нечего" in capsys.readouterr().out


def test_it_looks_and_leaves(found: Survey, odd: OddServer) -> None:
    """No seat is held, nothing that may change something is touched, one request at a time."""
    assert found.findings
    assert odd.sessions == set()
    assert "/manage/delete-all" not in odd.asked
    assert odd.at_once == 1


def test_the_bundle_of_a_whole_survey_holds_nothing_of_the_original(found: Survey, tmp_path: Path) -> None:
    """Of the server's pages, and of the people in its report."""
    login = Credentials(LOGIN, Secret(PASSWORD))
    ours = Installation("nezabudka", "ЗАО «Незабудка»", "ivanova", url="http://127.0.0.1", credentials=login)
    write_bundle(tmp_path / "b.zip", found, ours)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        whole = "\n".join(archive.read(name).decode() for name in archive.namelist()).casefold()
    people = ("орлова", "orlova", "gusev", "lutik", "лютик", "example.org", "0599_777001", "10.1.0.5", "гост 9.402")
    assert "незабудк" not in whole
    for original in ("nezabudka", LOGIN, PASSWORD, "654321", "ivanova", *people):
        # As a whole word: a replacement, drawn at random, may happen to begin with another name.
        assert not re.search(rf"\b{re.escape(original)}\b", whole)
    assert "рабочих мест оплачено" in whole, "and a pattern can still be written"
    assert "/отчет/поиски/поиск" in whole, "or a profile"


def test_the_text_has_no_password(found: Survey) -> None:
    assert PASSWORD not in as_text(found)


def test_an_ordinary_server_needs_no_change(tmp_path: Path) -> None:
    with Stand(StandSpec(servers=(ServerSpec(name="romashka", metrics_login=True),))) as stand:
        config = configuration(
            tmp_path, stand.url("romashka"), "smartlogin", "smartpassword", time_zone="Europe/Moscow"
        )
        ordinary = survey(load(config), "nezabudka")
        assert as_text(ordinary).endswith("Настройки подходят, менять нечего.\n")
        assert "smartlogin" not in stand.sessions("romashka")


@pytest.mark.parametrize(
    ("change", "subject", "words"),
    [
        ({"login": "nobody"}, "логин", "не принял"),
        ({"url": "http://127.0.0.1:1"}, "порт", "закрыт"),
        ({"url": "http://nowhere.invalid"}, "имя в DNS", ""),
    ],
)
def test_what_stands_in_the_way_is_told(
    tmp_path: Path, odd: OddServer, change: dict[str, str], subject: str, words: str
) -> None:
    refused = survey(load(configuration(tmp_path, **{"url": odd.url, **change})), "nezabudka")
    [finding] = [each for each in refused.findings if each.subject == subject]
    assert finding.fit in (Fit.ABSENT, Fit.NOT_UNDERSTOOD)
    assert words in finding.text
    assert sum(1 for each in refused.trace if each.response and each.response.status == 401 and each.login) <= 2


@pytest.mark.parametrize(
    "fault", ["hang", "garbage", "endless_body", "drip", "server_error", "maintenance", "redirect_loop", "huge_header"]
)
def test_a_sick_server_costs_little_time(tmp_path: Path, fault: str) -> None:
    with Stand(StandSpec(servers=(ServerSpec(name="romashka"),))) as stand:
        stand.fault("romashka", fault)
        config = configuration(tmp_path, stand.url("romashka"), "smartlogin", "smartpassword")
        put(config, {"checks": {"timeouts": {"http": "300ms", "connect": "300ms"}, "limits": {"page_size": "64KiB"}}})
        began = time.monotonic()
        found = survey(load(config), "nezabudka")
        assert time.monotonic() - began < 8
        assert any(finding.fit in (Fit.ABSENT, Fit.NOT_UNDERSTOOD) for finding in found.findings)
        assert not found.entry.get("paths"), "nothing is proposed by what a sick server says"


def test_other_installations_keep_what_is_said_of_all(tmp_path: Path) -> None:
    document = yaml.safe_load(configuration(tmp_path, "http://a.example").read_text(encoding="utf-8"))
    document["checks"] = {"paths": {"title": "/t", "logout": "/bye"}, "patterns": {"states": {"warning": "авария"}}}
    own: dict[str, Any] = {"name": "other", "client": "Б", "manager": "ivanova", "url": "http://b.example"}
    own |= {"paths": {"logout": ""}, "patterns": {"restart_field": "r", "states": {"maintenance": "ремонт"}}}
    document["installations"].append(own)
    settings = load(write(tmp_path / "two.yml", document))
    of_all = settings.fleet.installations["nezabudka"].asked_by(settings.checks)
    of_one = settings.fleet.installations["other"].asked_by(settings.checks)
    assert (of_all.paths.title, of_all.paths.logout, of_all.patterns.restart_field) == ("/t", "/bye", "restarttime")
    assert (of_one.paths.title, of_one.paths.logout, of_one.patterns.restart_field) == ("/t", "", "r")
    states = {state.value: [p.pattern for p in found] for state, found in of_one.patterns.states.items()}
    assert states["warning"] == ["авария"]
    assert states["maintenance"] == ["ремонт"]
