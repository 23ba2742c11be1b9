"""Bounds on numbers from outside: a number of 400 digits must not reach the exposition."""

from typing import Final

LARGEST: Final = 10**18
"""The largest integer accepted. Bytes of the largest disks and nanoseconds of decades are below it."""
_DIGITS: Final = len(str(LARGEST))


def is_float(value: float) -> bool:
    """Whether a sample can have this value: an int may be beyond the range of floats."""
    try:
        float(value)
    except OverflowError:
        return False
    return True


def bounded(value: int) -> int | None:
    """``value``, or None when its magnitude is implausible."""
    return value if -LARGEST <= value <= LARGEST else None


def whole(text: str | None) -> int | None:
    """The number written by a string of digits; None for anything else and for implausibly large numbers."""
    if text is None or not text.isdecimal() or len(text) > _DIGITS:
        return None
    return bounded(int(text))
