"""The figures that managers act on, as the dashboards' own queries tell them, beside what the history's model knows.

A figure is found as a reader finds it: by dashboard, panel, and the column's heading or the series' name.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from statistics import mean
from typing import Any

import pytest

from dashboards.alerts import titles
from demo.grafana import Target, View, boards
from demo.tools import ROOT
from demo.year.build import END
from tests.year import year

pytestmark = pytest.mark.timeout(900)  # the first one may have to build the year

BOARDS = {board.name: board for board in boards(ROOT / "grafana-dashboards")}
RESOURCES = {"documents": "Документы", "searches": "Поиск", "prints": "Печать", "uploads": "Выгрузка"}
DAY = 86400
DIVIDED_BY_ZERO = 1e6
"""What a change shows as «было 0»."""

Labels = dict[str, str]
Truth = Mapping[str, Any]
Figures = list[tuple[Labels, float]]


@functools.cache
def view(board: str, **wishes: str) -> View:
    """A dashboard as it is opened, with ``wishes`` chosen."""
    opened = View(BOARDS[board], year(), year().end, {name: [value] for name, value in wishes.items()})
    for name, value in wishes.items():
        assert opened.chosen[name] in (value, [value]), f"{board}: {name} does not offer {value}"
    return opened


def target(board: str, panel: str, column: str) -> Target:
    """``column``: a column's heading, a series' name as in the legend, or the letter of the query."""
    found = []
    for each in BOARDS[board].targets():
        if each.panel["title"] != panel:
            continue
        renamed: dict[str, str] = {}
        for step in each.panel.get("transformations") or ():
            renamed |= step.get("options", {}).get("renameByName", {})
        ref = each.target["refId"]
        heading = renamed.get(f"Value #{ref}") or renamed.get("Value")
        if column in (heading, each.target.get("legendFormat"), ref):
            found.append(each)
    assert len(found) == 1, f"{board} / {panel} / {column}: {len(found)} such targets"
    return found[0]


def figures(board: str, panel: str, column: str = "A", **wishes: str) -> Figures:
    """Labels and value of each series that an instant target gives; NaN stays."""
    opened = view(board, **wishes)
    query = opened.query(target(board, panel, column))
    assert query.step == 0, f"{query.name} is not instant"
    return [(labels, float(value)) for labels, _, value in year().vector(query.expression, query.end)]


def by(label: str, told: Figures) -> dict[str, float]:
    """Values by a label that tells the series apart."""
    found = {labels.get(label, ""): value for labels, value in told}
    assert len(found) == len(told), f"several series of one {label}"
    return found


def one(told: Figures) -> float:
    ((_, value),) = told
    return value


def installations() -> Mapping[str, Truth]:
    known: Mapping[str, Truth] = year().truth["installations"]
    return known


def accesses() -> Mapping[str, Truth]:
    known: Mapping[str, Truth] = year().truth["online"]
    return known


def now() -> dt.datetime:
    return dt.datetime.fromtimestamp(year().end, dt.UTC)


def this_month() -> str:
    return f"{now():%Y-%m}"


def months() -> list[str]:
    """Months of the year that is chosen first, with the one that runs."""
    return [f"{now().year}-{month:02}" for month in range(1, now().month + 1)]


def month_before(month: str) -> str:
    first = dt.date.fromisoformat(f"{month}-01")
    return f"{first - dt.timedelta(days=1):%Y-%m}"


def close(value: float, precision: float = 1e-6) -> Any:
    return pytest.approx(value, abs=precision, nan_ok=True)


def change(after: float, before: float) -> float:
    """Percent, as the renewal tables show it."""
    if before == 0:
        return math.nan if after == 0 else DIVIDED_BY_ZERO
    return 100 * (after / before - 1)


# --- renewal

SHOWN = 6
"""Clients whose year is read in full."""

RENEWAL: Mapping[str, Callable[[Truth], float]] = {
    "Документы": lambda month: month["documents"],
    "Сохранено": lambda month: month["saved"],
    "Печать": lambda month: month["printed"],
    "Отказы": lambda month: month["rejections"],
    "Активность": lambda month: month["activity"],
    "kAssist": lambda month: month["kassist"],
}
CHANGES = {"Документы": "Док.", "Сохранено": "Сохр.", "Активность": "Актив."}
"""Columns whose change has a shorter name."""
TOTAL = f"{END.year}-13"
"""Under which the sum over the year stands."""
INVOLVEMENT: Mapping[str, Callable[[Truth], float]] = {
    "Работали": lambda month: month["active_users"],
    "Мест": lambda month: month["seats"],
    "Вовлечённость": lambda month: month["involvement"],
}


def _some_clients() -> list[tuple[str, Truth]]:
    return list(installations().items())[:SHOWN]


@pytest.mark.parametrize(
    ("panel", "column", "truth"),
    [("Пользование по месяцам", column, truth) for column, truth in RENEWAL.items()]
    + [("Вовлечённость по месяцам", column, truth) for column, truth in INVOLVEMENT.items()],
)
def test_renewal_by_months(panel: str, column: str, truth: Callable[[Truth], float]) -> None:
    more = 0.0
    for name, told in _some_clients():
        shown = by("month", figures("renewal", panel, column, client=told["client"]))
        expected = {month: truth(told["months"][month]) for month in months()}
        if column in RENEWAL:
            expected[TOTAL] = sum(expected.values())
        assert TOTAL in shown or column in INVOLVEMENT
        # A month without any refusal may be absent: it is the counter that does not exist.
        assert {month: value for month, value in shown.items() if value} == close_all(
            {month: value for month, value in expected.items() if value}
        ), name
        more += sum(expected.values())
    assert more > 0


@pytest.mark.parametrize(
    ("panel", "column", "truth"),
    [("Пользование по месяцам", column, truth) for column, truth in RENEWAL.items()]
    + [("Вовлечённость по месяцам", column, truth) for column, truth in INVOLVEMENT.items() if column != "Мест"],
)
def test_renewal_changes_to_the_month_before(panel: str, column: str, truth: Callable[[Truth], float]) -> None:
    checked = 0
    for name, told in _some_clients():
        shown = by("month", figures("renewal", panel, f"{CHANGES.get(column, column)} ±%", client=told["client"]))
        for month in months():
            expected = change(truth(told["months"][month]), truth(told["months"][month_before(month)]))
            if month in shown:
                assert shown[month] == close(expected, 1e-3), (name, month)
                checked += not math.isnan(expected)
            else:
                assert math.isnan(expected), (name, month)
    assert checked > 0


def close_all(values: Mapping[str, float], precision: float = 1e-6) -> Any:
    return pytest.approx(dict(values), abs=precision)


# --- online accesses


@pytest.mark.parametrize("resource", RESOURCES)
def test_online_renewal_by_months(resource: str) -> None:
    for account, told in list(accesses().items())[:: max(1, len(accesses()) // SHOWN)]:
        left = by("month", figures("billing-online-renewal", "Остатки на конец месяца",
                                   RESOURCES[resource], client=told["client"]))  # fmt: skip
        expected = {month: told["months"][month]["left"][resource] for month in months()}
        assert left == close_all(expected), account
        limit = figures("billing-online-renewal", f"Лимит в месяц: {RESOURCES[resource]}", client=told["client"])
        assert one(limit) == told["limits"][resource], account


def _used(told: Truth, resource: str = "documents") -> float:
    return float(told["months"][this_month()]["used"][resource] / told["limits"][resource])


def _readable() -> dict[str, Truth]:
    """Accesses whose figures of this month are known: the login works."""
    return {account: told for account, told in accesses().items() if not told["login_refused"]}


def test_online_leftovers_and_shares() -> None:
    columns: Mapping[str, Callable[[Truth], float]] = {
        "Документов": lambda told: told["months"][this_month()]["left"]["documents"],
        "Поиска": lambda told: told["months"][this_month()]["left"]["searches"],
        "Печати": lambda told: told["months"][this_month()]["left"]["prints"],
        "Выгрузки": lambda told: told["months"][this_month()]["left"]["uploads"],
        "Документы, исп.": _used,
        "Поиск, исп.": lambda told: _used(told, "searches"),
    }
    for column, truth in columns.items():
        shown = by("account", figures("billing-online", "Остатки по доступам", column))
        for account, told in _readable().items():
            assert shown[account] == close(truth(told)), (account, column)
        # The row above all accesses; an access that no longer lets us in still counts with its last figures.
        others = [value for account, value in shown.items() if account != "В среднем"]
        assert shown["В среднем"] == close(mean(others), 1e-4), column


def _averages() -> tuple[float, dict[str, float]]:
    """Average share of the documents' limit: of all, and by manager."""
    managers = defaultdict(list)
    for told in accesses().values():
        managers[told["manager"]].append(_used(told))
    return mean(map(_used, accesses().values())), {name: mean(shares) for name, shares in managers.items()}


