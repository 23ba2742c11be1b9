"""``./run soak MINUTES``: everything at once for a while, then the totals are checked.

A fleet with failing parts, reports with new events, good and bad reloads, hostile clients, and kill -9. This prints
events sent and stored, missed scrapes, memory, threads, file descriptors and disk. Exit code 1: something was lost or
duplicated, a scrape was missed, or memory grew after the first fifth of the time.
"""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from bench.fleet import fleet
from bench.hostile import BYTE, GUESS, HALF, SILENT, crowd
from bench.process import end, memory_megabytes, wait_until
from demo.processes import free_port

PUSHING, ASKED, DEAD = 12, 20, 10
EVENTS = 40
"""New events in one report."""
TOKEN = "token-of-the-soak-0123456789"
STRANGERS = {SILENT: 150, BYTE: 150, HALF: 60, GUESS: 40}
_COMMAND = str(Path(sys.executable).with_name("kodeks-exporter"))


@dataclass
class Books:
    sent: Counter[str] = field(default_factory=Counter)
    scrapes: int = 0
    missed: list[float] = field(default_factory=list)
    slowest: float = 0.0
    samples: list[tuple[float, float, int, int, float]] = field(default_factory=list)
    """Minutes, memory in MB, threads, descriptors, disk in MB."""
    uploads: Counter[int] = field(default_factory=Counter)
    reloads: int = 0
    kills: int = 0


