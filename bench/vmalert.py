"""Which alerts fire with Prometheus, and which with vmalert: ``./run vmalert VICTORIA-METRICS VMALERT``.

The arguments are the paths of these two programs. The machine should be otherwise idle, or late scrapes and evaluations
show up as differences. Both sides scrape the same two exporters for half an hour. One is the demo's, with stands that
are broken one after another. The other exposes the table of the bench "life", in which every alert has its own
installation or access: healthy for three minutes, then faulty. The rules are those of rules/, but hourly groups run
every two minutes, on both sides.

This prints what one side reports and the other does not: what never fired, what fired without reason, and what fired
but stopped in the last minutes. The exit status is 1 if there is any of that beyond the limits stated in
docs/alerts.md.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import yaml

from bench.life import RULES
from bench.life_cases import LATER, Value, subjects
from bench.process import fetch, wait_until
from demo import tools
from demo.processes import Child, free_port, wait_http
from demo.stack import Part, Stack
from demo.stand import Fault

HEALTHY: Final = 180.0
BEGUN: Final = 1650.0
"""Seconds by which every alert must fire: the slowest waits 10 minutes in a group with its own interval."""
GOES_ON: Final = 300.0
"""Seconds for which every alert must then go on."""
_LOOK: Final = 15.0
_FAULTS: Final = (
    Fault.KEY_LOST, Fault.PORT_CLOSED, Fault.MAINTENANCE, Fault.HTTP_404, Fault.DNS_GONE, Fault.NEEDS_SERVICE,
    Fault.AUTH_REFUSED, Fault.CATALOG_BROKEN, Fault.OUT_OF_SEATS, Fault.VOLUME_ERROR, Fault.OPERUP_STALE,
    Fault.SPP_DOWN,
)  # fmt: skip
"""The demo's servers have one each."""
LIMITS: Final = {"KodeksClientScoreFell"}
"""What vmalert can't report: docs/alerts.md."""
_CHANGING: Final = {"told", "summary"}
"""Labels that change while an alert goes on."""

Alert = tuple[tuple[str, str], ...]


def _shown(value: Value, text: str, began: float, now: float) -> float | None:
    if value is None:
        return None
    if value == "now":
        return now
    return float(value) + (began if "_timestamp_seconds" in text else 0.0)


