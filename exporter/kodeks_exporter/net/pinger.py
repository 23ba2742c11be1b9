"""Ping with the permissions that this process has, patient enough for a bad line."""

import time
from collections.abc import Sequence

from icmplib import ICMPLibError, ICMPRequest, ICMPv4Socket, ICMPv6Socket
from icmplib.exceptions import SocketPermissionError, TimeoutExceeded
from icmplib.sockets import ICMPSocket
from icmplib.utils import unique_identifier

from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.net.errors import explain, own_trouble

_PAYLOAD = b"kodeks-exporter ping".ljust(56, b".")
_SPACING = 0.2
"""Seconds from one request to the next while none is answered."""
_ECHO_REPLIES = (0, 129)
_MOST_ADDRESSES = 3


class Pinger:
    """Uses unprivileged ICMP sockets (the kernel delivers only their own replies), or raw ones if only those are
    allowed."""

    def __init__(self) -> None:
        self._privileged = False

    def answers(self, addresses: Sequence[str], attempts: int, timeout: float) -> bool:
        """Whether one of ``addresses`` answers one of ``attempts`` requests, at most ``timeout`` seconds after the
        last.

        One reply is enough: on a line that loses 10 % each way, all of five are lost once in 4000 times. Raises
        ``CheckError`` for the monitor's own troubles.
        """
        own = None
        for address in addresses[:_MOST_ADDRESSES]:
            try:
                if self._answers(address, attempts, timeout):
                    return True
            except OSError as error:
                trouble = explain(error, address)
                if trouble.own is None:
                    continue  # the network refuses: no answer
                own = trouble
            else:
                own = None
        if own is not None:
            raise own
        return False

    def _answers(self, address: str, attempts: int, timeout: float) -> bool:
        for privileged in (self._privileged, not self._privileged):
            try:
                with (ICMPv6Socket if ":" in address else ICMPv4Socket)(privileged=privileged) as opened:
                    self._privileged = privileged
                    return _ask(opened, address, attempts, timeout)
            except SocketPermissionError:
                continue
            except ICMPLibError as error:
                if isinstance(error.__context__, OSError):  # which icmplib only quotes
                    raise error.__context__ from None
                return False
        raise own_trouble(Impairment.PING)


def _ask(opened: ICMPSocket, address: str, attempts: int, timeout: float) -> bool:
    identifier = unique_identifier()
    for sequence in range(attempts):
        request = ICMPRequest(address, id=identifier, sequence=sequence, payload=_PAYLOAD)
        opened.send(request)
        until = time.monotonic() + (timeout if sequence == attempts - 1 else min(_SPACING, timeout))
        while (left := until - time.monotonic()) > 0:
            try:
                reply = opened.receive(timeout=left)
            except TimeoutExceeded:
                break
            if reply.id == request.id and reply.type in _ECHO_REPLIES:
                return True
    return False
