"""A string that must not be shown."""

from typing import Final

MASK: Final = "***"


class Secret:
    """Wraps a password or token so that printing, logging or dumping it shows only a mask.

    The text is reachable only by an explicit ``reveal()``, which is easy to search for in the code.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)