class Soak:
    def __init__(self, folder: Path, urls: list[str], minutes: float) -> None:
        self._folder, self._seconds = folder, minutes * 60
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._names = [f"pushing-{n}" for n in range(PUSHING)]
        self._urls = urls
        self.books = Books()
        self._began = time.monotonic()
        self._over = threading.Event()
        self._up = threading.Event()
        self._file = threading.Lock()
        """kodeks.yml may be broken, so that nobody starts an exporter now."""
        self._process: subprocess.Popen[bytes] | None = None
        self._log = (folder / "exporter.log").open("wb")

    def run(self) -> bool:
        self._write(broken=False)
        self._start()
        jobs = [self._scrape, self._sample, self._reload, self._kill]
        jobs += [lambda part=part: self._upload(self._names[part::3]) for part in range(3)]  # type: ignore[misc]
        threads = [threading.Thread(target=self._guarded, args=(job,), daemon=True) for job in jobs]
        with crowd(("127.0.0.1", self._port), STRANGERS):
            for thread in threads:
                thread.start()
            self._over.wait(self._seconds)
            self._over.set()
            for thread in threads:
                thread.join(60)
        kept = self._kept()
        self._stop()
        self._start()
        after = self._kept()
        self._stop()
        return self._report(kept, after)

    def close(self) -> None:
        """Leaves no exporter behind, however it ends."""
        self._over.set()
        if self._process is not None and self._process.poll() is None:
            end(self._process)

    # What goes on

    def _upload(self, names: list[str]) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            for name in names:
                body = report(name, number)
                while not self._send(name, body):
                    if self._over.wait(0.5):
                        return  # not accepted, so not sent
                self.books.sent[name] += EVENTS
            self._over.wait(1.0)

    def _send(self, name: str, body: bytes) -> bool:
        try:
            answer = requests.post(
                f"{self.url}/upload", params={"token": TOKEN}, headers={"dealer": "soak"},
                files={"file": (f"{name}.xml", body)}, timeout=60,
            )  # fmt: skip
        except requests.RequestException:
            return False
        self.books.uploads[answer.status_code] += 1
        return answer.status_code == 200

    def _scrape(self) -> None:
        while not self._over.wait(5.0):
            if not self._up.is_set():
                continue
            began = time.monotonic()
            try:
                good = requests.get(self.url + "/metrics", timeout=10).ok
            except requests.RequestException:
                good = False
            if self._up.is_set() or good:  # else it was killed meanwhile
                self.books.scrapes += 1
                self.books.slowest = max(self.books.slowest, time.monotonic() - began)
                if not good:
                    self.books.missed.append((time.monotonic() - self._began) / 60)

    def _reload(self) -> None:
        broken = False
        while not self._over.wait(20.0):
            broken = not broken
            with self._file:
                self._write(broken=broken)
                if self._process is not None:
                    self._process.send_signal(signal.SIGHUP)
                    self.books.reloads += 1
                self._over.wait(3.0)
                self._write(broken=False)

    def _kill(self) -> None:
        pick = random.Random(3)
        while not self._over.wait(max(30.0, self._seconds / 8) * pick.uniform(0.7, 1.3)):
            assert self._process is not None
            with self._file:
                self._up.clear()
                self._process.kill()
                self._process.wait()
                self.books.kills += 1
                self._start()

    def _sample(self) -> None:
        while not self._over.wait(10.0):
            if self._up.is_set() and self._process is not None:
                try:
                    self.books.samples.append(self._measure(self._process.pid))
                except OSError:
                    continue

    # Inside

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:
            print(f"soak: {type(error).__name__}: {error}", file=sys.stderr)
            self._over.set()
            raise

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [_COMMAND, "serve", f"--config.file={self._folder / 'kodeks.yml'}",
             f"--storage.path={self._folder / 'storage'}", f"--web.listen-address=127.0.0.1:{self._port}"],
            stdout=self._log, stderr=self._log,
        )  # fmt: skip
        wait_until(lambda: requests.get(self.url + "/-/healthy", timeout=5).ok, "the exporter's start", 60)
        self._up.set()

    def _stop(self) -> None:
        self._up.clear()
        assert self._process is not None
        end(self._process)

    def _write(self, *, broken: bool) -> None:
        document: dict[str, Any] = {
            "managers": [{"name": "ivanova"}],
            "installations": [
                *({"name": name, "client": name, "manager": "ivanova", "mode": "push"} for name in self._names),
                *(
                    {"name": f"asked-{n}", "client": f"c{n}", "manager": "ivanova", "mode": "push", "url": url,
                     "checks": {"icmp": False}}
                    for n, url in enumerate([*self._urls, *[f"http://127.0.0.1:{free_port()}"] * DEAD])
                ),
            ],
            "dealers": [{"name": "soak", "token": TOKEN}],
            "poll": {"checks": "10s"},
        }  # fmt: skip
        if broken:
            document["poll"]["cheks"] = "10s"
        (self._folder / "kodeks.yml").write_text(yaml.safe_dump(document), encoding="utf-8")

    def _measure(self, pid: int) -> tuple[float, float, int, int, float]:
        storage = sum(path.stat().st_size for path in (self._folder / "storage").rglob("*") if path.is_file())
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        minutes = (time.monotonic() - self._began) / 60
        return minutes, memory_megabytes(pid), threads, descriptors, storage / 2**20

    def _kept(self) -> Counter[str]:
        """Events counted by the exporter, by installation."""
        kept: Counter[str] = Counter()
        for line in requests.get(self.url + "/metrics", timeout=60).text.splitlines():
            if line.startswith('kodeks_searches_total{installation="'):
                kept[line.split('"')[1]] += int(float(line.rpartition(" ")[2]))
        return kept

    def _report(self, kept: Counter[str], after: Counter[str]) -> bool:
        books = self.books
        print(f"events: sent {books.sent.total()}, kept {kept.total()}, after a restart {after.total()}")
        print(f"uploads by answer: {dict(books.uploads)}; reloads {books.reloads}; kills {books.kills}")
        print(f"scrapes: {books.scrapes}, missed {len(books.missed)}, slowest {books.slowest:.2f} s")
        early = [each for each in books.samples if each[0] <= self._seconds / 300] or books.samples[:1]
        late = [each for each in books.samples if each[0] >= self._seconds / 75] or books.samples[-1:]
        for title, each in (("start", books.samples[0]), ("end", books.samples[-1])):
            print(f"{title}: {each[1]:.0f} MB, {each[2]} threads, {each[3]} descriptors, {each[4]:.0f} MB of disk")
        flat = max(each[1] for each in late) <= max(each[1] for each in early) * 1.25 + 20
        exact = all(books.sent[name] == kept[name] == after[name] for name in self._names)
        print("nothing lost or duplicated" if exact else f"LOST OR DOUBLED: {books.sent - kept} {kept - books.sent}")
        print("memory flat" if flat else "MEMORY GREW")
        return exact and flat and not books.missed


def report(name: str, number: int) -> bytes:
    """A report whose events are in no other report."""
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now + 3 * 3600))  # Moscow, as installations are by default
    rows = "".join(
        f'<search time="{stamp}" login="u{n % 9}" catalog="/docs" source="ksrv" type="intellectual" status="ok"'
        f' found="1" duration="0.1">{name} {number} {n}</search>'
        for n in range(EVENTS)
    )
    text = f'<sysinfo version="2.0.6.15" created="{stamp}"><searches>{rows}</searches></sysinfo>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    with tempfile.TemporaryDirectory() as folder, fleet(ASKED) as urls:
        soak = Soak(Path(folder), urls, minutes)
        try:
            return 0 if soak.run() else 1
        finally:
            soak.close()


if __name__ == "__main__":
    sys.exit(main())
