"""Fleets as kodeks.yml, and what comes of them."""

from __future__ import annotations

import functools
import itertools
import re
from pathlib import Path
from typing import Any

import yaml

from kodeks_exporter.config.load import load
from kodeks_exporter.render.files import Rendered, render

ROOT = Path(__file__).resolve().parents[2]
BRANCHES = ("saratov", "moscow", "Самара «Юг»", "volga|ural", 'a"b\\c', "")
DIGESTS = (
    "KodeksSearchIsEmpty",
    "KodeksNewUser",
    "KodeksVersionChanged",
    "KodeksDetectOverUserError",
    "KodeksSearchError",
    "KodeksClientScoreFell",
    "KodeksHandlingMonth",
    "KodeksLicenseExpiring90day",
    "KodeksUserActivityIsLow",
    "KodeksUserAInvolvementIsLow",
    "OnlineUserActivityIsLow10",
    "OnlineUserActivityIsLow20",
    "OnlineUserActivityIsLow30",
    "KodeksDBOperUpToOld",
    "KodeksLoginShared",
    "KodeksSearchSlow",
    "KodeksSeatsForecast",
    "KodeksUnsupportedButUsed",
    "KodeksUsageDrop",
    "OnlineBillingDocsLeft150",
    "OnlineBillingPrintLeft150",
    "OnlineBillingSearchLeft150",
    "OnlineBillingUploadLeft150",
    "OnlineBillingForecast",
    "OnlineProfileDeviation",
    "KodeksLimitsUsers",
    "KodeksCertificateExpiring",
    "KodeksDiskSpaceLow",
    "KodeksReportOfAnother",
    "KodeksReportShrunk",
    "KodeksSppStatus",
)
"""What happened, what lasts for weeks, and figures whose end is no news: by mail, without RESOLVED."""
FOR_OPS = (
    "KodeksAuthNotWork",
    "KodeksCheckStale",
    "KodeksDBLicensesZero",
    "KodeksSnmpFailed",
    "KodeksSysinfoUnreadable",
)
"""Of a client, and only ops can mend it."""
ZONES = ("Europe/Saratov", "Europe/Kaliningrad", "Asia/Kamchatka", "UTC")


def written(folder: Path, **sections: Any) -> Path:
    path = folder / "kodeks.yml"
    path.write_text(yaml.safe_dump(sections, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def rendered(folder: Path, **sections: Any) -> Rendered:
    return render(load(written(folder, **sections), {}))


def text(result: Rendered, path: str) -> str:
    return next(file.content.decode() for file in result.files if file.path == path)


def alertmanager(result: Rendered) -> Any:
    return yaml.load(text(result, "alertmanager.yml"), yaml.CSafeLoader)


def product(result: Rendered) -> Any:
    return product_of(alertmanager(result))


def product_of(document: Any) -> Any:
    """The one route of a configuration that takes every alert of the product."""
    (route,) = (each for each in document["route"]["routes"] if "product" in str(each.get("matchers")))
    return route


def put(result: Rendered, folder: Path) -> Path:
    """The files as they are, unchecked."""
    for file in result.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    return folder


def large() -> dict[str, Any]:
    """500 installations, 40 managers in 6 branches: with and without Telegram, mail, working hours."""
    managers: list[dict[str, Any]] = []
    for number in range(40):
        manager: dict[str, Any] = {"name": f"manager{number}", "branch": BRANCHES[number % len(BRANCHES)]}
        if number % 10 != 9:
            manager["email"] = [f"m{number}@dealer.example"]
        if number % 4 != 3:
            manager["telegram_chat_id"] = -1000 - number
        if number % 3:
            manager["working_hours"] = {"start": f"0{6 + number % 4}:30", "end": "20:00", "days": "monday:friday"}
            manager["time_zone"] = ZONES[number % len(ZONES)]
        managers.append({key: value for key, value in manager.items() if value != ""})
    return {
        "managers": managers,
        "installations": [
            {
                "name": f"site{number}", "client": f"ООО «Клиент {number}»", "manager": f"manager{number % 40}",
                "url": f"http://site{number}.example:8080", "hosting": f"hosting{number % 12}",
            }
            for number in range(500)
        ],
        "alertmanager": {
            "telegram": {"bot_token": "123456:token"},
            "ops": {"email": "ops@dealer.example", "telegram_chat_id": -999},
        },
    }  # fmt: skip


@functools.cache
def alert_labels() -> list[dict[str, str]]:
    """What each alert of the rules says of itself: alertname, product, severity, priority, perhaps manager. One entry
    a rule."""
    found = []
    for path in sorted((ROOT / "rules").glob("*.yml")):
        for group in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    labels = {key: value for key, value in rule["labels"].items()
                              if key in ("product", "severity", "priority", "manager")}  # fmt: skip
                    found.append({"alertname": rule["alert"], **labels})
    return found


@functools.cache
def of_clients() -> list[dict[str, str]]:
    """The alerts that belong to a manager, once each."""
    alerts = [labels for labels in alert_labels() if "manager" not in labels]
    return [dict(each) for each, _ in itertools.groupby(sorted(alerts, key=lambda each: sorted(each.items())))]


def expected(manager: dict[str, Any], labels: dict[str, str]) -> set[str]:
    """The receivers that a client's alert must reach."""
    if labels["alertname"] in FOR_OPS:
        manager = {"name": "ops", "telegram_chat_id": 1}
    name = manager["name"]
    if labels["alertname"] in DIGESTS:
        return {f"{name}-digest" if manager.get("email") else "ops/digest"}
    if not manager.get("email") and "telegram_chat_id" not in manager:  # only ops can be told then
        manager = {"name": "ops", "telegram_chat_id": 1}
    receivers = {f"{name}-mail" if manager.get("email") else "ops"}
    urgent = re.fullmatch("K[12]", labels["priority"]) is not None
    today = labels["severity"] == "critical" and labels["priority"] not in ("K4", "K5")
    if "telegram_chat_id" in manager and (urgent or today):
        receivers.add(f"{name}-telegram" if manager["name"] != "ops" else "ops/telegram")
        if urgent and "working_hours" in manager:
            receivers.add(f"{name}-telegram-night")
    return receivers
