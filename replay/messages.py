"""Messages as people get them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Way = Literal["mail", "telegram"]


@dataclass(frozen=True, slots=True)
class Message:
    """``at``: in the script's time. ``to``: a manager's name or ops. ``title``: the subject, or the first line.

    ``text``: everything that a reader sees, and the addresses behind links.
    """

    at: datetime
    to: str
    by: Way
    title: str
    text: str
    sound: bool

    @property
    def resolved(self) -> bool:
        """Whether it only says that something is over."""
        return self.title.startswith("✅")


@dataclass(frozen=True, slots=True)
class People:
    """Who a mailbox or a chat belongs to."""

    mailboxes: Mapping[str, str]
    chats: Mapping[int, str]
