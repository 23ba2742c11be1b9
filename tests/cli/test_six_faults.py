"""Six faults at once, injected into the real exporter from outside: the on-call's page shows all, the worst first."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
from lxml import html

from demo.vendor import Access, Kind, ServerSpec, Vendor
from tests.cli.running import Exporter, serving, wait_for, write
from tests.reaction.phone import WIDTH, phone

XML = (Path(__file__).parents[1] / "sysinfo" / "data" / "sysinfo.xml").read_text("utf-8")
TOKEN = "a-token-of-forty-characters-0123456789ab"
ROUND = 30.0
ZONE = ZoneInfo("Europe/Moscow")
CLIENTS = {
    "tom": "ООО «Сломанный том»",
    "spp": "АО «Немая СПП»",
    "page": "МУП «Страница вместо отчёта»",
    "silent": "ФГУП «Молчащий сервер»",
    "well": "ЗАО «Исправный»",
}


def report(good: str = "", bad: str = "") -> bytes:
    """A good report of today, with one thing gone bad."""
    now = datetime.now(ZONE)
    text = XML.replace('error="2007" message="Ошибка защиты (2007)"', 'error="0" message=""')
    text = text.replace("2026-11-20T", f"{now - timedelta(hours=10):%Y-%m-%d}T").replace(
        "2026-11-16T", f"{now:%Y-%m-%d}T"
    )
    text = text.replace("T09:55:00", f"T{now - timedelta(minutes=10):%H:%M:%S}", 1)
    for expiry in ("2027-01-31", "2026-12-15"):
        text = text.replace(expiry, f"{now + timedelta(days=300):%Y-%m-%d}")
    assert good in text
    return text.replace(good, bad, 1).encode()


def upload(exporter: Exporter, name: str, content: bytes) -> int:
    answer = requests.post(
        f"{exporter.url}/upload?token={TOKEN}",
        headers={"upload": "yes", "dealer": "0599d"},
        files={"file": (name, content)},
        timeout=30,
    )
    return answer.status_code


def test_all_stand_on_the_page_within_a_round_in_their_order(tmp_path: Path) -> None:
    access = Access("u1", "vendor-s3cret", Kind.NORMAL)
    with Vendor([ServerSpec("nps1", (access,))]) as vendor:
        vendor.spend("nps1", access.login, "documents", 10_000)
        document = {
            "managers": [{"name": "ivanova"}],
            "installations": [
                {"name": name, "client": client, "manager": "ivanova", "mode": "push"}
                for name, client in CLIENTS.items()
            ],
            "online": {"spread": {"start": "1s"}},
            "online_accesses": [
                {
                    "name": "romashka-1",
                    "client": "ООО «Ромашка»",
                    "manager": "ivanova",
                    "url": vendor.url("nps1"),
                    "credentials": {"username": access.login, "password": "vendor-s3cret"},
                }
            ],
            "dealers": [{"name": "0599d", "token": TOKEN}],
        }
        config = write(tmp_path / "kodeks.yml", document)
        with serving(config, tmp_path / "data") as exporter:
            assert upload(exporter, "well.xml", report()) == 200
            assert upload(exporter, "tom.xml", report('error="0" message=""', 'error="601" message="Сбой"')) == 200
            assert upload(exporter, "spp.xml", report('<spp status="ok"/>', '<spp status="error"/>')) == 200
            assert upload(exporter, "page.xml", "<html><body>Вход в систему</body></html>".encode()) != 200
            for _ in range(2):
                upload(exporter, "silent.status", b"")
            config.write_text("installations: {", "utf-8")
            assert exporter.get("/").status_code == 200
            assert requests.post(f"{exporter.url}/-/reload", timeout=30).status_code == 500

            def told() -> list[str]:
                found: Any = html.fromstring(exporter.get("/").content)
                parts = found.xpath("//section[contains(@class, 'monitor')] | //article")
                return [" ".join(each.text_content().split()) for each in parts]

            wait_for(lambda: len(told()) == 6, ROUND)
            banner, first, second, *rest = told()
            assert "Новые настройки не приняты" in banner
            assert "Молчащий сервер" in first, "K2"
            assert "пустых статусов подряд 2" in first
            assert "Лимит документов исчерпан" in second, "K3"
            assert sorted(text.split("»")[0] + "»" for text in rest) == sorted(
                CLIENTS[each] for each in ("tom", "spp", "page")
            )
            whole = "\n".join(rest)
            for words in ("Тома БД, ошибка 601: npa01.vol", "СПП не работает", "Последний отчёт не читается"):
                assert words in whole
            assert "смотрите сеть клиента" not in whole
            heading = html.fromstring(exporter.get("/").content).xpath("string(//h1)")
            assert heading == "Сбой у 4 установок из 5, 1 сбой онлайн-доступа"
            with phone(tmp_path) as thumb:
                thumb.open(f"{exporter.url}/?refresh=0")
                assert thumb.ask("document.documentElement.scrollWidth") <= WIDTH
                thumb.picture(tmp_path / "phone.png")
