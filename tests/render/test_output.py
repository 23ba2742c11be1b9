"""The command: what it writes, what it refuses, and what it leaves alone."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from kodeks_exporter.config.load import load
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.config.show import masked_yaml
from kodeks_exporter.render.files import Rendered, RenderError
from tests.render import fleets, server

COMMAND = Path(sys.executable).with_name("kodeks-exporter")
HOSTILE = (
    'Кузьма "О\'Нил"', "a\\b", "{x}", "a,b", "a: b # c", "- x", "%d", "{{ .Labels }}", "$1", "true", "12", "ops",
    "k|p.*", "  внутри  ".strip() + "\u00a0x", "emoji 🙂", "!tag", "&a", "*a", "a-mail", "a", "с=~\"x\"",
)  # fmt: skip


def command(config: Path, output: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PATH": path} if path is not None else {})
    return subprocess.run(
        [COMMAND, "render", "--config.file", config, "--output", output],
        capture_output=True, text=True, check=False, env=environment, timeout=100,
    )  # fmt: skip


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def small(**more: Any) -> dict[str, Any]:
    return {"managers": [{"name": "ivanova", "email": "i@dealer.example", "branch": "saratov"}], **more}


def test_the_command_writes_checked_files(tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("amtool"), tool("promtool")
    config = fleets.written(tmp_path, **fleets.large())
    done = command(config, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "checked    by amtool" in done.stdout
    assert "checked    by promtool" in done.stdout
    files = everything(tmp_path / "out")
    assert {"alertmanager.yml", "prometheus.yml", "rules/network.yml", "templates/telegram.tmpl"} <= set(files)
    assert {name for name in files if name.startswith("rules/")} == {
        f"rules/{path.name}" for path in (fleets.ROOT / "rules").glob("*.yml")
    }
    again = command(config, tmp_path / "out")
    assert again.returncode == 0
    assert "written" not in again.stdout
    assert everything(tmp_path / "out") == files


def test_the_same_input_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    config = fleets.written(tmp_path, **fleets.large())
    for number in range(2):
        done = subprocess.run(
            [COMMAND, "render", "--config.file", config, "--output", tmp_path / str(number)],
            env={"PATH": "/nonexistent", "PYTHONHASHSEED": str(number)}, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert everything(tmp_path / "0") == everything(tmp_path / "1")


def test_the_order_of_managers_does_not_matter(tmp_path: Path) -> None:
    fleet = fleets.large()
    straight = fleets.rendered(tmp_path, **fleet)
    turned = fleets.rendered(tmp_path, **{**fleet, "managers": fleet["managers"][::-1]})
    assert straight.files == turned.files


def test_without_the_programs_it_says_so(tmp_path: Path) -> None:
    done = command(fleets.written(tmp_path, **small()), tmp_path / "out", path="/nonexistent")
    assert done.returncode == 0
    assert "UNCHECKED  amtool" in done.stderr
    assert "UNCHECKED  promtool" in done.stderr
    assert (tmp_path / "out" / "alertmanager.yml").is_file()


def test_what_a_program_refuses_replaces_nothing(tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("amtool")
    out = tmp_path / "out"
    assert command(fleets.written(tmp_path, **small()), out).returncode == 0
    before = everything(out)
    bad = small(
        alertmanager={
            "telegram": {"bot_token": "777:hidden"},
            "inhibit_rules": [{"source_matchers": ["777:hidden what"], "target_matchers": ['a="b"']}],
        }
    )
    done = command(fleets.written(tmp_path, **bad), out)
    assert done.returncode == 1
    assert "nothing was written" in done.stderr
    assert "777:hidden" not in done.stdout + done.stderr
    assert everything(out) == before
    assert not list(out.glob(".rendering-*"))


def test_a_bad_configuration_writes_nothing(tmp_path: Path) -> None:
    done = command(fleets.written(tmp_path, thresholds={"disc_free_gib": 1}), tmp_path / "out")
    assert done.returncode == 1
    assert "did you mean 'disk_free_gib'?" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"thresholds": {"disk_free_gib": "-1"}}, "above zero"),
        ({"thresholds": {"disk_free_gib": "0"}}, "above zero"),
        ({"thresholds": {"disk_free_gib": "many"}}, "above zero"),
        ({"alertmanager": {"smtp": {"username": "u"}}}, "needs password"),
        ({"alertmanager": {"repeat": {"K1": "1s"}}}, "at least 5m"),
        ({"alertmanager": {"ops": {"working_hours": {"start": "09:00", "end": "08:00"}}}}, "later than start"),
        ({"alertmanager": {"dead_man": {"url": "ftp://secret-place"}}}, "must begin with http"),
        ({"prometheus": {"exporters": ["http://x:1"]}}, "host:port"),
        ({"prometheus": {"tls": {"verify": "false"}}}, "has no effect"),
    ],
)  # fmt: skip
def test_mistakes_are_told(tmp_path: Path, section: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        fleets.rendered(tmp_path, **section)
    assert "secret-place" not in str(error.value)


def test_an_alert_that_does_not_exist_cannot_sound(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="KodeksTcpStatos"):
        fleets.rendered(tmp_path, alertmanager={"night": {"sound": "KodeksTcpStatos"}})


def test_secrets_are_for_the_owner_alone_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("555:from-file\n")
    config = fleets.written(
        tmp_path,
        **small(
            alertmanager={
                "telegram": {"bot_token_file": "token"},
                "smtp": {"username": "kodeks", "password": 'pass\'word: "x" # y'},
                "dead_man": {"url": "https://watch.example/uuid-4711"},
            },
            prometheus={"credentials": {"username": "prometheus", "password": "scrape{{pass"}},
        ),
    )
    os.umask(0o022)
    out = tmp_path / "out"
    out.mkdir()
    (out / "alertmanager.yml").write_text("old")
    (out / "alertmanager.yml").chmod(0o644)
    done = command(config, out)
    assert done.returncode == 0, done.stderr
    for name in ("alertmanager.yml", "prometheus.yml"):
        assert stat.S_IMODE((out / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((out / "rules" / "network.yml").stat().st_mode) == 0o644
    written = yaml.load((out / "alertmanager.yml").read_text(), yaml.CSafeLoader)
    assert written["global"]["smtp_auth_password"] == 'pass\'word: "x" # y'
    assert yaml.load((out / "prometheus.yml").read_text(), yaml.CSafeLoader)["scrape_configs"][0]["basic_auth"] == {
        "username": "prometheus", "password": "scrape{{pass"
    }  # fmt: skip
    shown = masked_yaml(load(config, {}))
    for secret in ("555:from-file", "pass'word", "uuid-4711", "scrape{{pass"):
        assert secret not in done.stdout + done.stderr + shown


def test_what_is_shown_gives_the_same_files(tmp_path: Path) -> None:
    sections = fleets.large()
    sections["alertmanager"] |= {
        "smtp": {"smarthost": "mail.example", "sender": "k@dealer.example", "username": "u", "password": "***"},
        "telegram": {"bot_token": "***"},
        "night": {"sound": "KodeksTcpStatusCount"},
        "repeat": {"K1": "90m"},
        "inhibit_rules": [{"source_matchers": ['a="b, c"'], "target_matchers": ['d=~"e"'], "equal": ["f"]}],
    }
    sections |= {
        "prometheus": {"exporters": ["a", "b:1"], "sharding": "hashmod", "scheme": "https", "tls": {"verify": "false"}},
        "thresholds": {"disk_free_gib": "2.5"},
    }
    first = load(fleets.written(tmp_path, **sections), {})
    (tmp_path / "kodeks.yml").write_text(masked_yaml(first), encoding="utf-8")
    again = load(tmp_path / "kodeks.yml", {})
    assert (again.alertmanager, again.prometheus) == (first.alertmanager, first.prometheus)
    assert (again.thresholds, again.score) == (first.thresholds, first.score)
    assert again.prometheus.exporters == ("a:9877", "b:1")
    assert again.alertmanager.smtp.smarthost == "mail.example:25"


def test_hostile_names_stay_names(tmp_path: Path, tool: Callable[[str], str]) -> None:
    names = HOSTILE
    hours = {"start": "09:00", "end": "18:00", "days": "monday:friday"}
    result = fleets.rendered(
        tmp_path,
        managers=[
            {"name": name, "branch": f"{name}{number}", "email": f"m{number}{{{{x}}}}@dealer.example",
             "telegram_chat_id": -1 - number, "working_hours": hours}
            for number, name in enumerate(names)
        ],
        alertmanager={"telegram": {"bot_token": "1:x"}, "ops": {"email": "ops@dealer.example"}},
    )  # fmt: skip
    folder = fleets.put(result, tmp_path / "out")
    found = subprocess.run(
        [tool("amtool"), "check-config", folder / "alertmanager.yml"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    document = fleets.alertmanager(result)
    for receiver in document["receivers"]:
        for mail in receiver.get("email_configs", ()):
            assert "{{x" not in mail["to"]  # Alertmanager would take it for a template
    document["receivers"] = [{"name": receiver["name"]} for receiver in document["receivers"]]
    del document["templates"]
    config = tmp_path / "plain.yml"
    config.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    labels = {"alertname": "KodeksTcpStatus", "severity": "critical", "priority": "K1"}
    with server.running(config, tmp_path) as url:
        server.post(
            url,
            *(server.alert(labels, manager=name, branch=f"{name}{number}") for number, name in enumerate(names)),
            *(server.alert(labels, manager=name, branch=f"{name}{number + 1}") for number, name in enumerate(names)),
        )
        alerts = requests.get(f"{url}/api/v2/alerts", timeout=20).json()
    assert len(alerts) == 2 * len(names)
    for alert in alerts:
        name, branch = alert["labels"]["manager"], alert["labels"]["branch"]
        own = branch == f"{name}{names.index(name)}"
        receivers = {receiver["name"] for receiver in alert["receivers"]}
        kinds = ("mail", "telegram", "telegram-night")
        assert receivers == ({f"{name}-{kind}" for kind in kinds} if own else {"ops"})


def links_of(result: Rendered) -> dict[str, set[str]]:
    """Of all alerts: what the annotations runbook_url and dashboard begin with, before /docs and /d."""
    found: dict[str, set[str]] = {"runbook_url": set(), "dashboard": set()}
    for file in result.files:
        if file.path.startswith("rules/"):
            for group in yaml.load(file.content, yaml.CSafeLoader)["groups"]:
                for rule in group["rules"]:
                    if "alert" in rule:
                        for key, path in (("runbook_url", f"/docs/errors/{rule['alert']}.md"), ("dashboard", "/d/")):
                            base, there, _ = rule["annotations"][key].partition(path)
                            assert there, rule["alert"]
                            found[key].add(base)
    return found


def test_bases_of_links(tmp_path: Path) -> None:
    links = {"docs": "https://docs.example/a{{b", "grafana": "https://grafana.example/g"}
    assert links_of(fleets.rendered(tmp_path, links=links)) == {
        "runbook_url": {"https://docs.example/a%7B%7Bb"},
        "dashboard": {"https://grafana.example/g"},
    }
    web = {"external_url": "https://kodeks.dealer.example/k"}
    assert links_of(fleets.rendered(tmp_path, web=web))["runbook_url"] == {"https://kodeks.dealer.example/k"}
    assert links_of(fleets.rendered(tmp_path, web=web, links=links))["runbook_url"] == {"https://docs.example/a%7B%7Bb"}


def test_without_addresses_nothing_leads_to_a_host_that_nobody_has(tmp_path: Path) -> None:
    result = fleets.rendered(tmp_path)
    assert links_of(result) == {"runbook_url": {""}, "dashboard": {""}}
    for file in result.files:
        text = re.sub(r"^ *#.*$", "", file.content.decode(), flags=re.MULTILINE)
        hosts = set(re.findall(r"https?://([\w.-]+)", text)) | set(re.findall(r"\b[\w.-]+\.example\b", text))
        assert not hosts, file.path
    told = " ".join(result.notes)
    for key in ("web.external_url", "links.grafana", "alertmanager.smtp.sender"):
        assert key in told


def test_an_empty_configuration_renders_and_names_what_is_missing(tmp_path: Path) -> None:
    done = command(fleets.written(tmp_path, managers=[]), tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for word in ("smarthost", "alertmanager.ops", "dead_man"):
        assert word in done.stderr


def test_rules_of_the_site_and_old_ones_are_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for folder in ("rules", "site-rules"):
        (out / folder).mkdir(parents=True)
        (out / folder / "old.yml").write_text("groups: []\n")
    done = command(fleets.written(tmp_path, **small()), out)
    assert done.returncode == 0, done.stderr
    assert "left over" in done.stderr
    assert (out / "rules" / "old.yml").read_text() == (out / "site-rules" / "old.yml").read_text() == "groups: []\n"
    assert "rules/old.yml" not in yaml.load((out / "prometheus.yml").read_text(), yaml.CSafeLoader)["rule_files"]


def test_a_file_that_was_given_to_somebody_stays_his(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "alertmanager.yml").write_text("old")
    os.chown(out / "alertmanager.yml", 4711, 4712) if os.geteuid() == 0 else None
    before = (out / "alertmanager.yml").stat()
    assert command(fleets.written(tmp_path, **small()), out).returncode == 0
    after = (out / "alertmanager.yml").stat()
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino


def test_an_output_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    done = command(fleets.written(tmp_path, **small()), tmp_path / "out")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
