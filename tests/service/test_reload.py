"""A reload puts everything in force or nothing, whatever it meets, and never ends the process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter.config.problems import ConfigError, Problem
from kodeks_exporter.service.exporter import Service


def configuration(client: str) -> dict[str, Any]:
    return {
        "managers": [{"name": "ivanova"}],
        "installations": [{"name": "romashka", "client": client, "manager": "ivanova", "mode": "push"}],
    }


def write(path: Path, client: str) -> None:
    path.write_text(yaml.safe_dump(configuration(client), allow_unicode=True), encoding="utf-8")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    write(tmp_path / "kodeks.yml", "before")
    service = Service(tmp_path / "kodeks.yml", tmp_path / "data")
    service.start()
    yield service
    service.stop()


def client(service: Service) -> str:
    (view,) = service.fleet().installations
    return view.client


def succeeded(service: Service) -> bool:
    return b"kodeks_exporter_config_last_reload_successful 1.0" in service.metrics(openmetrics=False)


class Web:
    """As the HTTP server takes part in a reload."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.swaps = 0

    def prepare(self) -> Callable[[], None]:
        if self.problem is not None:
            raise self.problem
        return self.swap

    def swap(self) -> None:
        self.swaps += 1


def test_everything_is_swapped(service: Service, tmp_path: Path) -> None:
    web = Web()
    service.reload_also(web.prepare)
    write(tmp_path / "kodeks.yml", "after")
    assert service.reload() == []
    assert (client(service), web.swaps, succeeded(service)) == ("after", 1, True)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ConfigError([Problem("web.yml", 3, "tls_server_config", "no such file")]), "tls_server_config"),
        (MemoryError(), "MemoryError"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
def test_a_mistake_in_what_else_is_read_leaves_all_as_it_was(
    service: Service, tmp_path: Path, problem: Exception, said: str
) -> None:
    web = Web(problem)
    service.reload_also(web.prepare)
    write(tmp_path / "kodeks.yml", "after")
    assert said in "".join(service.reload())
    assert (client(service), web.swaps, succeeded(service)) == ("before", 0, False)
    web.problem = None
    assert service.reload() == []
    assert (client(service), web.swaps, succeeded(service)) == ("after", 1, True)


@pytest.mark.parametrize("part", ["_reporting", "_accesses", "_reactions"])
def test_an_error_half_way_puts_back_what_was_swapped(
    service: Service, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = getattr(service, part).configure, []

    def configure(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            raise ZeroDivisionError("of nobody's making")
        real(*arguments)

    monkeypatch.setattr(getattr(service, part), "configure", configure)
    write(tmp_path / "kodeks.yml", "after")
    assert "ZeroDivisionError" in "".join(service.reload())
    assert (client(service), succeeded(service)) == ("before", False)
    assert service.reload() == []
    assert client(service) == "after"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: !!python/object:os.system x", b"[" * 5000, b"", b"- 1"])
def test_a_file_that_is_no_configuration(service: Service, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kodeks.yml").write_bytes(content)
    assert service.reload()
    assert (client(service), succeeded(service)) == ("before", False)


def test_a_clock_that_leaps_is_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.alive()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 86400.0)
    assert service.alive()
    assert service.alive()
    assert b"kodeks_exporter_clock_leaps_total 1.0" in service.metrics(openmetrics=False)


def test_files_set_aside_are_told_until_they_are_removed(tmp_path: Path) -> None:
    write(tmp_path / "kodeks.yml", "before")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "reaction.sqlite").write_bytes(b"no database at all, and yet a file\n" * 100)
    service = Service(tmp_path / "kodeks.yml", tmp_path / "data")
    try:
        assert b"kodeks_exporter_storage_unreadable_files 1.0" in service.metrics(openmetrics=False)
        for kept in (tmp_path / "data").glob("*.unreadable-*"):
            kept.unlink()
        assert service.reload() == []
        assert b"kodeks_exporter_storage_unreadable_files 0.0" in service.metrics(openmetrics=False)
        (tmp_path / "data").rename(tmp_path / "moved")
        assert service.reload() == []
        assert b"kodeks_exporter_storage_unreadable_files 1.0" in service.metrics(openmetrics=False)
    finally:
        service.start()
        service.stop()
