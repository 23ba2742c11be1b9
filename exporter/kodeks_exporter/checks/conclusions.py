"""Remembers what pages were found to say: a healthy server sends the same bytes round after round.

Splitting a page into lines and trying every pattern on each is the most expensive part of a round, so the result is
kept by the page's digest. The page itself is never kept.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Final, TypeVar, cast

from kodeks_exporter.net.answer import Response
from kodeks_exporter.settings.checks import Patterns

T = TypeVar("T")
_MOST: Final = 10_000
"""Conclusions of a generation, about 500 bytes each. Four pages an installation."""


class Conclusions:
    """Safe to use from many threads: the worst that a race does is that one page is read twice."""

    def __init__(self) -> None:
        self._new: dict[tuple[object, bytes], tuple[Patterns, object]] = {}
        self._old = self._new

    def of(self, question: Callable[[Patterns, Response], T], patterns: Patterns, response: Response) -> T:
        """``question`` may depend only on the patterns, the status, the content type and the body."""
        digest = blake2b(response.body, digest_size=16)
        digest.update(f" {response.status} {response.headers.get('content-type', '')}".encode())
        key = (question, digest.digest())
        known = self._new.get(key) or self._old.get(key)
        if known is None or known[0] is not patterns:  # a reload may bring others
            known = (patterns, question(patterns, response))
        if len(self._new) >= _MOST:
            self._old, self._new = self._new, {}
        self._new[key] = known
        return cast(T, known[1])
