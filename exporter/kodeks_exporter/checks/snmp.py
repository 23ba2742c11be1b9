"""Does the SNMP agent answer, and how are the disks and the service process?"""

from dataclasses import replace

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, failed_by, ok
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.fleet import Installation


def applies(installation: Installation) -> bool:
    return installation.snmp is not None


def check(installation: Installation, context: Context) -> Verdict:
    assert installation.snmp is not None
    try:
        address = context.tools.resolver.resolve(installation.snmp.address)[0]
        facts = context.tools.snmp.read(replace(installation.snmp, address=address), context.settings.timeouts.snmp)
    except CheckError as error:
        return failed_by(error, f"SNMP: {error.text}")
    if facts.unanswered:
        text = f"SNMP: агент отвечает, но не показывает: {', '.join(facts.unanswered)}"
        return failed("partial", text, facts)
    return ok(facts)
