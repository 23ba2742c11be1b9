"""Three exporters that share one fleet, one Prometheus; one of them is killed while its clients have trouble."""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from demo import configs, servers
from demo.processes import free_ports
from demo.servers import Server
from demo.sinks import Mail, MailSink
from demo.stand.model import ServerSpec, StandSpec
from demo.stand.stand import Stand
from tests.cli.running import COMMAND, command, wait_for, write

FLEET = 1200
MANAGERS = 12
LONG_ENOUGH = 300.0
"""Seconds for a message: waiting times are short here, but the machine may be busy."""


class World:
    """The fleet, its stand, and the programs around it; every exporter runs with the file that render wrote for it."""

    def __init__(self, folder: Path, stand: Stand, mails: MailSink) -> None:
        self._folder, self.stand, self.mails = folder, stand, mails
        self.addresses = [f"127.0.0.1:{port}" for port in free_ports(3)]
        self._alertmanager = servers.alertmanager(folder / "alertmanager.yml", folder)
        config = write(folder / "kodeks.yml", self._document(self._alertmanager.url.removeprefix("http://")))
        self.rendered = folder / "rendered"
        assert command("render", "--config.file", config, "--output", self.rendered).returncode == 0
        self.shares = [self._share(address) for address in self.addresses]
        self.exporters = [self._exporter(address) for address in self.addresses]
        self._hurry()
        self._prometheus = servers.prometheus(self.rendered / "prometheus.yml", folder / "prometheus")
        self._prometheus.log.parent.mkdir()
        self.url = self._prometheus.url

    def _document(self, alertmanager: str) -> dict[str, Any]:
        return {
            "poll": {"checks": "30s"},
            "checks": {"timeouts": {"connect": "15s", "http": "30s"}},
            "managers": [{"name": f"m{each}", "email": f"m{each}@dealer.example"} for each in range(MANAGERS)],
            "alertmanager": {"ops": {"email": "ops@dealer.example"}},
            "prometheus": {
                "exporters": self.addresses, "sharding": "hash", "alertmanagers": [alertmanager],
            },
            "installations": [
                {
                    "name": f"s{number}", "client": f"Клиент {number}.", "manager": f"m{number % MANAGERS}",
                    "mode": "push", "url": self.stand.url(f"s{number}"),
                }
                for number in range(FLEET)
            ],
        }  # fmt: skip

    def _file(self, address: str) -> Path:
        return self.rendered / "exporters" / f"{address.replace(':', '_')}.yml"

    def _share(self, address: str) -> list[str]:
        return [each["name"] for each in yaml.safe_load(self._file(address).read_bytes())["installations"]]

    def _exporter(self, address: str) -> Server:
        words = (
            COMMAND, "serve", f"--config.file={self._file(address)}", f"--web.listen-address={address}",
            f"--storage.path={self._folder}/{address}", "--log.level=error",
        )  # fmt: skip
        return Server(address, words, self._folder / f"{address}.log", url=f"http://{address}")

    def _hurry(self) -> None:
        original = self.rendered / "alertmanager.yml"
        text = configs.alertmanager(original, f"127.0.0.1:{self.mails.port}", "http://127.0.0.1:1", "none", wait=4)
        (self._folder / "alertmanager.yml").write_text(text, encoding="utf-8")
        for path in (self.rendered / "rules").glob("*.yml"):
            path.write_text(_hurried(path.read_text(encoding="utf-8")), encoding="utf-8")

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for each in (*self.exporters, self._alertmanager, self._prometheus):
                each.start()
                stack.callback(each.stop)
            for each in (*self.exporters, self._alertmanager, self._prometheus):
                each.wait(LONG_ENOUGH)
            yield

    def ask(self, expression: str) -> float:
        """Value of an expression, 0 where there is nothing."""
        found = requests.get(f"{self.url}/api/v1/query", {"query": expression}, timeout=30).json()["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def victims(self) -> list[tuple[str, str]]:
        """Two installations of each exporter, no two of one manager, so that no mail tells of two."""
        taken: set[int] = set()
        found = []
        for share in self.shares:
            free = {int(name[1:]) % MANAGERS: name for name in share if int(name[1:]) % MANAGERS not in taken}
            pair = sorted(free.items())[:2]
            taken |= {manager for manager, _ in pair}
            found.append((pair[0][1], pair[1][1]))
        return found

    def told(self, words: str, *, resolved: bool = False) -> list[Mail]:
        return [
            mail for mail in self.mails.messages
            if ("RESOLVED" in mail.subject) == resolved and re.search(words, f"{mail.subject}\n{mail.text}")
        ]  # fmt: skip


def _hurried(rules: str) -> str:
    """Evaluated every 5 s; an end is told as soon as a beginning."""
    return configs.hurried_rules(rules, wait="15s", longest=15)


def client(installation: str) -> str:
    return rf"Клиент {installation[1:]}\."


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Iterator[World]:
    spec = StandSpec(servers=tuple(ServerSpec(name=f"s{number}") for number in range(FLEET)))
    with Stand(spec) as stand, MailSink() as mails:
        world = World(tmp_path_factory.mktemp("three"), stand, mails)
        with world.running():
            yield world


@pytest.mark.timeout(900)
def test_nothing_is_told_twice_and_nothing_is_missed(world: World) -> None:
    assert sorted(name for share in world.shares for name in share) == sorted(f"s{number}" for number in range(FLEET))
    assert min(map(len, world.shares)) > FLEET / 4
    healthy = 'count(max by (installation) (kodeks_check_success{check="tcp"}) == 1)'
    wait_for(lambda: world.ask(healthy) == FLEET, LONG_ENOUGH)
    (first, then_first), (second, then_second), (third, _) = world.victims()

    for name in (first, second, third):
        world.stand.fault(name, "port_closed")
    for name in (first, second, third):
        wait_for(lambda name=name: world.told(client(name)), LONG_ENOUGH)  # type: ignore[misc]

    killed = world.exporters[1]
    down = rf"(?s)(?=.*KodeksExporterDown)(?=.*{re.escape(killed.name)})"
    killed.signal(signal.SIGKILL)
    for name in (then_first, then_second):
        world.stand.fault(name, "port_closed")
    wait_for(lambda: world.told(down), LONG_ENOUGH)
    wait_for(lambda: world.told(client(then_first)), LONG_ENOUGH)
    assert not world.told(client(then_second)), "nobody looks"
    assert len(world.told(down)) == 1

    killed.start()
    wait_for(lambda: world.told(client(then_second)), LONG_ENOUGH)
    assert not world.told("Клиент", resolved=True), "what still fails is over for nobody"

    world.stand.clear()
    troubled = (first, second, third, then_first, then_second)
    for name in troubled:
        wait_for(lambda name=name: world.told(client(name), resolved=True), LONG_ENOUGH)  # type: ignore[misc]
    for resolved in (False, True):
        assert [len(world.told(client(name), resolved=resolved)) for name in troubled] == [1] * 5
        assert len(world.told("Клиент", resolved=resolved)) == 5, [str(mail) for mail in world.mails.messages]
