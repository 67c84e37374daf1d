"""The vault on disk: rows of tokens, and how often each key version was used.

Rows are added in memory and written together, durably, before anything that holds their tokens is released.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from gateway.errors import KeysUnavailable
from gateway.storage.shared_file import FileKind, SharedFile
from gateway.tokens.vault import Row

VAULT = FileKind(
    "the file of the vault",
    0x536F7676,  # "Sovv"
    (
        (
            "CREATE TABLE tokens (token TEXT PRIMARY KEY, handle TEXT NOT NULL, lookup BLOB NOT NULL, version "
            "INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID"
        ),
        (
            "CREATE TABLE uses (handle TEXT NOT NULL, version INTEGER NOT NULL, uses INTEGER NOT NULL, PRIMARY KEY "
            "(handle, version)) WITHOUT ROWID"
        ),
    ),
    KeysUnavailable,
    erases=True,
)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS by_lookup ON tokens (lookup)",
    "CREATE INDEX IF NOT EXISTS by_handle ON tokens (handle)",
)
_FIND = "SELECT min(token) FROM tokens WHERE lookup = ?"
_GET = "SELECT handle, lookup, version, sealed FROM tokens WHERE token = ?"


class VaultFile:
    """One connection to the file, for one thread. Everything raises `KeysUnavailable`."""

    def __init__(self, path: Path, patience: float = 5.0) -> None:
        """Open the file, or make it (mode 0600)."""
        with VAULT.told():
            self._file = SharedFile(VAULT, path, patience)
            for statement in _INDEXES:
                self._file.connection.execute(statement)

    def refresh(self) -> None:
        """See to it that the file is the one that stands there now: somebody may have put another in its place."""
        with VAULT.told():
            self._file.generation()

    def find(self, lookup: bytes) -> str | None:
        """Give the token of a row by its lookup; of several the first, so that all who ask get the same."""
        try:
            (found,) = self._file.connection.execute(_FIND, (lookup,)).fetchone()
        except sqlite3.Error as error:
            raise VAULT.unavailable(error) from None
        if not isinstance(found, str | None):
            raise VAULT.damaged
        return found

    def get(self, token: str) -> Row | None:
        """Give the row of a token."""
        try:
            found = self._file.connection.execute(_GET, (token,)).fetchone()
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise VAULT.unavailable(error) from None
        if found is None:
            return None
        handle, lookup, version, sealed = found
        if not (isinstance(sealed, bytes) and isinstance(handle, str) and isinstance(version, int)):
            raise VAULT.damaged  # SQLite itself lets columns hold anything
        return Row(token, handle, lookup, version, sealed)

    def write(self, rows: Iterable[Row], uses: Mapping[tuple[str, int], int]) -> list[Row]:
        """Write rows and add to the counts, durably, all or nothing; gives the rows whose token another has."""
        taken = []
        with VAULT.told(), self._file.transaction():
            for row in rows:
                values = (row.token, row.handle, row.lookup, row.version, row.sealed)
                done = self._file.connection.execute("INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?, ?)", values)
                if not done.rowcount and self.get(row.token) != row:
                    taken.append(row)
            self._file.connection.executemany(
                "INSERT INTO uses VALUES (?, ?, ?) "
                "ON CONFLICT (handle, version) DO UPDATE SET uses = uses + excluded.uses",
                [(*key, count) for key, count in uses.items()],
            )
        return taken

    def worn(self, versions: Iterable[tuple[str, int]], uses: int) -> set[str]:
        """Give the handles of customers of whose versions (by handle and number) one was used as often or more."""
        statement = "SELECT 1 FROM uses WHERE handle = ? AND version = ? AND uses >= ?"
        with VAULT.told():
            return {
                handle
                for handle, version in versions
                if self._file.connection.execute(statement, (handle, version, uses)).fetchone()
            }

    def uses(self, handle: str) -> dict[int, int]:
        """Give how often each version of a customer's keys was used, as far as it was written."""
        with VAULT.told():
            found = self._file.connection.execute(
                "SELECT version, uses FROM uses WHERE handle = ?", (handle,)
            ).fetchall()
        return dict(found)

    def count(self, handle: str) -> int:
        """Count a customer's tokens."""
        with VAULT.told():
            (count,) = self._file.connection.execute(
                "SELECT count(*) FROM tokens WHERE handle = ?", (handle,)
            ).fetchone()
        return int(count)

    def destroy(self, handle: str) -> None:
        """Delete a customer's rows, and leave nothing of them on the disk, as far as SQLite can tell the disk so."""
        with VAULT.told():
            with self._file.transaction():
                self._file.connection.execute("DELETE FROM tokens WHERE handle = ?", (handle,))
                self._file.connection.execute("DELETE FROM uses WHERE handle = ?", (handle,))
            self._file.forget()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