def test_online_averages() -> None:
    everybody, managers = _averages()
    assert one(figures("billing-online", "Документы: использовано в среднем")) == close(everybody)
    assert by("manager", figures("billing-online", "Документы: использовано в среднем по менеджерам")) == close_all(
        managers
    )
    assert one(figures("billing-online-analytics", "Использовано в среднем")) == close(everybody)
    assert by("manager", figures("billing-online-analytics", "Использовано в среднем по менеджерам")) == close_all(
        managers
    )


def test_online_bands_by_manager() -> None:
    bands = {"До 15 %": (-1.0, 0.15), "15–75 %": (0.15, 0.75), "75–90 %": (0.75, 0.9), "От 90 %": (0.9, 9.0)}
    board, panel = "billing-online-analytics", "Доступы менеджеров по полосам"
    everybody = Counter(told["manager"] for told in accesses().values())
    assert by("manager", figures(board, panel, "Доступов")) == everybody | {"Итого": everybody.total()}
    for column, (low, high) in bands.items():
        expected = Counter(told["manager"] for told in accesses().values() if low <= _used(told) < high)
        total = {"Итого": expected.total()} if expected else {}
        assert by("manager", figures(board, panel, column)) == expected | total, column
    clients = {told["client"] for told in accesses().values()}
    assert one(figures(board, "Клиентов с онлайн-доступами")) == len(clients)
    assert one(figures(board, "Онлайн-доступов")) == len(accesses())


