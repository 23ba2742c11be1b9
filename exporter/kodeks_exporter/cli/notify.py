"""Reports the service's state to systemd (sd_notify), if systemd started it."""

import os
import socket
from contextlib import suppress

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


def notify(state: str) -> None:
    """``state``: one of those above. Does nothing when systemd did not start the service."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


def watchdog_interval(default: float) -> float:
    """Seconds between two signs of life: half of what the unit's WatchdogSec allows; ``default`` without one."""
    try:
        return min(default, int(os.environ["WATCHDOG_USEC"]) / 2e6)
    except (KeyError, ValueError):
        return default
