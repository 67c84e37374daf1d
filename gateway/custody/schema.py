"""The tables of the file of customers' keys."""

from __future__ import annotations

from gateway.errors import KeysUnavailable
from gateway.storage.shared_file import FileKind

FILE = FileKind(
    "the file of customers' keys",
    0x536F766B,  # "Sovk"
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        (
            "CREATE TABLE customers (handle TEXT PRIMARY KEY, customer TEXT, state TEXT NOT NULL, provider TEXT "
            "NOT NULL, kek TEXT NOT NULL, wrapped BLOB, thumbprint TEXT NOT NULL, numbers INTEGER NOT NULL DEFAULT 0, "
            "created INTEGER NOT NULL, changed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID"
        ),
        (
            "CREATE TABLE versions (handle TEXT NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL, purpose "
            "TEXT, state TEXT NOT NULL, wrapped BLOB NOT NULL, thumbprint TEXT NOT NULL, created INTEGER NOT NULL, "
            "PRIMARY KEY (handle, version)) WITHOUT ROWID"
        ),
        (
            "CREATE TABLE recipients (handle TEXT NOT NULL, version INTEGER NOT NULL, form TEXT NOT NULL, key BLOB "
            "NOT NULL, thumbprint TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY "
            "(handle, version)) WITHOUT ROWID"
        ),
        "CREATE TABLE retired (provider TEXT NOT NULL, kek TEXT NOT NULL, PRIMARY KEY (provider, kek)) WITHOUT ROWID",
        (
            "CREATE TABLE requests (number INTEGER PRIMARY KEY, action TEXT NOT NULL, customer TEXT NOT NULL, "
            "asked_by TEXT NOT NULL, at INTEGER NOT NULL)"
        ),
        "CREATE TABLE unrecorded (number INTEGER PRIMARY KEY, change BLOB NOT NULL)",
    ),
    KeysUnavailable,
    erases=True,
)
INDEXES = (
    "CREATE INDEX IF NOT EXISTS changes ON customers (changed)",
    "CREATE INDEX IF NOT EXISTS wrapping ON customers (provider, kek)",
)
