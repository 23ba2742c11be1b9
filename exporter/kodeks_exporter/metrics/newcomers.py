"""Totals of new and silent users: available in every privacy mode, and cheap for rules."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.report import Block
from kodeks_exporter.metrics.reportview import ReportView, gauge
from kodeks_exporter.store import newcomers


def families(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.USERS)
    if report is None:
        return
    current = view.snapshot.current_users
    came = newcomers.newcomers(view.snapshot.users, current, report.made)
    family = gauge(
        "kodeks_new_users",
        "Users first seen within 30 days before the newest report, by what they have done.",
        "kind",
    )
    family.add_metric([view.name, "all"], len(came))
    if view.block(Block.USAGE) is not None:
        fields = report.usage_fields
        if fields & {"searches_intellectual", "searches_attribute"}:
            family.add_metric([view.name, "searched"], sum(bool(user.did & newcomers.SEARCHED) for user in came))
        if "documents" in fields:
            family.add_metric([view.name, "opened"], sum(bool(user.did & newcomers.OPENED) for user in came))
    if any(user.told for user in current):
        family.add_metric([view.name, "filled"], sum(user.told != 0 and user.filled == user.told for user in came))
    yield family
    silent = gauge("kodeks_silent_users", "Users who had not been there for 60 days before the newest report.")
    count = newcomers.silent(current, report.made)
    if count is not None:
        silent.add_metric([view.name], count)
    yield silent
