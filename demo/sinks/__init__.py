"""Sinks that stand for the outside world: a mail server and Telegram's Bot API. They keep what they get."""

from demo.sinks.mail import Mail, MailSink
from demo.sinks.telegram import TelegramMessage, TelegramSink

__all__ = ["Mail", "MailSink", "TelegramMessage", "TelegramSink"]
