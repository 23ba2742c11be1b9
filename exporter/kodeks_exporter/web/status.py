"""The status page as data: what is shown, in which order, in which words. The templates only print it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome
from kodeks_exporter.domain.checks import CHECKS
from kodeks_exporter.web import words
from kodeks_exporter.web.facts import facts
from kodeks_exporter.web.views import FleetView, InstallationView

MAX_CARDS: Final = 60  # failing installations shown in full; more would be no page to read but a megabyte
SMALL_RESULT: Final = 8  # a search with that few results shows healthy installations in full as well
STALE_AFTER: Final = 300.0  # seconds without a round; ten intervals by default
REPORT_STALE_AFTER: Final = 2 * 86400.0  # as SmartXMLfileIsToOld
GROUP_BY_HOSTING: Final = 3  # as many installations of one hosting with one cause hardly fail by chance
GROUP_BY_CAUSE: Final = 5
SHORT_LIST: Final = 4
_MAX_QUERY: Final = 200  # characters of a search worth reading

PROBLEM: Final = "problem"
PLANNED: Final = "planned"
UNCHECKED: Final = "unchecked"
REPORTS_ONLY: Final = "reports"
FAULTY: Final = "faulty"

_BAD_STATES: Final = frozenset(
    {
        InstallationState.UNREACHABLE,
        InstallationState.KEY_MISSING,
        InstallationState.NOT_STARTED,
        InstallationState.SERVER_ERROR,
        InstallationState.OUT_OF_SEATS,
    }
)
_SIGNS: Final = {"bad": "✕", "warn": "!", "ok": "✓", "plan": "↻", "none": "–"}
_OUTCOME_LOOKS: Final = {
    Outcome.OK: ("ok", "✓"),
    Outcome.FAILED: ("bad", "✕"),
    Outcome.BLOCKED: ("none", "⋯"),
    Outcome.SKIPPED: ("none", "–"),
}
_TONE_ORDER: Final = ("bad", "warn", "plan", "none", "ok")


@dataclass(frozen=True, slots=True)
class Query:
    """What the visitor asked for. Empty strings: no limit. ``refresh``: the page reloads itself."""

    text: str = ""
    state: str = ""
    manager: str = ""
    hosting: str = ""
    cause: str = ""
    refresh: bool = True

    @classmethod
    def of(cls, args: Mapping[str, str]) -> Query:
        def arg(name: str) -> str:
            return args.get(name, "")[:_MAX_QUERY].strip()

        return cls(arg("q"), arg("state"), arg("manager"), arg("hosting"), arg("cause"), arg("refresh") != "0")

    def href(self, **changes: str | bool) -> str:
        """A relative link to the page with some of the query changed: works behind any path prefix."""
        query = replace(self, **changes)  # type: ignore[arg-type]  # the names and types are those of the fields
        pairs = {
            "q": query.text,
            "state": query.state,
            "manager": query.manager,
            "hosting": query.hosting,
            "cause": query.cause,
            "refresh": "" if query.refresh else "0",
        }
        return "?" + urlencode({key: value for key, value in pairs.items() if value})

    @property
    def narrows(self) -> bool:
        return bool(self.text or self.state or self.manager or self.hosting or self.cause)

    def matches(self, view: InstallationView) -> bool:
        """Everything but the state, which the counters on top need left open."""
        if self.manager and view.manager != self.manager:
            return False
        if self.hosting and view.hosting != self.hosting:
            return False
        if self.cause and (view.root_cause is None or view.root_cause.check != self.cause):
            return False
        haystack = _folded(" ".join((view.name, view.client, view.url, view.manager, view.branch, view.hosting)))
        return all(word in haystack for word in _folded(self.text).split())


@dataclass(frozen=True, slots=True)
class Status:
    """``key``: value of ``?state=``; ``tone``: bad, warn, plan, none or ok; ``sign`` says the tone without colour."""

    key: str
    label: str
    tone: str

    @property
    def sign(self) -> str:
        return _SIGNS[self.tone]

    @property
    def problem(self) -> bool:
        return self.tone in ("bad", "warn")


@dataclass(frozen=True, slots=True)
class CheckRow:
    name: str
    tone: str
    sign: str
    text: str
    duration: str


@dataclass(frozen=True, slots=True)
class Row:
    """One installation as the page shows it. ``href`` is empty when the url is not one to make a link of."""

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
    where: str
    hints: tuple[str, ...]
    since: str
    blocked: str
    others: tuple[str, ...]
    verdict: str
    checked: str
    stale: bool
    report: str
    report_stale: bool
    checks: tuple[CheckRow, ...]


@dataclass(frozen=True, slots=True)
class Count:
    label: str
    number: str
    tone: str
    sign: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """Several installations that fail alike."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class StatusPage:
    title: str
    heading: str
    tone: str
    query: Query
    counters: tuple[Count, ...]
    notices: tuple[Notice, ...]
    managers: tuple[Choice, ...]
    hostings: tuple[Choice, ...]
    cards: tuple[Row, ...]
    rows: tuple[Row, ...]
    rows_heading: str
    empty_fleet: bool
    nothing_found: bool
    cause_label: str
    toggle_refresh: str
    clock: str
    zone: str
    version: str


