"""A backend that answers from plain data, and fleets for the pages."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from kodeks_exporter.checks.shown import Shown
from kodeks_exporter.domain.check import (
    CheckResult,
    DnsFacts,
    Facts,
    HttpFacts,
    InstallationState,
    Outcome,
    ProtectionFacts,
    SeatsFacts,
)
from kodeks_exporter.settings.settings import Web
from kodeks_exporter.web.views import FleetView, InstallationView

SARATOV = ZoneInfo("Europe/Saratov")
NOW = 1763749000.0  # 2025-11-21 18:16:40 UTC, 22:16:40 in Saratov

CHAIN = ("dns", "icmp", "tcp", "http", "proxy", "maintenance", "key", "page", "seats", "auth", "catalog")
TEXT_BODY = b"# HELP up Answers.\n# TYPE up gauge\nup 1.0\n" + b"# padding\n" * 200
OPENMETRICS_BODY = b"# HELP up Answers.\n# TYPE up gauge\nup 1.0\n" + b"up 2.0\n" * 200 + b"# EOF\n"


@dataclass
class FakeBackend:
    """Implements ``web.backend.Backend``. ``hold``: metrics and probes wait for it."""

    view: FleetView = field(default_factory=lambda: fleet())
    problems: list[str] = field(default_factory=list)
    is_ready: bool = True
    hold: threading.Event | None = None
    failure: Exception | None = None
    body: bytes = TEXT_BODY
    probed: list[str] = field(default_factory=list)
    reloads: int = 0
    viewers: Web = field(default_factory=Web)

    def metrics(self, openmetrics: bool) -> bytes:
        if self.failure is not None:
            raise self.failure
        if self.hold is not None:
            assert self.hold.wait(10)
        return OPENMETRICS_BODY if openmetrics else self.body

    def probe(self, name: str, openmetrics: bool) -> bytes | None:
        self.probed.append(name)
        if self.hold is not None:
            assert self.hold.wait(10)
        if name not in {view.name for view in self.view.installations}:
            return None
        return OPENMETRICS_BODY if openmetrics else self.body

    def examine(self, name: str) -> tuple[Shown, ...] | None:
        self.probed.append(name)
        return (Shown("GET /docs, с логином", "200, 12 мс", (("server", "WWW-Kodeks/6.4"),), (("seats", "«25»"),)),)

    def fleet(self) -> FleetView:
        return self.view

    def web(self) -> Web:
        return self.viewers

    def config_yaml(self) -> str:
        return "managers:\n- name: Иванова\n  password: '***'\n"

    def reload(self) -> list[str]:
        self.reloads += 1
        return self.problems

    def ready(self) -> bool:
        return self.is_ready


def fleet(*installations: InstallationView, generated: float = NOW) -> FleetView:
    return FleetView(installations, generated, "0.1.0", SARATOV)


def results(
    failed: str = "", text: str = "", reason: str = "timeout", facts: Facts | None = None
) -> tuple[CheckResult, ...]:
    """All checks of the chain: good up to the failed one, blocked by it from there on."""
    found: list[CheckResult] = []
    for check in CHAIN:
        if any(r.outcome is Outcome.FAILED for r in found):
            found.append(CheckResult(check, Outcome.BLOCKED, reason="blocked", by=failed))
        elif check == failed:
            found.append(CheckResult(check, Outcome.FAILED, reason, text, started=NOW - 9, duration=3.0, facts=facts))
        else:
            known: dict[str, Facts] = {"http": HttpFacts(200), "seats": SeatsFacts(10, 3)}
            found.append(CheckResult(check, Outcome.OK, started=NOW - 9, duration=0.012, facts=known.get(check)))
    return tuple(found)


def healthy(name: str, client: str, manager: str = "ivanova", hosting: str = "", url: str = "") -> InstallationView:
    return InstallationView(
        name=name,
        client=client,
        manager=manager,
        hosting=hosting,
        url=url or f"http://{name}.example:8080",
        branch="saratov",
        state=InstallationState.OK,
        results=results(),
        since=NOW - 86400 * 3,
        last_run=NOW - 9,
        time_zone=SARATOV,
    )


def failing(
    name: str,
    client: str,
    check: str,
    text: str,
    state: InstallationState = InstallationState.UNREACHABLE,
    manager: str = "ivanova",
    hosting: str = "",
    since: float = NOW - 720,
    facts: Facts | None = None,
    planned: str = "",
) -> InstallationView:
    outcome = results(check, text, facts=facts)
    return InstallationView(
        name=name,
        client=client,
        manager=manager,
        hosting=hosting,
        url=f"http://{name}.example:8080",
        branch="saratov",
        state=state,
        results=outcome,
        root_cause=next(r for r in outcome if r.check == check),
        since=since,
        last_run=NOW - 12,
        planned=planned,
        time_zone=SARATOV,
    )


def twelve() -> FleetView:
    """A fleet as on an unlucky evening: a lost key, a DNS failure of a hosting, maintenance, a planned restart."""
    dns = "Имя не находится в DNS: сервер имён не ответил за 3 с."
    restarting = tuple(CheckResult(check, Outcome.BLOCKED, by="restart") for check in CHAIN)
    return fleet(
        failing(
            "romashka",
            "ООО «Ромашка»",
            "key",
            "Ошибка защиты 4111: ключ не обнаружен.",
            InstallationState.KEY_MISSING,
            facts=ProtectionFacts(4111),
        ),
        *(
            failing(
                name,
                client,
                "dns",
                dns,
                hosting="te-cloud",
                manager=manager,
                since=NOW - 190,
                facts=DnsFacts((), (ip,)),
            )
            for name, client, manager, ip in (
                ("zavod-7", "АО «Энгельсский завод металлоконструкций»", "petrov", "192.0.2.17"),
                ("gorproekt", "МУП «Горпроект»", "ivanova", "192.0.2.18"),
                ("stroynadzor", "Инспекция государственного строительного надзора", "petrov", "192.0.2.19"),
            )
        ),
        failing(
            "vodokanal",
            "МУП «Водоканал»",
            "maintenance",
            "Сервер в режиме обслуживания.",
            InstallationState.MAINTENANCE,
            manager="petrov",
            since=NOW - 86400 - 7300,
        ),
        InstallationView(
            name="lesprom",
            client="ООО «Леспром»",
            manager="petrov",
            url="http://lesprom.example",
            state=InstallationState.UNREACHABLE,
            results=restarting,
            since=NOW - 240,
            last_run=NOW - 20,
            planned="restart",
            time_zone=SARATOV,
        ),
        healthy("beta", "ООО «Бета Инжиниринг»", "petrov"),
        healthy("gamma", "ЗАО «Гамма»"),
        healthy("delta", "ПАО «Дельта-Энерго»", hosting="te-cloud"),
        healthy("hospital-2", "ГУЗ «Городская клиническая больница № 2»", "petrov", url="https://kodeks.gkb2.example"),
        InstallationView(name="closed-net", client="ФГУП «Закрытый контур»", manager="ivanova", mode="push"),
        InstallationView(name="novaya", client="ООО «Новая»", manager="ivanova", url="http://novaya.example"),
    )


def long_named(failed: int) -> FleetView:
    """A thousand installations with names and addresses about as long as they get."""
    client = "Государственное бюджетное учреждение «Областной центр государственной кадастровой оценки» № "
    views = tuple(
        replace(
            view,
            client=client + view.name[-4:],
            url=f"https://{view.name}.kodeks.long-hosting-name.example:8080",
            hosting="data-centre-of-the-dealer",
        )
        for view in thousand(failed).installations
    )
    return fleet(*views)


def thousand(failed: int = 30) -> FleetView:
    names = (f"client-{number:04}" for number in range(1000))
    return fleet(
        *(
            failing(name, f"ООО «Клиент номер {name[-4:]}»", "tcp", "Порт 8080 не отвечает за 5 с.", since=NOW - 60 * i)
            if i < failed
            else healthy(name, f"ООО «Клиент номер {name[-4:]}»", manager=f"manager-{i % 20}")
            for i, name in enumerate(names)
        )
    )
