"""The command as people call it, against figures made by hand; what is read is the page's text."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from demo.processes import free_port
from kodeks_exporter.cli.main import main
from tests.yearly.fake import Request, Told, send, serving, success
from tests.yearly.stories import NAME, YEAR, moment, month, romashka


@dataclass(frozen=True)
class Report:
    source: str
    page: Any

    @property
    def text(self) -> str:
        return spaced(self.page)

    def table(self, kind: str) -> dict[str, list[str]]:
        """Cells by the head of their row; a cell over two columns counts once."""
        (table,) = self.page.xpath(f"//table[@class='{kind}']")
        return {plain(row.xpath("th")[0].text_content()): [plain(cell.text_content()) for cell in row.xpath("td")]
                for row in table.xpath("tbody/tr")}  # fmt: skip

    def tiles(self) -> dict[str, str]:
        return {plain(tile.xpath("span")[0].text_content()): plain(tile.xpath("b")[0].text_content())
                for tile in self.page.xpath("//ul[starts-with(@class, 'tiles')]/li")}  # fmt: skip

    def advice(self) -> list[str]:
        return self._list("advice")

    def done(self) -> list[str]:
        return self._list("done")

    def _list(self, kind: str) -> list[str]:
        return [plain(each.text_content()) for each in self.page.xpath(f"//ul[@class='{kind}']/li")]


def spaced(element: Any) -> str:
    """Text with a space between elements."""
    return plain(" ".join(element.itertext()))


def plain(text: str) -> str:
    return " ".join(text.replace("\N{MINUS SIGN}", "-").split())


def opened(path: Path) -> Report:
    source = path.read_text(encoding="utf-8")
    return Report(source, html.fromstring(source.encode()))


def call(told: Told, output: Path, *options: str, year: int = YEAR) -> int:
    with serving(told.answer) as url:
        given = ["report", f"--year={year}", f"--prometheus.url={url}", f"--output={output}", *options]
        return main(given)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return made(romashka(), tmp_path_factory.mktemp("report"))


def made(told: Told, folder: Path, *options: str, client: str = NAME) -> Report:
    assert call(told, folder / "r.html", f"--client={client}", *options) == 0
    return opened(folder / "r.html")


def test_title(report: Report) -> None:
    head = spaced(report.page.xpath("//header")[0])
    for part in (NAME, "2025 год", "0599_123456", "до 15.02.2026", "Подготовил ivanova"):
        assert part in head


def test_figures_of_the_first_page(report: Report) -> None:
    assert report.tiles() == {
        "Открыто документов": "7 500",
        "Обращений в рабочий день": "35",
        "Вовлечённость": "65 %",
        "Отказы в подключении": "12",
        "Доступность": "99,0 %",
        "Поиски без результата": "10 %",
    }
    assert "Нет данных об использовании за март: это не ноль" in report.text
    assert "Активнее всего работали в декабре (1 250 обращений), спокойнее всего — в январе (150)." in report.text


def test_advice(report: Report) -> None:
    assert report.advice() == [
        "Добавить места: отказы в подключении были в 4 месяцах из 11. Для начала — от 2 мест.",
        "Расширить комплект: ищут и не находят ГОСТ (36 поисков) и СП (12 поисков).",
        "Продлить вовремя: регистрация действует до 15.02.2026.",
    ]


def test_months_and_their_changes(report: Report) -> None:
    rows = report.table("months")
    assert list(rows)[:3] == ["январь", "февраль", "март"]
    assert rows["январь"] == ["100", "—", "10", "—", "5", "—", "0", "—", "150", "—"]
    assert rows["февраль"][:4] == ["200", "+100 %", "20", "+10"]
    assert rows["март"] == ["нет данных"] * 5
    assert rows["апрель"][:2] == ["400", "—"]
    assert rows["май"][6:8] == ["3", "было 0"]
    assert rows["июль"][6:8] == ["0", "-3"]
    assert "kAssist" not in report.page.xpath("string(//table[@class='months']/thead)"), "zero all year"
    assert "Не показано, потому что за все месяцы ноль или нет данных: kAssist." in report.text
    assert rows["Всего"] == ["7 500", "750", "55", "12", "8 050"]


def test_january_is_compared_with_december_before(tmp_path: Path) -> None:
    told = romashka()
    month(told, "2024-12", documents=50.0)
    assert made(told, tmp_path).table("months")["январь"][:2] == ["100", "+100 %"]


def test_halves_of_the_year(report: Report) -> None:
    rows = report.table("changes")
    assert rows["Открытые документы"] == ["360", "950", "+164 %"]
    assert rows["Отказы в подключении"] == ["1,2", "1", "-0,2"], "of few no percentages"
    assert "январь–февраль, апрель–июнь" in report.text


def test_the_year_before(tmp_path: Path) -> None:
    told = romashka()
    for number in (5, 6, 7):
        month(told, f"2024-{number:02}", documents=300.0)
    page = made(told, tmp_path)
    assert page.table("changes")["Открытые документы"] == ["900", "1 800", "+100 %"]
    assert "одни и те же полные месяцы двух лет: май–июль" in page.text


def test_demand_starts_where_the_year_starts(report: Report) -> None:
    """The counter of ГОСТ stood at 100 when it was first seen: that is nobody's year."""
    (chart,) = report.page.xpath("//svg[title[starts-with(., 'Чего нет в комплекте')]]")
    assert plain(chart.xpath("desc")[0].text) == "ГОСТ — 36; СП — 12; вид документа не назван — 72"
    rows = [spaced(row) for row in report.page.xpath("//table[contains(@class, 'wide')]/tbody/tr")]
    assert "Не та раскладка клавиатуры 18 показать подсказку раскладки" in rows


