"""The status page as data: content, order and words. The templates only print it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kodeks_exporter.web import words
from kodeks_exporter.web.accesses import AccessRow, access_rows
from kodeks_exporter.web.installation import clock, in_zone
from kodeks_exporter.web.past import share
from kodeks_exporter.web.query import Query
from kodeks_exporter.web.rows import (
    FAULTY,
    NOTED,
    NOTED_LABEL,
    PLANNED,
    PROBLEM,
    SIGNS,
    TONE_ORDER,
    UNCHECKED,
    Row,
    Status,
    line_of,
    rank_of,
    row_of,
    status_of,
)
from kodeks_exporter.web.views import FleetView, InstallationView

MAX_CARDS: Final = 60  # failing installations shown in full; more would make the page unreadable
SMALL_RESULT: Final = 8  # a search with that few results also shows healthy installations in full
MAX_ACCESSES: Final = 40
PER_PAGE: Final = 500  # lines of the table
GROUP_BY_HOSTING: Final = 3  # this many installations of one hosting rarely fail with one cause by chance
GROUP_BY_CAUSE: Final = 5


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
    """Several installations with the same failure."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Column:
    """``href``: sorts by it; ``order``: of ``aria-sort``."""

    label: str
    href: str
    order: str


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
    monitor: tuple[str, ...]
    notices: tuple[Notice, ...]
    more_accesses: str
    managers: tuple[Choice, ...]
    hostings: tuple[Choice, ...]
    cards: tuple[Row | AccessRow, ...]
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    pages: tuple[Count, ...]
    zones: tuple[Choice, ...]
    rows_heading: str
    empty_fleet: bool
    nothing_found: bool
    cause_label: str
    toggle_refresh: str
    clock: str
    zone: str
    version: str


def status_page(fleet: FleetView, query: Query) -> StatusPage:
    fleet = in_zone(fleet, query)
    everything = [(view, status_of(view)) for view in fleet.installations]
    matching = [(view, status) for view, status in everything if query.matches(view)]
    shown = [(view, status) for view, status in matching if _state_matches(query.state, status)]
    problems = sorted((pair for pair in shown if pair[1].problem), key=_problem_order)
    others = sorted((pair for pair in shown if not pair[1].problem), key=_quiet_order)
    counted = [status for _, status in matching]
    cards, rows = problems[:MAX_CARDS], problems[MAX_CARDS:] + others
    if query.sort:
        # A sorted page is one table with all of them.
        cards, rows = [], sorted(shown, key=_ORDERS[query.sort.lstrip("-")], reverse=query.sort.startswith("-"))
    if query.text and len(shown) <= SMALL_RESULT:
        cards, rows = cards + rows, []
    failing = sum(status.problem for _, status in everything)
    accesses = access_rows(fleet, query)
    bad_accesses = len(access_rows(fleet, Query()))
    monitor = (*fleet.monitor, *fleet.told_to_ops)
    noted = sum(status.key == NOTED for _, status in everything) + len(access_rows(fleet, Query(state=NOTED)))
    pages = _pages(len(rows), query)
    first = PER_PAGE * next((number for number, page in enumerate(pages) if page.current), 0)
    worst = _worst(status for _, status in everything)
    return StatusPage(
        title=_title(failing + bad_accesses, len(everything) + len(fleet.accesses)),
        heading=_heading(failing, len(everything), bad_accesses, noted, bool(monitor)),
        tone="warn" if worst == "ok" and (bad_accesses or monitor) else worst,
        monitor=monitor,
        more_accesses=words.plural(len(accesses) - MAX_ACCESSES, "доступ", "доступа", "доступов")
        if len(accesses) > MAX_ACCESSES
        else "",
        query=query,
        counters=_counters(counted, len(access_rows(fleet, replace(query, state=NOTED))), query),
        notices=_notices(problems, query),
        managers=_choices(
            (view.manager for view in fleet.installations),
            query.manager,
            "Все менеджеры",
            lambda manager: fleet.contact(manager).name,
        ),
        hostings=_choices((view.hosting for view in fleet.installations), query.hosting, "Любая площадка"),
        cards=_in_one_list(cards, accesses[:MAX_ACCESSES], fleet),
        rows=tuple(line_of(view, status, fleet) for view, status in rows[first : first + PER_PAGE]),
        columns=_columns(query),
        pages=pages,
        zones=_choices(map(_zone_of, fleet.installations), query.zone, "Время: здешнее"),
        rows_heading="Остальные" if cards else "",
        empty_fleet=not everything and not fleet.accesses,
        nothing_found=bool(everything) and not shown and not accesses,
        cause_label=words.check_name(query.cause) if query.cause else "",
        toggle_refresh=query.href(refresh=not query.refresh),
        clock=clock(fleet),
        zone=words.zone_name(fleet.generated, fleet.time_zone),
        version=fleet.version,
    )


def _counters(statuses: list[Status], noted_accesses: int, query: Query) -> tuple[Count, ...]:
    def counter(key: str, label: str, number: int, tone: str) -> Count:
        current = query.state == key
        sign = SIGNS[tone] if tone != "all" else ""
        return Count(label, words.grouped(number), tone, sign, query.href(state=key), current)

    kinds = Counter(statuses)
    if noted_accesses:
        kinds[Status(NOTED, NOTED_LABEL, "note")] += noted_accesses
    by_key: dict[str, tuple[Status, int]] = {}
    for status, number in kinds.items():  # planned restart and backup share one key
        known = by_key.get(status.key)
        label = "Плановые работы" if status.key == PLANNED else status.label
        by_key[status.key] = (Status(status.key, label, status.tone), number + (known[1] if known else 0))
    kinds_in_order = sorted(by_key.values(), key=lambda pair: (TONE_ORDER.index(pair[0].tone), -pair[1], pair[0].label))
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
    """Groups of installations with the same failure, which then probably has one common cause."""
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
            text = f"{words.check_name(check)}: {words.installations(number)}, площадка {hosting}"
            notices.append(Notice(text, query.href(cause=check, hosting=hosting)))
        else:
            alone[check] += number
    for check, number in alone.most_common():
        if number >= GROUP_BY_CAUSE:
            text = f"{words.check_name(check)}: {words.installations(number)}"
            notices.append(Notice(text, query.href(cause=check)))
    return tuple(notices)


