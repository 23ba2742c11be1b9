"""The signature of a link by which an alert is taken.

Prometheus signs alerts while relabelling them, so that neither templates nor Alertmanager need the key. The signature
is what ``hashmod`` computes over the values of ``LABELS`` and the key. It covers the alert's labels, not one particular
firing; the page checks that.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

LABELS: Final = ("alertname", "manager", "branch", "client", "installation", "account", "hosting")
"""The signed labels, in this order; the key comes last. A silence has a matcher for each of them."""
SIGNATURE: Final = "reaction_key"
"""The label in which Prometheus puts the signature; the templates build the link from it."""
SEPARATOR: Final = ";"
MODULUS: Final = 2**64 - 1
DATED: Final = frozenset({"KodeksLicenseExpiring90day", "KodeksLicenseExpiring7day", "KodeksLicenseExpiring2day"})
"""Renewals: they may be taken until a date, at most ``LATEST`` seconds ahead."""
LATEST: Final = 92 * 86400.0
_FREE_TEXT: Final = "client"
"""The only label that may contain the separator: the others, counted from both ends, keep it unambiguous."""


def sign(key: str, labels: Mapping[str, str]) -> str:
    """The signature as a decimal number. A missing label counts as empty; labels outside LABELS do not count."""
    text = SEPARATOR.join([*(labels.get(name, "") for name in LABELS), key])
    digest = hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).digest()
    return str(int.from_bytes(digest[8:], "big") % MODULUS)


def is_signed(key: str, labels: Mapping[str, str], signature: str) -> bool:
    """Whether the signature matches these labels, compared in constant time."""
    clear = all(SEPARATOR not in labels.get(name, "") for name in LABELS if name != _FREE_TEXT)
    right = hmac.compare_digest(sign(key, labels).encode(), signature.encode("utf-8", "surrogateescape"))
    return clear and right
