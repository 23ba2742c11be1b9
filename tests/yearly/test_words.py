"""Numbers and words as a reader of Russian expects them."""

from __future__ import annotations

import pytest

from kodeks_exporter.yearly import words
from kodeks_exporter.yearly.judge import Missing


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 0, "0"),
        (-0.2, 0, "0"),
        (1234567, 0, "1 234 567"),
        (-5.25, 1, "-5,2"),
        (12.34, 1, "12,3"),
        (999.6, 0, "1 000"),
    ],
)
def test_number(value: float, digits: int, text: str) -> None:
    assert plain(words.number(value, digits)) == text


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (0.123, "+12 %"), (-0.08, "-8 %"), (0.001, "0 %"), (-0.001, "0 %"), (-1.0, "-100 %"), (14.0, "в 15 раз"),
        (9.9, "+990 %"), (Missing.FROM_ZERO, "было 0"), (Missing.NO_BEFORE, "—"), (Missing.NO_DATA, "нет данных"),
    ],
)  # fmt: skip
def test_change(told: float | Missing, text: str) -> None:
    assert plain(words.change(told)) == text


@pytest.mark.parametrize(
    ("ratio", "text"), [(1.0, "100,0 %"), (0.9999, "99,9 %"), (0.999, "99,9 %"), (0.95, "95,0 %"), (0.0, "0,0 %")]
)
def test_availability_is_not_rounded_up(ratio: float, text: str) -> None:
    assert plain(words.careful_percent(ratio)) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "1 место"),
        (2, "2 места"),
        (5, "5 мест"),
        (11, "11 мест"),
        (21, "21 место"),
        (112, "112 мест"),
        (0, "0 мест"),
    ],
)
def test_counted(count: int, text: str) -> None:
    assert plain(words.counted(count, "место", "места", "мест")) == text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((1, 2, 3, 5), "январь–март, май"), ((12,), "декабрь"), ((), ""), ((4, 2), "февраль, апрель")],
)
def test_span(numbers: tuple[int, ...], text: str) -> None:
    assert words.span([f"2025-{number:02}" for number in numbers]) == text


def test_enumerated() -> None:
    assert [words.enumerated(parts) for parts in ([], ["а"], ["а", "б"], ["а", "б", "в"])] == [
        "",
        "а",
        "а и б",
        "а, б и в",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(99_999, "99 999"), (123_456, "123 тыс."), (999_499, "999 тыс."), (999_500, "1,0 млн"), (9_940_000, "9,9 млн"),
     (48_148_218, "48 млн"), (5e9, "5,0 млрд"), (5e12, "5 000 млрд")],
)  # fmt: skip
def test_brief(value: float, text: str) -> None:
    assert plain(words.brief(value)) == text


def test_some() -> None:
    assert words.some(["а", "б", "в"]) == "а, б, в"
    assert plain(words.some(["а", "б", "в", "г", "д"])) == "а, б, в и ещё 2"
