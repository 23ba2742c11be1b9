"""The cookies of one round: what goes back to the server, whether the plain table or the jar kept it."""

from __future__ import annotations

import pytest

from kodeks_exporter.net.cookies import Cookies

HOST = "http://kodeks.example:8080"


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        pytest.param([("/docs", "Kodeks=a1; Path=/; HttpOnly")], "Kodeks=a1", id="session"),
        pytest.param(
            [("/docs", "Kodeks=a1; path=/"), ("/", "KodeksData=b=; Path=/")], "Kodeks=a1; KodeksData=b=", id="two"
        ),
        pytest.param([("/", "Kodeks=a1; Path=/"), ("/", "Kodeks=a2; Path=/;")], "Kodeks=a2", id="set anew"),
        pytest.param([("/", "Kodeks=a1; Path=/"), ("/x", "Kodeks=; Path=/; Max-Age=0")], "", id="deleted"),
        pytest.param([("/", "Kodeks=; Max-Age=0; Path=/")], "", id="deleted before it was there"),
        pytest.param([("/admin/title", "Kodeks=a1")], "Kodeks=a1", id="path of the page that set it"),
        pytest.param([("/docs/x", "Kodeks=a1")], "", id="path of another page"),
        pytest.param([("/", "Kodeks=a1; Path=/docs")], "", id="another path"),
        pytest.param([("/", "Kodeks=a1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT")], "", id="expired"),
        pytest.param([("/", "Kodeks=a1; Path=/; Secure")], "", id="for TLS only"),
        pytest.param([("/", "Kodeks=a1; Path=/; Domain=other.example")], "", id="of a stranger"),
        pytest.param(
            [("/", "Kodeks=a1; Path=/"), ("/", "way=3; Path=/; Max-Age=600")], "Kodeks=a1; way=3", id="plain, then not"
        ),
        pytest.param(
            [("/", "way=3; Path=/; Max-Age=600"), ("/", "Kodeks=a1; Path=/"), ("/", "way=; Path=/; Max-Age=0")],
            "Kodeks=a1",
            id="not plain, then plain",
        ),
        pytest.param([("/", "Kodeks=a1; Path=/\x07")], "", id="control character"),
    ],
)
def test_what_goes_back(answers: list[tuple[str, str]], sent: str) -> None:
    cookies = Cookies()
    for path, header in answers:
        cookies.remember(HOST + path, [header])
    assert cookies.header(HOST + "/admin/lic") == sent


def test_a_flood_is_bounded() -> None:
    cookies = Cookies()
    for number in range(30):
        cookies.remember(HOST + "/", [f"c{number}-{each}=1; Path=/" for each in range(100)])
    assert cookies.header(HOST + "/").count("=") <= 20
