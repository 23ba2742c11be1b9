"""Totals of new and silent users: available in every privacy mode, and cheap for rules."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.report import Block
from kodeks_exporter.metrics.reportview import ReportView
from kodeks_exporter.store import newcomers


def families(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.USERS)
    if report is None:
        return
    current = view.snapshot.current_users
    came = newcomers.newcomers(view.snapshot.users, current, report.made)
    kinds = {"all": len(came)}
    if view.block(Block.USAGE) is not None:
        fields = report.usage_fields
        if fields & {"searches_intellectual", "searches_attribute"}:
            kinds["searched"] = sum(bool(user.did & newcomers.SEARCHED) for user in came)
        if "documents" in fields:
            kinds["opened"] = sum(bool(user.did & newcomers.OPENED) for user in came)
    if any(user.told for user in current):
        kinds["filled"] = sum(user.told != 0 and user.filled == user.told for user in came)
    text = "Users first seen within 30 days before the newest report, by what they have done."
    yield view.of.gauge("kodeks_new_users", text, "kind", (((kind,), count) for kind, count in kinds.items()))
    text = "Users not seen for 60 days before the newest report."
    yield view.of.figure("kodeks_silent_users", text, newcomers.silent(current, report.made))
