"""Does the licence manager (Менеджер лицензий) accept connections?"""

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.tcp import port_verdict
from kodeks_exporter.checks.verdict import Verdict, ok
from kodeks_exporter.net.connection import connect
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.fleet import Installation


def applies(installation: Installation) -> bool:
    return installation.licence_manager is not None


def check(installation: Installation, context: Context) -> Verdict:
    assert installation.licence_manager is not None
    endpoint = installation.licence_manager
    try:
        addresses = context.tools.resolver.resolve(endpoint.host)
        connect(addresses, endpoint.port, context.settings.timeouts.connect).close()
    except CheckError as error:
        return port_verdict(error, endpoint.port, context.results.get("licman_icmp"), "licman_icmp")
    return ok()
