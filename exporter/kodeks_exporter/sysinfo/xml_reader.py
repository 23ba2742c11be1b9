"""Reads an XML report by a profile, as a stream.

The parser's events walk the tree of ``xml_plan``. Child elements add to the frame of their record; when the element
ends, its record is built from the frame. Elements that the profile does not know cost two dictionary look-ups.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from kodeks_exporter.domain.report import ReportSink, UnreadableReport
from kodeks_exporter.domain.texts import plain
from kodeks_exporter.sysinfo.feed import XmlFeed
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import Layout
from kodeks_exporter.sysinfo.records import Builders, Reading, emitters
from kodeks_exporter.sysinfo.scalars import is_wanted, join_slots
from kodeks_exporter.sysinfo.straight import Straight
from kodeks_exporter.sysinfo.xml_plan import TEXT, ElementPlan, Frame, Plan, RecordPlan

_PENDING_PIECES: Final = 64
_SKIPPED: Final = 0
_TAKEN: Final = 1

_Late = tuple[RecordPlan, Frame, int]
"""A record that waits for an outer frame, and how many frames up it is."""


def read_xml(
    chunks: Iterator[str], layout: Layout, builders: Builders, sink: ReportSink, limits: ReadLimits
) -> Reading:
    """Feeds all records to the sink. Raises UnreadableReport."""
    return _Reader(layout, builders, sink, limits).run(chunks)


class _Reader:
    def __init__(self, layout: Layout, builders: Builders, sink: ReportSink, limits: ReadLimits) -> None:
        self._layout = layout
        self._builders = builders
        self._sink = sink
        self._limits = limits
        self._result = Reading()
        self._plan = Plan(layout, builders, emitters(sink))
        self._frames: list[Frame] = []
        self._late: dict[int, list[_Late]] = {}  # by the place of the awaited frame in the list of frames
        self._deferred = 0
        self._pieces: list[str] = []
        self._header: dict[str, str] = {}
        self._created_sent = False
        self._wanted_keys = {place for source in layout.header.values() for place in source.places}
        self._fast: tuple[ElementPlan, ElementPlan, Straight] | None = None
        """An element that may bypass the parser, and its parent."""
        self._finish(self._plan.root)

    def _finish(self, node: ElementPlan) -> None:
        for child in node.children.values():
            self._finish(child)
        if node is not self._plan.root:
            node.enter = self._enter(node)
            node.leave = self._leave(node)

    # --- what happens at an element's start and end

    def _enter(self, node: ElementPlan) -> Callable[[Frame], None] | None:
        if node.shows and not (node.frame or node.captures):
            present, shows = self._result.present, node.shows

            def show(_: Frame) -> None:
                present.update(shows)

            return show
        if not (node.frame or node.captures):
            return None
        push, clear = self._frames.append, self._pieces.clear
        captures = [capture for capture in node.captures if capture.attributes]
        shows, opens = node.shows, node.frame
        wants_text = self._wants_text(node)

        def enter_with_text(attributes: Frame) -> None:
            push(attributes)
            clear()

        def enter(attributes: Frame) -> None:
            if shows:
                self._result.present.update(shows)
            for capture in captures:
                for attribute, slot in capture.attributes:
                    if attribute in attributes:
                        self._give(capture.up, slot, attributes[attribute])
            if opens:
                push(attributes)
            if wants_text:
                clear()

        if opens and not captures and not shows:
            return enter_with_text if wants_text else push
        return enter

    @staticmethod
    def _wants_text(node: ElementPlan) -> bool:
        return (
            any(plan.text for plan in node.records)
            or any(capture.text for capture in node.captures)
            or (node.keys is not None and TEXT in node.keys)
        )

    def _leave(self, node: ElementPlan) -> Callable[[], None] | None:
        if not (node.frame or any(capture.text for capture in node.captures)):
            return None
        frames, pieces, late = self._frames, self._pieces, self._late
        plans, opens, keys = tuple(node.records), node.frame, node.keys
        texts = [capture for capture in node.captures if capture.text]
        wants_text = self._wants_text(node)

        def leave_plain() -> None:
            # One record with all fields in its own frame: the case of nearly every element of a report.
            frame = frames.pop()
            if wants_text:
                frame[TEXT] = "".join(pieces)
                if straight is not None:
                    straight.learn(frame)
            record = build(frame)
            if record is None:
                tally[_SKIPPED] += 1
            else:
                tally[_TAKEN] += 1
                emit(record)
            if late:
                self._release(frame)

        def leave() -> None:
            text = "".join(pieces) if wants_text else ""
            frame = frames.pop() if opens else {}
            for capture in texts:
                self._give(capture.up, capture.text, text)
            if opens:
                frame[TEXT] = text
                for plan in plans:
                    self._record(plan, frame)
                if keys is not None:
                    self._key(frame.get(keys[0]), frame.get(keys[1]))
                if late:
                    self._release(frame)

        if len(plans) == 1 and not (texts or keys or plans[0].outer or plans[0].joins or plans[0].where):
            build, emit, tally = plans[0].build, plans[0].emit, plans[0].tally
            straight = self._straight(node, plans[0])
            return leave_plain
        return leave

    def _straight(self, node: ElementPlan, plan: RecordPlan) -> Straight | None:
        rows, order = self._plan.rows[plan.block]
        if rows is None or not plan.text or node.children or node.shows:
            return None
        above, _, name = node.path.rpartition("/")
        many = getattr(self._sink, "search_many", None) or (lambda records: deque(map(plan.emit, records), 0))
        straight = Straight(name, order, TEXT, rows, many, plan.tally)
        self._fast = node, self._plan.node(above) if above else self._plan.root, straight
        return straight

    def _give(self, up: int, slot: str, text: str) -> None:
        if up:
            self._frames[-up].setdefault(slot, text)
        elif slot not in self._header:
            self._header[slot] = text[: self._limits.text]
            if not self._created_sent:
                self._send_created()

    def _key(self, key: str | None, value: str | None) -> None:
        if key is None or value is None:
            return
        name = plain(key)
        self._builders.named(name, value)
        if f"key:{name}" in self._wanted_keys:
            self._give(0, f"key:{name}", value)

    def _record(self, plan: RecordPlan, frame: Frame) -> None:
        missing = 0
        for up, there, here in plan.outer:
            # The record's own frame is already off the list, so its neighbour above is the last one.
            value = self._frames[1 - up].get(there) if up > 1 else None
            if value is not None:
                frame[here] = value
            elif there.startswith("/"):
                missing = max(missing, up)
        if missing > 1:
            self._defer(plan, frame, missing)
        else:
            self._build(plan, frame)

    def _defer(self, plan: RecordPlan, frame: Frame, up: int) -> None:
        """The field is in an outer element, perhaps after the record: wait until the outermost of those ends."""
        self._deferred += 1
        if self._deferred > self._limits.deferred:
            raise UnreadableReport("too_complex", f"more than {self._limits.deferred} records wait for outer fields")
        self._late.setdefault(len(self._frames) + 1 - up, []).append((plan, frame, up))

    def _release(self, outer_frame: Frame) -> None:
        """Builds the records that waited for this frame, which has just been removed from the list."""
        for plan, frame, awaited in self._late.pop(len(self._frames), ()):
            self._deferred -= 1
            for up, there, here in plan.outer:
                if up == awaited and there in outer_frame:
                    frame[here] = outer_frame[there]
            self._build(plan, frame)

    @staticmethod
    def _build(plan: RecordPlan, frame: Frame) -> None:
        if plan.where and not is_wanted(frame, plan.where):
            return
        record = plan.build(join_slots(frame, plan.joins) if plan.joins else frame)
        if record is None:
            plan.tally[_SKIPPED] += 1
        else:
            plan.tally[_TAKEN] += 1
            plan.emit(record)

    # --- header

    def _header_field(self, name: str) -> str | None:
        source = self._layout.header.get(name)
        if source is None:
            return None
        texts = [self._header[place] for place in source.places if place in self._header]
        return " ".join(texts) if len(texts) == len(source.places) else None

    def _send_created(self) -> None:
        text = self._header_field("created")
        if text is not None:
            self._created_sent = True
            time = self._builders.time(text)
            if time is not None:
                self._sink.created(time)

    # --- the loop

    def run(self, chunks: Iterator[str]) -> Reading:
        limits, pieces = self._limits, self._pieces
        feed = XmlFeed(limits)
        unknown = ElementPlan()
        node = self._plan.root
        stack: list[ElementPlan] = []
        push, pop = stack.append, stack.pop

        def start(name: str, attributes: Frame) -> None:
            nonlocal node
            push(node)
            node = node.children.get(name, unknown)
            if node.enter is not None:
                node.enter(attributes)

        def end(_: str) -> None:
            nonlocal node
            if node.leave is not None:
                node.leave()
            node = pop()

        def watch() -> None:
            if len(stack) > limits.depth:
                raise UnreadableReport("too_complex", f"elements are nested deeper than {limits.depth}")
            if len(pieces) > _PENDING_PIECES:
                pieces[:] = ["".join(pieces)[: limits.text * 4]]

        feed.parser.StartElementHandler = start
        feed.parser.EndElementHandler = end
        feed.parser.CharacterDataHandler = pieces.append
        if self._fast is None:
            feed.run(chunks, watch)
        else:
            inner, around, straight = self._fast
            tag = straight.end

            def eat(text: str, see: Callable[[str], None]) -> None:
                """After passing a record's end tag by itself, the parser has seen everything before it."""
                at = 0
                while (end := text.find(tag, at)) >= 0:
                    see(text[at:end])
                    at = end
                    if node is not inner:  # it is in a comment, or in another element of that name
                        break
                    see(tag)
                    at += len(tag)
                    if node is not around:
                        break
                    at = straight.take(text, at)
                see(text[at:])

            feed.run(chunks, watch, eat)
        result = self._result
        result.counts = {block: tally[_TAKEN] for block, tally in self._plan.tallies.items() if tally[_TAKEN]}
        result.skipped = {block: tally[_SKIPPED] for block, tally in self._plan.tallies.items() if tally[_SKIPPED]}
        result.present.update(result.counts, result.skipped)
        result.header = {name: self._header_field(name) for name in self._layout.header}
        return result
