"""The file of customers' keys: each wrapped, none in clear. What changed since is told by a number that only grows.

A customer is known by a handle, an HMAC of the id: it stays in tokens and says nothing. The id itself goes when the
keys are destroyed; the handle stays, so that nobody gets new keys unnoticed in the place of the destroyed ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gateway.custody.provider import Wrapped
from gateway.errors import KeysUnavailable
from gateway.storage.shared_file import FileKind, SharedFile, name
from gateway.tokens.keys import SealForm
from gateway.tokens.keyset import Kind, State

KEYS = FileKind(
    "the file of customers' keys",
    0x536F766B,  # "Sovk"
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        (
            "CREATE TABLE customers (handle TEXT PRIMARY KEY, customer TEXT, state TEXT NOT NULL, provider TEXT "
            "NOT NULL, kek TEXT NOT NULL, wrapped BLOB, created INTEGER NOT NULL, changed INTEGER NOT NULL) "
            "WITHOUT ROWID"
        ),
        (
            "CREATE TABLE versions (handle TEXT NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL, purpose "
            "TEXT, state TEXT NOT NULL, wrapped BLOB NOT NULL, thumbprint TEXT NOT NULL, created INTEGER NOT NULL, "
            "PRIMARY KEY (handle, version)) WITHOUT ROWID"
        ),
        (
            "CREATE TABLE requests (number INTEGER PRIMARY KEY, action TEXT NOT NULL, customer TEXT NOT NULL, "
            "asked_by TEXT NOT NULL, at INTEGER NOT NULL)"
        ),
        "CREATE TABLE unrecorded (number INTEGER PRIMARY KEY, change BLOB NOT NULL)",
        (
            "CREATE TABLE recipients (handle TEXT NOT NULL, version INTEGER NOT NULL, form TEXT NOT NULL, key BLOB "
            "NOT NULL, thumbprint TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY "
            "(handle, version)) WITHOUT ROWID"
        ),
    ),
    KeysUnavailable,
    erases=True,
)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS changes ON customers (changed)",
    "CREATE INDEX IF NOT EXISTS wrapping ON customers (provider, kek)",
)

CustomerState = Literal["live", "destroyed"]


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer with the key that wraps their data keys, wrapped by a provider; None once it was destroyed."""

    handle: str
    customer: str | None
    state: CustomerState
    provider: str
    wrapped: Wrapped | None
    created: int
    changed: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of one data key, wrapped under the customer's key. `created` in nanoseconds since the epoch."""

    version: int
    kind: Kind
    purpose: str | None
    state: State
    wrapped: bytes = field(repr=False)
    thumbprint: str
    created: int


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """A public key that a customer gave: `key` as PEM."""

    version: int
    form: SealForm
    key: bytes
    thumbprint: str
    state: State
    created: int


@dataclass(frozen=True, slots=True)
class Request:
    """Something that waits for a second person: what, of whom, asked by which account, when."""

    number: int
    action: str
    customer: str
    asked_by: str
    at: int


class KeyStore:
    """One connection to the file, for one thread. Everything raises `KeysUnavailable`."""

    def __init__(self, path: Path, patience: float = 5.0) -> None:
        """Open the file, or make it (mode 0600)."""
        with _told():
            self._file = SharedFile(KEYS, path, patience)
            for statement in _INDEXES:
                self._file.connection.execute(statement)

    def generation(self) -> int:
        """Give a number that is another one after any change by any process."""
        with _told():
            return self._file.generation()

    def changes(self) -> int:
        """Give the number of the last change that caches must know of."""
        return int(self.meta("changes") or b"0")

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
        """Give living customers whose key a provider wrapped with another key than this, after a handle."""
        where = "WHERE provider = ? AND kek <> ? AND state = 'live' AND handle > ? ORDER BY handle LIMIT ?"
        return self._customers(where, provider, kek, after, limit)

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
        return [VersionRow(*row) for row in rows]

    def recipients(self, handle: str) -> list[RecipientRow]:
        """Give the public keys that a customer gave."""
        columns = "SELECT version, form, key, thumbprint, state, created FROM recipients WHERE handle = ?"
        return [RecipientRow(*row) for row in self._all(columns + " ORDER BY version", handle)]

    def next_version(self, handle: str) -> int:
        """Give the number of a customer's next version, inside a transaction."""
        rows = self._all(
            "SELECT 1 + max((SELECT coalesce(max(version), 0) FROM versions WHERE handle = ?1), "
            "(SELECT coalesce(max(version), 0) FROM recipients WHERE handle = ?1))",
            handle,
        )
        return int(rows[0][0])

    def add_customer(self, handle: str, customer: str, provider: str, wrapped: Wrapped, now: int) -> None:
        """Keep a new customer, or a destroyed one's new key, inside a transaction."""
        self._do(
            "INSERT INTO customers VALUES (?, ?, 'live', ?, ?, ?, ?, 0) ON CONFLICT (handle) DO UPDATE SET "
            "customer = excluded.customer, state = 'live', provider = excluded.provider, kek = excluded.kek, "
            "wrapped = excluded.wrapped, created = excluded.created",
            handle, customer, provider, wrapped.kek, wrapped.data, now,
        )  # fmt: skip

    def rewrap(self, handle: str, provider: str, wrapped: Wrapped) -> None:
        """Put another wrapping in the place of a customer's, inside a transaction."""
        self._do(
            "UPDATE customers SET provider = ?, kek = ?, wrapped = ? WHERE handle = ? AND state = 'live'",
            provider, wrapped.kek, wrapped.data, handle,
        )  # fmt: skip

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
        """Change the state of a version or of a public key, inside a transaction; False where there is none."""
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
            "UPDATE customers SET state = 'destroyed', customer = NULL, wrapped = NULL, kek = '', created = ? "
            "WHERE handle = ?",
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

    def epoch(self) -> int:
        """Take a number that nobody had before, for nonces; durable when it is given."""
        with self.writing():
            epoch = int(self.meta("epoch") or b"0") + 1
            self.put_meta("epoch", str(epoch).encode())
        return epoch

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the file's one write lock; what was written is durable at the end, or undone."""
        with _told(), self._file.transaction():
            yield

    def forget(self) -> None:
        """Leave nothing of what was deleted on the disk, as far as SQLite can tell the disk so."""
        with _told():
            self._file.forget()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()

    def _customers(self, where: str, *values: object) -> list[CustomerRow]:
        columns = "SELECT handle, customer, state, provider, kek, wrapped, created, changed FROM customers "
        return [
            CustomerRow(
                handle, customer, state, provider, None if data is None else Wrapped(kek, data), created, changed
            )
            for handle, customer, state, provider, kek, data, created, changed in self._all(columns + where, *values)
        ]

    def _all(self, statement: str, *values: object) -> list[Any]:
        with _told():
            return self._file.connection.execute(statement, values).fetchall()

    def _do(self, statement: str, *values: object) -> int:
        with _told():
            return self._file.connection.execute(statement, values).rowcount


@contextmanager
def _told() -> Iterator[None]:
    """Say in our words what SQLite says in its own."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise KeysUnavailable(f"the file of customers' keys can't be used now: {name(error)}") from None
    except (sqlite3.Error, UnicodeEncodeError):
        raise KeysUnavailable("the file of customers' keys is damaged, or asked for what it can't hold") from None
