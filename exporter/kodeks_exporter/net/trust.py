"""The TLS trust settings, the same everywhere and for every Python."""

import ssl
from functools import lru_cache
from pathlib import Path

from kodeks_exporter.net.errors import CheckError, explain
from kodeks_exporter.net.machine import is_exhausted


def context(verify: bool, ca_file: str) -> ssl.SSLContext:
    """For a client.

    ``ca_file``: PEM of the authorities; empty: the machine's. Raises ``CheckError`` when it can't be read. The same in
    every Python. 3.13 by itself asks more of certificates (key identifiers), which authorities that clients made years
    ago do not have: an upgrade of the monitor must not make their servers fail. And it takes an authority in the middle
    of a chain as a trusted one, which is what ``ca_file`` means. Ciphers and old servers that know no safe
    renegotiation are let through as browsers let them.
    """
    try:
        made = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise _unreadable(error, ca_file) from None
    made.set_ciphers(_CIPHERS)
    made.options |= _OP_LEGACY_SERVER_CONNECT
    made.verify_flags = made.verify_flags & ~ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def kept_context(verify: bool, ca_file: str) -> ssl.SSLContext:
    """The same, cached until the file changes."""
    try:
        stamp = Path(ca_file).stat() if ca_file else None
    except OSError as error:
        raise _unreadable(error, ca_file) from None
    return _kept(verify, ca_file, (stamp.st_mtime_ns, stamp.st_size, stamp.st_ino) if stamp else ())


@lru_cache(maxsize=64)
def _kept(verify: bool, ca_file: str, _stamp: tuple[int, ...]) -> ssl.SSLContext:
    return context(verify, ca_file)


def _unreadable(error: OSError, ca_file: str) -> CheckError:
    if is_exhausted(error):
        return explain(error)
    return CheckError("ca_file", f"не читается файл корневых сертификатов {ca_file}")


_CIPHERS = "DEFAULT:@SECLEVEL=2"
"""Debian's own. Other builds of Python leave out ciphers that older Windows servers offer and browsers still accept."""
_OP_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT since Python 3.12
