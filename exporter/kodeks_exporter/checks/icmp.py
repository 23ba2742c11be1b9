"""Does the host answer a ping, at any of its addresses?"""

from collections.abc import Sequence

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, failed_by, ok
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.fleet import Installation


def check(_installation: Installation, context: Context) -> Verdict:
    return ping_verdict(context, context.addresses)


def ping_verdict(context: Context, addresses: Sequence[str]) -> Verdict:
    attempts, timeout = context.settings.limits.icmp_attempts, context.settings.timeouts.icmp
    try:
        alive = context.tools.pinger.answers(addresses, attempts, timeout)
    except CheckError as error:
        return failed_by(error)
    return ok() if alive else failed("no_reply", f"{', '.join(addresses[:3])} не отвечает на ping")
