"""What is remembered of passwords that were right, so that the first scrape after a restart waits for no check."""

from __future__ import annotations

from collections import UserDict

from kodeks_exporter.store.database import Database


class PasswordStore(UserDict[str, bytes]):
    """By user of web.yml: a digest that is worth nothing without the hash there. Survives restarts."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        with database.reading() as connection:
            self.data.update(connection.execute("SELECT user, digest FROM password").fetchall())

    def __setitem__(self, user: str, digest: bytes) -> None:
        self.data[user] = digest
        row = ("INSERT OR REPLACE INTO password VALUES (?, ?)", (user, digest))
        self._database.later({("password", user): row})
