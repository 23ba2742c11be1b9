"""The script ./run: what it says and refuses, without network."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


def run(*arguments: str, cwd: Path = TOP) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(TOP / "run"), *arguments], cwd=cwd, capture_output=True, text=True, timeout=30)


def commands() -> set[str]:
    """Every command that the script knows, from its own case list."""
    cases = (TOP / "run").read_text().split("case $command in", 1)[1]
    return set(re.findall(r"^([a-z-]+)\)$", cases, re.MULTILINE)) | {"help"}


@pytest.mark.parametrize("arguments", [(), ("help",), ("--help",)])
def test_help_names_every_command(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 0
    named = set(re.findall(r"^  ([a-z-]+)  ", done.stdout, re.MULTILINE))
    assert named == commands()


def test_unknown_command_is_refused() -> None:
    done = run("dmeo")
    assert done.returncode == 2
    assert "no such command: dmeo" in done.stderr
    assert "demo" in done.stderr


def test_make_has_the_same_commands() -> None:
    targets = re.search(r"^TARGETS = (.*)$", (TOP / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    assert set(targets[1].split()) == commands()


@pytest.mark.parametrize("script", ["run", ".ci/run", *(f"tools/{p.name}" for p in (TOP / "tools").glob("*.sh"))])
def test_scripts_are_plain_sh(script: str) -> None:
    checked = subprocess.run(["/bin/sh", "-n", str(TOP / script)], capture_output=True, text=True, timeout=30)
    assert checked.returncode == 0, checked.stderr


def test_wrapper_starts_the_unpacked_program_with_its_libraries(tmp_path: Path) -> None:
    root = tmp_path / "cache" / "tools" / "root"
    program = root / "usr" / "sbin" / "nginx"
    program.parent.mkdir(parents=True)
    (root / "usr" / "lib" / "x86_64-linux-gnu").mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$LD_LIBRARY_PATH|$*"\n')
    program.chmod(0o755)
    made = subprocess.run(
        ["/bin/sh", "-euc", f"CACHE={tmp_path}/cache; cd {TOP}; . tools/say.sh; . tools/debian.sh; wrap nginx"],
        capture_output=True,
        text=True,
        timeout=30,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    wrapper = tmp_path / "cache" / "tools" / "bin" / "nginx"
    ran = subprocess.run([str(wrapper), "-c", "a b"], capture_output=True, text=True, timeout=30, env={})
    assert ran.stdout == f"{root}/usr/lib/x86_64-linux-gnu|-c a b\n"


def test_three_attempts_and_then_the_log(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    script = (
        f'TOP={TOP}; CACHE={tmp_path}; . "$TOP/tools/say.sh"; sleep() {{ :; }}; '
        'try() { echo x >>"$CACHE/tries"; echo "no network"; false; }; '
        'attempt it.log try || { show_log it.log; fail "it failed" "do that"; }'
    )
    done = subprocess.run(["/bin/sh", "-euc", script], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert (tmp_path / "tries").read_text() == "x\nx\nx\n"
    assert done.stderr == "    no network\nrun: it failed\nrun: do that\n"
