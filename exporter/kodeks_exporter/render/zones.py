"""The message templates of people in another time zone.

Alertmanager shows times in the zone of its own machine, and before 0.28 its templates can't name a zone. So each zone
has a copy of the templates, with the zone appended to their names, in which times are written with the zone's offset.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

_NAME: Final = re.compile(r'((?:define|template) "kodeks\.[\w.]+)"')
_TIME: Final = re.compile(
    r'(\{\{ define "kodeks\.\w+" \}\})\{\{ \.Local\.Format "((?:02\.01 )?15:04)( MST)?" \}\}(\{\{ end \}\})'
)
_BEGIN: Final = datetime(2025, 1, 1, tzinfo=UTC)
_END: Final = datetime(2038, 1, 1, tzinfo=UTC)
"""Years for which the templates know summer time; fixed, so that the same settings always give the same bytes."""


def named(text: str, zone: str) -> str:
    """``text``, a template or an option that calls one, with a zone's suffix on template names."""
    return _NAME.sub(rf'\1 {zone}"', text)


def placed(text: str, zone: ZoneInfo) -> str:
    """A file of templates with times in ``zone``."""
    return _TIME.sub(lambda found: found[1] + _written(zone.key, found[2], bool(found[3])) + found[4], text)


def _written(zone: str, layout: str, with_name: bool) -> str:
    *before, (_, offset, name) = _spans(zone)
    text = ""
    for until, offset_then, name_then in before:
        text += f"{{{{ {'else if' if text else 'if'} lt .Unix {until} }}}}"
        text += _shifted(offset_then, layout, name_then if with_name else "")
    last = _shifted(offset, layout, name if with_name else "")
    return f"{text}{{{{ else }}}}{last}{{{{ end }}}}" if text else last


def _shifted(offset: int, layout: str, name: str) -> str:
    # The name is outside of the layout, where the digits of +04 would be minutes.
    return f'{{{{ (.UTC.Add {offset * 10**9}).Format "{layout}" }}}}{name and " " + name}'


@cache
def _spans(key: str) -> tuple[tuple[int, int, str], ...]:
    """Unix seconds up to which an offset from UTC (seconds) holds, with its name."""
    zone = ZoneInfo(key)
    found = [(int(moment.timestamp()), *_state(zone, moment - timedelta(hours=1))) for moment in _changes(zone)]
    return (*found, (int(_END.timestamp()), *_state(zone, _END)))


def _state(zone: ZoneInfo, moment: datetime) -> tuple[int, str]:
    local = moment.astimezone(zone)
    return int((local.utcoffset() or timedelta()).total_seconds()), local.tzname() or ""


def _changes(zone: ZoneInfo) -> Iterator[datetime]:
    day = _BEGIN
    while day < _END:
        before = _state(zone, day)
        if _state(zone, day + timedelta(days=1)) != before:
            hours = (day + timedelta(hours=number) for number in range(1, 25))
            yield next(hour for hour in hours if _state(zone, hour) != before)
        day += timedelta(days=1)
