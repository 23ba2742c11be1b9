"""What was done for the client, who hands the report over, and what the command says of a weak one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kodeks_exporter.cli.main import main
from kodeks_exporter.domain.reaction import End, Ending, Incident, Step, Taken
from kodeks_exporter.store.reaction import ReactionStore
from tests.yearly.fake import Told, serving
from tests.yearly.stories import NAME, YEAR, moment, month, romashka
from tests.yearly.test_report import Report, call, opened, spaced

HOUR = 3600.0
KODEKS_YML = """\
managers:
  - {name: ivanova, full_name: Мария Иванова, phone: +7 8452 00-00-01, email: i@dealer.example, time_zone: Asia/Omsk}
yearly: {company: ООО «Дистрибьютор», phone: +7 8452 00-00-00, signature: Отдел сопровождения, logo_file: logo.png}
"""
PNG = b"\x89PNG\r\n\x1a\n"


def away(told: Told, begin: str, *shares: float) -> None:
    """Hours in a row from ``begin``: the share of each in which the page opened."""
    at = moment(begin)
    hours = [(at + HOUR * (place + 1), share) for place, share in enumerate(shares)]
    told.hourly.setdefault("romashka", []).extend([*hours, (hours[-1][0] + HOUR, 1.0)])


def made(told: Told, folder: Path, *options: str) -> Report:
    assert call(told, folder / "r.html", f"--client={NAME}", *options) == 0
    return opened(folder / "r.html")


def test_outages_are_hours_in_a_row_and_restarts_are_none(tmp_path: Path) -> None:
    told = romashka()
    away(told, "2025-02-01T01:00", 0.8)
    away(told, "2025-03-03T22:00", 0.5, 0.0, 0.0, 0.5)
    away(told, "2025-07-07T10:00", 0.0)
    (watched, *_) = made(told, tmp_path).done()
    assert watched == (
        "Следили за работой системы днём и ночью: 7 700 часов наблюдения. Заметили 2 перебоя дольше получаса: обычно"
        " система снова открывалась через 2 часа, в самом долгом случае (4 марта 2025) — через 3 часа."
    ), "by Moscow time"


def test_a_low_availability_is_explained(tmp_path: Path) -> None:
    told = romashka()
    month(told, "2025-04", documents=10.0, up=350.0)
    away(told, "2025-04-03T10:00", *[0.0] * 300)
    page = made(told, tmp_path)
    assert "Ниже обычного было в апреле. На перебои дольше получаса пришлось всего 300 ч" in page.text
    assert "с 3 апреля 2025 — 12 дней" in page.text


def test_updates_users_and_searches(tmp_path: Path) -> None:
    told = romashka()
    told.versions["romashka"] = ["6.4.4.194", "6.4.5.127"]
    told.updates["romashka"] = 240.0
    month(told, "2025-12", documents=10.0, users=31.0)
    done = made(told, tmp_path).done()
    assert "Программу сервера обновляли 1 раз: с 6.4.4.194 до 6.4.5.127." in done
    assert "Следили за ежедневными обновлениями документов: они приходили 240 раз." in done
    assert "Пользователей с карточками стало больше: было 25, стало 31." in done


def test_kodeks_yml_signs_the_report(tmp_path: Path) -> None:
    (tmp_path / "kodeks.yml").write_text(KODEKS_YML)
    (tmp_path / "logo.png").write_bytes(PNG)
    page = made(romashka(), tmp_path, f"--config.file={tmp_path / 'kodeks.yml'}")
    assert "Подготовил Мария Иванова, +7 8452 00-00-01" in spaced(page.page.xpath("//header")[0])
    (image,) = page.page.xpath("//header/img/@src")
    assert image.startswith("data:image/png;base64,")
    foot = spaced(page.page.xpath("//footer")[0])
    assert foot.startswith(
        "Отдел сопровождения Мария Иванова, +7 8452 00-00-01 ООО «Дистрибьютор», +7 8452 00-00-00 Составлен"
    )


@pytest.mark.parametrize(("data", "words"), [(b"GIF89a", "is no PNG"), (PNG + bytes(300_000), "is larger than")])
def test_a_logo_that_can_not_be_shown(
    tmp_path: Path, data: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kodeks.yml").write_text(KODEKS_YML)
    (tmp_path / "logo.png").write_bytes(data)
    given = [f"--client={NAME}", f"--year={YEAR}", f"--output={tmp_path / 'r.html'}"]
    assert main(["report", *given, f"--config.file={tmp_path / 'kodeks.yml'}"]) == 2
    assert words in capsys.readouterr().err


def test_a_weak_report_is_called_so_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = romashka()
    for key in [key for key in told.usage if key[2] > "2025-02"]:
        del told.usage[key]
    with serving(told.answer) as url:
        given = [f"--client={NAME}", f"--year={YEAR}", f"--output={tmp_path / 'r.html'}", f"--prometheus.url={url}"]
        assert main(["report", *given]) == 0
    doubts = capsys.readouterr().err
    assert f"{NAME}: прежде чем отдать: полных месяцев с данными — 2" in doubts
    assert "впишите full_name" in doubts
    assert opened(tmp_path / "r.html").text


def test_what_managers_took_in_hand(tmp_path: Path) -> None:
    """From an exporter's storage that it may be using; others' cases, other years and what nobody took do not count."""
    cases = (
        ("KodeksTcpStatus", "K1", "romashka", "2025-03-01T10:00", 10, "звоню"),
        ("KodeksOnlineSensLockCheck", "K1", "romashka", "2025-05-01T10:00", 20, "ключ на месте?"),
        ("KodeksUserActivityIsLow", "K5", "romashka", "2025-05-20T10:00", 60, "Предложила обучение"),
        ("KodeksUsageDrop", "K5", "romashka", "2025-06-20T10:00", 60, "в отпуске"),
        ("KodeksTcpStatus", "K1", "romashka", "2025-07-01T10:00", None, ""),
        ("KodeksLicenseExpiring2day", "K3", "romashka", "2025-08-01T10:00", 600, "счёт выставлен"),
        ("KodeksTcpStatus", "K1", "vesna", "2025-03-01T10:00", 10, "звоню"),
        ("KodeksTcpStatus", "K1", "romashka", "2024-03-01T10:00", 10, "звоню"),
    )
    store = ReactionStore(tmp_path)
    ends = []
    for alert, priority, installation, begin, minutes, comment in cases:
        told = moment(begin)
        taken = None if minutes is None else Taken(told + 60 * minutes, "Анна", comment, told + 86400)
        labels = {"alertname": alert, "installation": installation, "client": NAME, "priority": priority}
        identity = f"{alert} {begin} {installation}"
        incident = Incident(identity, labels, told, told, told, taken, over=told + 7200)
        ends.append(End(incident, Ending.ACKNOWLEDGED if taken else Ending.UNANSWERED, 7200.0))
    store.record(Step(tuple(ends), (), ()), moment("2025-12-01T10:00"))
    store.close()
    done = made(romashka(), tmp_path, f"--storage.path={tmp_path}").done()
    assert "Разбирали сбои: 2 раза. Обычно брались за дело через 15 минут." in done
    low = "Когда системой пользовались мало, выясняли почему: 2 раза, из них предлагали обучение — 1 раз."
    assert low in done
