"""Digests of correct passwords, so that the first scrape after a restart need not wait for bcrypt."""

from collections import UserDict

from kodeks_exporter.store.database import Database


class PasswordStore(UserDict[str, bytes]):
    """Digests by user of web.yml, useless without the hash there. Kept across restarts."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        with database.reading() as connection:
            self.data.update(connection.execute("SELECT user, digest FROM password").fetchall())

    def __setitem__(self, user: str, digest: bytes) -> None:
        self.data[user] = digest
        row = ("INSERT OR REPLACE INTO password VALUES (?, ?)", (user, digest))
        self._database.later({("password", user): row})