def test_online_classes_and_calls() -> None:
    shown = {
        labels["account"]: labels["class"]
        for labels, value in figures("client-profile", "Классы по доступам", "A")
        if value == 1
    }
    expected = {account: told["class"] for account, told in accesses().items() if told["class"]}
    assert shown == expected
    assert by("class", figures("client-profile", "Классы использования")) == Counter(expected.values())
    for panel, advice in (("Позвонить", "call"), ("Пока не звонить", "wait")):
        advised = {labels["account"] for labels, _ in figures("client-profile", panel, "A")}
        assert advised == {account for account, told in accesses().items() if _advice(told) == advice}, panel


def _advice(told: Truth) -> str:
    """The word itself; the model may tell the reason with it."""
    advice = told["advice"]
    return str(advice[0] if isinstance(advice, list | tuple) and advice else advice or "")


MONTH_NAMES = ("Янв", "Фев", "Мар", "Апр", "Май", "Июн", "Июл", "Авг", "Сен", "Окт", "Ноя", "Дек")


def test_months_of_all_clients() -> None:
    for month in months():
        column = MONTH_NAMES[int(month[-2:]) - 1]
        online = by("account", figures("client-profile", "Доступы по месяцам года: использовано документов", column))
        assert online == close_all(
            {
                account: told["months"][month]["used"]["documents"] / told["limits"]["documents"]
                for account, told in accesses().items()
            }
        ), month
        installed = by("installation", figures("client-profile", "Установки по месяцам года: активность", column))
        expected = {name: told["months"][month]["activity"] for name, told in installations().items()}
        assert {name: value for name, value in installed.items() if value} == close_all(
            {name: value for name, value in expected.items() if value}
        ), month


# --- availability


def test_availability_of_installations() -> None:
    expected = {name: told["availability_30d"] for name, told in installations().items() if told["availability_30d"]}
    assert expected
    for column, check in (("Интерфейс", "http"), ("Порт", "tcp")):
        shown = by("installation", figures("availability", "Доступность за 30 дней", column))
        assert shown == close_all({name: told[check] for name, told in expected.items()}, 0.01), column
    assert min(told["http"] for told in expected.values()) < 0.995  # somebody was away
    for panel, check in (("В среднем: интерфейс", "http"), ("В среднем: порт", "tcp")):
        average = mean(told[check] for told in expected.values())
        assert one(figures("availability", panel)) in (close(average, 0.005), close(100 * average, 0.5)), panel
    low = one(figures("availability", "Ниже 95 %"))
    below, near = (sum(told["http"] < limit for told in expected.values()) for limit in (0.94, 0.96))
    assert below <= low <= near


def test_availability_of_online_accesses() -> None:
    shown = by("account", figures("availability-online", "Биллинг по клиентам за 30 дней", "Доступность"))
    assert shown == close_all({name: told["availability_30d"] for name, told in accesses().items()}, 0.01)
    servers = {told["server"]: told["availability_30d"] for told in accesses().values()}
    told_of = by("server", figures("availability-online", "Серверы производителя за 30 дней", "Доступность"))
    assert told_of == close_all(servers, 0.01)


