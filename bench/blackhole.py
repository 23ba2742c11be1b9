"""A bad day for a fleet of 1000: half of it black-holed, the first name server dead from the start, then the other too.

Rounds every 30 s. This prints how late the rounds of the healthy half are at worst, compared with two intervals; how
many of them were ever reported as broken; and how many of the black-holed half were not reported.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.message
import dns.rrset
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bench.fleet import fleet, write_config
from bench.process import Exporter
from bench.rows import bounded

SIZE = 1000
INTERVAL = 30
BEGINNING = 3 * INTERVAL
"""Seconds that all first rounds together may take: black-holed ones delay the others until they are known."""
PART = 3 * INTERVAL
"""Seconds of observation with one name server, and with none."""


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = stack.enter_context(fleet(SIZE // 2))
        names = [f"s{number}.test" for number in range(SIZE)]
        healthy = [url.replace("localhost", name) for url, name in zip(urls, names, strict=False)]
        hole = stack.enter_context(black_hole())
        lost = [f"http://{name}:{hole}" for name in names[SIZE // 2 :]]
        dead, _ = stack.enter_context(name_server(silent=True))
        living, stop = stack.enter_context(name_server())
        write_config(folder / "kodeks.yml", healthy + lost, f"{INTERVAL}s")
        document = yaml.safe_load((folder / "kodeks.yml").read_text("utf-8"))
        document["checks"] = {"dns": {"servers": [f"127.0.0.1:{port}" for port in (dead, living)]}}
        (folder / "kodeks.yml").write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
        exporter = Exporter(folder)
        stack.callback(exporter.end)
        time.sleep(BEGINNING)
        _watch(exporter, "one name server of two")
        stop.set()
        _watch(exporter, "no name server")


def _watch(exporter: Exporter, when: str) -> None:
    end = time.monotonic() + PART
    latest, broken, missed = 0.0, set[str](), 0
    while time.monotonic() < end:
        ages, states = _seen(exporter.scrape())
        ours = [name for name in ages if int(name[1:]) < SIZE // 2]
        latest = max(latest, *(ages[name] for name in ours))
        broken |= {name for name in ours if name in states}
        missed = SIZE // 2 - len(states.difference(ours))
        time.sleep(INTERVAL / 4)
    bounded(f"{when}: latest round of a healthy installation", latest, 2 * INTERVAL, "s")
    print(
        f"{when}: {len(broken)} healthy ones reported as broken, {missed} of {SIZE // 2} black-holed ones not reported"
    )
    if broken or missed:
        raise RuntimeError(f"{when}: {sorted(broken)[:5]} were reported as broken, {missed} were not reported")


def _seen(text: str) -> tuple[dict[str, float], set[str]]:
    """Seconds since the last round of each installation; those reported as broken."""
    now = time.time()
    ages: dict[str, float] = {}
    broken: set[str] = set()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = sample.labels.get("installation", "")
            if sample.name == "kodeks_check_last_run_timestamp_seconds" and sample.labels["check"] == "tcp":
                ages[name] = now - sample.value
            elif sample.name == "kodeks_check_failed_info":
                broken.add(name)
    return ages, broken


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that never answers, because its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = int(listener.getsockname()[1])
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port


@contextmanager
def name_server(silent: bool = False) -> Iterator[tuple[int, threading.Event]]:
    """Answers 127.0.0.1 for every name until the event is set; returns its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.2)
        stopped, ended = threading.Event(), threading.Event()

        def answer() -> None:
            while not ended.is_set():
                try:
                    wire, peer = udp.recvfrom(4096)
                except TimeoutError:
                    continue
                if silent or stopped.is_set():
                    continue
                question = dns.message.from_wire(wire)
                told = dns.message.make_response(question)
                if question.question[0].rdtype == 1:
                    told.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "A", "127.0.0.1"))
                udp.sendto(told.to_wire(), peer)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield int(udp.getsockname()[1]), stopped
        finally:
            ended.set()
            thread.join()
