"""What tests of all rooms share: their order, what ``--quick`` leaves out, and Debian's programs."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

settings.register_profile("ours", deadline=None)  # a busy machine is slow, and that is no fault
settings.load_profile("ours")

TESTS = Path(__file__).parent
FIRST = (
    "dashboards/test_truth.py", "replay/test_cases.py", "stack/test_three_exporters.py", "stack", "rules",
    "alertmanager", "score", "cli", "reaction", "web",
)  # fmt: skip
"""The longest begin first, so that none is left alone at the end. The first of all builds the year of history."""
ALONE = ("tests/rules/test_rules.py::test_promtool_cases", "tests/rules/test_life.py", "tests/cli/test_fleet.py")
"""Tests that share nothing and take long: not all by one worker."""
OF_THE_YEAR = (
    "dashboards/test_queries.py", "dashboards/test_tables.py", "dashboards/test_truth_reaction.py",
    "dashboards/test_truth_score.py", "demo/test_year.py", "yearly/test_year.py",
)  # fmt: skip
"""They read the same year, and come last: earlier they would only wait until it is built."""
NOT_QUICK = (
    *OF_THE_YEAR, "dashboards/test_truth.py", "alertmanager", "bench", "checks/test_false_alarms.py", "cli", "client",
    "demo", "intake/test_intake.py", "online/test_store.py", "packaging", "poll", "reaction", "replay", "score",
    "stack", "store/test_months.py", "store/test_reports_kill.py", "store/test_reports_machine.py", "survey",
    "sysinfo/test_hostile.py", "web/test_page_chromium.py", "web/test_phone.py", "web/test_server.py",
    "web/test_strangers.py", "web/test_upload.py", "yearly/test_print.py",
)  # fmt: skip
"""What ``--quick`` leaves out beside all that asks for the fixture ``tool``: it starts programs, or takes its time."""

os.environ.setdefault("GOGC", "400")
"""Prometheus and its tools collect garbage less often: a tenth of their time."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only tests that start no real programs")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.getoption("--quick") and _place(collection_path, NOT_QUICK) < len(NOT_QUICK) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        items[:] = [item for item in items if "tool" not in getattr(item, "fixturenames", ())]
    items.sort(key=lambda item: (_place(item.path, OF_THE_YEAR) < len(OF_THE_YEAR), _place(item.path, FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    scheduler = LoadFileScheduling(config, log)
    by_file = scheduler._split_scope
    scheduler._split_scope = lambda nodeid: nodeid if nodeid.startswith(ALONE) else by_file(nodeid)
    return scheduler


@functools.cache
def _place(path: Path, parts: tuple[str, ...]) -> int:
    """Of the first of ``parts`` that is the file or a folder of it; behind the last when none is."""
    found = [place for place, part in enumerate(parts) if path.is_relative_to(TESTS / part)]
    return found[0] if found else len(parts)


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Path of a Debian program (``tool("promtool")``). A missing one is a failure, not a skip."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.fail(f"{name} is not in PATH: run ./run tools first, and the tests by ./run test")
        return path

    return find
