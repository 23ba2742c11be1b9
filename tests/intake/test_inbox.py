from __future__ import annotations

import os
from pathlib import Path

import pytest

from kodeks_exporter.intake.inbox import Inbox
from kodeks_exporter.poll.scheduler import Pace
from tests.intake.fakes import BROKEN, STATUS, FakeStore, files, fleet, intake


class Desk:
    def __init__(self, tmp_path: Path) -> None:
        self.store = FakeStore()
        self.folder = tmp_path / "inbox"
        inventory = fleet()
        self.inbox = Inbox(self.folder, intake(tmp_path / "storage", self.store, inventory), lambda: inventory, 1000)

    def drop(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def polls(self, number: int = 2) -> int:
        return sum(self.inbox.poll() for _ in range(number))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_dropped_files_are_taken_by_hand(desk: Desk) -> None:
    desk.drop("romashka.zip", b"report")
    desk.drop("pulled.xml", b"other")  # of a closed network for now, whatever its mode
    desk.drop("vasilek.status", STATUS)
    assert desk.inbox.poll() == 0
    assert desk.inbox.poll() == 3
    assert {(r.installation, r.data, r.via) for r in desk.store.reports} == {
        ("romashka", b"report", "hand"), ("pulled", b"other", "hand"),
    }  # fmt: skip
    assert files(desk.folder) == set()


def test_a_file_that_still_grows_is_left_alone(desk: Desk) -> None:
    path = desk.drop("romashka.zip", b"1")
    for size in range(2, 6):
        assert desk.inbox.poll() == 0
        path.write_bytes(b"1" * size)
    assert desk.polls() == 1
    assert desk.store.reports[0].data == b"11111"


def test_names_of_half_copied_files_are_left_alone(desk: Desk) -> None:
    names = {".romashka.zip.Xa81", "romashka.zip.part", "romashka.zip.filepart", "romashka.zip.tmp", "romashka.zip~"}
    for name in names:
        desk.drop(name, b"x")
    assert desk.polls(4) == 0
    assert files(desk.folder) == names


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("romashka.zip", BROKEN, "Это не отчёт sysinfo"),
        ("unknown.zip", b"x", "нет в конфигурации"),
        ("отчёт за май.zip", b"x", "нет в конфигурации"),
        ("romashka.doc", b"x", "не принимаются"),
        ("romashka.zip", bytes(1001), "больше допустимого"),
        ("romashka.status", b"x", "нет метрик"),
    ],
)
def test_what_can_not_be_taken_is_put_aside_with_the_reason(desk: Desk, name: str, data: bytes, words: str) -> None:
    desk.drop(name, data)
    assert desk.polls() == 0
    assert files(desk.folder) == {f"refused/{name}", f"refused/{name}.txt"}
    assert (desk.folder / "refused" / name).read_bytes() == data
    assert words in (desk.folder / "refused" / f"{name}.txt").read_text(encoding="utf-8")


def test_refused_files_of_the_same_name_are_all_kept(desk: Desk) -> None:
    for number in range(3):
        desk.drop("unknown.zip", b"%d" % number)
        desk.polls()
    kept = [path for path in (desk.folder / "refused").iterdir() if path.suffix == ".zip"]
    assert sorted(path.read_bytes() for path in kept) == [b"0", b"1", b"2"]


def test_links_pipes_and_folders_are_not_touched(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (desk.folder / "romashka.zip").symlink_to(secret)
    os.mkfifo(desk.folder / "vasilek.zip")
    (desk.folder / "pulled.zip").mkdir()
    os.link(secret, desk.folder / "a.b.zip")  # a hard link is a file like any other
    assert desk.polls(3) == 1
    assert [report.installation for report in desk.store.reports] == ["a.b"]
    assert (desk.folder / "romashka.zip").is_symlink()
    assert secret.read_bytes() == b"secret"


def test_a_link_in_place_of_refused_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (desk.folder / "refused").symlink_to(elsewhere)
    desk.drop("unknown.zip", b"x")
    assert desk.polls(4) == 0
    assert files(elsewhere) == set()
    assert (desk.folder / "unknown.zip").read_bytes() == b"x"


def test_nothing_is_deleted_when_the_disk_is_full_and_it_is_tried_again(desk: Desk) -> None:
    desk.drop("romashka.zip", b"report")
    desk.store.failure = OSError(28, "No space left on device")
    assert desk.polls(4) == 0
    assert files(desk.folder) == {"romashka.zip"}
    desk.store.failure = None
    assert desk.polls(1) == 1


def test_a_broken_store_is_not_asked_again_and_again(desk: Desk) -> None:
    path = desk.drop("romashka.zip", b"report")
    desk.store.failure = RuntimeError("bug")
    assert desk.polls(5) == 0
    assert path.read_bytes() == b"report"
    desk.store.failure = None
    assert desk.polls(3) == 0
    os.utime(path, (1, 1))  # dropped anew
    assert desk.polls(2) == 1


def test_a_folder_that_vanished_is_told_and_found_again(desk: Desk) -> None:
    desk.folder.rmdir()
    assert desk.inbox.run() is Pace.FAILED
    desk.folder.mkdir()
    desk.drop("romashka.zip", b"report")
    assert [desk.inbox.run(), desk.inbox.run()] == [Pace.NORMAL, Pace.NORMAL]
    assert len(desk.store.reports) == 1


def test_the_newest_of_several_stays_in_force(desk: Desk) -> None:
    os.utime(desk.drop("romashka.zip", b"newer"), (2000, 2000))
    os.utime(desk.drop("romashka.xml", b"older"), (1000, 1000))
    assert desk.polls() == 2
    assert [report.data for report in desk.store.reports] == [b"older", b"newer"]
