"""The whole stack on loopback ports: stand, proxy, agent, exporter, Prometheus, Alertmanager and the sinks."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import yaml

from demo import configs, fleet, tools
from demo.processes import Child, free_ports, wait_http
from demo.push import Errand, Pusher
from demo.rundir import RunDirectory
from demo.running import Running
from demo.sinks import Mail, MailSink, TelegramMessage, TelegramSink
from demo.stand import Stand, StandSpec
from demo.vendor import Vendor
from demo.vendor import fleet as vendor_fleet


class Part(StrEnum):
    """A part of the stack beside the stand, which always runs."""

    PROXY = "proxy"
    PUSH = "push"
    """A script that pushes the reports of the demonstration's installation without a way in, by curl."""
    SNMP = "snmp"
    EXPORTER = "exporter"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    """Comes with the sinks for mail and Telegram."""


EVERYTHING = frozenset(Part)
PROGRAMS = {
    Part.PROXY: "nginx",
    Part.PUSH: "curl",
    Part.SNMP: "snmpd",
    Part.PROMETHEUS: "prometheus",
    Part.ALERTMANAGER: "alertmanager",
}
"""The program of each part; the exporter is run by this very Python."""
SERVICE_PROCESS = "kodwebd"


_WAIT = 10
_STORY_WAIT = 4
"""Seconds that groups of alerts wait."""


class MissingProgramsError(RuntimeError):
    """Programs of wanted parts are not on this machine."""

    def __init__(self, missing: dict[Part, str]) -> None:
        super().__init__(f"не найдены программы: {', '.join(missing.values())}")
        self.missing = missing


def missing(parts: Iterable[Part]) -> dict[Part, str]:
    """Which of the parts can't run here, and the program that each lacks."""
    return {part: PROGRAMS[part] for part in parts if part in PROGRAMS and tools.find(PROGRAMS[part]) is None}


class Stack(Running):
    """A context manager that starts the wanted parts in order and leaves nothing behind.

    For tests: ``Stack({Part.EXPORTER, Part.PROMETHEUS, Part.ALERTMANAGER})`` with ``spec`` (the stand's servers; the
    demonstration's by default) and ``configure``, which gets kodeks.yml as data before it is written and may change
    it or give another one. With an own ``spec``, ``configure`` makes the whole document: it gets an empty one.
    ``quick``: scrapes, evaluations and groups of alerts come after seconds; ``quick=False`` leaves 15 s and the
    project's own waiting times.
    ``online``: the vendor's servers run as well, and the demonstration's document has their 150 accesses; with
    ``quick`` the rules about them wait for seconds, too. Off by default: clients that use accesses up make mails.
    ``story``: what is told of a lost key waits for a few seconds only, for somebody who watches.
    The thread that enters must live as long as the stack.
    """

    def __init__(
        self,
        parts: Iterable[Part] = EVERYTHING,
        *,
        spec: StandSpec | None = None,
        configure: Callable[[dict[str, Any], Stack], dict[str, Any] | None] | None = None,
        round_seconds: float = 5.0,
        quick: bool = True,
        online: bool = False,
        story: bool = False,
        rules: Path = tools.ROOT / "rules",
        alertmanager_config: Path = tools.ROOT / "alertmanager" / "alertmanager.yml",
        keep: bool = False,
        on_mail: Callable[[Mail], None] | None = None,
        on_telegram: Callable[[TelegramMessage], None] | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.parts = frozenset(parts)
        self.keep = keep
        self.round_seconds = round_seconds
        self._spec, self._configure, self._quick, self._progress = spec, configure, quick, progress
        self._rules, self._alertmanager_config = rules, alertmanager_config
        self._run: RunDirectory | None = None
        self._stand: Stand | None = None
        self._online, self._story = online, story
        self._vendor: Vendor | None = None
        self._children: dict[str, Child] = {}
        self._link_key = secrets.token_hex(32)
        """Signs the links by which alerts of this run are taken."""
        self._stopping = threading.Lock()
        self.mails = MailSink(on_mail)
        self.telegrams = TelegramSink(listener=on_telegram)
        self.pusher: Pusher | None = None
        """Runs with ``Part.PUSH``, the exporter and the demonstration's own fleet."""
        self.proxy_port = self.snmp_port = 0
        self.exporter_url = self.prometheus_url = self.alertmanager_url = ""
        """Bases such as ``http://127.0.0.1:9877``; empty when the part does not run."""

    @property
    def stand(self) -> Stand:
        assert self._stand is not None, "the stack is not started"
        return self._stand

    @property
    def vendor(self) -> Vendor:
        """The vendor's servers, with ``online``."""
        assert self._vendor is not None, "the stack has no online accesses, or is not started"
        return self._vendor

    @property
    def has_vendor(self) -> bool:
        """Whether the vendor's servers run."""
        return self._vendor is not None

    @property
    def started(self) -> bool:
        """Whether there is a run directory."""
        return self._run is not None

    @property
    def directory(self) -> Path:
        """Configuration, data and logs of this run."""
        assert self._run is not None, "the stack is not started"
        return self._run.path

    @property
    def config_file(self) -> Path:
        """kodeks.yml of this run."""
        return self.directory / "kodeks.yml"

    # Life.

    def start(self) -> Self:
        """Start everything, or nothing: MissingProgramsError, ChildDiedError, TimeoutError, OSError."""
        lacking = missing(self.parts)
        if lacking:
            raise MissingProgramsError(lacking)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop every child and remove the run directory. May be called twice."""
        with self._stopping:
            if self.pusher is not None:
                self.pusher.stop()
            for child in self._children.values():
                child.ask_to_stop()
            for child in reversed(self._children.values()):
                child.stop()
            self._children.clear()
            self.mails.stop()
            self.telegrams.stop()
            if self._stand is not None:
                self._stand.stop()
            if self._vendor is not None:
                self._vendor.stop()
                self._vendor = None
            if self._run is not None:
                self._run.remove(keep=self.keep)

    def check(self) -> None:
        """Raise ChildDiedError when a child has ended by itself."""
        for child in self._children.values():
            child.check()

    def value(self, expression: str) -> float | None:
        """What Prometheus says of an expression, of its first series; None: nothing, or it does not answer now."""
        query = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"{self.prometheus_url}/api/v1/query?{query}", timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            return None
        return float(found[0]["value"][1]) if found else None

    def silenced_clients(self) -> set[str]:
        """Clients of whom Alertmanager keeps silent, because somebody took an alert; none while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.alertmanager_url}/api/v2/silences", timeout=5) as answer:
                silences = json.load(answer)
        except OSError:
            return set()
        active = [each for each in silences if each["status"]["state"] == "active"]
        return {each["value"] for silence in active for each in silence["matchers"] if each["name"] == "client"}

    # Single children, for faults of the monitoring itself.

    def child(self, name: str) -> Child:
        """``exporter``, ``prometheus``, ``alertmanager``, ``nginx``, ``snmpd`` or ``kodwebd``."""
        return self._children[name]

    def stop_child(self, name: str) -> None:
        """Stop one child; ``start_child`` brings it back at the same address."""
        self._children[name].stop()

    def start_child(self, name: str) -> None:
        """Start a stopped child again; does not wait until it answers."""
        self._children[name].start()

    def write_config(self, document: dict[str, Any]) -> None:
        """Replace kodeks.yml; the exporter reads it when it is told to reload."""
        self.config_file.touch(mode=0o600)
        self.config_file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def read_config(self) -> dict[str, Any]:
        """kodeks.yml as data."""
        document = yaml.safe_load(self.config_file.read_text(encoding="utf-8"))
        assert isinstance(document, dict)
        return document

    # Inside.

    @property
    def _links(self) -> bool:
        """Whether messages have links by which alerts are taken; kodeks.yml of an own fleet says nothing of them."""
        return self._spec is None and bool(self.exporter_url)

    def _start(self) -> None:
        self._run = RunDirectory()
        self._progress("стенд: серверы, сервер имён, менеджер лицензий")
        spec = self._spec if self._spec is not None else fleet.stand_spec(self.directory)
        self._stand = Stand(spec).start()
        if self._online:
            self._progress(f"серверы поставщика: онлайн-доступов {vendor_fleet.COUNT}")
            self._vendor = Vendor(vendor_fleet.specs()).start()
        self.mails.start()
        self.telegrams.start()
        if Part.PROXY in self.parts:
            self._start_proxy()
        if Part.SNMP in self.parts:
            self._start_snmp()
        web_ports = free_ports(3)
        if Part.ALERTMANAGER in self.parts:
            self.alertmanager_url = f"http://127.0.0.1:{web_ports[1]}"
        if Part.EXPORTER in self.parts:
            self.exporter_url = f"http://127.0.0.1:{web_ports[0]}"
            self._write_document()
            self._start_exporter(web_ports[0])
        if Part.ALERTMANAGER in self.parts:
            self._start_alertmanager(web_ports[1])
        if Part.PROMETHEUS in self.parts:
            self._start_prometheus(web_ports[2])
        for name, url in (
            ("exporter", self.exporter_url),
            ("alertmanager", self.alertmanager_url),
            ("prometheus", self.prometheus_url),
        ):
            if url:
                wait_http(f"{url}/-/ready", self._children[name])
        if Part.PUSH in self.parts and self.exporter_url and self._spec is None:
            self._start_pushing()
        time.sleep(0.1)  # a child that finds its port taken ends at once
        self.check()

    def _spawn(self, name: str, *command: str, hint: str = "", environment: dict[str, str] | None = None) -> None:
        child = Child(name, command, self.directory / f"{name}.log", hint, environment or {})
        self._children[name] = child
        child.start()

    def _write_document(self) -> None:
        made: dict[str, Any] = {}
        if self._spec is None:
            made = fleet.document(
                fleet.World(self.stand, self.proxy_port, self.snmp_port, self.round_seconds, self._vendor)
            )
            if self.alertmanager_url:
                made["reaction"] = {
                    "alertmanagers": [self.alertmanager_url], "interval": "5s",
                    "link": self.exporter_url, "key": self._link_key,
                }  # fmt: skip
        if self._configure is not None:
            made = self._configure(made, self) or made
        self.write_config(made)

    def _start_proxy(self) -> None:
        self._progress("nginx — обратный прокси перед одной из установок")
        (self.proxy_port,) = free_ports(1)
        # With an own spec, every server with a name is reachable through the proxy as well.
        names = [each.name for each in self.stand.spec.servers if each.dns_name and not each.tls_cert]
        upstreams = {self._name(name): self.stand.address(name) for name in names}
        path = self.directory / "nginx.conf"
        path.write_text(configs.nginx(self.directory, self.proxy_port, upstreams), encoding="utf-8")
        program = tools.find("nginx") or "nginx"
        self._spawn("nginx", program, "-e", "stderr", "-p", str(self.directory), "-c", str(path), hint=_PORT_HINT)

    def _name(self, server: str) -> str:
        return next(each.dns_name for each in self.stand.spec.servers if each.name == server)

    def _start_snmp(self) -> None:
        self._progress(f"snmpd и процесс {SERVICE_PROCESS}, за которым он следит")
        (self.snmp_port,) = free_ports(1, socket.SOCK_DGRAM)
        path = self.directory / "snmpd.conf"
        path.touch(mode=0o600)
        path.write_text(configs.snmpd(), encoding="utf-8")
        state = self.directory / "snmp"
        state.mkdir()
        program, sleep = tools.find("snmpd") or "snmpd", shutil.which("sleep") or "/bin/sleep"
        service = self.directory / SERVICE_PROCESS
        service.symlink_to(sleep)
        self._spawn(SERVICE_PROCESS, str(service), "infinity")
        self._spawn(
            "snmpd", program, "-f", "-Lo", "-C", "-c", str(path), "-I", "-smux", f"udp:127.0.0.1:{self.snmp_port}",
            hint=_PORT_HINT, environment={"SNMP_PERSISTENT_DIR": str(state), "MIBS": ""},
        )  # fmt: skip

    def _start_exporter(self, port: int) -> None:
        self._progress("kodeks-exporter")
        self._spawn(
            "exporter", sys.executable, "-m", "kodeks_exporter.cli.main", "serve",
            "--config.file", str(self.config_file),
            "--web.listen-address", f"127.0.0.1:{port}",
            "--storage.path", str(self.directory / "storage"),
            hint=f"Проверьте конфигурацию: kodeks-exporter check-config {self.config_file}",
        )  # fmt: skip

    def _start_pushing(self) -> None:
        self._progress(f"скрипт клиента {fleet.PUSHING}: раз в минуту отправляет отчёт через curl")
        spec = next(each for each in self.stand.spec.servers if each.name == fleet.PUSHING)
        errand = Errand(
            client=fleet.PUSHING,
            server="http://{}:{}".format(*self.stand.address(fleet.PUSHING)),
            login=spec.login,
            password=spec.password,
            host=self.exporter_url.removeprefix("http://"),
            dealer=fleet.UPLOAD_DEALER,
            token=fleet.UPLOAD_TOKEN,
        )
        self.pusher = Pusher(errand, self.directory / "push", complain=self._progress)
        self.pusher.start()

    def _start_alertmanager(self, port: int) -> None:
        self._progress("Alertmanager")
        path = self.directory / "alertmanager.yml"
        path.touch(mode=0o600)
        smarthost = f"{self.mails.host}:{self.mails.port}"
        adapted = configs.alertmanager(
            self._alertmanager_config,
            smarthost,
            self.telegrams.url,
            self.telegrams.token,
            quick=self._quick,
            wait=_STORY_WAIT if self._story else _WAIT,
        )
        if self._links:
            template = self.directory / "link.tmpl"
            template.write_text(configs.link_template(self.exporter_url), encoding="utf-8")
            adapted = configs.with_template(adapted, template)
        path.write_text(adapted, encoding="utf-8")
        self._spawn(
            "alertmanager", tools.find("alertmanager") or "alertmanager",
            f"--config.file={path}",
            f"--storage.path={self.directory / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--web.external-url={self.alertmanager_url}",
            "--cluster.listen-address=",
            hint=f"Проверьте конфигурацию: amtool check-config {path}",
        )  # fmt: skip

    def _rule_files(self) -> list[Path]:
        """The project's rules; some of them as copies that wait for seconds where that is wanted."""
        if not self.exporter_url:
            return sorted(self._rules.glob("*.yml"))
        hurried: dict[str, Callable[[str], str]] = {}
        if self._online and self._quick:
            hurried["online.yml"] = configs.hurried_rules
        if self._story:
            hurried["senselock.yml"] = lambda text: configs.hurried_rules(text, "5s", longest=60)
        return [self._copy(each, hurried.get(each.name)) for each in sorted(self._rules.glob("*.yml"))]

    def _copy(self, original: Path, changed: Callable[[str], str] | None) -> Path:
        """With the exporter's address before the links to its pages, as ``render`` writes it."""
        text = original.read_text(encoding="utf-8")
        text = (changed(text) if changed else text).replace(
            "runbook_url: /docs", f"runbook_url: {self.exporter_url}/docs"
        )
        copy = self.directory / "rules" / original.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(text, encoding="utf-8")
        return copy

    def _start_prometheus(self, port: int) -> None:
        self._progress("Prometheus")
        self.prometheus_url = f"http://127.0.0.1:{port}"
        path = self.directory / "prometheus.yml"
        path.touch(mode=0o600)
        path.write_text(
            configs.prometheus(
                self.exporter_url.removeprefix("http://"),
                self.alertmanager_url.removeprefix("http://"),
                self._rule_files(),
                5 if self._quick else 15,
                self._link_key if self._links else "",
            ),
            encoding="utf-8",
        )
        self._spawn(
            "prometheus", tools.find("prometheus") or "prometheus",
            f"--config.file={path}",
            f"--storage.tsdb.path={self.directory / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--web.external-url={self.prometheus_url}",
            "--web.enable-lifecycle",
            "--log.level=warn",
            hint=f"Проверьте конфигурацию и правила: promtool check config {path}",
        )  # fmt: skip


_PORT_HINT = "Если порт занят другой программой, запустите ещё раз: порты выбираются заново."
