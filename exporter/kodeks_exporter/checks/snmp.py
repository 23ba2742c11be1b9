"""Does the SNMP agent answer, and how are the disks and the service process?"""

from dataclasses import replace

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, failed_by, ok
from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.net.errors import CheckError, explain, own_trouble
from kodeks_exporter.net.machine import has_route, is_short_of_descriptors
from kodeks_exporter.settings.fleet import Installation


def applies(installation: Installation) -> bool:
    return installation.snmp is not None


def check(installation: Installation, context: Context) -> Verdict:
    assert installation.snmp is not None
    address = ""
    try:
        address = context.tools.resolver.resolve(installation.snmp.address)[0]
        facts = context.tools.snmp.read(replace(installation.snmp, address=address), context.settings.timeouts.snmp)
    except OSError as error:
        return failed_by(explain(error, address))
    except CheckError as error:
        own = _own_silence(address) if error.reason == "timeout" else None
        return failed_by(own_trouble(own) if own else error, f"SNMP: {error.text}")
    if facts.unanswered:
        text = f"SNMP: агент отвечает, но не показывает: {', '.join(facts.unanswered)}"
        return failed("partial", text, facts)
    return ok(facts)


def _own_silence(address: str) -> Impairment | None:
    """What this machine lacked for a question to get out; the library tells no more than that no answer came."""
    if is_short_of_descriptors():
        return Impairment.DESCRIPTORS
    return None if has_route(address) else Impairment.ROUTE