def test_counters_that_begin_or_fall_within_the_year(tmp_path: Path) -> None:
    told = romashka()
    day, first = 86400.0, moment("2025-05-10T00:00")
    told.empty = {
        ("romashka", "ГОСТ", "absent"): [(moment("2025-01-01T00:00"), 7.0), (first, 7.0)],
        ("romashka", "СП", "absent"): [(first, 4.0), (first + day, 9.0), (first + 2 * day, 2.0)],
    }
    (chart,) = made(told, tmp_path).page.xpath("//svg[title[starts-with(., 'Чего нет')]]")
    assert plain(chart.xpath("desc")[0].text) == "СП — 11"


def test_running_month_and_months_to_come(tmp_path: Path) -> None:
    told = romashka()
    for key in [key for key in told.usage if key[2] > "2025-08"]:
        del told.usage[key]
    told.reported["romashka", "2025-06"] = moment("2025-06-12T15:00")
    page = made(told, tmp_path, "--until=2025-08-15")
    rows = page.table("months")
    assert "1 января — 15 августа 2025 года" in page.text
    assert rows["август*"][:2] == ["800", "—"]
    assert rows["июнь†"][:2] == ["600", "—"]
    assert rows["июль"][:2] == ["700", "—"]
    assert not any("сентябрь" in name for name in rows), "what is to come is no row"
    assert "† Июнь: последний отчёт сервера за месяц — от 12.06.2025" in page.text
    assert "сентябрь" not in page.page.xpath("string(//svg/desc)")
    assert "по 15.08.2025 включительно" in page.text


def test_a_new_clients_year_begins_with_what_is_known(tmp_path: Path) -> None:
    told = Told()
    told.clients["romashka"] = {"client": NAME, "manager": "ivanova", "branch": "", "url": ""}
    for name in ("2025-11", "2025-12"):
        month(told, name, documents=30.0, active=1.0, seats=10.0)
    told.up.clear()
    page = made(told, tmp_path)
    assert "1 ноября — 31 декабря 2025 года" in page.text
    assert list(page.table("months")) == ["ноябрь", "декабрь", "Всего", "В среднем"]
    assert page.table("months")["декабрь"][0] == "30"
    assert "январь" not in page.text
    assert "Доступность" not in page.tiles()
    assert "В месяц с системой работает в среднем 1 человек на 10 мест: это ниже ориентира (от 7 из 10)." in page.text
    month(told, "2024-02", documents=1.0)
    assert "Нет данных об использовании за январь–октябрь" in made(told, tmp_path).text, "it is no new client"


