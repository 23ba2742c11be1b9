"""Russian grammar: nouns after numbers, months in dates."""

from typing import Final

MONTHS_OF: Final = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
    "декабря",
)  # fmt: skip


def form(count: float, one: str, few: str, many: str) -> str:
    """The right form of a noun: 1 место, 2 места, 5 мест, 11 мест, 1,5 места."""
    if count != int(count):
        return few
    whole = abs(int(count))
    if 11 <= whole % 100 <= 14:
        return many
    return one if whole % 10 == 1 else few if 2 <= whole % 10 <= 4 else many
