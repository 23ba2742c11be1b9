from __future__ import annotations

import contextlib
import json
import re
from dataclasses import replace
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kodeks_exporter.config import document
from kodeks_exporter.config.load import ConfigError, load
from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.domain.online import Resource
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings import values
from kodeks_exporter.settings.checks import CheckSettings, Patterns
from kodeks_exporter.settings.fleet import Credentials, Mode, Tls, WorkingHours
from kodeks_exporter.settings.history import HistorySettings, JournalSettings, SearchEventSettings, SeriesLimits
from kodeks_exporter.settings.online import (
    OnlineLimits,
    OnlinePaths,
    OnlinePatterns,
    OnlineRetry,
    OnlineSettings,
    OnlineSpread,
    OnlineTimeouts,
)
from kodeks_exporter.settings.reports import ForwardHeader, ForwardSettings, ReportSettings
from kodeks_exporter.settings.score import LIMITS, WEIGHTS, Limit
from kodeks_exporter.settings.settings import PollSettings, Settings
from kodeks_exporter.settings.values import Endpoint

GOOD = Path(__file__).parent / "testdata" / "good" / "full.yml"
DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"
ENVIRON = {"SNMP_COMMUNITY": "community-of-env"}
VARIABLES = {"SNMP_COMMUNITY": "c", "DEALER_TOKEN": "t" * 16, "ASRP_TOKEN": "t", "ACKNOWLEDGE_KEY": "0123456789abcdef"}
"""Those that the examples of the documentation take secrets from."""


@pytest.fixture(scope="module")
def full() -> Settings:
    return load(GOOD, ENVIRON)


def write(folder: Path, text: str) -> Path:
    path = folder / "kodeks.yml"
    path.write_text(text, "utf-8")
    return path


def problems_of(path: Path, environ: dict[str, str] | None = None) -> list[tuple[int, str]]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    return [(problem.line, problem.key) for problem in caught.value.problems]


def test_people(full: Settings) -> None:
    ivanova, petrov = full.fleet.managers["ivanova"], full.fleet.managers["Петров"]
    assert ivanova.email == ("ivanova@dealer.example", "second@dealer.example")
    assert ivanova.telegram_chat_id == -1001234567890
    assert (ivanova.called, ivanova.phone) == ("Мария Иванова", "+7 8452 00-00-01")
    assert full.fleet.managers["Петров"].called == "Петров"
    assert ivanova.working_hours == WorkingHours(time(7, 30), time(20, 0), "monday:friday")
    assert ivanova.time_zone == ZoneInfo("Europe/Saratov")
    assert petrov.email == ("petrov@dealer.example",)
    assert petrov.time_zone == ZoneInfo("Europe/Moscow")


def test_installation(full: Settings) -> None:
    romashka = full.fleet.installations["romashka"]
    assert romashka.branch == "saratov", "the branch is the manager's"
    assert romashka.url == "http://romashka.example:8080"
    assert romashka.addresses == ("192.0.2.10", "2001:db8::10")
    assert romashka.catalogs == ("/docs", "/kodeks")
    assert romashka.licence_manager == Endpoint("192.0.2.11", 8888)
    assert romashka.disabled_checks == {"icmp"}
    assert not romashka.tls.verify
    assert romashka.credentials is not None
    assert romashka.credentials.password == Secret("file-password")
    assert romashka.snmp is not None
    assert romashka.snmp.community == Secret("community-of-env")
    assert romashka.snmp.processes == ("kodweb",), "the fleet's processes hold where an installation has none"


def test_scalars_mean_what_people_see(full: Settings) -> None:
    second = full.fleet.installations["0599"]
    assert second.client == "0599"
    assert second.licence_manager == Endpoint("2001:db8::2", 9999)
    assert second.snmp is not None
    assert second.snmp.auth_password == Secret("prefix-community-of-env-suffix")
    assert second.snmp.privacy_password == Secret("9876543210")
    assert second.snmp.processes == ("kodsrv",)
    assert full.fleet.online_accesses["romashka-1"].credentials.password == Secret("0077")
    assert full.privacy.user_labels == "off"
    assert full.poll.online_searches == time(3, 5)


def test_score(full: Settings) -> None:
    score = full.score
    assert score.weights == {**WEIGHTS, "attraction": 0, "loyalty": 2.5}
    assert score.limits == {**LIMITS, "renewal_lead": Limit(-14, 14), "activity": Limit(1, 40)}


