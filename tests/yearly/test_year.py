"""Reports over the stand's year in a real Prometheus: what stands on the page is what the stand knows to be true."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from kodeks_exporter.cli.main import main
from kodeks_exporter.yearly.words import MONTHS, careful_percent, number, percent
from tests.year import Year, year
from tests.yearly.test_report import Report, opened, plain

pytestmark = pytest.mark.timeout(600)  # the first to ask for the year builds it

COLUMNS = ("documents", "saves", "prints", "rejections", "activity", "kassist")


@pytest.fixture(scope="module")
def stand() -> Year:
    return year()


def last(stand: Year) -> dt.date:
    """The stand's last day; it is not the last of a month."""
    day = dt.datetime.fromtimestamp(stand.end, dt.UTC).date()
    assert (day + dt.timedelta(days=1)).month == day.month >= 9
    return day


def heads(stand: Year) -> list[str]:
    """Names of the months that have begun, as the tables show them."""
    running = last(stand).month
    return [*MONTHS[: running - 1], f"{MONTHS[running - 1]}*"]


def options(stand: Year, output: Path) -> list[str]:
    day = last(stand)
    return [f"--year={day.year}", f"--until={day}", f"--prometheus.url={stand.url}", f"--output={output}"]


def made(stand: Year, client: str, folder: Path) -> Report:
    file = folder / "report.html"
    assert main(["report", f"--client={client}", *options(stand, file)]) == 0
    return opened(file)


def chosen(stand: Year) -> list[dict[str, Any]]:
    """The most refused one, the one with the most users, one that pushes, one with kAssist and without refusals."""
    everything = list(stand.truth["installations"].values())
    refused = max(everything, key=lambda each: sum(month["rejections"] for month in each["months"].values()))
    most = max(everything, key=lambda each: each["users"])
    pushing = max((each for each in everything if each["mode"] == "push"), key=lambda each: each["users"])
    quiet = next(
        each for each in everything
        if each["mode"] == "pull" and sum(month["usage"]["kassist"] for month in each["months"].values()) > 0
        and not any(month["rejections"] for month in each["months"].values())
    )  # fmt: skip
    return list({each["client"]: each for each in (refused, most, pushing, quiet)}.values())


def true(month: dict[str, Any]) -> list[float]:
    return [month["activity"] if column == "activity" else month["usage"][column] for column in COLUMNS]


def change(now: float, before: float) -> str:
    if now == before:
        return ""
    if before == 0:
        return "было 0"
    if before < 20:
        return f"{now - before:+.0f}"
    told = round((now / before - 1) * 100)
    return "0 %" if told == 0 else f"{told:+} %" if now / before < 10.995 else f"в {round(now / before)} раз"


@pytest.mark.parametrize("place", range(4))
def test_an_installation(stand: Year, tmp_path: Path, place: int) -> None:
    told = chosen(stand)
    truth = told[place % len(told)]
    page = made(stand, truth["client"], tmp_path)
    rows = page.table("months")
    names, begun = heads(stand), last(stand).month
    assert list(rows)[:begun] == names
    months = [truth["months"][f"{last(stand).year}-{number:02}"] for number in range(1, begun + 1)]
    every = [true(month) for month in months]
    shown = [place == 0 or any(values) for place, values in enumerate(zip(*every, strict=True))]

    def some(values: list[float]) -> list[float]:
        return [value for value, there in zip(values, shown, strict=True) if there]

    for cells, month in zip(rows.values(), months, strict=False):
        assert cells[::2] == [plain(number(value)) for value in some(true(month))]
    earlier = [truth["months"][f"{last(stand).year - 1}-12"], *months]
    for cells, before, month in zip(list(rows.values())[: begun - 1], earlier, months, strict=False):
        assert cells[1::2] == [change(*pair) for pair in zip(some(true(month)), some(true(before)), strict=True)]
    totals = [sum(values) for values in zip(*map(true, months), strict=True)]
    assert rows["Всего"] == [plain(number(value)) for value in some(totals)]

    whole = months[:-1]
    assert page.tiles()["Открыто документов"] == plain(number(totals[0]))
    involved = sum(each["involvement"] for each in whole) / len(whole)
    if truth["seats"] >= 20:
        assert page.tiles()["Вовлечённость"] == plain(percent(involved))
    if truth["mode"] == "push":
        assert "Доступность" not in page.tiles()
        assert "Доступность сервера" not in page.text
    refused = [month["rejections"] for month in months]
    short = sum(each > 0 for each in refused) >= 3 and sum(refused) >= 5
    wanted = "Добавить места" if involved > 0.6 else "Проверить, кто занимает рабочие места"
    assert any(each.startswith(wanted) for each in page.advice()) is short


def test_availability(stand: Year, tmp_path: Path) -> None:
    """Of the installation that was away most."""
    pulled = [each for each in stand.truth["installations"].values() if each["mode"] == "pull"]
    truth = min(pulled, key=lambda each: min(month["availability"]["http"] for month in each["months"].values()))
    page = made(stand, truth["client"], tmp_path)
    (chart,) = page.page.xpath("//svg[title[starts-with(., 'Доступность')]]")
    told = dict(part.split(" — ") for part in plain(chart.xpath("desc")[0].text).split("; "))
    for place, name in enumerate(MONTHS[: last(stand).month - 1]):
        ratio = truth["months"][f"{last(stand).year}-{place + 1:02}"]["availability"]["http"]
        shown = float(told[name].removesuffix(" %").replace(",", "."))
        assert shown == pytest.approx(ratio * 100, abs=0.3), name
    assert page.tiles()["Доступность"] != plain(careful_percent(1.0))


def test_an_online_access(stand: Year, tmp_path: Path) -> None:
    accesses = list(stand.truth["online"].values())
    for kind, words in (("shared", "нужен ещё один доступ"), ("never", "не пользовались")):
        truth = next(each for each in accesses if each["kind"] == kind)
        page = made(stand, truth["client"], tmp_path)
        rows = page.table("access")
        assert list(rows)[: last(stand).month] == heads(stand)
        for place, cells in enumerate(list(rows.values())[: last(stand).month]):
            used = truth["months"][f"{last(stand).year}-{place + 1:02}"]["used"]
            left = {key: limit - used[key] for key, limit in truth["limits"].items()}
            assert cells[:4] == [
                f"{plain(number(left[key]))} из {plain(number(truth['limits'][key]))}"
                for key in ("documents", "searches", "prints", "uploads")
            ]
        assert words in page.text


def test_all_clients_of_a_manager(stand: Year, tmp_path: Path) -> None:
    everything = (*stand.truth["installations"].values(), *stand.truth["online"].values())
    clients = {each["client"] for each in everything if each["manager"] == "petrov"}
    assert main(["report", "--manager=petrov", *options(stand, tmp_path)]) == 0
    assert {opened(file).page.xpath("string(//h1)") for file in tmp_path.iterdir()} == clients


def test_a_year_that_prometheus_does_not_keep(stand: Year, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client = next(iter(stand.truth["installations"].values()))["client"]
    output = tmp_path / "r.html"
    given = ["--year=2020", f"--prometheus.url={stand.url}", f"--output={output}"]
    assert main(["report", f"--client={client}", *given]) == 1
    assert f"{client}: нет данных за 2020 год" in capsys.readouterr().err
    assert not output.exists()