def test_nothing_is_made_of_nothing(tmp_path: Path) -> None:
    """Availability alone is known: every other figure says so, none is 0."""
    told = romashka()
    told.usage.clear()
    told.users.clear()
    told.seats.clear()
    told.empty.clear()
    page = made(told, tmp_path)
    assert [value for name, value in page.tiles().items() if name != "Доступность"] == ["нет данных"] * 5
    assert "отчёты сервера не поступали" in page.text
    assert set(page.table("months")["май"]) == {"нет данных"}
    assert page.advice() == ["Продлить вовремя: регистрация действует до 15.02.2026."]
    assert "Сравнивать пока не с чем" in page.text


def test_two_installations(tmp_path: Path) -> None:
    told = romashka()
    told.clients["romashka-2"] = dict(told.clients["romashka"], manager="petrov")
    month(told, "2025-12", "romashka-2", documents=10.0, rejections=1.0, seats=5.0)
    page = made(told, tmp_path)
    rows = page.table("months")
    assert rows["декабрь"][0] == "1 210"
    assert rows["ноябрь‡"][0] == "1 100"
    assert "‡ Ноябрь: без установки romashka-2." in page.text
    assert "Подготовил ivanova, petrov" in page.text
    assert "мест не хватает" in page.text
    assert "мест хватает впритык" in page.text


def online(told: Told) -> Told:
    told.accounts["romashka-1"] = {"client": NAME, "manager": "ivanova", "login": "u123", "server": "nps2.example"}
    for number in range(1, 13):
        for resource in ("documents", "searches", "prints", "uploads"):
            name = f"2025-{number:02}"
            told.limits["romashka-1", resource, name] = 300.0
            if number != 2:
                told.left["romashka-1", resource, name] = 0.0 if resource == "documents" and number == 4 else 20.0
    return told


def test_online_accesses(tmp_path: Path) -> None:
    page = made(online(romashka()), tmp_path)
    rows = page.table("access")
    assert rows["январь"] == ["20 из 300", "20 из 300", "20 из 300", "20 из 300", "93 %"]
    assert rows["февраль"] == ["нет данных"] * 5
    assert rows["апрель"][0] == "0 из 300"
    assert "Добавить онлайн-доступ: u123 расходует лимит почти целиком." in page.advice()


def test_a_client_with_online_accesses_alone(tmp_path: Path) -> None:
    page = made(online(Told()), tmp_path)
    assert page.tiles()["Использовано лимита"] == "94 %"
    assert page.tiles()["Документов онлайн"] == "3 100"
    assert not page.page.xpath("//table[@class='months']")
    assert "Вовлечённость" not in page.text
    assert "Регистрационный номер" not in page.text


EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>&{{7*7}}'


def test_everything_is_escaped(tmp_path: Path) -> None:
    told = online(romashka())
    told.clients["romashka"] = dict(told.clients["romashka"], client=EVIL, manager=EVIL)
    told.accounts["romashka-1"] = {"client": EVIL, "manager": EVIL, "login": EVIL, "server": EVIL}
    told.registration["romashka"] = {"regnum": EVIL, "legal_entity": EVIL}
    told.empty = {("romashka", EVIL, each): samples for (_, _, each), samples in told.empty.items()}
    told.usage |= {(one, EVIL, name, kind): value for (one, _, name, kind), value in told.usage.items()}
    page = made(told, tmp_path, f"--contact={EVIL}", client=EVIL)
    assert not page.page.xpath("//script | //img | //*[@onerror] | //iframe | //object | //link")
    assert page.page.xpath("//h1")[0].text == EVIL
    assert "49" not in page.page.xpath("//title")[0].text


