"""Ping with whatever right this process has."""

from __future__ import annotations

from icmplib import ICMPLibError, ping
from icmplib.exceptions import SocketPermissionError

_PAYLOAD = b"kodeks-exporter ping".ljust(56, b".")


class NotPermittedError(Exception):
    """Neither kind of ICMP socket may be opened."""


class Pinger:
    """Unprivileged ICMP sockets first (the kernel gives each its own replies), raw ones where only those may be had."""

    def __init__(self) -> None:
        self._privileged = False

    def answers(self, address: str, attempts: int, timeout: float) -> bool:
        """Whether ``address`` answers one of so many pings, ``timeout`` seconds each. Raises ``NotPermittedError``."""
        return any(self._ping(address, timeout) for _ in range(attempts))

    def _ping(self, address: str, timeout: float) -> bool:
        try:
            return _ping_once(address, timeout, self._privileged)
        except SocketPermissionError:
            pass
        try:
            alive = _ping_once(address, timeout, not self._privileged)
        except SocketPermissionError:
            raise NotPermittedError from None
        self._privileged = not self._privileged
        return alive


def _ping_once(address: str, timeout: float, privileged: bool) -> bool:
    try:
        return bool(ping(address, count=1, timeout=timeout, privileged=privileged, payload=_PAYLOAD).is_alive)
    except SocketPermissionError:
        raise
    except (ICMPLibError, OSError):
        return False
