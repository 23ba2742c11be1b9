"""How the command behaves as a service: signs of life for systemd, and a log that nobody can fill."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from kodeks_exporter.cli.logs import Summed
from kodeks_exporter.cli.notify import ALIVE, READY, notify, watchdog_interval


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notify(READY)  # nobody listens: nothing happens
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify(READY)
        notify(ALIVE)
        assert [listener.recv(100) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]
    notify(ALIVE)  # gone meanwhile


def test_signs_of_life_come_twice_as_often_as_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watchdog_interval(10.0) == 10.0
    monkeypatch.setenv("WATCHDOG_USEC", "6000000")
    assert watchdog_interval(10.0) == 3.0
    monkeypatch.setenv("WATCHDOG_USEC", "soon")
    assert watchdog_interval(10.0) == 10.0


def test_lines_of_one_kind_are_summed_up() -> None:
    now = [0.0]
    summed = Summed(lambda: now[0])

    def passes(message: str, level: int = logging.WARNING) -> logging.LogRecord | None:
        record = logging.LogRecord("web", level, "", 0, message, None, None)
        return record if summed.filter(record) else None

    assert sum(passes("upload refused") is not None for _ in range(5000)) == 20
    assert passes("another kind") is not None
    assert sum(passes("told anyway", logging.INFO) is not None for _ in range(100)) == 100
    now[0] = 61.0
    record = passes("upload refused")
    assert record is not None
    assert record.__dict__["similar"] == 4980
    again = passes("upload refused")
    assert again is not None
    assert "similar" not in again.__dict__
