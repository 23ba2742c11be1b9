"""Reviews of how alerts were handled: the week's sample for reviewers, a page for each record, a link for its manager.

Reviewers are users in ``handling.reviewers``; their forms carry a token, so that no other site's page can post them. A
manager needs no password: the signed link allows reading one record and disputing its review.
"""

import csv
import hashlib
import hmac
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import tzinfo
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, Conflict, Forbidden, NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from kodeks_exporter.domain.handling import Kind, Record, ReviewStep, score
from kodeks_exporter.reaction import handling
from kodeks_exporter.settings.handling import Reviewer
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
_GONE: Final = "Такой записи нет: они хранятся 13 месяцев."
_STEPS: Final = {Kind.REVIEW: "Оценка", Kind.DISPUTE: "Возражение", Kind.DECISION: "Решение второго проверяющего"}
_ASKED: Final = {Kind.REVIEW: "Оценить", Kind.DISPUTE: "Возразить", Kind.DECISION: "Решить"}


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
            return self._sample(reviewer)
        record = self._store.record(request.args["record"])
        if record is None or not reviewer.sees(record.branch):
            raise NotFound(_GONE)
        kinds = () if reviewer.user == record.manager else (Kind.REVIEW, Kind.DECISION)
        token = self._signature("form", reviewer.user, record.id)
        return self._of(record, request, reviewer.user, kinds, token)

    def _view(self, request: Request, _: Mapping[str, str]) -> Response:
        """The manager's page. The key is the permission, as for /acknowledge."""
        id_ = request.args.get("record", "")
        if not hmac.compare_digest(request.args.get("key", "").encode(), self._signature("view", id_).encode()):
            raise Forbidden("Ссылка неверна: откройте её целиком.")
        record = self._store.record(id_)
        if record is None:
            raise NotFound(_GONE)
        return self._of(record, request, record.manager, (Kind.DISPUTE,), "")

    def _of(self, record: Record, request: Request, by: str, kinds: tuple[Kind, ...], token: str) -> Response:
        """The page of a record, or the next step by whoever may take one of these ``kinds``."""
        steps = self._store.steps().get(record.id, {})
        kind = next((each for each in kinds if handling.may(each, steps, by)), None)
        if request.method == "POST":
            form = posted(request)
            if not hmac.compare_digest(form.get("token", "").encode(), token.encode()):
                raise Forbidden("Отправьте форму с её страницы.")
            if kind is None or not self._store.add(record.id, self._step(kind, by, form)):
                raise Conflict("Этот шаг уже сделан, или сделать его должен другой.")
            return redirect("?" + request.query_string.decode("ascii", "replace"), 303)
        link = urlencode({"record": record.id, "key": self._signature("view", record.id)}) if steps and token else ""
        page: dict[str, Any] = {
            "title": f"{record.client or record.subject}: {summary(record.alert)}",
            "record": record,
        }
        page |= {"steps": steps, "kind": kind, "token": token, "link": link}
        return self._page(self._zone(record.manager), page)

    def _sample(self, reviewer: Reviewer) -> Response:
        now, zone = self._clock(), self._zone(reviewer.user)
        begin, end = handling.week_of(now, zone)
        records = [each for each in self._store.records(now - handling.PERIOD) if reviewer.sees(each.branch)]
        names = {name: manager.called for name, manager in self._settings().fleet.managers.items()}
        week = (each for each in records if begin <= each.over < end)
        sample = handling.sample(week, handling.signs(records, names), self._settings().handling.sample)
        page: dict[str, Any] = {
            "title": "Как ведут случаи: выборка за неделю",
            "sample": sample,
            "signs": handling.SIGNS,
        }
        page |= {"names": names, "steps": self._store.steps(), "summary": summary, "record": None, "token": ""}
        return self._page(zone, page)

    def _page(self, zone: tzinfo, page: dict[str, Any]) -> Response:
        now = self._clock()
        page |= {"zone": words.zone_name(now, zone), "said": _STEPS, "asked": _ASKED}
        page["points"] = {each.name: each.text for each in self._settings().handling.points}
        moment = partial(words.moment, now=now, zone=zone)
        return self._pages.answer("handling.html", page, moment=moment, duration=words.duration)

    def _csv(self, request: Request, _: Mapping[str, str]) -> Response:
        reviewer, steps = self._reviewer(request), self._store.steps()
        columns = [each.name for each in fields(Record)] + ["taken_by", "comment"]
        columns += [f"{kind}_{what}" for kind in Kind for what in ("by", "time", "text")]
        columns += [f"point_{point.name}" for point in self._settings().handling.points]
        text = io.StringIO()
        text.write("\ufeff")
        writer = csv.DictWriter(text, columns, extrasaction="ignore", delimiter=";")
        writer.writeheader()
        for record in self._store.records(self._clock() - KEPT):
            if reviewer.sees(record.branch):
                writer.writerow({key: _plain(value) for key, value in _row(record, steps.get(record.id, {})).items()})
        response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="handling.csv"'
        return response

    def _reviewer(self, request: Request) -> Reviewer:
        user = user_of(request, self._settings().web)
        found = next((each for each in self._settings().handling.reviewers if user and each.user == user), None)
        if found is None:
            raise Forbidden("Эта страница для проверяющих (handling.reviewers).")
        return found

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
        points = {point.name: form.get(point.name, "") for point in self._settings().handling.points}
        if any(value not in ("0", "1", "2", "3", "4", "5") for value in points.values()):
            raise BadRequest("Оцените каждый пункт от 0 до 5.")
        return ReviewStep(kind, self._clock(), by, text, {name: int(value) for name, value in points.items()})


def _row(record: Record, steps: Mapping[Kind, ReviewStep]) -> dict[str, object]:
    row: dict[str, object] = asdict(record) | {"told": _iso(record.told), "over": _iso(record.over), "taken": ""}
    row["extensions"] = len(record.extensions)
    if record.taken:
        row |= {"taken": _iso(record.taken.at), "taken_by": record.taken.by, "comment": record.taken.comment}
    for kind, step in steps.items():
        row |= {f"{kind}_by": step.by, f"{kind}_time": _iso(step.at), f"{kind}_text": step.text}
    return row | {f"point_{name}": number for name, number in score(steps).items()}


def _iso(unix: float) -> str:
    return words.at(unix, None).isoformat(timespec="seconds")


def _plain(value: object) -> object:
    """Escapes formulas, because the file is opened in spreadsheets."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
