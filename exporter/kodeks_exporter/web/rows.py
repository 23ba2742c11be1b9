"""One installation on the status page: its status, its cause, its checks."""

from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final
from urllib.parse import quote, urlsplit

from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome
from kodeks_exporter.domain.checks import CHECKS
from kodeks_exporter.web import words
from kodeks_exporter.web.facts import facts
from kodeks_exporter.web.leads import TroubleRow, trouble_row
from kodeks_exporter.web.past import Timeline, available, day_bar
from kodeks_exporter.web.troubles import Trouble, alert_of, worst_first
from kodeks_exporter.web.views import FleetView, InstallationView

STALE_AFTER: Final = 300.0  # seconds without a round; ten intervals by default
REPORT_STALE_AFTER: Final = 2 * 86400.0  # as SmartXMLfileIsToOld
SHORT_LIST: Final = 4
_IN_A_LINE: Final = 2

PROBLEM: Final = "problem"
PLANNED: Final = "planned"
UNCHECKED: Final = "unchecked"
REPORTS_ONLY: Final = "reports"
FAULTY: Final = "faulty"
NOTED_LABEL: Final = "На заметку"
NOTED: Final = "noted"

_BAD_STATES: Final = frozenset(
    {
        InstallationState.UNREACHABLE,
        InstallationState.KEY_MISSING,
        InstallationState.NOT_STARTED,
        InstallationState.SERVER_ERROR,
        InstallationState.OUT_OF_SEATS,
    }
)
SIGNS: Final = {"bad": "✕", "warn": "!", "ok": "✓", "plan": "↻", "note": "i", "none": "–"}
_OUTCOME_LOOKS: Final = {
    Outcome.OK: ("ok", "✓"),
    Outcome.FAILED: ("bad", "✕"),
    Outcome.BLOCKED: ("none", "⋯"),
    Outcome.SKIPPED: ("none", "–"),
}
TONE_ORDER: Final = ("bad", "warn", "plan", "note", "none", "ok")


@dataclass(frozen=True, slots=True)
class Status:
    """``key``: value of ``?state=``; ``tone``: bad, warn, plan, note, none or ok; ``sign`` shows it without colour."""

    key: str
    label: str
    tone: str

    @property
    def sign(self) -> str:
        return SIGNS[self.tone]

    @property
    def problem(self) -> bool:
        return self.tone in ("bad", "warn")


@dataclass(frozen=True, slots=True)
class ResultRow:
    name: str
    tone: str
    sign: str
    text: str
    duration: str


@dataclass(frozen=True, slots=True)
class Row:
    """One installation on the page. ``href`` is empty when the url must not become a link."""

    name: str
    client: str
    manager: str
    hosting: str
    mode: str
    page: str
    url: str
    href: str
    status: Status
    cause: str
    since: str
    checked: str
    stale: bool
    report: str
    report_stale: bool
    available: str
    where: str = ""
    hints: tuple[str, ...] = ()
    blocked: str = ""
    lead: TroubleRow | None = None
    others: tuple[TroubleRow, ...] = ()
    verdict: str = ""
    checks: tuple[ResultRow, ...] = ()
    day: Timeline | None = None


def status_of(view: InstallationView) -> Status:
    """The status of an installation. A failed check on a server that still serves its users is a separate kind."""
    faulty = any(not trouble.noted for trouble in view.troubles)
    if view.state is None:
        if faulty:
            return Status(FAULTY, "Есть сбой", _tone_of(view.troubles))
        if view.troubles:
            return Status(NOTED, NOTED_LABEL, "note")
        if view.mode == "push" and not view.url:
            return Status(REPORTS_ONLY, "Только отчёты", "none")
        return Status(UNCHECKED, "Ещё не проверена", "none")
    if view.state is InstallationState.OK:
        if view.root_cause is None and not faulty:
            if view.troubles:
                return Status(NOTED, NOTED_LABEL, "note")
            return Status(view.state.value, words.STATES[view.state], "ok")
        return Status(FAULTY, "Работает, есть сбой", _tone_of(view.troubles))
    if view.planned and view.root_cause is None and not faulty:
        return Status(PLANNED, words.PLANNED.get(view.planned, "Плановые работы"), "plan")
    return Status(view.state.value, words.STATES[view.state], "bad" if view.state in _BAD_STATES else "warn")