def test_the_rest(full: Settings) -> None:
    assert full.fleet.installations["closed"].mode is Mode.PUSH
    assert not full.fleet.installations["closed"].supported
    assert [each.name for each in full.fleet.installations.values() if each.trial] == ["romashka"]
    assert full.fleet.online_accesses["romashka-1"].url == "https://nps2.example/kodeks02"
    assert full.fleet.online_accesses["romashka-1"].branch == "saratov"
    assert full.fleet.dealers["0599romashkin"].token == Secret("dealer-token-of-16")
    assert full.fleet.dealers["0599romashkin"].installations == frozenset({"romashka"})
    assert full.fleet.dealers["all"].installations is None
    assert full.poll == PollSettings(60, 5400, 5400, time(3, 5), 50)
    assert full.links.docs == "https://docs.example/kodeks"
    assert full.source == GOOD


def test_how_checks_ask(full: Settings) -> None:
    checks = full.checks
    assert (checks.timeouts.dns, checks.timeouts.http, checks.timeouts.connect) == (1.5, 20, 5)
    assert (checks.limits.page_size, checks.limits.redirects, checks.limits.icmp_attempts) == (2**20, 2, 3)
    assert (checks.paths.title, checks.paths.logout, checks.paths.licence) == ("/admin/other", "", "/admin/lic")
    assert (checks.planned_downtime.before, checks.planned_downtime.restart, checks.planned_downtime.backup) == (
        0,
        1200,
        7200,
    )
    assert checks.dns.servers == (Endpoint("127.0.0.1", 5353), Endpoint("::1", 53))


def test_patterns_replace_only_what_is_given(full: Settings) -> None:
    patterns, default = full.checks.patterns, Patterns()
    assert list(patterns.states) == list(default.states), "the order of states decides, so it must stay"
    assert [p.pattern for p in patterns.states[InstallationState.MAINTENANCE]] == ["техработы"]
    assert patterns.states[InstallationState.MAINTENANCE][0].search("ТЕХРАБОТЫ"), "case is ignored"
    assert patterns.states[InstallationState.WARNING] == ()
    assert patterns.states[InstallationState.KEY_MISSING] == default.states[InstallationState.KEY_MISSING]
    assert patterns.kodeks_signs == default.kodeks_signs
    assert patterns.restart_field == "restart"


def test_how_reports_get_in(full: Settings) -> None:
    assert replace(full.reports, forward=ForwardSettings()) == ReportSettings(
        upload_limit=128 * 2**20,
        max_uploads=20,
        ingest_concurrency=1,
        inbox=str(GOOD.parent / "inbox"),
        inbox_interval=60,
        download_path="/sysinfo/other",
        download_limit=1_500_000,
        download_timeout=1200,
        download_concurrency=5,
    )


def test_how_reports_are_sent_on(full: Settings) -> None:
    forward = full.reports.forward
    assert forward.url == "https://asrp.example/upload/?client=query-token&x", "as written: a slash may matter"
    assert forward.interval == 14 * 86400
    assert forward.intervals == {"romashka": 86400, "0599": 0, "closed": 0}
    assert (forward.field_name, forward.fields) == ("report", {"код": "0599", "comment": ""})
    assert forward.headers == (
        ForwardHeader("X-Token", Secret("dealer-token-of-16")),
        ForwardHeader("X-Other", Secret("Bearer community-of-env")),
    )
    assert forward.credentials == Credentials("forwarder", Secret("file-password"))
    assert (forward.tls, forward.timeout) == (Tls(verify=False), 60)


def test_answers_to_what_is_sent_on(full: Settings) -> None:
    forward, default = full.reports.forward, ForwardSettings()
    assert list(forward.results) == list(default.results), "the order decides, so it must stay"
    assert forward.results["error"] == default.results["error"]
    assert forward.results["warning"] == ()
    assert [bool(pattern.search("ДА, ЗАГРУЖЕН")) for pattern in forward.results["ok"]] == [True, True]
    assert [(state, patterns[0].pattern) for state, patterns in forward.states.items()] == [
        ("Отложен", "отложен"),
        ("Принят", "принят"),
    ]


def test_what_is_kept(full: Settings) -> None:
    assert full.history == HistorySettings(
        searches=SearchEventSettings(0, 7200, 7, 30 * 86400, 80),
        series=SeriesLimits(10, 11, 12, 13, 14, 0),
        journal=JournalSettings(enabled=False, file_size=2**30, files=2),
        retention=730 * 86400,
    )


def test_how_the_vendors_servers_are_asked(full: Settings) -> None:
    assert replace(full.online, patterns=OnlinePatterns()) == OnlineSettings(
        time_zone=ZoneInfo("Europe/Samara"),
        paths=OnlinePaths("/me", "/log/{date}", ""),
        timeouts=OnlineTimeouts(2, 30),
        limits=OnlineLimits(3, 0, 2**20),
        spread=OnlineSpread(60, 7200),
        retry=OnlineRetry(12 * 3600, 2 * 86400, 60, 3600, 30, 300),
        tls=Tls(verify=False),
        history_days=3,
        searches=SearchEventSettings(1, 86400, 2, 3 * 86400, 4),
        retention=365 * 86400,
    )


