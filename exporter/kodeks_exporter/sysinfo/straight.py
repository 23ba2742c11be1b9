"""A fast path for consecutive searches of the same plain form, which bypasses the parser.

Nine tenths of a report are elements ``<search a="…" b="…">text</search>``, and the parser's events for them take half
of the reading time. Between two of them, when the parser is inside their parent, the next ones are read here, but only
those that the parser would read identically (no entity, no line break in an attribute, the same attributes): where all
that is left of the piece looks like a table, by cutting it at the quotes; else by a regular expression. For anything
else the parser continues.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

_MOST_FORMS: Final = 8
_BLANK: Final = "[ \\t\\n\\r]*"

Column = Sequence[str | None]
Rows = Callable[[Sequence[Column]], list[Any]]
"""From a column of texts for each of a block's fields, in their order, to records; useless ones are left out."""


@dataclass(frozen=True, slots=True)
class _Form:
    """``run``: any number of elements, each with white space before it. ``element``: one, with groups. ``cuts``: what
    is before each attribute's value. ``places``: for each field, the column of its texts; the last one is the
    element's own text, and -1 what the report does not have."""

    run: re.Pattern[str]
    element: re.Pattern[str]
    cuts: tuple[str, ...]
    places: tuple[int, ...]


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

    def learn(self, frame: dict[str, str]) -> None:
        """Learns the form of an element that the parser has just read: its attributes in order, with its text."""
        keys = tuple(frame)
        form = self._forms.get(keys)
        attributes = [key for key in keys if key != self._text]
        if form is None and attributes and len(self._forms) < _MOST_FORMS:
            form = self._forms[keys] = self._compiled(attributes)
        self._form = form

    def _compiled(self, keys: list[str]) -> _Form:
        attributes = "".join(rf' {re.escape(key)}="([^"<&\t\n\r]*)"' for key in keys)
        # A "]" in the text may be part of "]]>", which is an error.
        element = rf"<{re.escape(self._name)}{attributes}>([^<&\]\r]*){re.escape(self.end)}"
        run = re.compile(f"(?:{_BLANK}{element.replace('(', '(?:')})*")
        cuts = [f" {key}=" for key in keys]
        cuts[0] = f"<{self._name}{cuts[0]}"
        columns = [*keys, self._text]
        places = (columns.index(slot) if slot in columns else -1 for slot in self._order)
        return _Form(run, re.compile(_BLANK + element), tuple(cuts), tuple(places))

    def take(self, text: str, start: int) -> int:
        """Takes the records that begin at ``start``; returns where the last one ends."""
        if self._form is None:
            return start
        form = self._form
        end = text.rfind(self.end, start) + len(self.end)
        columns: Sequence[Column] | None = self._cut(text[start:end], form.cuts) if end > start else None
        if columns is None:
            match = form.run.match(text, start)  # the end is found first, so that nothing is scanned twice
            end = start if match is None else match.end()
            columns = list(zip(*form.element.findall(text, start, end), strict=True))
        if not columns:
            return start
        count = len(columns[0])
        nothing = (None,) * count
        records = self._rows([columns[place] if place >= 0 else nothing for place in form.places])
        self._emit(records)
        self._tally[0] += count - len(records)
        self._tally[1] += len(records)
        return end

    def _cut(self, text: str, cuts: tuple[str, ...]) -> list[list[str]] | None:
        """The columns of a text of nothing but such elements, with the same white space before each; None: it is not
        certain to be one."""
        pieces = text.split('"')
        width = 2 * len(cuts)
        count, rest = divmod(len(pieces), width)
        blank = pieces[0].removesuffix(cuts[0])
        if rest != 1 or "&" in text or blank.strip(" \t\n\r") or text.count("<") != 2 * count:
            return None
        if any(text.count(each) != blank.count(each) * count for each in "\t\n\r"):  # in an attribute, or a text
            return None
        if any(pieces[2 * at : -1 : width].count(cut) != count for at, cut in enumerate(cuts) if at):
            return None
        ends = pieces[width::width]
        ends[-1] += pieces[0]
        after = self.end + pieces[0]
        texts = [each[1 : -len(after)] for each in ends]
        if "]" in (joined := f"{after}>".join(texts)) or f">{joined}{after}" != "".join(ends):
            return None
        return [*(pieces[at:-1:width] for at in range(1, width, 2)), texts]
