"""Why a received file was not accepted, apart from being unreadable (``domain.report.UnreadableReport``)."""

import errno
import sqlite3

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class IntakeError(Exception):
    """``text`` is one Russian sentence for people."""

    text = "Файл не принят."


class UnknownInstallation(IntakeError):  # noqa: N818 - reads as what it says
    text = "Установки с таким именем нет в конфигурации."


class UnknownSuffix(IntakeError):  # noqa: N818
    text = "Такие файлы не принимаются: нужен .zip, .xml, .db, .sqlite или .status."


class TooLarge(IntakeError):  # noqa: N818
    """``limit`` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit
        self.text = f"Файл больше допустимого: {limit} байт."


class StorageFull(IntakeError):  # noqa: N818
    text = "На диске сервера кончилось место: файл не сохранён, пришлите его ещё раз позже."


class StorageBusy(StorageFull):
    """The storage can't be written now, but not for lack of space: it is locked, or its disk fails."""

    text = "Хранилище сервера сейчас не пишется: файл не сохранён, пришлите его ещё раз позже."


def is_full(error: BaseException) -> bool:
    """Whether a write error or its cause means that the disk (or a quota) is full."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return error.__cause__ is not None and is_full(error.__cause__)
