"""Searches that follow one another in the same plain form, read past the parser.

Nine tenths of a report are elements ``<search a="…" b="…">text</search>``, and the parser's events for them are half of
the time that reading takes. Between two of them, where the parser has seen everything and is within their parent, a
regular expression reads the next ones: only such as the parser would read to the same letter (no entity, no line break
within an attribute, the attributes of the one before). At anything else the parser goes on.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

_MOST_FORMS: Final = 8
_BLANK: Final = "[ \\t\\n\\r]*"

Rows = Callable[[Sequence[tuple[str | None, ...]]], list[Any]]
"""From the texts of records, in the order of a block's fields, to records; those that say nothing are left out."""


class Straight:
    """For one kind of element. ``order``: the slots of its block's fields; ``text``: the slot of the element's text."""

    def __init__(
        self, name: str, order: Sequence[str], text: str, rows: Rows, emit: Callable[[Any], None], tally: list[int]
    ) -> None:
        self.end = f"</{name}>"
        self._name = name
        self._order = order
        self._text = text
        self._rows = rows
        self._emit = emit
        self._tally = tally
        self._forms: dict[tuple[str, ...], tuple[re.Pattern[str], re.Pattern[str], Callable[..., Any]]] = {}
        self._form: tuple[re.Pattern[str], re.Pattern[str], Callable[..., Any]] | None = None

    def learn(self, frame: dict[str, str]) -> None:
        """The attributes of an element that the parser has just read, in their order, with its text."""
        keys = tuple(frame)
        form = self._forms.get(keys)
        if form is None and len(self._forms) < _MOST_FORMS:
            form = self._forms[keys] = self._compiled([key for key in keys if key != self._text])
        self._form = form

    def _compiled(self, keys: list[str]) -> tuple[re.Pattern[str], re.Pattern[str], Callable[..., Any]]:
        attributes = "".join(rf' {re.escape(key)}="([^"<&\t\n\r]*)"' for key in keys)
        # A "]" in the text may be part of "]]>", which is an error.
        element = rf"<{re.escape(self._name)}{attributes}>([^<&\]\r]*){re.escape(self.end)}"
        run = re.compile(f"(?:{_BLANK}{element.replace('(', '(?:')})*")
        places = [*keys, self._text]
        # What the report does not have stands behind the texts, as None.
        fetch = itemgetter(*(places.index(slot) if slot in places else len(places) for slot in self._order))
        return run, re.compile(element), fetch if set(self._order) <= set(places) else lambda row: fetch((*row, None))

    def take(self, text: str, start: int) -> int:
        """Takes the records from ``start`` on; gives where the last of them ends."""
        if self._form is None:
            return start
        run, element, fetch = self._form
        match = run.match(text, start)
        if match is None or match.end() == start:
            return start
        found = element.findall(text, start, match.end())
        records = self._rows(list(map(fetch, found)))
        deque(map(self._emit, records), 0)
        self._tally[0] += len(found) - len(records)
        self._tally[1] += len(records)
        return match.end()