# --- a manager's morning


def test_parameters_of_clients() -> None:
    board, panel = "for-managers", "Параметры клиентов"
    seats = by("installation", figures(board, panel, "Рабочих мест"))
    activity = by("installation", figures(board, panel, "Активность"))
    involvement = by("installation", figures(board, panel, "Вовлечённость"))
    until = by("installation", figures(board, panel, "Лицензия до"))
    days = by("installation", figures(board, panel, "Дней осталось"))
    for name, told in installations().items():
        month = told["months"][this_month()]
        assert seats[name] == told["seats"], name
        assert activity[name] == month["activity"], name
        assert involvement[name] == close(month["involvement"]), name
        # Figures recorded every hour: they may be an hour old.
        assert until[name] / 1000 == close(told["licence_expiry"], 3700), name
        assert days[name] == close((told["licence_expiry"] - year().end) / 86400, 0.05), name


def test_activity_and_involvement_of_the_least_active() -> None:
    panels = {
        "Активность пользователей в текущем месяце": "activity",
        "Процент реальной вовлечённости в текущем месяце": "involvement",
    }
    for panel, figure in panels.items():
        shown = figures("for-managers", panel)
        assert len(shown) == min(25, len(installations()))
        for labels, value in shown:
            told = installations()[labels["installation"]]["months"][this_month()]
            assert value == close(told[figure]), (panel, labels["installation"])
        lowest = sorted(told["months"][this_month()][figure] for told in installations().values())[: len(shown)]
        assert sorted(value for _, value in shown) == pytest.approx(lowest)


@pytest.mark.parametrize(
    ("board", "panel", "idle_column", "known_column", "days"),
    [
        ("for-managers", "Ноль запросов к БД за 30 дней", "Не работали", "Всего", 30),
        ("for-managers", "Ноль запросов к БД за 60 дней", "Не работали", "Всего", 60),
        ("analytics", "Не пользуются системой в течение 60 дней", "Не заходили", "Всего", 60),
    ],
)
def test_users_without_requests(board: str, panel: str, idle_column: str, known_column: str, days: int) -> None:
    idle = by("installation", figures(board, panel, idle_column))
    known = by("installation", figures(board, panel, known_column))
    share = by("installation", figures(board, panel, "Доля"))
    for name, told in installations().items():
        assert known[name] == told["users"], name
        # Who has registered within these days is not counted by the dashboard.
        assert idle[name] <= told["zero_requests"][str(days)], name
        assert share[name] == close(idle[name] / known[name]), name
    missed = sum(told["zero_requests"][str(days)] for told in installations().values()) - sum(idle.values())
    assert missed <= 0.05 * sum(known.values())
    assert sum(idle.values()) > 0


def test_hours_since_daily_updates() -> None:
    board, panel = "for-managers", "Сколько часов назад обновились файлы в OperUp"
    oldest = by("installation", figures(board, panel, "Старый"))
    newest = by("installation", figures(board, panel, "Свежий"))
    for name, told in installations().items():
        hours = [(year().end - made) / 3600 for made in told["operup"].values()]
        assert oldest[name] == close(max(hours), 0.1), name
        assert newest[name] == close(min(hours), 0.1), name


# --- quarters, domains, alerts, fleet


