"""Which character set Russian text is in: by its letters, small or capital; claims hold where they can."""

from __future__ import annotations

import pytest

from kodeks_exporter.net.charset import decode, russian_set

TEXTS = (
    "Техэксперт",
    "ТЕХЭКСПЕРТ",
    "Документы и новости",
    "ДОКУМЕНТЫ И НОВОСТИ ПОРТАЛА",
    "Сервер в режиме обслуживания",
    "КОЛИЧЕСТВО ПОЛЬЗОВАТЕЛЕЙ ПРЕВЫСИЛО МАКСИМАЛЬНОЕ",
    "ООО «РОМАШКА»",
    "Жёсткий щёголь съел борщ, эх",
    "Ростехнадзор: экспертиза промышленной безопасности",
)
SETS = ("cp1251", "koi8-r", "cp866", "iso8859-5")


def written(charset: str) -> list[tuple[str, bytes]]:
    """Those texts that can be written in it."""
    return [(text, text.encode(charset)) for text in TEXTS if text.encode(charset, "ignore").decode(charset) == text]


@pytest.mark.parametrize("charset", [*SETS, "mac-cyrillic"])
def test_a_right_claim_is_never_called_wrong(charset: str) -> None:
    for text, body in written(charset):
        decoded = decode(body, f"text/html; charset={charset}")
        assert (decoded.text, decoded.wrong) == (text, False)


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "cp866"])
def test_what_is_not_declared_is_found_out(charset: str) -> None:
    for text, body in written(charset):
        assert decode(b"<p>" * 9000 + body, "text/html").text == "<p>" * 9000 + text
        assert russian_set(body) == charset


@pytest.mark.parametrize("charset", SETS)
@pytest.mark.parametrize("claim", ["cp1251", "koi8-r", "cp866", "iso-8859-1"])
def test_a_wrong_claim_is_noticed(charset: str, claim: str) -> None:
    body = "Документы и новости портала".encode(charset)
    decoded = decode(body, f"text/html; charset={claim}")
    assert decoded.wrong == (claim != charset)
    assert decoded.text == "Документы и новости портала"


@pytest.mark.parametrize(
    "text", ["Où êtes-vous? Déjà créé à notre société", "Größe, Äpfel, Gäste", "Año, niñez, señor"]
)
def test_western_letters_are_no_russian(text: str) -> None:
    assert not decode(text.encode("cp1252"), "text/html; charset=iso-8859-1").wrong
    assert russian_set(text.encode("cp1252")) == ""