@dataclass(frozen=True, slots=True)
class InstallationPage:
    title: str
    row: Row
    tone: str
    facts: tuple[tuple[str, str], ...]
    query: Query
    toggle_refresh: str
    clock: str
    zone: str
    version: str


def status_of(view: InstallationView) -> Status:
    """The one word for an installation. A failed check of a server that serves its users is a fault of its own kind."""
    if view.state is None:
        if view.mode == "push" and not view.url:
            return Status(REPORTS_ONLY, "Только отчёты", "none")
        return Status(UNCHECKED, "Ещё не проверена", "none")
    if view.state is InstallationState.OK:
        if view.root_cause is None:
            return Status(view.state.value, words.STATES[view.state], "ok")
        return Status(FAULTY, "Работает, есть сбой", "warn")
    if view.planned and view.root_cause is None:
        return Status(PLANNED, words.PLANNED.get(view.planned, "Плановые работы"), "plan")
    return Status(view.state.value, words.STATES[view.state], "bad" if view.state in _BAD_STATES else "warn")


def status_page(fleet: FleetView, query: Query) -> StatusPage:
    everything = [(view, status_of(view)) for view in fleet.installations]
    matching = [(view, status) for view, status in everything if query.matches(view)]
    shown = [(view, status) for view, status in matching if _state_matches(query.state, status)]
    problems = sorted((pair for pair in shown if pair[1].problem), key=_problem_order)
    others = sorted((pair for pair in shown if not pair[1].problem), key=_quiet_order)
    cards, rows = problems[:MAX_CARDS], problems[MAX_CARDS:] + others
    if query.text and len(shown) <= SMALL_RESULT:
        cards, rows = cards + rows, []
    failing = sum(status.problem for _, status in everything)
    worst = _worst(status for _, status in everything)
    return StatusPage(
        title=_title(failing, len(everything)),
        heading=_heading(failing, len(everything)),
        tone=worst,
        query=query,
        counters=_counters([status for _, status in matching], query),
        notices=_notices(problems, query),
        managers=_choices((view.manager for view in fleet.installations), query.manager, "Все менеджеры"),
        hostings=_choices((view.hosting for view in fleet.installations), query.hosting, "Любое размещение"),
        cards=tuple(_row(view, status, fleet) for view, status in cards),
        rows=tuple(_row(view, status, fleet) for view, status in rows),
        rows_heading="Остальные" if cards else "",
        empty_fleet=not everything,
        nothing_found=bool(everything) and not shown,
        cause_label=words.check_name(query.cause) if query.cause else "",
        toggle_refresh=query.href(refresh=not query.refresh),
        clock=_clock(fleet),
        zone=words.zone_name(fleet.generated, fleet.time_zone),
        version=fleet.version,
    )


