"""Does the port accept connections? The connection made here serves the whole round."""

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, blocked, failed_by, ok
from kodeks_exporter.domain.check import CheckResult, Outcome
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.fleet import Installation

_HOST_IS_AWAY = ("timeout", "no_route")


def check(_installation: Installation, context: Context) -> Verdict:
    try:
        context.connection.open(context.settings.timeouts.connect)
    except CheckError as error:
        return port_verdict(error, context.target.port, context.results.get("icmp"), "icmp")
    return ok()


def port_verdict(error: CheckError, port: int, ping: CheckResult | None, ping_name: str) -> Verdict:
    """A silent port on a silent host is the host's fault; a refusing one shows that the host lives."""
    if error.reason in _HOST_IS_AWAY and ping is not None and ping.outcome is Outcome.FAILED:
        return blocked(ping_name, f"порт {port}: {error.text}")
    return failed_by(error, f"порт {port}: {error.text}")
