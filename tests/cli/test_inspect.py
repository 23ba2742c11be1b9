from __future__ import annotations

from pathlib import Path

from tests.cli.running import command

DATA = Path(__file__).parents[1] / "sysinfo" / "data"


def test_inspect_the_sample() -> None:
    result = command("sysinfo", "inspect", DATA / "sysinfo.xml")
    assert result.returncode == 0, result.stderr
    assert "6.4.5.127" in result.stdout
    assert "Иванова Анна Петровна" not in result.stdout, "no personal data"


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "report.zip").write_bytes(b"PK\x03\x04 broken")
    result = command("sysinfo", "inspect", tmp_path / "report.zip")
    assert result.returncode == 1
    assert "Архив повреждён" in result.stderr
    assert "Traceback" not in result.stderr


def test_unknown_profile_is_told() -> None:
    result = command("sysinfo", "inspect", DATA / "sysinfo.xml", "--profile", "no-such-profile")
    assert result.returncode == 1
    assert "no-such-profile" in result.stderr
    assert "Traceback" not in result.stderr
