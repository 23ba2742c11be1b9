"""A mail server that keeps what it gets, decoded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from demo.running import InLoop
from demo.sinks.inbox import Inbox


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, decoded. ``text`` and ``html`` are empty when there is no such part."""

    sender: str
    to: tuple[str, ...]
    """The envelope's recipients."""
    subject: str
    text: str
    html: str
    raw: bytes

    def __str__(self) -> str:
        body = self.text.strip() or self.html.strip()
        return f"Кому: {', '.join(self.to)}\nТема: {self.subject}\n\n{body}"


def decode(envelope_from: str, recipients: tuple[str, ...], raw: bytes) -> Mail:
    """A mail of its bytes."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    parts = {}
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        parts[kind] = str(part.get_content()) if part is not None else ""
    return Mail(envelope_from, recipients, str(message["subject"] or ""), parts["plain"], parts["html"], raw)


class MailSink(InLoop, Inbox[Mail]):
    """An SMTP server without TLS and passwords on a free port."""

    def __init__(self, listener: Callable[[Mail], None] | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        InLoop.__init__(self, "mail-sink")
        Inbox.__init__(self, listener)
        self.host, self.port = host, port
        self._server: asyncio.Server | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """aiosmtpd's hook for a whole mail."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        self.put(decode(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw))
        return "250 2.0.0 Ok"

    async def _open(self) -> None:
        self._server = await self.loop.create_server(
            lambda: SMTP(self, hostname="mail.kodeks.test", enable_SMTPUTF8=True, loop=self.loop),
            self.host,
            self.port,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
