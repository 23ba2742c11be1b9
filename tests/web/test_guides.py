"""The pages that say what to do about an alert, from the exporter itself."""

from __future__ import annotations

import re
from pathlib import Path

import requests
from werkzeug.test import Client

from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.web.guides import read
from tests.web.conftest import Start
from tests.web.test_page_chromium import PHONE, assert_nothing_is_cut_off, show

ROOT = Path(__file__).resolve().parents[2]
ALERTS = sorted({name for path in (ROOT / "rules").glob("*.yml")
                 for name in re.findall(r"- alert: (\w+)", path.read_text("utf-8"))})  # fmt: skip


def test_every_alert_has_a_page_and_every_link_leads_to_one(client: Client) -> None:
    assert len(ALERTS) >= 75
    listed = client.get("/docs/errors/").text
    for alert in ALERTS:
        page = client.get(f"/docs/errors/{alert}")
        assert page.status_code == 200, alert
        assert page.content_type == "text/html; charset=utf-8"
        assert f"<h1>{alert}</h1>" in page.text
        assert (len(re.findall("<h2>", page.text)), len(re.findall("<h3>", page.text))) == (2, 3)
        assert client.get(f"/docs/errors/{alert}.md").text == page.text, "as the annotation runbook_url has it"
        assert f'<a href="{alert}">' in listed
        for link in re.findall(r'href="([^"]*)"', page.text):
            assert link == "./" or link in ALERTS, (alert, link)


def test_the_list_is_found_without_a_slash_and_what_is_not_there_is_not(client: Client) -> None:
    assert client.get("/docs/errors").headers["Location"] == "errors/"
    for name in ("Nothing", "README.txt", "..%2F..%2Fpyproject", "%2e%2e/alerts", "KodeksTcpStatus.md.md", ".md"):
        assert client.get(f"/docs/errors/{name}").status_code == 404, name


def test_clients_keep_a_page_and_ask_whether_it_changed(client: Client) -> None:
    page = client.get("/docs/errors/KodeksTcpStatus")
    assert page.headers["Cache-Control"] == "private, max-age=3600"
    again = client.get("/docs/errors/KodeksTcpStatus", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    packed = client.get("/docs/errors/KodeksTcpStatus", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert client.head("/docs/errors/KodeksTcpStatus").status_code == 200


def test_a_page_is_text_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "A.md").write_text(
        "# A\n\n<script>alert(1)</script> [x](javascript:alert(1)) [y](data:text/html,x) ![z](//h/i.png)\n\n"
        "[files](../../etc/passwd) [other](../alerts.md#x) [web](https://kodeks.ru/) [b](B.md) [all](README.md)\n\n"
        "| a | b |\n|---|---|\n| `<b>` | &amp; |\n",
        encoding="utf-8",
    )
    (tmp_path / "B.md").write_text("# Б & <B>\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("# Все\n", encoding="utf-8")
    pages = read(tmp_path)
    body = str(pages["A"].body)
    assert "<script" not in body
    assert "<img" not in body
    assert "&lt;script&gt;" in body
    assert re.findall(r'href="([^"]*)"', body) == ["https://kodeks.ru/", "B", "./"]
    assert "files other" in re.sub("<[^>]*>", "", body)
    assert "<td><code>&lt;b&gt;</code></td>" in body
    assert pages["B"].title == "Б & <B>"


def test_pages_are_behind_the_same_password_as_the_status_page(start: Start) -> None:
    server = start(ServerSecurity(users={"a": b"$2b$04$" + b"1" * 53}))
    for path in ("/", "/docs/errors/", "/docs/errors/KodeksTcpStatus"):
        assert requests.get(f"{server.url}{path}", timeout=30).status_code == 401


def test_a_page_fits_a_phone(start: Start, tmp_path: Path) -> None:
    server = start()
    shown = show(f"{server.url}/docs/errors/KodeksTcpStatus", PHONE, tmp_path)
    assert shown.text("//h1") == ["KodeksTcpStatus"]
    assert shown.text("//h2")[0] == "Менеджеру (1 минута)"
    assert "Как исправить" in shown.text("//h3")
    assert_nothing_is_cut_off(shown, PHONE)
