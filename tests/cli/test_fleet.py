"""A large fleet, half of which has vanished without a word."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench.fleet import fleet, write_config
from tests.cli.running import serving, wait_for

HALF = 250
INTERVAL = 15


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port that swallows connections: nothing accepts them and the queue is full, as behind a dropping firewall."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port: int = listener.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        time.sleep(0.2)
        yield port


def test_half_of_a_fleet_black_holed(tmp_path: Path) -> None:
    """Every healthy installation is checked within two intervals, from the first on; of 1000: bench/blackhole."""
    with fleet(HALF) as urls, black_hole() as port:
        config = tmp_path / "kodeks.yml"
        interleaved = [url for good in urls for url in (f"http://127.0.0.1:{port}", good)]
        write_config(config, interleaved, f"{INTERVAL}s")
        with serving(config, tmp_path / "data") as exporter:
            runs: dict[str, set[float]] = defaultdict(set)
            begin = time.time()
            while time.time() < begin + 3 * INTERVAL:
                text = exporter.get("/metrics").text
                pattern = r'kodeks_check_last_run_timestamp_seconds\{installation="(s\d+)",check="tcp"\} (\S+)'
                for name, value in re.findall(pattern, text):
                    runs[name].add(float(value))
                time.sleep(2)
            end = time.time()
            lag = exporter.metric("kodeks_exporter_poll_lag_seconds")
    healthy = [f"s{number}" for number in range(1, 2 * HALF, 2)]
    assert len(healthy) == HALF
    for name in healthy:
        moments = [begin, *sorted(runs[name]), end]
        worst = max(later - earlier for earlier, later in itertools.pairwise(moments))
        assert worst < 2 * INTERVAL, f"{name} was not checked for {worst:.0f} s"
    sick = runs["s0"] | runs["s2"] | runs["s4"]
    assert sick, "the sick ones are checked as well"
    assert lag is not None
    assert lag < 2 * INTERVAL


def test_a_hanging_server_does_not_delay_another(tmp_path: Path) -> None:
    with fleet(1) as urls, socket.create_server(("127.0.0.1", 0), backlog=50) as hanging:
        config = tmp_path / "kodeks.yml"
        write_config(config, [f"http://127.0.0.1:{hanging.getsockname()[1]}", *urls], "5s")
        with serving(config, tmp_path / "data") as exporter:
            wait_for(lambda: exporter.metric('kodeks_check_success{installation="s1",check="auth"}') == 1, 5)
            assert exporter.metric('kodeks_check_success{installation="s0",check="tcp"}') is None, "still hanging"
            # It is told after two looks that wait out the limit (10 s each), and 2 s between them.
            wait_for(lambda: exporter.metric('kodeks_check_success{installation="s0",check="http"}') == 0, 40)
