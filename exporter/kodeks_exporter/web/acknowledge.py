"""The page where somebody takes an alert, opened from the link in a message: small, in Russian, for phones.

GET changes nothing, because mail scanners open every link. POST carries the same signed parameters, which are the
permission: no cookie, no password.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from datetime import time as day_time
from typing import Final
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, LengthRequired, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.wrappers import Request, Response

from kodeks_exporter.domain.acknowledge import DATED, LABELS, LATEST
from kodeks_exporter.domain.reaction import Alert, Taken
from kodeks_exporter.reaction.desk import Case, Desk, LinkFault, RefusalError, TakeLink
from kodeks_exporter.settings.reaction import ReactionSettings
from kodeks_exporter.web import words
from kodeks_exporter.web.app import Route
from kodeks_exporter.web.pages import Pages
from kodeks_exporter.web.table import party

PATH: Final = "/acknowledge"
OPEN_PATHS: Final = (PATH,)
"""Not behind basic authentication: a manager on a phone has no password, and the link is signed."""
LONGEST_NAME: Final = 80
LONGEST_COMMENT: Final = 500
_MOST_BODY: Final = 16 * 1024
_SHOWN: Final = 3
"""Alerts that the page lists individually."""
_MORNING: Final = day_time(7)
"""When a silence until a date ends: before the working day."""
_ALERT_PARAMETER: Final = {"alertname": "alert"}
"""Labels whose parameter has another name."""

_STATUS: Final[Mapping[LinkFault, int]] = {
    LinkFault.OFF: 404,
    LinkFault.FORGED: 403,
    LinkFault.TOO_MANY: 429,
    LinkFault.EXPIRED: 410,
    LinkFault.OVER: 410,
    LinkFault.OTHER: 410,
    LinkFault.TAKEN: 409,
    LinkFault.UNREACHABLE: 502,
    LinkFault.CHOICE: 400,
}


@dataclass(frozen=True, slots=True)
class _Row:
    summary: str
    client: str
    since: str


@dataclass(frozen=True, slots=True)
class _Choice:
    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class _Page:
    """``tone``: a class of the stylesheet. ``about``: whose alert was taken. ``zone``: of the times, if any.
    ``rows`` and ``choices``: of the form, if any. ``dates``: the first and the last until which it may be taken."""

    title: str
    tone: str
    about: str = ""
    texts: tuple[str, ...] = ()
    quote: str = ""
    zone: str = ""
    mistakes: tuple[str, ...] = ()
    rows: tuple[_Row, ...] = ()
    more: str = ""
    choices: tuple[_Choice, ...] = ()
    dates: tuple[str, str] | None = None
    who: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class _Form:
    who: str = ""
    comment: str = ""
    seconds: float | None = None
    mistakes: tuple[str, ...] = field(default=())


class Acknowledge:
    """The route for ``web.app.Application``. ``settings`` returns those in force, ``zone`` a manager's time zone,
    ``called`` a manager's name as people use it, or empty."""

    def __init__(
        self,
        desk: Desk,
        settings: Callable[[], ReactionSettings],
        zone: Callable[[str], tzinfo | None],
        clock: Callable[[], float] = time.time,
        called: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._zone = zone
        self._called = called
        self._clock = clock
        self._pages = Pages("acknowledge.css")

    def routes(self) -> tuple[Route, ...]:
        return (Route(PATH, ("GET", "POST"), self._answer),)

    def _answer(self, request: Request, _: Mapping[str, str]) -> Response:
        sent = posted(request) if request.method == "POST" else None
        link = replace(_link(request.args), opened_by=party(request.remote_addr or ""))
        try:
            if sent is None:
                case = self._desk.look(link)
                whose = _Form(who=self._called(link.labels["manager"])[:LONGEST_NAME])
                return self._show(self._form_page(case, link, whose), 200)
            form = self._read(sent, link)
            if form.mistakes or form.seconds is None:
                return self._show(self._form_page(self._desk.look(link), link, form), 400)
            taken = self._desk.take(link, form.who, form.comment, form.seconds)
        except RefusalError as refusal:
            return self._refused(refusal, link)
        return self._show(self._done(taken, link), 200)

    def _read(self, sent: MultiDict[str, str], link: TakeLink) -> _Form:
        who, comment = line(sent.get("who", "")), line(sent.get("comment", ""))
        choice = sent.get("seconds", "")
        offered = {f"{each:g}": each for each in self._settings().silence_choices}
        mistakes = []
        if not who:
            mistakes.append("Напишите, кто берёт.")
        if len(who) > LONGEST_NAME:
            mistakes.append(f"Имя длиннее {LONGEST_NAME} знаков, сократите его.")
        if not comment:
            mistakes.append("Напишите в комментарии, что вы делаете: его увидят коллеги.")
        if len(comment) > LONGEST_COMMENT:
            mistakes.append(f"Комментарий длиннее {LONGEST_COMMENT} знаков, сократите его.")
        seconds = offered.get(choice)
        if link.labels["alertname"] in DATED and sent.get("until"):
            seconds = self._seconds_until(sent["until"], link)
            if seconds is None:
                mistakes.append("Выберите день не раньше завтрашнего и не позже, чем через три месяца.")
        elif seconds is None:
            mistakes.append("Выберите, на какое время прекратить напоминания.")
        return _Form(who[:LONGEST_NAME], comment[:LONGEST_COMMENT], seconds, tuple(mistakes))

    def _seconds_until(self, day: str, link: TakeLink) -> float | None:
        """None: it is no day, over, or too far."""
        try:
            end = datetime.combine(date.fromisoformat(day), _MORNING, self._zone(link.labels["manager"]) or UTC)
            seconds = end.timestamp() - self._clock()
        except (ValueError, OverflowError):
            return None
        return seconds if 0 < seconds <= LATEST else None

    def _form_page(self, case: Case, link: TakeLink, form: _Form) -> _Page:
        now, zone = self._clock(), self._zone(link.labels["manager"])
        choices = sorted(self._settings().silence_choices)
        chosen = form.seconds if form.seconds in choices else choices[min(1, len(choices) - 1)]
        number = len(case.alerts)
        dates = None
        if link.labels["alertname"] in DATED:
            first, last = (words.at(now + ahead, zone).date().isoformat() for ahead in (86400.0, LATEST - 86400.0))
            dates = first, last
        return _Page(
            title="Взять в работу" if number == 1 else f"Взять в работу {words.plural(number, *_ALERTS)}",
            tone="bad",
            zone=words.zone_name(now, zone),
            mistakes=form.mistakes,
            rows=tuple(_row(alert, now, zone) for alert in case.alerts[:_SHOWN]),
            more=f"и ещё {words.plural(number - _SHOWN, *_ALERTS)}" if number > _SHOWN else "",
            choices=tuple(_Choice(f"{each:g}", words.duration(each), each == chosen) for each in choices),
            dates=dates,
            who=form.who,
            comment=form.comment,
        )

    def _done(self, taken: Taken, link: TakeLink) -> _Page:
        zone = self._zone(link.labels["manager"])
        until = words.moment(taken.until, taken.at, zone)
        return _Page(
            title="Спасибо, взято в работу",
            tone="ok",
            about=_about(link),
            texts=(
                f"{taken.by}, напоминаний об этом не будет до {until}.",
                "Если починится раньше, отдельного сообщения об этом до того времени не придёт. "
                "Если не починится, напоминания начнутся снова.",
            ),
            quote=taken.comment,
            zone=words.zone_name(taken.at, zone),
        )

    def _refused(self, refusal: RefusalError, link: TakeLink) -> Response:
        page = self._refusal_page(refusal, link)
        response = self._show(page, _STATUS[refusal.reason])
        if refusal.reason is LinkFault.TOO_MANY:
            response.headers["Retry-After"] = "600"
        return response

    def _refusal_page(self, refusal: RefusalError, link: TakeLink) -> _Page:
        # Nothing from the link is repeated before its signature is verified.
        now = self._clock()
        reason, taken, zone = refusal.reason, refusal.taken, self._zone(link.labels["manager"])
        clock = words.zone_name(now, zone)
        if reason is LinkFault.TAKEN and taken is not None:
            at = words.moment(taken.at, now, zone)
            end = _NO_SILENCE
            if refusal.silent is not None:
                end = f"Напоминаний не будет до {words.moment(refusal.silent, now, zone)}."
            who = taken.by or "кто-то без имени"
            message = (f"Взято: {who}, {at}.", end, _ONCE)
            return _Page("Уже в работе", "plan", _about(link), message, taken.comment, clock)
        title, *texts = _REFUSALS[reason]
        return _Page(title, "warn", texts=tuple(texts))

    def _show(self, page: _Page, status: int) -> Response:
        return self._pages.answer("acknowledge.html", page, status)


def _about(link: TakeLink) -> str:
    """What a link with a valid signature is about: several may be open on a phone."""
    name = link.labels["installation"] or link.labels["account"] or link.labels["hosting"]
    client = link.labels["client"]
    return f"{client} ({name})" if client and name else client or name or link.labels["alertname"]


_ALERTS: Final = ("оповещение", "оповещения", "оповещений")
_NO_SILENCE: Final = (
    "Тишина уже кончилась, но случай тот же и числится за этим человеком: напоминания просят проверить, что с ним."
)
_ONCE: Final = "По ссылке один случай берут в работу один раз."
_REFUSALS: Final[Mapping[LinkFault, tuple[str, ...]]] = {
    LinkFault.OFF: (
        "Здесь не берут в работу",
        "На этом сервере ссылки «Беру в работу» не настроены. Сообщите тем, кто ведёт мониторинг.",
    ),
    LinkFault.FORGED: (
        "Ссылка неверна",
        "Подпись ссылки не подходит к этому оповещению. Откройте её прямо из письма или Telegram: "
        "переписанная или обрезанная не сработает.",
    ),
    LinkFault.TOO_MANY: (
        "Слишком много попыток",
        "С вашего адреса слишком часто открывали ссылки от других случаев этого оповещения. "
        "Откройте самую новую через десять минут.",
    ),
    LinkFault.EXPIRED: (
        "Ссылка устарела",
        "Оповещение началось слишком давно, такие ссылки больше не действуют.",
        "Если оно ещё приходит, скажите тем, кто ведёт мониторинг: они поставят тишину в Alertmanager.",
    ),
    LinkFault.OVER: (
        "Уже всё",
        "Это оповещение больше не действует: неисправность прошла, и брать в работу нечего.",
    ),
    # The start is not shown: the holder of an old link would only have to guess the seconds.
    LinkFault.OTHER: ("Ссылка от другого раза", "Откройте ссылку из самого нового сообщения."),
    LinkFault.TAKEN: ("Уже в работе", _ONCE),
    LinkFault.UNREACHABLE: (
        "Не получилось",
        "Alertmanager сейчас не отвечает, поэтому в работу ничего не взято. Попробуйте ещё раз через минуту.",
    ),
    LinkFault.CHOICE: ("Не получилось", "На такое время напоминания не прекращают. Откройте ссылку заново."),
}
"""Title, then paragraphs."""


def posted(request: Request) -> MultiDict[str, str]:
    """The fields of a form. Raises ``HTTPException`` if it is not a form or too long."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("Отправьте форму со страницы.")
    length = request.content_length
    if length is None:
        raise LengthRequired("Отправьте форму со страницы.")
    if length > _MOST_BODY:
        raise RequestEntityTooLarge("Слишком длинный комментарий.")
    return request.form


def _link(parameters: MultiDict[str, str]) -> TakeLink:
    since = parameters.get("since", "")
    if not (since.isascii() and since.isdigit() and len(since) <= 15):
        raise BadRequest("Ссылка неполна: откройте её прямо из письма или Telegram.")
    labels = {name: parameters.get(_ALERT_PARAMETER.get(name, name), "") for name in LABELS}
    return TakeLink(labels, int(since), parameters.get("key", ""))


def link_query(labels: Mapping[str, str], since: int, key: str) -> str:
    """The query of the link that takes an alert; ``since``: Unix milliseconds, ``key``: the signature."""
    parameters = {_ALERT_PARAMETER.get(name, name): labels[name] for name in LABELS if labels.get(name)}
    return urlencode({**parameters, "since": str(since), "key": key})


def line(text: str) -> str:
    """One line without control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _row(alert: Alert, now: float, zone: tzinfo | None) -> _Row:
    name = alert.labels.get("installation") or alert.labels.get("account") or ""
    client = alert.labels.get("client", "")
    who = f"{client} ({name})" if client and name and name != client else client or name
    summary = alert.summary or alert.labels.get("alertname", "")
    return _Row(summary, "" if client and client in summary else who, words.since(alert.started, now, zone))