def line_of(view: InstallationView, status: Status, fleet: FleetView) -> Row:
    """A line of the table: the status, and the worst troubles."""
    now, zone, root = fleet.generated, fleet.time_zone, view.root_cause
    cause = _sentence(root) if root else " ".join(f"{each.text}." for each in view.troubles[:_IN_A_LINE])
    # This is when the state began; troubles from reports have their own time.
    dated = view.since is not None and status.tone != "ok" and (root or view.state is not InstallationState.OK)
    return Row(
        name=view.name,
        client=view.client or view.name,
        manager=fleet.contact(view.manager).name,
        hosting=view.hosting,
        mode=view.mode,
        page="installations/" + quote(view.name, safe=""),
        url=view.url,
        href=view.url if _linkable(view.url) else "",
        status=status,
        cause=cause,
        since=words.since(view.since, now, zone) if view.since is not None and dated else "",
        checked=ago(view.last_run, now),
        stale=view.last_run is not None and now - view.last_run > STALE_AFTER,
        report=ago(view.report_made, now),
        report_stale=view.report_made is not None and now - view.report_made > REPORT_STALE_AFTER,
        available=available(view.past, now),
    )


def row_of(view: InstallationView, status: Status, fleet: FleetView) -> Row:
    """Everything known about an installation."""
    now, zone, root = fleet.generated, fleet.time_zone, view.root_cause
    blocked = [words.check_name_inside(r.check) for r in view.results if root and r.by == root.check]
    failed = [r for r in view.results if r.outcome is Outcome.FAILED and (root is None or r.check != root.check)]
    others = worst_first([*(_as_trouble(result, view) for result in failed), *view.troubles])
    return replace(
        line_of(view, status, fleet),
        cause=_sentence(root) if root else "",
        where=words.where_to_look(root.check) if root else "",
        hints=tuple(hint for hint in facts(root, zone) if not _said(hint, root.text)) if root else (),
        blocked=_some(blocked),
        lead=trouble_row(_as_trouble(root, view), view.name, fleet) if root else None,
        others=tuple(trouble_row(each, view.name, fleet) for each in others),
        verdict=_verdict(view, status),
        checks=tuple(_check_row(result, zone) for result in view.results),
        day=day_bar(view.past, now) if view.past else None,
    )


def rank_of(view: InstallationView) -> int:
    """The urgency of its worst trouble: 1 is the most urgent, as for alert priorities."""
    live = [_as_trouble(view.root_cause, view)] if view.root_cause is not None else []
    return min((trouble.rank for trouble in (*live, *view.troubles)), default=9)


def _as_trouble(result: CheckResult, view: InstallationView) -> Trouble:
    since = view.since if result is view.root_cause else None
    return Trouble(alert_of(result, view.state, view.long), _sentence(result).rstrip("."), since)


def _tone_of(troubles: tuple[Trouble, ...]) -> str:
    return "bad" if troubles and troubles[0].tone == "bad" else "warn"


def _check_row(result: CheckResult, zone: tzinfo | None) -> ResultRow:
    tone, sign = _OUTCOME_LOOKS[result.outcome]
    text = result.text.rstrip(".")
    if result.outcome is Outcome.BLOCKED:
        because = words.blocked_by(result)
        text = f"не проверялось, причина — {because}" if because else "не проверялось"
    elif not text:
        text = words.OUTCOMES[result.outcome]
        if result.outcome is Outcome.FAILED and result.reason:
            text = f"{text}: {result.reason}"
    learnt = [hint for hint in facts(result, zone) if not _said(hint, text)]
    ran = result.outcome in (Outcome.OK, Outcome.FAILED)
    took = words.check_duration(result.duration) if ran else ""
    return ResultRow(words.check_name(result.check), tone, sign, _capital("; ".join((text, *learnt))), took)


def _some(names: list[str]) -> str:
    """The first few; the rest is in the list of all checks."""
    if len(names) <= SHORT_LIST + 1:
        return ", ".join(names)
    return f"{', '.join(names[:SHORT_LIST])} и\u00a0ещё\u00a0{len(names) - SHORT_LIST}"


def _sentence(result: CheckResult) -> str:
    return _capital(result.text) or f"{words.check_name(result.check)}: {result.reason or 'сбой'}"


def _said(hint: str, text: str) -> bool:
    """Whether the text already contains the hint's last word, its figure or address."""
    return hint.rsplit(" ", 1)[-1] in text


def _verdict(view: InstallationView, status: Status) -> str:
    """Answers «is it us or them?», only for healthy installations and only from what was really checked."""
    if status.tone != "ok":
        return ""
    good = {result.check for result in view.results if result.outcome is Outcome.OK}
    phrases = [row.good for row in CHECKS.values() if row.good and row.name in good]
    if "сервер отвечает" not in phrases:
        return ""
    return f"{_capital(', '.join(phrases))}. Если пользователи жалуются, смотрите сеть клиента и рабочие места."


def ago(unix: float | None, now: float) -> str:
    return f"{words.duration(now - unix)} назад" if unix is not None else ""


def _linkable(url: str) -> bool:
    """Only web addresses become links: javascript: and the like stay text."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _capital(text: str) -> str:
    """Capitalises the first letter, unless it begins a machine's or protocol's name."""
    return text[:1].upper() + text[1:] if text[:1].isalpha() and not text[:1].isascii() else text