def test_quarters_by_managers() -> None:
    truth: Mapping[str, Callable[[Truth], float]] = {
        "Активность": lambda month: month["activity"],
        "Документы": lambda month: month["documents"],
        "Пустые поиски": lambda month: month["searches_empty"],
    }
    sums: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for told in installations().values():
        for month in months():
            key = (told["manager"], str((int(month[-2:]) + 2) // 3))
            for column, figure in truth.items():
                sums[column][key] += int(figure(told["months"][month]))
            sums["active"][key] += told["months"][month]["active_users"]
            sums["seats"][key] += told["months"][month]["seats"]
    for column in truth:
        shown = _by_quarter(figures("quarterly", "Кварталы по менеджерам", column))
        assert shown == {key: close(value) for key, value in sums[column].items()}, column
    involvement = _by_quarter(figures("quarterly", "Кварталы по менеджерам", "Вовлечённость"))
    assert involvement == {key: close(sums["active"][key] / sums["seats"][key]) for key in sums["seats"]}


def _by_quarter(told: Figures) -> dict[tuple[str, str], float]:
    return {(labels["manager"], labels["quarter"]): value for labels, value in told}


def test_domains_of_a_month() -> None:
    columns = {"Запросы": "requests", "Документы": "documents", "Услуги": "services",
               "Ссылки": "links", "Печать": "prints", "Сохранение": "saves"}  # fmt: skip
    chosen = view("active-directory").chosen["month"]
    assert chosen == this_month()
    for column, kind in columns.items():
        shown = {
            (labels["installation"], labels.get("domain", "")): value
            for labels, value in figures("active-directory", "Домены за месяц", column)
            if value
        }
        expected = {
            (name, domain): usage[kind]
            for name, told in installations().items()
            for domain, usage in told["months"][this_month()]["domains"].items()
            if usage[kind]
        }
        assert shown == expected, column


def test_alerts_that_fire() -> None:
    shown = {
        (labels.get("installation") or labels["account"], labels["alertname"])
        for labels, _ in figures("current-emergencies", "Что случилось и у кого", "A")
    }
    expected = {
        (name, alert)
        for known in (installations(), accesses())
        for name, told in known.items()
        for alert in told["alerts"]
    }
    # Incidents of the last day apart: between samples a day apart it can't be seen that an alert has ended since.
    over = {
        name
        for name, told in installations().items()
        if any(incident["end"] > year().end - DAY for incident in told["incidents"])
    }
    assert expected
    assert {each for each in shown if each[0] not in over} == {each for each in expected if each[0] not in over}
    assert shown >= expected


def test_incidents_over_the_graphs_of_a_client() -> None:
    urgent = 'ALERTS{alertstate="firing",severity="critical",priority=~"K[12]",installation!=""}'
    fired = [labels for labels, _ in year().matrix(urgent, year().end - DAY, year().end, 3600)]
    assert fired
    for name in ("availability", "analytics", "server-metrics"):
        opened = view(name, client=fired[0]["client"])
        (one_,) = (each for each in opened.board.targets() if each.panel["title"] == "annotation Аварии")
        query = opened.query(one_)
        shown = {
            (labels["alertname"], labels["title"])
            for labels, _ in year().matrix(query.expression, query.start, query.end, query.step)
        }
        own = {labels["alertname"] for labels in fired if labels["client"] == fired[0]["client"]}
        known = {(alert, titles()[alert].text) for alert in own}
        # Points are hours apart on the other boards: what has just begun comes with the next one.
        assert shown == known if name == "server-metrics" else shown <= known, name


def test_sizes_of_the_fleet() -> None:
    assert one(figures("fleet", "Всего")) == len(installations())
    assert one(figures("connected-users", "Мест всего")) == sum(told["seats"] for told in installations().values())


def test_state_of_installations() -> None:
    days = by("installation", figures("fleet", "Состояние установок", "Лиц., дн."))
    available = by("installation", figures("fleet", "Состояние установок", "Доступен"))
    for name, told in installations().items():
        assert days[name] == close((told["licence_expiry"] - year().end) / 86400, 0.05), name
        if told["availability_30d"]:
            assert available[name] == close(told["availability_30d"]["http"], 0.01), name


@pytest.mark.parametrize("resource", RESOURCES)
def test_leftovers_over_time(resource: str) -> None:
    """Lines of 30 days: they end with what is left now and were as high as the limit on the 1st."""
    opened = view("billing-online")
    query = opened.query(target("billing-online", f'Осталось "{RESOURCES[resource]}"', "A"))
    assert query.step >= 3600
    lines = {
        labels["client"]: [float(value) for _, value in samples]
        for labels, samples in year().matrix(query.expression, query.start, query.end, query.step)
    }
    assert len(lines) == 10  # those with least; the others are one line
    most = max(line[-1] for line in lines.values())
    for account, told in _readable().items():
        if told["client"] not in lines:
            assert told["months"][this_month()]["left"][resource] >= most, account
            continue
        line = lines[told["client"]]
        assert line[-1] == told["months"][this_month()]["left"][resource], account
        assert max(line) == told["limits"][resource], account


def test_links_of_the_year_are_all_known_boards() -> None:
    """The boards that these tests are about are there."""
    assert {"renewal", "billing-online-renewal", "billing-online", "billing-online-analytics", "availability",
            "availability-online", "for-managers", "quarterly", "client-profile"} <= BOARDS.keys()  # fmt: skip
