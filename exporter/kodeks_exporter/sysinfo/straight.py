"""A fast path for consecutive searches of the same plain form, which bypasses the parser.

Nine tenths of a report are elements ``<search a="…" b="…">text</search>``, and the parser's events for them take half
of the reading time. Between two of them, when the parser is inside their parent, a regular expression reads the next
ones, but only those that the parser would read identically (no entity, no line break in an attribute, the same
attributes). For anything else the parser continues.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any, Final

_MOST_FORMS: Final = 8
_BLANK: Final = "[ \\t\\n\\r]*"

Rows = Callable[[Sequence[tuple[str | None, ...]]], list[Any]]
"""From texts, in the order of a block's fields, to records; useless ones are left out."""


@dataclass(frozen=True, slots=True)
class _Form:
    """``run``: any number of elements, each with white space before it. ``element``: one, with groups. ``bare``: its
    length without what is in the groups. ``fetch``: selects the fields' groups, in their order."""

    run: re.Pattern[str]
    element: re.Pattern[str]
    bare: int
    fetch: Callable[..., Any]


class Straight:
    """For one kind of element. ``order``: the slots of its block's fields; ``text``: the slot of the element's text."""

    def __init__(
        self,
        name: str,
        order: Sequence[str],
        text: str,
        rows: Rows,
        emit: Callable[[list[Any]], object],
        tally: list[int],
    ) -> None:
        self.end = f"</{name}>"
        self._name = name
        self._order = order
        self._text = text
        self._rows = rows
        self._emit = emit
        self._tally = tally
        self._forms: dict[tuple[str, ...], _Form] = {}
        self._form: _Form | None = None
        self._uniform = True
        """Whether all elements so far had the same form."""

    def learn(self, frame: dict[str, str]) -> None:
        """Learns the form of an element that the parser has just read: its attributes in order, with its text."""
        keys = tuple(frame)
        form = self._forms.get(keys)
        if form is None and len(self._forms) < _MOST_FORMS:
            form = self._forms[keys] = self._compiled([key for key in keys if key != self._text])
        self._form = form

    def _compiled(self, keys: list[str]) -> _Form:
        attributes = "".join(rf' {re.escape(key)}="([^"<&\t\n\r]*)"' for key in keys)
        # A "]" in the text may be part of "]]>", which is an error.
        element = rf"<{re.escape(self._name)}{attributes}>([^<&\]\r]*){re.escape(self.end)}"
        run = re.compile(f"(?:{_BLANK}{element.replace('(', '(?:')})*")
        bare = sum(len(f' {key}=""') for key in keys) + len(f"<{self._name}>{self.end}")
        places = ["", *keys, self._text]
        # Fields that the report does not have follow the texts, as None.
        fetch = itemgetter(*(places.index(slot) if slot in places else len(places) for slot in self._order))
        if not set(self._order) <= set(places):
            return _Form(run, re.compile(f"({_BLANK}){element}"), bare, lambda row: fetch((*row, None)))
        return _Form(run, re.compile(f"({_BLANK}){element}"), bare, fetch)

    def take(self, text: str, start: int) -> int:
        """Takes the records that begin at ``start``; returns where the last one ends."""
        if self._form is None:
            return start
        form = self._form
        found: list[tuple[str, ...]] = []
        end = text.rfind(self.end, start) + len(self.end)
        if self._uniform and end > start:
            found = form.element.findall(text, start, end)
            # What was found is all there is, if it is as long as the text.
            self._uniform = start + len("".join(chain.from_iterable(found))) + form.bare * len(found) == end
        if not self._uniform:  # the end is found first, so that nothing is scanned twice
            match = form.run.match(text, start)
            end = start if match is None else match.end()
            found = form.element.findall(text, start, end)
        if not found:
            return start
        records = self._rows(list(map(form.fetch, found)))
        self._emit(records)
        self._tally[0] += len(found) - len(records)
        self._tally[1] += len(records)
        return end