def test_one_file_that_needs_nothing_else(report: Report) -> None:
    assert not re.search(r'(src|href|xlink)="?(?!#)', re.sub(r"<style>.*?</style>", "", report.source, flags=re.DOTALL))
    assert "url(" not in report.page.xpath("//style")[0].text
    style = re.search(r"<style>(.*?)</style>", report.source, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    (policy,) = report.page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert f"'sha256-{digest}'" in policy


def test_identifiers_are_unique(report: Report) -> None:
    found = report.page.xpath("//@id")
    assert len(found) == len(set(found)) > 10


def test_no_user_and_no_query_is_asked_for(tmp_path: Path) -> None:
    told = romashka()
    made(told, tmp_path)
    for request in told.asked:
        assert not re.search(r"\buser\b|kodeks_user_|search_event|session_info", request.query)


def test_no_raw_series_is_read_over_a_year(tmp_path: Path) -> None:
    """Ranges of more than two months are of sparse series, or are looked at in wide steps."""
    told = online(romashka())
    made(told, tmp_path)
    selector = r'([a-z][\w:]*)(?:\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\})?\)?\[(\d+)([sd])(:\w+)?\]'
    found = [each for request in told.asked for each in re.findall(selector, request.query)]
    assert len(found) > 40
    for name, count, unit, step in found:
        seconds = int(count) * {"s": 1, "d": 86400}[unit]
        assert step or seconds < 3 * 86400 or name.endswith((":daily", ":hourly")), name


# Several reports at once, and what goes wrong.


def three(told: Told) -> Told:
    told.clients["vesna"] = {"client": "АО «Весна»", "manager": "ivanova", "branch": "saratov", "url": ""}
    told.clients["prazdnik"] = {"client": "АО Весна", "manager": "petrov", "branch": "saratov", "url": ""}
    month(told, "2025-05", "vesna")
    month(told, "2025-05", "prazdnik")
    return told


def test_several_clients_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clients = [f"--client={name}" for name in (NAME, "АО «Весна»", "АО Весна", NAME)]
    assert call(three(romashka()), tmp_path / "out", *clients) == 0
    names = ["ao-vesna-2-2025.html", "ao-vesna-2025.html", "ooo-romashka-2025.html"]
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == names
    assert opened(tmp_path / "out" / "ao-vesna-2-2025.html").page.xpath("//h1")[0].text == "АО Весна"
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_all_clients_of_a_manager(tmp_path: Path) -> None:
    assert call(three(romashka()), tmp_path / "out", "--manager=ivanova", "--contact=Мария Иванова") == 0
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [
        "ao-vesna-2025.html",
        "ooo-romashka-2025.html",
    ]
    assert "Подготовил Мария Иванова" in opened(tmp_path / "out" / "ao-vesna-2025.html").text


def test_one_client_into_an_existing_folder(tmp_path: Path) -> None:
    assert call(romashka(), tmp_path, f"--client={NAME}") == 0
    assert [each.name for each in tmp_path.iterdir()] == ["ooo-romashka-2025.html"]


@pytest.mark.parametrize("name", ["ромашка", "Рамашка", "ООО Ромашка", "OOO «Ромашка»"])
def test_unknown_client(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert call(three(romashka()), tmp_path / "r.html", f"--client={name}") == 1
    told = capsys.readouterr().err
    assert f"клиента «{name}» Prometheus не знает; похожи: {NAME}" in told
    assert not list(tmp_path.iterdir())


def test_unknown_manager(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = romashka()
    told.accounts["x"] = {"client": "К", "manager": "petrov", "login": "", "server": ""}
    assert call(told, tmp_path / "out", "--manager=petrow") == 1
    assert "похожи: petrov" in capsys.readouterr().err


def test_a_client_who_went_to_another_manager(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prometheus names him for both; he belongs to the one who was told last."""
    told = romashka()
    told.clients["romashka"]["manager"] = "ivanova"

    def answer(request: Request, handler: BaseHTTPRequestHandler) -> None:
        if "/label/" in request.path:
            send(handler, success([NAME]))
        else:
            told.answer(request, handler)

    with serving(answer) as url:
        given = ["report", f"--year={YEAR}", f"--prometheus.url={url}", f"--output={tmp_path / 'out'}"]
        assert main([*given, "--manager=petrov"]) == 1
        assert "у менеджера «petrov» к концу периода клиентов нет" in capsys.readouterr().err
        assert main([*given, "--manager=ivanova"]) == 0


def test_no_data_of_the_year_leaves_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = romashka()
    told.clients["vesna"] = {"client": "АО «Весна»", "manager": "ivanova", "branch": "", "url": ""}
    assert call(told, tmp_path / "out", "--manager=ivanova") == 1
    assert "АО «Весна»: нет данных за 2025 год" in capsys.readouterr().err
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["ooo-romashka-2025.html"]


def test_prometheus_is_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    output = tmp_path / "r.html"
    assert main(["report", "--client=К", "--year=2025", f"--prometheus.url={url}", f"--output={output}"]) == 3
    assert f"{url}: соединение отклонено" in capsys.readouterr().err
    assert not output.exists()


def test_warnings_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = romashka()
    told.warnings = ["a store did not answer"]
    made(told, tmp_path)
    assert capsys.readouterr().err.count("Prometheus warns: a store did not answer") == 1


def test_credentials_from_files(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    told = romashka()
    basic = ["--prometheus.username=me", f"--prometheus.password-file={tmp_path / 'password'}"]
    made(told, tmp_path, *basic)
    wanted = "Basic " + base64.b64encode(b"me:s3cret").decode()
    assert {request.headers.get("authorization") for request in told.asked} == {wanted}


def wrong() -> Iterator[tuple[list[str], str]]:
    yield ["--prometheus.username=me"], "go together"
    yield ["--prometheus.bearer-token-file=/nowhere"], "/nowhere"
    yield ["--prometheus.bearer-token-file=/dev/null"], "one line of text"
    yield ["--until=2024-12-31"], "2025 has not begun"


@pytest.mark.parametrize(("options", "told"), list(wrong()))
def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], told: str) -> None:
    assert call(romashka(), tmp_path / "r.html", f"--client={NAME}", *options) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [[], ["--client=a", "--manager=b"], ["--client=a", "--year=26"], ["--client=a", "--prometheus.timeout=0"]],
)
def test_arguments_that_make_no_sense(tmp_path: Path, options: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["report", "--year=2025", f"--output={tmp_path}", *options])
    assert caught.value.code == 2


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert call(romashka(), tmp_path / "file" / "r.html", f"--client={NAME}") == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def fleet(told: Told, count: int) -> Told:
    for place in range(count):
        name = f"filial-{place:02}"
        told.clients[name] = dict(told.clients["romashka"])
        for number in range(1, 13):
            if (place, number) != (0, 12):
                month(told, f"2025-{number:02}", name, documents=10.0, rejections=1.0)
    return told


def test_many_installations(tmp_path: Path) -> None:
    """The first page stays one page; a month that lacks one of many is still compared."""
    page = made(fleet(romashka(), 30), tmp_path)
    assert "Установки filial-00, filial-01, filial-02 и ещё 28" in page.text
    (seats, *_) = page.advice()
    assert seats.startswith("Добавить места на установках filial-00, filial-01, filial-02 и ещё 28")
    assert "для начала всего от 62 мест" in seats
    rows = page.table("months")
    assert rows["декабрь‡"][:2] == ["1 490", "+6 %"]
    assert len(page.page.xpath("//table[@class='wide']")[0].xpath("tbody/tr")) == 31