def _choices(
    values: Iterable[str], chosen: str, everything: str, called: Callable[[str], str] = str
) -> tuple[Choice, ...]:
    """Options of a form field; empty when there is nothing to choose from. ``called``: a value as people read it."""
    known = sorted({value for value in values if value}, key=lambda value: called(value).casefold())
    if chosen and chosen not in known:
        known.insert(0, chosen)
    if not chosen and len(known) < 2:
        return ()
    return (Choice("", everything, not chosen), *(Choice(value, called(value), value == chosen) for value in known))


def _state_matches(wanted: str, status: Status) -> bool:
    return not wanted or status.key == wanted or (wanted == PROBLEM and status.problem)


def _state_label(key: str) -> str:
    special = {
        PROBLEM: "Сбои",
        PLANNED: "Плановые работы",
        UNCHECKED: "Ещё не проверены",
        FAULTY: "Работает, есть сбой",
        NOTED: NOTED_LABEL,
    }
    known = {state.value: label for state, label in words.STATES.items()}
    return special.get(key) or known.get(key) or "Другое состояние"


def _pages(rows: int, query: Query) -> tuple[Count, ...]:
    """Links to the pages of a long table; none for a short one."""
    number = -(-rows // PER_PAGE)
    if number < 2:
        return ()
    current = min(max(int(query.page or "1"), 1), number)
    return tuple(
        Count(f"{PER_PAGE * page + 1}–{min(PER_PAGE * (page + 1), rows)}", "", "none", "", href, page + 1 == current)
        for page, href in ((page, query.href(page=str(page + 1) if page else "")) for page in range(number))
    )


def _columns(query: Query) -> tuple[Column, ...]:
    found = []
    for key, label in _COLUMNS.items():
        order = {key: "ascending", f"-{key}": "descending"}.get(query.sort, "none")
        wanted = {"ascending": f"-{key}", "descending": ""}.get(order, key)
        found.append(Column(label, query.href(sort=wanted) if key in _ORDERS else "", order))
    return tuple(found)


_COLUMNS: Final = {
    "client": "Клиент", "state": "Состояние", "url": "Адрес", "manager": "Менеджер", "available": "30 дней",
    "checked": "Проверена",
}  # fmt: skip
_ORDERS: Final[Mapping[str, Callable[[tuple[InstallationView, Status]], tuple[Any, ...]]]] = {
    "client": lambda pair: (pair[0].client.casefold(), pair[0].name),
    "state": lambda pair: _problem_order(pair),
    "manager": lambda pair: (pair[0].manager.casefold(), pair[0].client.casefold()),
    "available": lambda pair: (share(pair[0].past, pair[0].last_run or 0.0), pair[0].client.casefold()),
    "checked": lambda pair: (-(pair[0].last_run or 0.0), pair[0].client.casefold()),
}


def _zone_of(view: InstallationView) -> str:
    """The zone of a server: times may be shown in any of these."""
    return str(view.time_zone) if view.time_zone is not None else ""


def _problem_order(pair: tuple[InstallationView, Status]) -> tuple[int, int, float, str]:
    """Worst first, then the newest, which people call about."""
    view, status = pair
    return rank_of(view), TONE_ORDER.index(status.tone), -(view.since or 0.0), view.client.casefold()


def _in_one_list(
    pairs: list[tuple[InstallationView, Status]], accesses: tuple[AccessRow, ...], fleet: FleetView
) -> tuple[Row | AccessRow, ...]:
    """Installations and accesses, the most urgent first; otherwise each keep their order."""
    found: list[tuple[int, Row | AccessRow]] = [(rank_of(view), row_of(view, s, fleet)) for view, s in pairs]
    found += [(access.rank, access) for access in accesses]
    return tuple(card for _, card in sorted(found, key=lambda each: each[0]))


def _quiet_order(pair: tuple[InstallationView, Status]) -> tuple[int, str, str]:
    view, status = pair
    return TONE_ORDER.index(status.tone), (view.client or view.name).casefold(), view.name


def _worst(statuses: Iterable[Status]) -> str:
    tones = {status.tone for status in statuses}
    return next((tone for tone in ("bad", "warn") if tone in tones), "ok" if "ok" in tones else "none")


def _title(failing: int, total: int) -> str:
    if failing:
        return f"✕ {failing} — Кодекс, установки"
    return "✓ Кодекс, установки" if total else "Кодекс, установки"


def _heading(failing: int, total: int, accesses: int, noted: int, monitor: bool) -> str:
    parts, notes = [], f", на заметку: {words.grouped(noted)}" if noted else ""
    if failing:
        parts.append(f"Сбой у {words.installations_genitive(failing)} из {words.grouped(total)}")
    if accesses:
        parts.append(words.plural(accesses, "сбой онлайн-доступа", "сбоя онлайн-доступов", "сбоев онлайн-доступов"))
    if parts:
        return ", ".join(parts) + notes
    if not total:
        return "Установок пока нет"
    return "У клиентов сбоев не видно, но мониторинг неисправен" if monitor else f"Сбоев нет{notes}"
