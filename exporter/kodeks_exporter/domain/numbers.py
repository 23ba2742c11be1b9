"""Numbers that others write, bounded where they enter: one of 400 digits must not travel as far as the exposition."""

from typing import Final

LARGEST: Final = 10**18
"""Of whole numbers that count something. Bytes of the largest disks and nanoseconds of decades stay below it."""
_DIGITS: Final = len(str(LARGEST))


def is_float(value: float) -> bool:
    """Whether a sample can have this value; not so an int beyond the range of floats."""
    try:
        float(value)
    except OverflowError:
        return False
    return True


def bounded(value: int) -> int | None:
    """``value``, or None when it is too large in magnitude to be meant."""
    return value if -LARGEST <= value <= LARGEST else None


def whole(text: str | None) -> int | None:
    """The number that a run of digits writes; None for anything else, and for what is too large to be meant."""
    if text is None or not text.isdecimal() or len(text) > _DIGITS:
        return None
    return bounded(int(text))