def installation_page(fleet: FleetView, name: str, query: Query) -> InstallationPage | None:
    """The page of one installation; None when the fleet has no such name."""
    view = next((view for view in fleet.installations if view.name == name), None)
    if view is None:
        return None
    row = _row(view, status_of(view), fleet)
    local = ""
    if words.offset(fleet.generated, view.time_zone) != words.offset(fleet.generated, fleet.time_zone):
        zone = words.zone_name(fleet.generated, view.time_zone)
        local = f"{words.at(fleet.generated, view.time_zone):%H:%M}, {zone}"
    about = (
        ("Имя в настройках", view.name),
        ("Менеджер", view.manager),
        ("Филиал", view.branch),
        ("Размещение", view.hosting),
        ("Отчёты", {"pull": "забираем сами", "push": "присылает сервер"}.get(view.mode, view.mode)),
        ("У клиента сейчас", local),
    )
    return InstallationPage(
        title=f"{row.status.sign} {view.client or view.name}",
        row=row,
        tone=row.status.tone,
        facts=tuple((key, value) for key, value in about if value),
        query=query,
        toggle_refresh="?refresh=0" if query.refresh else "?",
        clock=_clock(fleet),
        zone=words.zone_name(fleet.generated, fleet.time_zone),
        version=fleet.version,
    )


def _row(view: InstallationView, status: Status, fleet: FleetView) -> Row:
    now, zone, root = fleet.generated, fleet.time_zone, view.root_cause
    blocked = [words.check_name_inside(r.check) for r in view.results if root and r.by == root.check]
    failed = [r for r in view.results if r.outcome is Outcome.FAILED and (root is None or r.check != root.check)]
    return Row(
        name=view.name,
        client=view.client or view.name,
        manager=view.manager,
        hosting=view.hosting,
        mode=view.mode,
        page="installations/" + quote(view.name, safe=""),
        url=view.url,
        href=view.url if _linkable(view.url) else "",
        status=status,
        cause=_sentence(root) if root else "",
        where=words.where_to_look(root.check) if root else "",
        hints=tuple(hint for hint in facts(root, zone) if not _said(hint, root.text)) if root else (),
        since=words.since(view.since, now, zone) if view.since is not None and status.tone != "ok" else "",
        blocked=_some(blocked),
        others=tuple(_sentence(result) for result in failed),
        verdict=_verdict(view, status),
        checked=_ago(view.last_run, now),
        stale=view.last_run is not None and now - view.last_run > STALE_AFTER,
        report=_ago(view.report_made, now),
        report_stale=view.report_made is not None and now - view.report_made > REPORT_STALE_AFTER,
        checks=tuple(_check_row(result, zone) for result in view.results),
    )


def _check_row(result: CheckResult, zone: tzinfo | None) -> CheckRow:
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
    return CheckRow(words.check_name(result.check), tone, sign, _capital("; ".join((text, *learnt))), took)


def _some(names: list[str]) -> str:
    """The first few of many: the rest is in the list of all checks."""
    if len(names) <= SHORT_LIST + 1:
        return ", ".join(names)
    return f"{', '.join(names[:SHORT_LIST])} и\u00a0ещё\u00a0{len(names) - SHORT_LIST}"


def _sentence(result: CheckResult) -> str:
    return _capital(result.text) or f"{words.check_name(result.check)}: {result.reason or 'сбой'}"


def _said(hint: str, text: str) -> bool:
    """Whether the text already tells the hint's last word, which is its figure or address."""
    return hint.rsplit(" ", 1)[-1] in text


def _verdict(view: InstallationView, status: Status) -> str:
    """Is it us or them? Said of healthy installations only, and only from what was really checked."""
    if status.tone != "ok":
        return ""
    good = {result.check for result in view.results if result.outcome is Outcome.OK}
    phrases = [row.good for row in CHECKS.values() if row.good and row.name in good]
    if "сервер отвечает" not in phrases:
        return ""
    return f"{_capital(', '.join(phrases))}. Если пользователи жалуются, смотрите сеть клиента и рабочие места."


def _counters(statuses: list[Status], query: Query) -> tuple[Count, ...]:
    def counter(key: str, label: str, number: int, tone: str) -> Count:
        current = query.state == key
        sign = _SIGNS[tone] if tone != "all" else ""
        return Count(label, words.grouped(number), tone, sign, query.href(state=key), current)

    kinds = Counter(statuses)
    by_key: dict[str, tuple[Status, int]] = {}
    for status, number in kinds.items():  # planned restart and backup share one key
        known = by_key.get(status.key)
        label = "Плановые работы" if status.key == PLANNED else status.label
        by_key[status.key] = (Status(status.key, label, status.tone), number + (known[1] if known else 0))
    kinds_in_order = sorted(
        by_key.values(), key=lambda pair: (_TONE_ORDER.index(pair[0].tone), -pair[1], pair[0].label)
    )
    failing = sum(status.problem for status in statuses)
    counters = [
        counter("", "Все", len(statuses), "all"),
        *([counter(PROBLEM, "Сбои", failing, "bad")] if failing else []),
        *(counter(status.key, status.label, number, status.tone) for status, number in kinds_in_order),
    ]
    if query.state and not any(c.current for c in counters):
        counters.append(counter(query.state, _state_label(query.state), 0, "none"))
    return tuple(counters)