def test_patterns_of_the_vendors_pages_replace_only_what_is_given(full: Settings) -> None:
    patterns, default = full.online.patterns, OnlinePatterns()
    assert list(patterns.resources) == list(default.resources), "the order decides, so it must stay"
    assert patterns.resources[Resource.PRINTS][0].search("ЛИСТЫ"), "case is ignored"
    assert patterns.resources[Resource.UPLOADS] == ()
    assert [pattern.pattern for pattern in patterns.left] == ["свободно", "осталось"]
    rest = replace(patterns, resources=default.resources, left=default.left, proxy=default.proxy)
    assert (patterns.proxy, rest) == ((), default)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("64MiB", 64 * 2**20),
        ("500KB", 500_000),
        ("1.5 mib", 1_572_864),
        ("7b", 7),
        ("2k", 2000),
        ("1G", 10**9),
    ],
)
def test_sizes(text: str, number: int) -> None:
    assert values.size(text) == number


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1e6", "1,5MiB", "64 MiB!", "1.5.5", "9" * 400, "٣MiB", "1PiB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="must be a size"):
        values.size(text)


def test_what_is_left_out_has_the_defaults_of_the_domain(tmp_path: Path) -> None:
    settings_ = load(write(tmp_path, "managers:\n"), {})
    assert settings_.checks == CheckSettings()
    assert settings_.poll == PollSettings()
    assert settings_.reports == ReportSettings()
    assert settings_.history == HistorySettings()
    assert settings_.online == OnlineSettings()
    assert settings_.privacy.user_labels == "plain"


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """\
managers:
  - name: ivanova
    email: nobody
installations:
  - name: romashka
    client: ООО «Ромашка»
    manager: petrov
    time_zone: Mars/Olympus
    credentials: {username: smartlogin, password: hidden-1, password_file: missing, pasword: hidden-2}
    snmp: {address: "no host", version: 3}
  - name: romashka
    url: http://u:hidden-3@x
poll: {checks: 1s}
poll: {}
bogus: 1
""",
    )
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    found = [(problem.line, problem.key) for problem in caught.value.problems]
    assert found == [
        (3, "managers[0].email"),
        (5, "installations[0].url"),
        (7, "installations[0].manager"),
        (8, "installations[0].time_zone"),
        (9, "installations[0].credentials.password"),
        (9, "installations[0].credentials.pasword"),
        (10, "installations[0].snmp.address"),
        (10, "installations[0].snmp.username"),
        (11, "installations[1].client"),
        (11, "installations[1].manager"),
        (11, "installations[1].name"),
        (12, "installations[1].url"),
        (13, "poll.checks"),
        (14, "poll"),
        (15, "bogus"),
    ]
    assert "hidden" not in str(caught.value) + repr(caught.value)
    assert str(caught.value).startswith(f"{path}:3: managers[0].email: is not an e-mail")


def test_all_sending_may_be_off_but_for_some(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """\
managers: [{name: m}]
installations: [{name: a, client: A, manager: m, mode: push}]
reports: {forward: {url: http://asrp.example, interval: 0, intervals: {a: 7d}, states: {}}}
""",
    )
    forward = load(path, {}).reports.forward
    assert (forward.url, forward.interval, forward.intervals) == ("http://asrp.example", 0, {"a": 7 * 86400})
    assert forward.states == {}


def test_a_secret_never_gets_out_of_settings(full: Settings) -> None:
    for secret in (
        "file-password",
        "community-of-env",
        "9876543210",
        "0077",
        "dealer-token-of-16",
        "all-token-of-16-x",
    ):
        assert secret not in repr(full)


def test_merge_keys_and_aliases(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """\
managers: [{name: m}]
installations:
  - &first {name: a, client: A, manager: m, url: http://a, hosting: te-cloud}
  - {<<: *first, name: b, url: http://b}
""",
    )
    second = load(path, {}).fleet.installations["b"]
    assert (second.client, second.url, second.hosting) == ("A", "http://b", "te-cloud")


@pytest.mark.parametrize(
    ("raw", "fragment"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"managers: \xff\xfe\n", "is not UTF-8"),
        (b"managers: []\nlinks: \x07\n", "has a control character"),
        (b"x" * (document.MAX_BYTES + 1), "is larger than 10 MB"),
        (b"[" * 100_000, "is nested deeper than 32 levels"),
        (b"a: &a [*a]\n", "undefined alias"),
        (b"".join(b"k%d: &a%d [%s]\n" % (n, n, b"*a%d" % (n - 1) if n else b"") for n in range(5000)), "is too large"),
    ],
    ids=["empty", "comment", "utf8", "control", "size", "depth", "recursive", "alias-chain"],
)
def test_files_that_are_no_configuration(tmp_path: Path, raw: bytes, fragment: str) -> None:
    path = tmp_path / "kodeks.yml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=re.escape(fragment)):
        load(path, {})


