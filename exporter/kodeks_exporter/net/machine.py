"""The monitor's own machine: whether it has the resources to check others. A lack of them is never the other side's
fault."""

import errno
import os
import resource
import socket

_SPARE = 8
"""Descriptors. With fewer left, any failure may be due to a lack of descriptors."""
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def is_exhausted(error: OSError) -> bool:
    """Whether the system ran out of descriptors, ports or memory."""
    return error.errno in _EXHAUSTED


def is_short_of_descriptors() -> bool:
    """Whether the last failure may be due to a lack of descriptors, whatever error the library raised."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        used = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names only, and it is a question of one call
    except OSError as error:
        return is_exhausted(error)
    return used > limit - _SPARE


def has_route(address: str) -> bool:
    """Whether the kernel has a route to ``address``. Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
    except OSError as error:
        return is_exhausted(error)
    return True


def raise_descriptor_limit(needed: int) -> int:
    """Raises this process's limit towards ``needed`` as far as the hard limit allows; returns the limit in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return needed
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft
