"""Names of installations, accesses and dealers: label values, and parts of addresses and of uploaded files' names."""

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9_.:()\[\],;~^-]+")
"""The manual of the clients' scripts allows these and no space (known); ``:`` is ours."""
ALLOWED: Final = "the letters A-Z and a-z, digits and _ . : - ( ) [ ] , ; ~ ^"


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and text not in (".", "..")
