"""``survey`` of an online access: login, account page, history and way out, without spending a unit."""

from __future__ import annotations

from pathlib import Path

from demo.vendor.model import Access, Kind, ServerSpec
from demo.vendor.vendor import Vendor
from kodeks_exporter.config.load import load
from kodeks_exporter.domain.online import Resource
from kodeks_exporter.service.survey import survey
from kodeks_exporter.survey.findings import Fit, Survey, as_text, proposal
from tests.cli.running import write
from tests.survey.odd_vendor import odd_vendor


def configuration(folder: Path, url: str, login: str = "u123", password: str = "secret-word") -> Path:
    entry = {"name": "romashka-1", "client": "Ромашка", "manager": "ivanova", "url": url}
    entry |= {"credentials": {"username": login, "password": password}}  # type: ignore[dict-item]
    return write(folder / "kodeks.yml", {"managers": [{"name": "ivanova"}], "online_accesses": [entry]})


def told(found: Survey, subject: str) -> str:
    return " ".join(finding.text for finding in found.findings if finding.subject == subject)


def test_each_difference_is_named_and_proposed(tmp_path: Path) -> None:
    with odd_vendor() as odd:
        config = configuration(tmp_path, odd.url)
        found = survey(load(config), "romashka-1")
        assert {".".join(path) for path in found.common} == {
            "online.paths.profile", "online.paths.history", "online.paths.logout", "online.patterns.left",
            "online.patterns.limit", "online.patterns.resources.documents", "online.patterns.resources.searches",
            "online.patterns.history_time", "online.patterns.history_type", "online.patterns.history_query",
            "online.patterns.history_found",
        }  # fmt: skip
        assert found.common[("online", "paths", "history")] == "/zhurnal?date={date}"
        assert "документ" in str(found.common[("online", "patterns", "resources", "documents")]), "what fitted stays"
        assert told(found, "с предложенным") == "читается: documents, searches"
        again = survey(load(config, changes=proposal(found)), "romashka-1")
        assert not [finding for finding in again.findings if finding.fit is Fit.NOT_UNDERSTOOD]
        assert (odd.sessions, odd.spent) == (set(), [])
    assert "secret-word" not in as_text(found)


def test_an_ordinary_access_needs_no_change(tmp_path: Path) -> None:
    access = Access("u1", "p1", Kind.NORMAL)
    for form in (False, True):
        with Vendor([ServerSpec("nps2", folder="/kodeks02", form=form, accesses=(access,))]) as vendor:
            found = survey(load(configuration(tmp_path, vendor.url("nps2"), "u1", "p1")), "romashka-1")
            server = vendor.servers["nps2"]
            assert as_text(found).endswith("Настройки подходят, менять нечего.\n")
            assert told(found, Resource.DOCUMENTS).endswith("из 300")
            assert server.sessions == {}
            assert set(server.strange) <= {"GET /kodeks02/"}


def test_a_refused_login_is_tried_once(tmp_path: Path) -> None:
    with Vendor([ServerSpec("nps2", folder="/kodeks02", accesses=(Access("u1", "p1"),))]) as vendor:
        found = survey(load(configuration(tmp_path, vendor.url("nps2"), "u1", "wrong")), "romashka-1")
        assert told(found, "логин") == "Сервер не принял логин или пароль."
        assert vendor.servers["nps2"].refusals["u1"] == 1
