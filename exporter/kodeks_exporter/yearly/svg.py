"""Charts as inline SVG: columns by month, points by month, bars by name.

Plain shapes and text, no script, no external font or picture. Shapes and lightness differ, so that charts print in
grey; each has a title and a description for screen readers. Colours come from the report's stylesheet.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH = 680.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 76.0, 16.0, 20.0
"""Margins of a plot; the right one holds names of levels."""
_WIDEST = 60.0
"""Of a column, where there are few."""
Form = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Point:
    """A month's place.

    ``value`` None: unknown. ``unfinished``: the month is not over or incomplete. ``future``: not begun, so the place
    stays empty.
    """

    label: str
    value: float | None
    unfinished: bool = False
    future: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with its name."""

    value: float
    name: str


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Caption:
    """``key``: unique on the page, ASCII. ``title`` and ``summary`` put the chart into words."""

    key: str
    title: str
    summary: str


def columns(
    caption: Caption,
    points: Sequence[Point],
    form: Form,
    level: Level | None = None,
    height: float = 128.0,
    whole: bool = True,
) -> Markup:
    """A column for each month, from 0. ``level``: for comparison. ``whole``: counts, without fractions."""
    most = max([point.value or 0.0 for point in points] + ([level.value] if level else []), default=0.0)
    ticks = _ticks(0.0, most, whole)
    plot = _Plot(0.0, ticks[-1], height, len(points))
    parts = [_hatching(caption.key), plot.grid(ticks, form)]
    values = []  # above everything else, or a level's line would cross them out
    for place, point in enumerate(points):
        parts.append(plot.label(place, point.label))
        if point.value is None:
            parts.append(plot.gap(place, point))
            continue
        top, bottom = plot.y(point.value), plot.y(0.0)
        width = min(plot.step * 0.62, _WIDEST)
        fill = Markup(' fill="url(#{}-hatching)"').format(caption.key) if point.unfinished else ""
        parts.append(
            Markup('<rect class="column{}"{} x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                " unfinished" if point.unfinished else "", fill, plot.x(place) - width / 2, top, width, bottom - top
            )
        )
        values.append(_text("value", plot.x(place), top - 3.5, form(point.value)))
    if level is not None:
        parts.append(plot.level(level))
    return _svg(caption, height, [*parts, *values])


def points(
    caption: Caption, values: Sequence[Point], form: Form, low: float, high: float, levels: Sequence[Level] = (),
    height: float = 128.0,
) -> Markup:  # fmt: skip
    """A dot for each month between ``low`` and ``high``, joined to known neighbours."""
    plot = _Plot(low, high, height, len(values))
    parts = [plot.grid([tick for tick in _ticks(low, high) if tick <= high + 1e-9], form)]
    parts += [plot.level(each) for each in levels if low <= each.value <= high]
    before: tuple[float, float] | None = None
    dots = []
    for place, point in enumerate(values):
        parts.append(plot.label(place, point.label))
        if point.value is None:
            parts.append(plot.gap(place, point))
            before = None
            continue
        x, y = plot.x(place), plot.y(min(high, max(low, point.value)))
        if before is not None:
            line = Markup('<line class="join" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
            parts.append(line.format(*before, x, y))
        kind = " unfinished" if point.unfinished else ""
        dots.append(Markup('<circle class="dot{}" cx="{:.1f}" cy="{:.1f}" r="3.4"/>').format(kind, x, y))
        dots.append(_text("value", x, y - 6.5, form(point.value)))
        before = (x, y)
    return _svg(caption, height, [*parts, *dots])


def bars(caption: Caption, shown: Sequence[Bar]) -> Markup:
    """A horizontal bar for each name, followed by the text."""
    row, names = 19.0, 170.0
    room = WIDTH - names - 120.0
    most = max((bar.value for bar in shown), default=0.0) or 1.0
    parts = []
    for place, bar in enumerate(shown):
        y = place * row
        length = max(0.0, bar.value) / most * room
        parts.append(_text("name", names - 8, y + 13, _cut(bar.label, 30)))
        parts.append(
            Markup('<rect class="column" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="11"/>').format(
                names, y + 4, max(length, 0.8)
            )
        )
        parts.append(_text("amount", names + length + 6, y + 13, bar.text))
    return _svg(caption, max(row, len(shown) * row), parts)


class _Plot:
    """From values and places to coordinates."""

    def __init__(self, low: float, high: float, height: float, places: int) -> None:
        self._low, self._high = low, high
        self._bottom = height - _BOTTOM
        self.step = (WIDTH - _LEFT - _RIGHT) / max(1, places)

    def x(self, place: int) -> float:
        return _LEFT + (place + 0.5) * self.step

    def y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._bottom - share * (self._bottom - _TOP)

    def grid(self, ticks: Sequence[float], form: Form) -> Markup:
        lines = [
            Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
                "axis" if tick == ticks[0] else "grid", _LEFT, self.y(tick), WIDTH - _RIGHT, self.y(tick)
            )
            + _text("tick", _LEFT - 5, self.y(tick) + 3, form(tick))
            for tick in ticks
        ]
        return Markup("").join(lines)

    def label(self, place: int, text: str) -> Markup:
        return _text("label", self.x(place), self._bottom + 14, text)

    def gap(self, place: int, point: Point) -> Markup:
        """Unknown, in words: an empty place could be taken for 0."""
        if point.future:
            return Markup("")
        x, y = self.x(place), self._bottom - 6
        return Markup(
            '<text class="gap" x="{0:.1f}" y="{1:.1f}" transform="rotate(-90 {0:.1f} {1:.1f})">{2}</text>'
        ).format(x + 3, y, "нет данных")

    def level(self, level: Level) -> Markup:
        y = self.y(level.value)
        line = Markup('<line class="level" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
        return line.format(_LEFT, y, WIDTH - _RIGHT, y) + _text("level-name", WIDTH - _RIGHT + 5, y + 3, level.name)


def _svg(caption: Caption, height: float, parts: Sequence[Markup]) -> Markup:
    head = Markup(
        '<svg class="chart" role="img" viewBox="0 0 {:.0f} {:.0f}" aria-labelledby="{key}-title {key}-text">'
        '<title id="{key}-title">{title}</title><desc id="{key}-text">{summary}</desc>'
    ).format(WIDTH, height, key=caption.key, title=caption.title, summary=caption.summary)
    return head + Markup("").join(parts) + Markup("</svg>")


def _hatching(key: str) -> Markup:
    return Markup(
        '<defs><pattern id="{}-hatching" width="5" height="5" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect class="hatching-ground" width="5" height="5"/>'
        '<rect class="hatching-line" width="2.2" height="5"/></pattern></defs>'
    ).format(key)


def _text(kind: str, x: float, y: float, text: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(kind, x, y, text)


def _ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Three to six round values; from ``low``, and not less than ``high``. ``whole``: at whole numbers only."""
    span = high - low
    if not span > 1e-9:
        return [low, low + 1]
    rough = span / (4 if whole else 5)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    if whole:
        step = max(1.0, math.ceil(step) if step < 10 else step)
    count = math.ceil(span / step - 1e-9)
    return [low + step * place for place in range(count + 1)]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
