"""How users are named outside the storage: in metrics and in the journal of searches.

``plain``: by login. ``hashed``: by a short stable pseudonym, keyed with a secret of this storage, so that nobody can
find the login by trying names; it differs between installations. ``off``: not at all.
"""

import hashlib
from dataclasses import dataclass

from kodeks_exporter.domain.secret import Secret

PLAIN, HASHED, OFF = "plain", "hashed", "off"
_BYTES = 6


@dataclass(frozen=True, slots=True)
class UserNames:
    """``mode``: plain, hashed or off. ``key`` is made once and kept in the storage."""

    mode: str
    key: Secret

    def label(self, installation: str, login: str) -> str:
        """The label value for a login; empty when users are switched off or the report names none."""
        if self.mode == OFF or not login:
            return ""
        if self.mode == PLAIN:
            return login
        key = hashlib.sha256(self.key.reveal().encode()).digest()
        text = f"{installation}\0{login}".encode(errors="replace")
        return hashlib.blake2b(text, key=key, digest_size=_BYTES).hexdigest()
