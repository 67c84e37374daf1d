"""The file of customers' keys: each wrapped, none in clear. What changed since is told by a number that only grows.

A customer is known by a handle, an HMAC of the id: it stays in tokens and says nothing. The id itself goes when the
keys are destroyed; the handle stays, so that nobody gets new keys unnoticed in the place of the destroyed ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from gateway.custody.provider import Wrapped
from gateway.custody.rows import CustomerRow, RecipientRow, Request, VersionRow
from gateway.custody.schema import FILE, INDEXES
from gateway.errors import KeysUnavailable
from gateway.storage.shared_file import SharedFile
from gateway.tokens.keyset import Kind, State

_STATES = frozenset(get_args(State))
_CUSTOMER = (str, str | None, str, str, str, bytes | None, str, int, int)
_VERSION = (int, str, str | None, str, bytes, str, int)
_RECIPIENT = (int, str, bytes, str, str, int)
"""What columns hold, unless the file is damaged: SQLite itself lets them hold anything."""


class KeyStore:
    """One connection to the file, for one thread. Everything raises `KeysUnavailable`."""

    def __init__(self, path: Path, patience: float = 5.0) -> None:
        """Open the file, or make it (mode 0600)."""
        with FILE.told():
            self._file = SharedFile(FILE, path, patience)
            for statement in INDEXES:
                self._file.connection.execute(statement)

    @property
    def opened(self) -> int:
        """Tell how often a file was opened: another number means that another file took the place of the first."""
        return self._file.opened

    def generation(self) -> int:
        """Give a number that is another one after any change by any process. Called for every leg."""
        try:
            return self._file.generation()
        except sqlite3.Error as error:
            raise FILE.unavailable(error) from None

    def refresh(self) -> None:
        """See to it that the file is the one that stands there now: somebody may have put another in its place."""
        self.generation()

    def changes(self) -> int:
        """Give the number of the last change that caches must know of."""
        return self._number("changes")

    def changed_since(self, change: int) -> list[str]:
        """Give the handles of customers whose keys changed after a change."""
        rows = self._all("SELECT handle FROM customers WHERE changed > ?", change)
        return [handle for (handle,) in rows]

    def meta(self, key: str) -> bytes | None:
        """Give a value of the whole store."""
        rows = self._all("SELECT value FROM meta WHERE name = ?", key)
        return rows[0][0] if rows else None

    def put_meta(self, key: str, value: bytes) -> None:
        """Put a value of the whole store, inside a transaction."""
        self._do("INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", key, value)

    def customer(self, handle: str) -> CustomerRow | None:
        """Give a customer by their handle."""
        rows = self._customers("WHERE handle = ?", handle)
        return rows[0] if rows else None

    def customers(self, after: str = "", limit: int = 1000) -> list[CustomerRow]:
        """Give customers by the order of their handles: those after one."""
        return self._customers("WHERE handle > ? ORDER BY handle LIMIT ?", after, limit)

    def wrapped_otherwise(self, provider: str, kek: str, after: str = "", limit: int = 1000) -> list[CustomerRow]:
        """Give living customers whose key isn't wrapped with this key of this provider, after a handle."""
        where = "WHERE state = 'live' AND handle > ? AND (provider <> ? OR kek <> ?) ORDER BY handle LIMIT ?"
        return self._customers(where, after, provider, kek, limit)

    def keks(self, provider: str) -> set[str]:
        """Name the keys of a provider that wrap something."""
        rows = self._all("SELECT DISTINCT kek FROM customers WHERE provider = ? AND state = 'live'", provider)
        return {kek for (kek,) in rows}

    def versions(self, handle: str, purposes: Sequence[str | None] | None = None) -> list[VersionRow]:
        """Give the versions of a customer's data keys; of some purposes where they are named."""
        columns = "SELECT version, kind, purpose, state, wrapped, thumbprint, created FROM versions WHERE handle = ?"
        if purposes is None:
            rows = self._all(columns + " ORDER BY version", handle)
        else:
            rows = [row for purpose in purposes for row in self._all(columns + " AND purpose IS ?", handle, purpose)]
        if not _STATES.issuperset(state for _, _, _, state, *_ in rows):
            raise FILE.damaged  # nothing that was revoked comes back for a flipped bit
        return [VersionRow(*row) for row in _whole(rows, _VERSION)]

    def recipients(self, handle: str) -> list[RecipientRow]:
        """Give the public keys that a customer gave."""
        columns = "SELECT version, form, key, thumbprint, state, created FROM recipients WHERE handle = ?"
        return [RecipientRow(*row) for row in _whole(self._all(columns + " ORDER BY version", handle), _RECIPIENT)]

    def next_version(self, handle: str) -> int:
        """Take the number of a customer's next version, inside a transaction; no number is ever given twice."""
        self._do("UPDATE customers SET numbers = numbers + 1 WHERE handle = ?", handle)
        return int(self._all("SELECT numbers FROM customers WHERE handle = ?", handle)[0][0])

    def add_customer(
        self, handle: str, customer: str, provider: str, wrapped: Wrapped, thumbprint: str, now: int
    ) -> None:
        """Keep a new customer, or a destroyed one's new key, inside a transaction."""
        self._check(provider, wrapped)
        self._do(
            "INSERT INTO customers (handle, customer, state, provider, kek, wrapped, thumbprint, created) "
            "VALUES (?, ?, 'live', ?, ?, ?, ?, ?) ON CONFLICT (handle) DO UPDATE SET "
            "customer = excluded.customer, state = 'live', provider = excluded.provider, kek = excluded.kek, "
            "wrapped = excluded.wrapped, thumbprint = excluded.thumbprint, created = excluded.created",
            handle, customer, provider, wrapped.kek, wrapped.data, thumbprint, now,
        )  # fmt: skip

    def retire(self, provider: str, keks: Iterable[str]) -> None:
        """Take nothing more that these keys of a provider wrap, inside a transaction."""
        for kek in keks:
            self._do("INSERT OR IGNORE INTO retired VALUES (?, ?)", provider, kek)

    def rewrap(self, row: CustomerRow, provider: str, wrapped: Wrapped) -> bool:
        """Put another wrapping in the place of a customer's, inside a transaction; False where it is another by now."""
        assert row.wrapped is not None
        self._check(provider, wrapped)
        done = self._do(
            "UPDATE customers SET provider = ?, kek = ?, wrapped = ? WHERE handle = ? AND state = 'live' "
            "AND wrapped = ?",
            provider, wrapped.kek, wrapped.data, row.handle, row.wrapped.data,
        )  # fmt: skip
        return done > 0

    def add_version(self, handle: str, row: VersionRow) -> None:
        """Keep a version, inside a transaction."""
        self._do(
            "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            handle, row.version, row.kind, row.purpose, row.state, row.wrapped, row.thumbprint, row.created,
        )  # fmt: skip

    def add_recipient(self, handle: str, row: RecipientRow) -> None:
        """Keep a public key; it takes the place of the one before for its form; inside a transaction."""
        self._do(
            "UPDATE recipients SET state = 'older' WHERE handle = ? AND form = ? AND state = 'current'",
            handle,
            row.form,
        )
        self._do(
            "INSERT INTO recipients VALUES (?, ?, ?, ?, ?, ?, ?)",
            handle, row.version, row.form, row.key, row.thumbprint, row.state, row.created,
        )  # fmt: skip

    def set_state(self, handle: str, version: int, state: State) -> bool:
        """Change the state of a version or of a public key, inside a transaction; False where there is none.

        What is revoked is for good: its key is deleted. `forget` after it.
        """
        if state == "revoked":
            self._do("UPDATE versions SET wrapped = x'' WHERE handle = ? AND version = ?", handle, version)
        done = self._do("UPDATE versions SET state = ? WHERE handle = ? AND version = ?", state, handle, version)
        done += self._do("UPDATE recipients SET state = ? WHERE handle = ? AND version = ?", state, handle, version)
        return done > 0

    def step_down(self, handle: str, kind: Kind, purpose: str | None) -> None:
        """Let the current version of a kind and purpose open only, inside a transaction."""
        self._do(
            "UPDATE versions SET state = 'older' WHERE handle = ? AND kind = ? AND purpose IS ? AND state = 'current'",
            handle, kind, purpose,
        )  # fmt: skip

    def destroy(self, handle: str, now: int) -> None:
        """Delete all of a customer's keys, and the id; the handle stays. Inside a transaction; `forget` after it."""
        self._do("DELETE FROM versions WHERE handle = ?", handle)
        self._do("DELETE FROM recipients WHERE handle = ?", handle)
        self._do(
            "UPDATE customers SET state = 'destroyed', customer = NULL, wrapped = NULL, kek = '', thumbprint = '', "
            "created = ? WHERE handle = ?",
            now, handle,
        )  # fmt: skip

    def note_change(self, handle: str) -> None:
        """Tell every cache to forget a customer's keys, inside a transaction."""
        change = self.changes() + 1
        self.put_meta("changes", str(change).encode())
        self._do("UPDATE customers SET changed = ? WHERE handle = ?", change, handle)

    def request(self, action: str, customer: str, asked_by: str, at: int) -> int:
        """Keep what waits for a second person, inside a transaction; gives its number."""
        self._do(
            "INSERT INTO requests (action, customer, asked_by, at) VALUES (?, ?, ?, ?)", action, customer, asked_by, at
        )
        return int(self._all("SELECT max(number) FROM requests")[0][0])

    def requests(self) -> list[Request]:
        """Give what waits for a second person."""
        return [Request(*row) for row in self._all("SELECT * FROM requests ORDER BY number")]

    def answered(self, number: int) -> None:
        """Forget what waited, inside a transaction."""
        self._do("DELETE FROM requests WHERE number = ?", number)

    def owe(self, change: bytes) -> None:
        """Note a change that the audit log has to tell of, inside its transaction."""
        self._do("INSERT INTO unrecorded (change) VALUES (?)", change)

    def owed(self) -> list[tuple[int, bytes]]:
        """Give the changes that the audit log doesn't tell of yet."""
        return [
            (number, change) for number, change in self._all("SELECT number, change FROM unrecorded ORDER BY number")
        ]

    def recorded(self, number: int) -> None:
        """Forget a change that the audit log tells of."""
        with self.writing():
            self._do("DELETE FROM unrecorded WHERE number = ?", number)

    def epoch(self, least: int) -> int:
        """Take a number that nobody had before, for nonces, and not below `least`; durable when it is given."""
        with self.writing():
            epoch = max(self._number("epoch") + 1, least)
            self.put_meta("epoch", str(epoch).encode())
        return epoch

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the file's one write lock; what was written is durable at the end, or undone."""
        with FILE.told(), self._file.transaction():
            yield

    def forget(self) -> None:
        """Leave nothing of what was deleted on the disk, as far as SQLite can tell the disk so."""
        with FILE.told():
            self._file.forget()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()

    def _check(self, provider: str, wrapped: Wrapped) -> None:
        """Refuse what was wrapped with a key that was dropped meanwhile: nobody could unwrap it again."""
        if self._all("SELECT 1 FROM retired WHERE provider = ? AND kek = ?", provider, wrapped.kek):
            raise KeysUnavailable("wrapped with a key that was retired at the same time: try again")

    def _customers(self, where: str, *values: object) -> list[CustomerRow]:
        columns = "SELECT handle, customer, state, provider, kek, wrapped, thumbprint, created, changed FROM customers "
        return [
            CustomerRow(handle, customer, state, provider, None if data is None else Wrapped(kek, data), *rest)
            for handle, customer, state, provider, kek, data, *rest in _whole(
                self._all(columns + where, *values), _CUSTOMER
            )
        ]

    def _number(self, key: str) -> int:
        """Give a number of the whole store, 0 at first."""
        value = self.meta(key) or b"0"
        if not isinstance(value, bytes) or not value.isdigit():
            raise FILE.damaged
        return int(value)

    def _all(self, statement: str, *values: object) -> list[Any]:
        with FILE.told():
            return self._file.connection.execute(statement, values).fetchall()

    def _do(self, statement: str, *values: object) -> int:
        with FILE.told():
            return self._file.connection.execute(statement, values).rowcount


def _whole(rows: list[Any], types: tuple[Any, ...]) -> list[Any]:
    """Give rows that hold what they should."""
    if not all(isinstance(value, type_) for row in rows for value, type_ in zip(row, types, strict=True)):
        raise FILE.damaged
    return rows
