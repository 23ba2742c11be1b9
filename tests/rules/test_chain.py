"""Whatever fails at an installation, one alert tells of it; what the chain blocks for that reason is silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings.fleet import Credentials, Fleet, Installation
from kodeks_exporter.settings.values import Endpoint
from replay import engine
from replay.script import Script
from replay.series import series_of

RULES = Path(__file__).resolve().parents[2] / "rules"
ALERTS = {
    "dns": "KodeksDnsFailure", "icmp": "KodeksIcmp", "tcp": "KodeksTcpStatus", "tls": "KodeksCertificateExpiring",
    "http": "KodeksHttp200Status", "proxy": "KodeksBehindProxyDown", "maintenance": "KodeksMaintenance",
    "page": "KodeksWarning", "key": "KodeksOnlineSensLockCheck", "auth": "KodeksAuthNotWork",
    "seats": "KodeksLimitsUsers",
    "licman_tcp": "LicmanTcpStatus", "licman_icmp": "LicmanIcmp",
}  # fmt: skip
"""By the check that fails, for five minutes."""
SILENT = ("restart", *(f"healthy-{number}" for number in range(30)))
MAIN_PAGE = 'kodeks_catalog_main_page_ok{{installation="{}",catalog="/docs",reason="no required volume DB"}}'


def test_one_cause_is_one_alert(tool: Callable[[str], str], tmp_path: Path) -> None:
    tool("promtool")
    fleet = Fleet(installations={
        name: Installation(
            name, f"ООО «{name}»", f"m-{name}", url="https://kodeks.example", hosting=f"h-{name}", catalogs=("/docs",),
            addresses=("192.0.2.1",), reverse_proxy=True, licence_manager=Endpoint("192.0.2.2", 5555),
            credentials=Credentials("login", Secret("password")),
        )
        for name in (*ALERTS, *SILENT)
    })  # fmt: skip
    start = datetime(2026, 1, 14, 10)
    in_between = {MAIN_PAGE.format(name): 0 for name in ("maintenance", "key", "restart")}
    script = Script.model_validate({
        "case": 99, "title": "", "today": "", "here": "", "fleet": {},
        "start": start, "end": start + timedelta(minutes=6), "timeline": [
            *({"at": "10:01", "who": [check], "fails": check} for check in ALERTS),
            {"at": "10:01", "who": ["restart"], "fails": "tcp", "planned": "restart"},
            {"at": "10:01", "series": {**in_between, 'kodeks_process_running{installation="restart",process="x"}': 0}},
        ],
    })  # fmt: skip
    rules = [path for path in RULES.glob("*.yml") if path.name not in (*engine.LEFT_OUT, "online.yml")]
    steps, _ = engine.evaluated(script, series_of(script, fleet), rules, tmp_path)
    found = sorted((dict(each.labels)["installation"], each.name) for each in steps[-1])
    assert found == sorted(ALERTS.items())
