"""Host names as machines write them."""

import ipaddress
from functools import lru_cache

import idna


@lru_cache(maxsize=4096)
def to_ascii(host: str) -> str:
    """Lower case and, where it holds other letters, punycode (IDNA 2008, folded as browsers do).

    An invalid host name is returned unchanged: the resolver reports it.
    """
    host = host.strip().rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        return host


@lru_cache(maxsize=4096)
def to_unicode(host: str) -> str:
    """The name as people write it: the inverse of ``to_ascii``."""
    try:
        return idna.decode(host) if "xn--" in host else host
    except idna.IDNAError:
        return host


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
