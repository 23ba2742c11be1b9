"""Reviews of how alerts were handled: the week's sample for reviewers, a page for each record, a link for its manager.

Reviewers are users in ``handling.reviewers``; their forms carry a token, so that no other site's page can post them. A
manager needs no password: the signed link allows reading one record and disputing its review.
"""

import csv
import hashlib
import hmac
import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, Conflict, Forbidden, NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from kodeks_exporter.domain.handling import Kind, Record, ReviewStep, score
from kodeks_exporter.reaction import handling
from kodeks_exporter.settings.handling import HandlingSettings, Reviewer
from kodeks_exporter.settings.settings import Settings
from kodeks_exporter.store.handling import KEPT, HandlingStore
from kodeks_exporter.web import words
from kodeks_exporter.web.acknowledge import LONGEST_COMMENT, LONGEST_NAME, line, posted
from kodeks_exporter.web.app import Route
from kodeks_exporter.web.guides import summary
from kodeks_exporter.web.pages import Pages
from kodeks_exporter.web.viewers import user_of

PATH: Final = "/handling"
VIEW: Final = "/handling/view"
OPEN_PATHS: Final = (VIEW,)
"""Not behind basic authentication: the manager's link is signed."""
_HIGHEST: Final = 5
_STEPS: Final = {Kind.REVIEW: "Оценка", Kind.DISPUTE: "Возражение", Kind.DECISION: "Решение второго проверяющего"}
_ASKED: Final = {Kind.REVIEW: "Оценить", Kind.DISPUTE: "Возразить", Kind.DECISION: "Решить"}


@dataclass(frozen=True, slots=True)
class _Line:
    href: str
    client: str
    what: str
    when: str
    why: str
    state: str


@dataclass(frozen=True, slots=True)
class _Form:
    """``points``: name and text of each item, none for a dispute."""

    button: str
    points: tuple[tuple[str, str], ...]
    token: str


@dataclass(frozen=True, slots=True)
class HandlingPage:
    """``groups``: the sample by manager. ``facts`` and ``said``: of one record and its steps, each a heading and
    lines. ``link``: for the manager of a reviewed record."""

    title: str
    zone: str
    groups: Mapping[str, list[_Line]]
    facts: tuple[tuple[str, str], ...] = ()
    said: tuple[tuple[str, tuple[str, ...]], ...] = ()
    form: _Form | None = None
    link: str = ""
    back: bool = False


class Handling:
    """Routes for ``web.app.Application``. ``settings`` gives those in force, ``zone`` the time zone of a manager."""

    def __init__(
        self,
        store: HandlingStore,
        settings: Callable[[], Settings],
        zone: Callable[[str], tzinfo],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._settings, self._zone, self._clock = store, settings, zone, clock
        self._pages = Pages()

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(PATH, ("GET", "POST"), self._review),
            Route(f"{PATH}.csv", ("GET",), self._csv),
            Route(VIEW, ("GET", "POST"), self._view),
        )

    def _review(self, request: Request, _: Mapping[str, str]) -> Response:
        reviewer = self._reviewer(request)
        if "record" not in request.args:
            return self._show(self._sample(reviewer))
        record = self._record(request, reviewer)
        steps = self._store.steps().get(record.id, {})
        kind = next((each for each in (Kind.REVIEW, Kind.DECISION) if handling.may(each, steps, reviewer.user)), None)
        token = self._signature("form", reviewer.user, record.id)
        if request.method == "POST":
            form = posted(request)
            if not hmac.compare_digest(form.get("token", "").encode(), token.encode()):
                raise Forbidden("Отправьте форму с её страницы.")
            if kind is None or reviewer.user == record.manager:
                raise Conflict("Этот шаг уже сделан или сделать его должен другой проверяющий.")
            return self._done(request, record, self._step(kind, reviewer.user, form))
        if reviewer.user == record.manager:
            kind = None
        link = f"view?{urlencode({'record': record.id, 'key': self._signature('view', record.id)})}" if steps else ""
        return self._show(self._page(record, steps, kind, token, link))

    def _view(self, request: Request, _: Mapping[str, str]) -> Response:
        """The manager's page. The key is the permission, as for /acknowledge."""
        id_ = request.args.get("record", "")
        if not hmac.compare_digest(request.args.get("key", "").encode(), self._signature("view", id_).encode()):
            raise Forbidden("Ссылка неверна: откройте её целиком.")
        record = self._store.record(id_)
        if record is None:
            raise NotFound("Такой записи больше нет: они хранятся 13 месяцев.")
        steps = self._store.steps().get(id_, {})
        if request.method == "POST":
            if not handling.may(Kind.DISPUTE, steps, record.manager):
                raise Conflict("Возразить можно один раз и после оценки.")
            return self._done(request, record, self._step(Kind.DISPUTE, record.manager, posted(request)))
        kind = Kind.DISPUTE if handling.may(Kind.DISPUTE, steps, record.manager) else None
        return self._show(self._page(record, steps, kind, "", ""))

    def _csv(self, request: Request, _: Mapping[str, str]) -> Response:
        reviewer, steps = self._reviewer(request), self._store.steps()
        names = [point.name for point in self._handling.checklist]
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";")
        headings = [f"{kind}_{what}" for kind in Kind for what in ("by", "time", "text")]
        writer.writerow((*_COLUMNS, *headings, *(f"point_{name}" for name in names)))
        for record in self._store.records(self._clock() - KEPT):
            if reviewer.sees(record.branch):
                done = steps.get(record.id, {})
                said = [each for kind in Kind for each in _cells(done.get(kind))]
                points = score(done)
                writer.writerow(map(_plain, (*_row(record), *said, *(points.get(name, "") for name in names))))
        response = Response("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="handling.csv"'
        return response

    @property
    def _handling(self) -> HandlingSettings:
        return self._settings().handling

    def _reviewer(self, request: Request) -> Reviewer:
        user = user_of(request, self._settings().web)
        found = next((each for each in self._handling.reviewers if user and each.user == user), None)
        if found is None:
            raise Forbidden("Эта страница для проверяющих (handling.reviewers).")
        return found

    def _record(self, request: Request, reviewer: Reviewer) -> Record:
        record = self._store.record(request.args["record"])
        if record is None or not reviewer.sees(record.branch):
            raise NotFound("Такой записи нет: они хранятся 13 месяцев.")
        return record

    def _signature(self, *parts: str) -> str:
        key = self._settings().reaction.key
        if key is None:
            raise Forbidden("Нужен reaction.key: им подписываются ссылки и формы.")
        return hmac.new(key.reveal().encode(), "\0".join(("handling", *parts)).encode(), hashlib.sha256).hexdigest()

    def _step(self, kind: Kind, by: str, form: MultiDict[str, str]) -> ReviewStep:
        """Raises ``BadRequest``."""
        text = line(form.get("text", ""))[:LONGEST_COMMENT]
        if not text:
            raise BadRequest("Напишите, почему.")
        if kind is Kind.DISPUTE:
            return ReviewStep(kind, self._clock(), line(form.get("who", ""))[:LONGEST_NAME] or by, text)
        points = {point.name: form.get(point.name, "") for point in self._handling.checklist}
        if any(value not in map(str, range(_HIGHEST + 1)) for value in points.values()):
            raise BadRequest(f"Оцените каждый пункт от 0 до {_HIGHEST}.")
        return ReviewStep(kind, self._clock(), by, text, {name: int(value) for name, value in points.items()})

    def _done(self, request: Request, record: Record, step: ReviewStep) -> Response:
        if not self._store.add(record.id, step):
            raise Conflict("Этот шаг уже сделан.")
        return redirect("?" + request.query_string.decode("ascii", "replace"), 303)

    def _sample(self, reviewer: Reviewer) -> HandlingPage:
        now, steps, fleet = self._clock(), self._store.steps(), self._settings().fleet
        zone = self._zone(reviewer.user)
        begin, end = handling.week_of(now, zone)
        records = [each for each in self._store.records(now - handling.PERIOD) if reviewer.sees(each.branch)]
        names = {name: manager.called for name, manager in fleet.managers.items()}
        found = handling.signs(records, names)
        week = [each for each in records if begin <= each.over < end]
        groups: dict[str, list[_Line]] = {}
        for drawn in handling.sample(week, found, self._handling.sample):
            group = groups.setdefault(names.get(drawn.record.manager, drawn.record.manager), [])
            group.append(_line(drawn, steps.get(drawn.record.id, {}), now, zone))
        return HandlingPage("Как ведут случаи: выборка за неделю", words.zone_name(now, zone), groups)

    def _page(
        self, record: Record, steps: Mapping[Kind, ReviewStep], kind: Kind | None, token: str, link: str
    ) -> HandlingPage:
        now, zone = self._clock(), self._zone(record.manager)
        points = tuple((each.name, each.text) for each in self._handling.checklist)
        form = None
        if kind is not None:
            form = _Form(_ASKED[kind], () if kind is Kind.DISPUTE else points, token)
        return HandlingPage(
            f"{record.client or record.subject}: {summary(record.alert)}",
            words.zone_name(now, zone),
            {},
            tuple(_facts(record, now, zone)),
            tuple(_said(steps, dict(points), now, zone)),
            form,
            link,
            back=bool(token),
        )

    def _show(self, page: HandlingPage) -> Response:
        return self._pages.answer("handling.html", page)


def _line(drawn: handling.Drawn, steps: Mapping[Kind, ReviewStep], now: float, zone: tzinfo) -> _Line:
    record = drawn.record
    last = next((_STEPS[kind] for kind in reversed(Kind) if kind in steps), "не оценено")
    taken = f"взято: {record.taken.by}" if record.taken else "не взято"
    what = f"{summary(record.alert)}, {record.priority}, {taken}"
    why = "; ".join(handling.SIGNS[sign] for sign in drawn.why) or "наугад"
    href = f"handling?{urlencode({'record': record.id})}"
    return _Line(href, record.client or record.subject, what, words.moment(record.told, now, zone), why, last)


def _facts(record: Record, now: float, zone: tzinfo) -> Iterator[tuple[str, str]]:
    yield "Менеджер", record.manager
    yield "Оповещение", record.alert
    yield "Где", record.subject
    yield "Срочность", record.priority
    yield "Сообщено", words.moment(record.told, now, zone)
    taken = record.taken
    if taken is None:
        yield "Взято", "нет"
    else:
        wait = words.duration(taken.at - record.told)
        yield "Взято", f"{words.moment(taken.at, now, zone)}, через {wait}: {taken.by}, «{taken.comment}»"
    for each in record.extensions:
        yield "Тишина продлена", f"до {words.moment(each.until, now, zone)}: {each.by}, «{each.comment}»"
    yield "Кончилось", f"{words.moment(record.over, now, zone)}, через {words.duration(record.over - record.told)}"
    yield "Сообщений", f"{record.messages} (по расчёту)"


def _said(
    steps: Mapping[Kind, ReviewStep], points: Mapping[str, str], now: float, zone: tzinfo
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for kind in Kind:
        if step := steps.get(kind):
            given = (f"{points.get(name, name)}: {number}" for name, number in step.points.items())
            yield f"{_STEPS[kind]}: {step.by}, {words.moment(step.at, now, zone)}", (*given, step.text)


_COLUMNS: Final = (
    "record", "alert", "manager", "branch", "client", "subject", "priority", "told", "over", "outcome", "messages",
    "taken", "taken_by", "comment", "extensions",
)  # fmt: skip


def _row(record: Record) -> tuple[object, ...]:
    taken = record.taken
    of_taking = (_iso(taken.at), taken.by, taken.comment) if taken else ("", "", "")
    return (
        record.id, record.alert, record.manager, record.branch, record.client, record.subject, record.priority,
        _iso(record.told), _iso(record.over), record.outcome, record.messages, *of_taking, len(record.extensions),
    )  # fmt: skip


def _cells(step: ReviewStep | None) -> tuple[str, str, str]:
    return (step.by, _iso(step.at), step.text) if step else ("", "", "")


def _iso(unix: float) -> str:
    return words.at(unix, None).isoformat(timespec="seconds")


def _plain(value: object) -> str:
    """Escapes formulas, because the file is opened in spreadsheets."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
