"""``render --into``: configurations of others take our part, keep every byte of their own, and get rid of it again."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kodeks_exporter.render.alertmanager import Fragment
from kodeks_exporter.render.merge import MergeError, merged, without
from tests.render import fleets
from tests.render.test_output import COMMAND, small
from tests.render.test_routes import amtool_test

PLAIN = """\
# Of the platform team. Вопросы — в чат.
global:
  smtp_smarthost: 'mail.example:587'
  smtp_from: "alerts@example.org"   # not to be changed

route:
  receiver: default
  group_by: ['alertname', 'cluster']
  routes:
    # Databases first.
    - matchers: [ team = "db" ]
      receiver: dba
    # Everything that is critical, whoever it belongs to.
    - match: {severity: critical}
      receiver: pager

receivers:
  - name: default
  - name: dba
    email_configs: [{to: dba@example.org}]
  - name: pager
    webhook_configs:
      - url: http://127.0.0.1:9/page   # of the on-call

# What mutes what.
inhibit_rules:
  - source_match: {severity: critical}
    target_match: {severity: warning}
    equal: [alertname]
# The end.
"""
UNINDENTED = """\
global: {smtp_smarthost: 'mail.example:587', smtp_from: a@example.org}
templates:
- '/etc/alertmanager/*.tmpl'
- own/*.tmpl
route:
    receiver: ops
    group_wait: 30s
receivers:
- name: ops
  email_configs:
  - &mail
    to: ops@example.org
    send_resolved: true
    headers:
      subject: |
        {{ .CommonLabels.alertname }}

        and more


- name: second
  email_configs:
  - <<: *mail
time_intervals:
- name: nights
  time_intervals:
  - times: [{start_time: '20:00', end_time: '24:00'}]
mute_time_intervals: []
"""
LAST = PLAIN[: PLAIN.index("# What mutes")] + "# The end.\n"
JSON = json.dumps(
    {
        "global": {"smtp_smarthost": "mail.example:587", "smtp_from": "a@example.org"},
        "route": {"receiver": "ops", "routes": [{"matchers": ['a="b"'], "receiver": "ops", "continue": True}]},
        "receivers": [{"name": "ops", "webhook_configs": [{"url": "http://127.0.0.1:9/"}]}],
        "inhibit_rules": [],
    }
)
FLOW = """\
---
global: {smtp_smarthost: mail.example:587, smtp_from: a@example.org}
route: {receiver: 'ops', routes: [
    {matchers: ['x="y"'], receiver: "ops"},  # one
  ]}
receivers: [{name: ops}, ]
inhibit_rules: # none yet
templates:
...
"""
NO_NEWLINE_AT_END = """\
route:
  receiver: "null"   # nobody
  routes: []
global:
  smtp_smarthost: mail.example:587
  smtp_from: a@example.org
receivers:
- name: "null\""""
WINDOWS = PLAIN.replace("\n", "\r\n")
SHAPES = {
    "plain": PLAIN, "unindented": UNINDENTED, "json": JSON, "flow": FLOW, "no newline": NO_NEWLINE_AT_END,
    "receivers last": LAST, "windows": WINDOWS, "bom": "\ufeff" + PLAIN,
}  # fmt: skip


THEIRS = (
    {"alertname": "NodeDown", "severity": "critical"},
    {"alertname": "Slow", "team": "db", "manager": "ivanova1", "branch": "saratov"},
    {"x": "y"},
)
SMALL = Fragment(
    "- matchers: ['product=\"kodeks\"']\n  receiver: kodeks/ops\n  # of ours\n\n  routes: []\n",
    "- name: kodeks/ops\n\n# more\n- name: kodeks/dead-man\n",
    "",
    '- source_matchers: [a="b"]\n  target_matchers: [c="d"]\n',
    ("kodeks-templates/*.tmpl",),
)


def kodeks_yml(folder: Path, *, managers: int = 2, **more: Any) -> Path:
    people = [
        {"name": f"ivanova{number}", "email": f"i{number}@dealer.example", "branch": "saratov",
         "telegram_chat_id": -1 - number,
         "working_hours": {"start": "07:30", "end": "20:00"}, "time_zone": "Europe/Saratov"}
        for number in range(managers)
    ]  # fmt: skip
    alerting = {"telegram": {"bot_token": "123456:secret-token"}, "ops": {"email": "ops@dealer.example"}}
    return fleets.written(folder, **small(managers=people, alertmanager=alerting, **more))


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    words = [str(COMMAND), "render", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def fragment(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fleets.rendered(tmp_path_factory.mktemp("fleet"), **fleets.large()).fragment


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_takes_our_part_and_gives_it_back(shape: str, fragment: Any) -> None:
    text = SHAPES[shape]
    with_ours = merged(text, fragment)
    assert merged(with_ours, fragment) == with_ours
    assert without(with_ours) == text
    assert without(text) == text
    assert ("\r\n" in text) == ("\r\n" in with_ours)
    ours, theirs = yaml.load(with_ours, yaml.CSafeLoader), yaml.load(text, yaml.CSafeLoader)
    assert ours["route"]["routes"][0]["matchers"] == ['product="kodeks"']
    assert ours["route"]["routes"][1:] == (theirs["route"].get("routes") or [])
    assert ours["receivers"][: len(theirs["receivers"])] == theirs["receivers"]


@given(st.sampled_from(sorted(SHAPES)), st.data())
def test_whatever_lines_are_missing_it_fits_or_is_refused(shape: str, data: st.DataObject) -> None:
    """Never a result that others would read differently: merged() compares, and raises nothing but MergeError."""
    lines = SHAPES[shape].splitlines(keepends=True)
    kept = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
    text = "".join(line for line, keep in zip(lines, kept, strict=True) if keep)
    try:
        with_ours = merged(text, SMALL)
    except MergeError:
        return
    assert without(with_ours) == text
    assert merged(with_ours, SMALL) == with_ours


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no section route"),
        ("receivers: []\n", "no section route"),
        ("route: x\n", "no section route"),
        ("route: [\n", "line 2: is not YAML"),
        ("a: 1\n---\nroute: {}\n", "is not YAML"),
        ("route: {receiver: a}\nreceivers: {a: b}\n", "receivers is no list"),
        ("route: {receiver: a, routes: nothing}\n", "routes is no list"),
        (f"{PLAIN}# >>> kodeks-exporter: rendered, a change here is lost\n", "one of a pair is missing"),
        (f"# <<< kodeks-exporter\n{PLAIN}", "one of a pair is missing"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, words: str, fragment: Any) -> None:
    with pytest.raises(MergeError, match=words):
        merged(text, fragment)


@pytest.mark.parametrize("shape", ["plain", "unindented", "json", "flow", "no newline"])
def test_amtool_takes_the_result_and_alerts_go_where_they_should(
    shape: str, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    config = tmp_path / "alertmanager.yml"
    config.write_bytes(SHAPES[shape].encode())
    before = [amtool_test(tool("amtool"), tmp_path, each) for each in THEIRS]
    assert run("--config.file", kodeks_yml(tmp_path), "--into", config).returncode == 0
    first = config.read_bytes()
    done = run("--config.file", tmp_path / "kodeks.yml", "--into", config)
    assert f"unchanged  {config}" in done.stdout
    assert "checked    by amtool" in done.stdout
    assert config.read_bytes() == first

    kinds = {each["name"]: each for each in yaml.load(first, yaml.CSafeLoader)["receivers"]}
    alerts = list({labels["alertname"]: labels for labels in fleets.alert_labels()}.values())
    if shape != "plain":  # the route is the same in all
        alerts = alerts[::15]
    with ThreadPoolExecutor(2) as pool:
        ask = [{"manager": "ivanova1", "branch": "saratov"} | labels for labels in alerts]
        answers = pool.map(lambda each: amtool_test(tool("amtool"), tmp_path, each), ask)
        for labels, found in zip(ask, answers, strict=True):
            if labels["alertname"] == "KodeksWatchdog":
                assert found == {"kodeks/dead-man"}
            else:
                assert all(name.startswith("kodeks/") for name in found)
                assert any({"email_configs", "telegram_configs"} & kinds[name].keys() for name in found), labels
    assert [amtool_test(tool("amtool"), tmp_path, each) for each in THEIRS] == before

    assert run("--into", config, "--remove").returncode == 0
    assert config.read_bytes() == SHAPES[shape].encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alertmanager.yml", "kodeks.yml"]


def test_with_an_output_folder_its_templates_are_used(tmp_path: Path) -> None:
    config = tmp_path / "site" / "alertmanager.yml"
    config.parent.mkdir()
    config.write_text(PLAIN)
    output = tmp_path / "rendered"
    done = run("--config.file", kodeks_yml(tmp_path), "--output", output, "--into", config)
    assert done.returncode == 0, done.stderr
    assert yaml.load(config.read_text(), yaml.CSafeLoader)["templates"] == [f"{output}/templates/*.tmpl"]
    assert {path.name for path in config.parent.iterdir()} == {"alertmanager.yml"}
    assert (output / "prometheus.yml").exists()


def test_what_amtool_refuses_changes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "alertmanager.yml"
    text = PLAIN.replace("receiver: dba", "receiver: nobody")
    config.write_text(text)
    done = run("--config.file", kodeks_yml(tmp_path), "--into", config)
    assert done.returncode == 1
    assert "undefined receiver" in done.stderr
    assert "secret-token" not in done.stdout + done.stderr
    assert config.read_text() == text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alertmanager.yml", "kodeks.yml"]


def test_a_change_of_the_fleet_replaces_our_part_alone(tmp_path: Path) -> None:
    config = tmp_path / "alertmanager.yml"
    config.write_text(UNINDENTED)
    kodeks_yml(tmp_path)
    run("--config.file", tmp_path / "kodeks.yml", "--into", config)
    first = config.read_bytes()
    kodeks_yml(tmp_path, managers=3)
    run("--config.file", tmp_path / "kodeks.yml", "--into", config)
    assert b"ivanova2" in config.read_bytes()
    assert without(config.read_text()) == UNINDENTED
    kodeks_yml(tmp_path)
    run("--config.file", tmp_path / "kodeks.yml", "--into", config)
    assert config.read_bytes() == first


def test_owner_mode_and_link_stay(tmp_path: Path) -> None:
    target = tmp_path / "managed" / "am.yml"
    target.parent.mkdir()
    target.write_text(PLAIN)
    target.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(target, 65534, 65534)
    config = tmp_path / "alertmanager.yml"
    config.symlink_to(target)
    before = target.stat()
    assert run("--config.file", kodeks_yml(tmp_path), "--into", config).returncode == 0
    after = target.stat()
    assert config.is_symlink()
    assert "kodeks/ops" in target.read_text()
    assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (before.st_uid, before.st_gid, 0o640)
    assert after.st_mtime_ns > before.st_mtime_ns, "whoever watches the file sees a new one"
    assert [path.name for path in target.parent.iterdir()] == ["am.yml"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["--remove"], ["--remove", "--output", "x"], ["--into", "x", "--kubernetes"]],
    ids=["nothing", "remove alone", "remove and output", "kubernetes and into"],
)
def test_what_makes_no_sense_is_said(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_folders_can_be_read_whatever_the_umask(tmp_path: Path) -> None:
    command = [
        str(COMMAND),
        "render",
        "--config.file",
        str(kodeks_yml(tmp_path)),
        "--output",
        str(tmp_path / "a" / "b"),
    ]
    subprocess.run(command, check=True, capture_output=True, preexec_fn=lambda: os.umask(0o077))
    for folder in ("a", "a/b", "a/b/rules", "a/b/templates"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o755, folder
    assert stat.S_IMODE((tmp_path / "a/b/rules/network.yml").stat().st_mode) == 0o644
