"""Does the name resolve; if not, is it only the name that fails?"""

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, failed_by, ok, skipped_by
from kodeks_exporter.domain.check import DnsFacts, Impairment
from kodeks_exporter.net.connection import connect
from kodeks_exporter.net.errors import CheckError, own_trouble
from kodeks_exporter.net.names import is_address
from kodeks_exporter.settings.fleet import Installation


def check(installation: Installation, context: Context) -> Verdict:
    host = context.target.host
    try:
        found = context.tools.resolver.find(host)
    except CheckError as error:
        if error.own is not None:
            return failed_by(error)
        working = _working_addresses(installation, context)
        return failed(error.reason, _explained(error.text, installation, working), DnsFacts(working=working))
    context.addresses = found.addresses
    if found.stale:
        silent = own_trouble(Impairment.RESOLVER)
        text = f"{silent.text}; взят прежний адрес имени: {', '.join(found.addresses)}"
        return skipped_by(silent, text)
    if is_address(host):
        return ok()
    return ok(DnsFacts(resolved=context.addresses))


def _working_addresses(installation: Installation, context: Context) -> tuple[str, ...]:
    working = []
    for address in installation.addresses:
        try:
            connect([address], context.target.port, context.settings.timeouts.connect).close()
        except CheckError:
            continue
        working.append(address)
    return tuple(working)


def _explained(error: str, installation: Installation, working: tuple[str, ...]) -> str:
    if working:
        return f"{error}; по IP-адресу сервер отвечает: {', '.join(working)}"
    if installation.addresses:
        return f"{error}; известные адреса тоже не отвечают: {', '.join(installation.addresses)}"
    return f"{error}; запасных адресов в конфигурации нет (addresses)"
