"""Does the licence manager (Менеджер лицензий) answer ping?"""

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.icmp import ping_verdict
from kodeks_exporter.checks.verdict import Verdict, failed_by
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.fleet import Installation


def applies(installation: Installation) -> bool:
    return installation.licence_manager is not None


def check(installation: Installation, context: Context) -> Verdict:
    assert installation.licence_manager is not None
    try:
        addresses = context.tools.resolver.resolve(installation.licence_manager.host)
    except CheckError as error:
        return failed_by(error)
    return ping_verdict(context, addresses)
