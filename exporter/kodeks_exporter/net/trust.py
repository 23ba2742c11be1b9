"""Whom a TLS connection trusts, the same for every room and every Python."""

from __future__ import annotations

import ssl


def context(verify: bool, ca_file: str) -> ssl.SSLContext:
    """For a client. ``ca_file``: PEM of the authorities; empty: the machine's. Raises OSError when it can't be read.

    Every Python judges alike. 3.13 by itself asks more of certificates (key identifiers), which authorities that
    clients made years ago do not have: an upgrade of the monitor must not make their servers fail. And it takes an
    authority in the middle of a chain as a trusted one, which is what ``ca_file`` means.
    """
    made = ssl.create_default_context(cafile=ca_file or None)
    made.verify_flags = made.verify_flags & ~ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