class TableExporter:
    """The table of cases as an exporter's /metrics; ``break_all`` makes every case faulty."""

    def __init__(self) -> None:
        self.began = time.time()
        self._subjects = [*subjects(), *subjects(LATER)]
        self._faulty = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = outer.text().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # the scraper gave up waiting
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def break_all(self) -> None:
        self._faulty = True

    def text(self) -> str:
        now = time.time()
        lines: dict[str, float] = {}
        for subject in self._subjects:
            for text, (healthy, faulty) in subject.series.items():
                value = _shown(faulty if self._faulty else healthy, text, self.began, now)
                if value is not None:
                    lines[text] = value
        return "".join(f"{text} {value:.15g}\n" for text, value in lines.items())

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def rules_for_both(folder: Path) -> list[Path]:
    """Copies of the rules without hourly groups."""
    copies = []
    for path in sorted(RULES.glob("*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in document["groups"]:
            if group.get("interval") == "1h":
                group["interval"] = "2m"
        copies.append(folder / path.name)
        copies[-1].write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return copies


@contextmanager
def both(victoria: str, vmalert: str, targets: list[str], folder: Path) -> Iterator[tuple[str, str]]:
    """Addresses of Prometheus and vmalert with the same rules and targets. ChildDiedError, TimeoutError, OSError."""
    rules = rules_for_both(folder)
    scrapes = [{"job_name": "kodeks", "static_configs": [{"targets": targets}]}]
    interval = {"scrape_interval": "15s"}
    (folder / "scrape.yml").write_text(yaml.safe_dump({"global": interval, "scrape_configs": scrapes}))
    document = {
        "global": interval | {"evaluation_interval": "15s"},
        "scrape_configs": scrapes,
        "rule_files": [str(each) for each in rules],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(document))
    own, storage, alerts = (f"127.0.0.1:{free_port()}" for _ in range(3))
    url = f"http://{storage}"
    children = [
        Child("prometheus", [
            tools.find("prometheus") or "prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/prometheus", f"--web.listen-address={own}", "--log.level=warn",
        ], folder / "prometheus.log"),
        Child("victoria-metrics", [
            victoria, f"-storageDataPath={folder}/victoria", f"-httpListenAddr={storage}", "-retentionPeriod=2y",
            f"-promscrape.config={folder}/scrape.yml",
        ], folder / "victoria.log"),
        Child("vmalert", [
            vmalert, f"-datasource.url={url}", f"-remoteWrite.url={url}", f"-remoteRead.url={url}",
            "-notifier.blackhole", "-evaluationInterval=15s", f"-httpListenAddr={alerts}",
            *(f"-rule={each}" for each in rules),
        ], folder / "vmalert.log"),
    ]  # fmt: skip
    try:
        for child, page in zip(
            children, (f"http://{own}/-/ready", f"{url}/health", f"http://{alerts}/health"), strict=True
        ):
            child.start()
            wait_http(page, child, 120)
        yield f"http://{own}", f"http://{alerts}"
    finally:
        for child in reversed(children):
            child.stop()


def firing(url: str) -> set[Alert]:
    """Firing alerts, by those of their labels that don't change."""
    found = json.loads(fetch(f"{url}/api/v1/alerts"))["data"]["alerts"]
    return {
        tuple(sorted(
            (name, value) for name, value in alert["labels"].items()
            if value and name not in _CHANGING and name not in {"alertgroup"}
        ))
        for alert in found
        if alert["state"] == "firing"
    }  # fmt: skip


def _in_words(alert: Alert) -> str:
    labels = dict(alert)
    who = labels.get("account", labels.get("installation", ""))
    return f"{labels['alertname']} {who}".strip()


def compare(prometheus: str, vmalert: str, break_all: Callable[[], None]) -> list[str]:
    """Where the two differ, in words."""
    began = time.monotonic()

    def wait(until: float) -> None:
        time.sleep(max(began + until - time.monotonic(), 0))

    wait(HEALTHY)
    # vmalert is a little behind Prometheus, never ahead.
    early = firing(vmalert) - firing(prometheus)
    differ = [f"fires with vmalert before anything is broken: {_in_words(each)}" for each in sorted(early)]
    break_all()
    wait(BEGUN)
    seen: list[tuple[set[Alert], set[Alert]]] = []
    while time.monotonic() < began + BEGUN + GOES_ON:
        seen.append((firing(prometheus), firing(vmalert)))
        time.sleep(_LOOK)
    always = [set.intersection(*sides) for sides in zip(*seen, strict=True)]
    ever = [set.union(*sides) for sides in zip(*seen, strict=True)]
    for each in sorted(always[0] - always[1]):
        late = each in seen[-1][1] and each not in seen[0][1]
        what = "fires late" if late else "does not go on" if each in ever[1] else "does not fire"
        differ.append(f"{what} with vmalert: {_in_words(each)}")
    differ.extend(f"fires only with vmalert: {_in_words(each)}" for each in sorted(ever[1] - ever[0]))
    names = [sorted({dict(each)["alertname"] for each in side}) for side in always]
    for program, alerts, kinds in zip(("Prometheus", "vmalert"), always, names, strict=True):
        print(f"fired all the time with {program}: {len(alerts)} alerts of {len(kinds)} names")
    print("not tried here:", ", ".join(sorted(_all_names() - set(names[0]))))
    return differ


def _all_names() -> set[str]:
    return {
        rule["alert"]
        for path in RULES.glob("*.yml")
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./run vmalert", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("victoria_metrics", help="path of the program victoria-metrics")
    parser.add_argument("vmalert", help="path of the program vmalert")
    given = parser.parse_args(arguments)
    table = TableExporter()
    stack = Stack({Part.EXPORTER, Part.PROXY, Part.PUSH}, online=True, quick=False)
    with tempfile.TemporaryDirectory() as place, stack:
        targets = [stack.exporter_url.removeprefix("http://"), table.address]

        def break_all() -> None:
            table.break_all()
            for server, fault in zip(stack.stand.spec.servers, itertools.cycle(_FAULTS)):
                stack.stand.fault(server.name, fault)

        with both(given.victoria_metrics, given.vmalert, targets, Path(place)) as (prometheus, vmalert):
            wait_until(lambda: bool(firing(prometheus)), "Prometheus' first alert", 120)
            differ = compare(prometheus, vmalert, break_all)
    table.close()
    for each in differ:
        print(each)
    left = [each for each in differ if not any(name in each for name in LIMITS)]
    print("the same" if not left else f"{len(left)} differ")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
