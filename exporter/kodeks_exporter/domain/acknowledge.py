"""The signature of a link by which an alert is taken.

Prometheus itself signs, while it relabels alerts, so that no template and no Alertmanager knows the key; hence the
signature is exactly what its ``hashmod`` computes over the values of ``LABELS`` and the key. It holds for an alert's
labels, not for one time that it fires: that this time is meant is for the page to see.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

LABELS: Final = ("alertname", "manager", "branch", "client", "installation", "account", "hosting")
"""What is signed, in this order; the key comes last. A silence has a matcher for each of them."""
SIGNATURE: Final = "reaction_key"
"""The label of an alert on which Prometheus puts the signature, for the templates to make the link of."""
SEPARATOR: Final = ";"
MODULUS: Final = 2**64 - 1
_FREE_TEXT: Final = "client"
"""The one label that may hold the separator: between the others, counted from both ends, it is still unambiguous."""


def sign(key: str, labels: Mapping[str, str]) -> str:
    """The signature as a decimal number; a label that is not there counts as empty, others than LABELS not at all."""
    text = SEPARATOR.join([*(labels.get(name, "") for name in LABELS), key])
    digest = hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).digest()
    return str(int.from_bytes(digest[8:], "big") % MODULUS)


def is_signed(key: str, labels: Mapping[str, str], signature: str) -> bool:
    """Whether the signature is that of these labels, in a time that does not depend on how much of it is right."""
    clear = all(SEPARATOR not in labels.get(name, "") for name in LABELS if name != _FREE_TEXT)
    right = hmac.compare_digest(sign(key, labels).encode(), signature.encode("utf-8", "surrogateescape"))
    return clear and right
