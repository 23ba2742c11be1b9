"""Does the host answer a ping?"""

from __future__ import annotations

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, ok, skipped
from kodeks_exporter.net.pinger import NotPermittedError
from kodeks_exporter.settings.fleet import Installation

NOT_PERMITTED = skipped(
    "not_permitted",
    "ping недоступен экспортёру: разрешите группе процесса net.ipv4.ping_group_range или дайте CAP_NET_RAW"
    " (или отключите проверку: checks: {icmp: false})",
)


def applies(installation: Installation) -> bool:
    return bool(installation.url)


def check(_installation: Installation, context: Context) -> Verdict:
    return ping_verdict(context, context.addresses[0])


def ping_verdict(context: Context, address: str) -> Verdict:
    attempts, timeout = context.settings.limits.icmp_attempts, context.settings.timeouts.icmp
    try:
        alive = context.tools.pinger.answers(address, attempts, timeout)
    except NotPermittedError:
        return NOT_PERMITTED
    return ok() if alive else failed("no_reply", f"{address} не отвечает на ping")
