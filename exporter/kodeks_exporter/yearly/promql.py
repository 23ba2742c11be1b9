"""Parts of queries. Names and labels come from Prometheus and from people: every text is quoted."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence

from kodeks_exporter.yearly.facts import following

DAY = 86400


def text(value: str) -> str:
    """A string literal."""
    return json.dumps(value, ensure_ascii=False)


def any_of(values: Iterable[str]) -> str:
    """A string literal with a regular expression that matches exactly these values."""
    return text("|".join(map(re.escape, values)))


def moment(day: dt.date) -> float:
    """UTC midnight in Unix seconds."""
    return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()


def by_month(function: str, selector: str, months: Sequence[str], until: float, step: str = "") -> str:
    """``function`` over each month (UTC) up to ``until``, the results labelled ``month``. ``step``: of a subquery.

    The range is a second short, so that every version of Prometheus leaves out the sample at a month's very beginning,
    which covers the hour before it.
    """
    parts = []
    for name in months:
        first = dt.date.fromisoformat(f"{name}-01")
        end = min(moment(following(first)), until)
        seconds = int(end - moment(first)) - 1
        if seconds > 0:
            window = f"[{seconds}s:{step}]" if step else f"[{seconds}s]"
            parts.append(f'label_replace({function}({selector}{window} @ {end:.0f}), "month", "{name}", "", "")')
    return " or ".join(parts)