def test_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    path = tmp_path / "kodeks.yml"
    path.write_bytes(b"\xef\xbb\xbfmanagers:\r\n  - name: ivanova\r\n    bogus: 1\r\n")
    assert problems_of(path) == [(3, "managers[0].bogus")]


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: No such file"):
        load(tmp_path / "none.yml", {})
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        load(tmp_path, {})


def test_variables_are_looked_up_in_the_given_environment(tmp_path: Path) -> None:
    path = write(tmp_path, "dealers: [{name: d, token: '${TOKEN}'}]")
    assert load(path, {"TOKEN": "t" * 16}).fleet.dealers["d"].token == Secret("t" * 16)
    assert problems_of(path, {"TOKEN": ""}) == [(1, "dealers[0].token")]


def test_examples_of_the_documentation_load(tmp_path: Path) -> None:
    """Each block marked as yaml is a whole file; the first one is annotated and shows the defaults."""
    examples = re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for name in re.findall(r"_file: /etc/kodeks/([\w.-]+)", examples[0]):
        (tmp_path / "secrets" / name).write_text("long-enough-secret\n")
    loaded = [load(write(tmp_path, example.replace("/etc/kodeks/", "secrets/")), VARIABLES) for example in examples]
    assert set(loaded[0].fleet.installations) == {"romashka", "vasilek", "zakryty"}
    assert loaded[0].checks == CheckSettings()
    assert loaded[0].poll == PollSettings()
    assert loaded[0].history == HistorySettings()
    assert loaded[0].online == OnlineSettings()
    forward = loaded[0].reports.forward
    assert replace(loaded[0].reports, forward=ForwardSettings()) == ReportSettings()
    assert forward.credentials is None
    assert replace(forward, url="", intervals={}, fields={}, headers=()) == ForwardSettings()


_KEYS = """
managers installations online_accesses dealers poll privacy checks links name client manager mode url email
credentials username password password_file snmp version time_zone working_hours start end catalogs patterns
states maintenance timeouts http licence_manager addresses token reports forward headers value
intervals states results history series journal file_size online retry server inbox tls verify true null 07:30 3 . /
"""
_WORDS = st.sampled_from(_KEYS.split())
_TREES = st.recursive(
    _WORDS | st.text(max_size=8) | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=25,
)


def _loads_or_tells(path: Path) -> None:
    with contextlib.suppress(ConfigError):
        load(path, {})


@given(raw=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=300)
def test_arbitrary_bytes_never_crash(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "arbitrary.yml"
    path.write_bytes(raw)
    _loads_or_tells(path)


@given(tree=st.dictionaries(_WORDS, _TREES, max_size=6))
@settings(max_examples=300)
def test_arbitrary_structures_never_crash(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    path = tmp_path_factory.getbasetemp() / "structure.yml"
    path.write_text(json.dumps(tree), "utf-8")
    _loads_or_tells(path)


@given(text=st.text(st.sampled_from("&*!|>%@`'\"#,[]{}:?-<= \n\tab0~\\"), max_size=60))
@settings(max_examples=500)
def test_arbitrary_punctuation_never_crashes(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "punctuation.yml"
    path.write_text("managers:\n" + text, "utf-8")
    _loads_or_tells(path)


@given(
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=12),
    shape=st.sampled_from(["*TOKEN", "!TOKEN x", "&TOKEN", "%TOKEN", "'TOKEN", "[QUOTED]", "TOKEN"]),
)
@settings(max_examples=600)
def test_an_unquoted_password_is_never_told(tmp_path_factory: pytest.TempPathFactory, secret: str, shape: str) -> None:
    """Whatever YAML makes of it, the first word after ``password:`` must not come back in an error."""
    path = tmp_path_factory.getbasetemp() / "password.yml"
    token = "Zq9" + secret
    written = shape.replace("QUOTED", repr(token)).replace("TOKEN", token)
    path.write_text(f"dealers:\n  - name: d\n    token: {written}\n    bogus: 1\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert "Zq9" not in str(caught.value)


def test_reaction(full: Settings) -> None:
    reaction = full.reaction
    assert reaction.alertmanagers == ("http://127.0.0.1:9093", "https://am2.example/alertmanager")
    assert reaction.link == "https://kodeks.dealer.example"
    assert reaction.key == Secret("signing-key-0123456789")
    assert (reaction.interval, reaction.link_lifetime) == (30.0, 172800.0)
    assert reaction.silence_choices == (28800, 1800), "as written; the page sorts them"
    assert reaction.acknowledgeable


def test_without_the_section_nothing_of_reaction_is_there(tmp_path: Path) -> None:
    reaction = load(write(tmp_path, "poll: {checks: 30s}\n"), {}).reaction
    assert reaction.alertmanagers == ()
    assert not reaction.acknowledgeable
