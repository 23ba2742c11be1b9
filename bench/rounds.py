"""CPU time of a full round of checks, compared with blackbox_exporter doing the same six kinds of probes.

``BLACKBOX_EXPORTER=PATH ./run bench rounds`` measures another blackbox_exporter beside Debian's, such as a newer one.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import yaml

from bench.fleet import fleet, write_config
from bench.process import Exporter, cpu_seconds, end, fetch, wait_until
from bench.rows import row
from demo.processes import free_port

SIZE = 200
ROUNDS = 4
INTERVAL = 10
"""Seconds between two rounds of an installation."""
PATHS = ("/docs", "/admin/title", "/admin/lic", "/sysinfo/metrics")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with fleet(SIZE) as urls:
            ours = exporter_milliseconds(folder, urls)
        print(
            f"kodeks-exporter   {ours:6.2f} ms of CPU per installation and round (12 checks, scrapes included)",
            flush=True,
        )
        for program in filter(None, ("prometheus-blackbox-exporter", os.environ.get("BLACKBOX_EXPORTER"))):
            with fleet(SIZE) as urls:  # a fresh one: it logs in without ever logging out, and fills all seats
                theirs = blackbox_milliseconds(program, folder, urls)
            beside = f"{theirs:.2f} ms of blackbox_exporter {_version(program)}, icmp, tcp, 4 x http"
            row("round of checks, CPU", f"{ours:.2f} ms", beside, ours / theirs, 0.25)


def exporter_milliseconds(folder: Path, urls: list[str]) -> float:
    write_config(folder / "kodeks.yml", urls, f"{INTERVAL}s")
    with_exporter = Exporter(folder)
    try:
        with_exporter.scrape()
        before, rounds_before = cpu_seconds(with_exporter.pid), with_exporter.rounds()
        for _ in range(ROUNDS * 2):
            time.sleep(INTERVAL / 2)
            with_exporter.scrape()
        used = cpu_seconds(with_exporter.pid) - before
        return 1000 * used / (with_exporter.rounds() - rounds_before)
    finally:
        with_exporter.end()


def _version(program: str) -> str:
    told = subprocess.run([program, "--version"], check=True, text=True, capture_output=True)
    found = re.search(r"version (\d\S*)|revision: (\w{7})", told.stdout + told.stderr)
    return (found[1] or found[2]) if found else ""


def blackbox_milliseconds(program: str, folder: Path, urls: list[str]) -> float:
    login = {"basic_auth": {"username": "smartlogin", "password": "smartpassword"}}
    modules = {
        "icmp": {"prober": "icmp", "icmp": {"preferred_ip_protocol": "ip4"}},
        "tcp": {"prober": "tcp", "tcp": {"preferred_ip_protocol": "ip4"}},
        "http": {"prober": "http", "http": {"preferred_ip_protocol": "ip4", **login}},
    }
    (folder / "blackbox.yml").write_text(yaml.safe_dump({"modules": modules}))
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            program,
            f"--config.file={folder}/blackbox.yml",
            f"--web.listen-address={address}",
            "--log.level=error",
        ]
    )
    try:
        wait_until(lambda: b"ealthy" in fetch(f"http://{address}/-/healthy"), "blackbox_exporter")
        for url in urls[:10]:
            _probe(address, url)
        before = cpu_seconds(process.pid)
        rounds = 3
        for number in range(rounds * len(urls)):
            # at the exporter's pace: back to back, caches stay warm and a probe costs less than in real life
            time.sleep(INTERVAL / len(urls) / 2)
            _probe(address, urls[number % len(urls)])
        return 1000 * (cpu_seconds(process.pid) - before) / (rounds * len(urls))
    finally:
        end(process)


def _probe(address: str, url: str) -> None:
    host = url.removeprefix("http://")
    probes = [("icmp", host.partition(":")[0]), ("tcp", host), *(("http", url + path) for path in PATHS)]
    for module, target in probes:
        text = fetch(f"http://{address}/probe?{urlencode({'module': module, 'target': target})}")
        if b"\nprobe_success 1" not in text:
            raise RuntimeError(f"blackbox_exporter: {module} {target} did not succeed")