def _notices(problems: list[tuple[InstallationView, Status]], query: Query) -> tuple[Notice, ...]:
    """Groups of installations that fail alike: the cause is then likely one and outside of each of them."""
    if query.cause:
        return ()
    together: Counter[tuple[str, str]] = Counter()
    alone: Counter[str] = Counter()
    for view, _ in problems:
        if view.root_cause is not None:
            together[view.root_cause.check, view.hosting] += 1
    notices = []
    for (check, hosting), number in together.most_common():
        if hosting and number >= GROUP_BY_HOSTING:
            text = f"{words.check_name(check)}: {words.installations(number)}, размещение {hosting}"
            notices.append(Notice(text, query.href(cause=check, hosting=hosting)))
        else:
            alone[check] += number
    for check, number in alone.most_common():
        if number >= GROUP_BY_CAUSE:
            text = f"{words.check_name(check)}: {words.installations(number)}"
            notices.append(Notice(text, query.href(cause=check)))
    return tuple(notices)


def _choices(values: Iterable[str], chosen: str, everything: str) -> tuple[Choice, ...]:
    """Options of a form field; empty when there is nothing to choose from."""
    known = sorted({value for value in values if value}, key=str.casefold)
    if chosen and chosen not in known:
        known.insert(0, chosen)
    if not chosen and len(known) < 2:
        return ()
    return (Choice("", everything, not chosen), *(Choice(value, value, value == chosen) for value in known))


def _state_matches(wanted: str, status: Status) -> bool:
    return not wanted or status.key == wanted or (wanted == PROBLEM and status.problem)


def _state_label(key: str) -> str:
    special = {
        PROBLEM: "Сбои",
        PLANNED: "Плановые работы",
        UNCHECKED: "Ещё не проверены",
        FAULTY: "Работает, есть сбой",
    }
    known = {state.value: label for state, label in words.STATES.items()}
    return special.get(key) or known.get(key) or "Другое состояние"


def _problem_order(pair: tuple[InstallationView, Status]) -> tuple[int, float, str]:
    """Worst first, then the newest: that is what the telephone rings about."""
    view, status = pair
    return _TONE_ORDER.index(status.tone), -(view.since or 0.0), view.client.casefold()


def _quiet_order(pair: tuple[InstallationView, Status]) -> tuple[int, str, str]:
    view, status = pair
    return _TONE_ORDER.index(status.tone), (view.client or view.name).casefold(), view.name


def _worst(statuses: Iterable[Status]) -> str:
    tones = {status.tone for status in statuses}
    return next((tone for tone in ("bad", "warn") if tone in tones), "ok" if "ok" in tones else "none")


def _title(failing: int, total: int) -> str:
    if failing:
        return f"✕ {failing} — Кодекс, установки"
    return "✓ Кодекс, установки" if total else "Кодекс, установки"


def _heading(failing: int, total: int) -> str:
    if not total:
        return "Установок пока нет"
    if not failing:
        return "Сбоев нет"
    return f"Сбой у {words.installations_genitive(failing)} из {words.grouped(total)}"


def _clock(fleet: FleetView) -> str:
    return f"{words.at(fleet.generated, fleet.time_zone):%d.%m.%Y %H:%M:%S}"


def _ago(unix: float | None, now: float) -> str:
    return f"{words.duration(now - unix)} назад" if unix is not None else ""


def _linkable(url: str) -> bool:
    """Only web addresses become links: javascript: and its kin stay text."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _folded(text: str) -> str:
    return text.casefold().replace("ё", "е")


def _capital(text: str) -> str:
    """The first letter made a capital, unless it begins a name of a machine or a protocol."""
    return text[:1].upper() + text[1:] if text[:1].isalpha() and not text[:1].isascii() else text
