"""Proofs that were used, and counters of authenticators: one file, so that every process of a gateway knows them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import NotAuthenticated
from gateway.identity.replay import full
from gateway.storage.shared_file import FileKind, SharedFile

_EVERY = 4096  # proofs, after which what can't count any more is deleted
_WAIT = 0.05  # seconds for a lock, while everyone waits; another process holds it for some 0.1 ms


class ProofsUnavailable(NotAuthenticated):
    """The file of the proofs can't be used now: a proof that could be a replay doesn't count."""

    def __init__(self, message: str) -> None:
        """Take a message free of values."""
        super().__init__("proofs-unavailable", message)


FILE = FileKind(
    "the file of the proofs",
    0x53565052,  # "SVPR"
    (
        "CREATE TABLE used (digest BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE counters (credential BLOB PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
    ),
    ProofsUnavailable,
)


class SharedProofs:
    """Remembers proofs (`identity.replay.Replay`) and counters (`attestation.webauthn.Counters`) for all processes.

    A proof is remembered when the call returns, also if this process dies then; a power failure may forget the last
    ones, which could count no longer than their lifetime. Counters survive that too.

    Whoever asks holds everyone up meanwhile. So a lock of others is waited for a moment only, and after one such wait
    in vain not at all until the file answers again: what needs it is refused, and everything else goes on.
    """

    def __init__(self, path: Path, clock: Callable[[], int], capacity: int = 1_000_000, patience: float = 2.0) -> None:
        """Open the file, or make it, with the `patience` (seconds) of a start. Raises `ProofsUnavailable`."""
        self._clock = clock
        self._capacity = capacity
        self._added = 0
        self._opened = 0
        self._file = SharedFile(FILE, path, patience)
        self._purge()
        self._file.wait(_WAIT)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def seen(self, digest: bytes, until: int) -> bool:
        """Tell and remember, as `Replay` says."""
        with self._hurried():
            self._relaxed()
            self._added += 1
            if self._added % _EVERY == 0:
                self._purge()
            now = self._clock()
            try:
                self._file.connection.execute("INSERT INTO used VALUES (?, ?)", (digest, until))
            except sqlite3.IntegrityError:
                return self._again(digest, until, now)
        return False

    def advance(self, credential: bytes, count: int, least: int) -> bool:
        """Move an authenticator's counter up to `count`; False where it isn't higher than before, or than `least`.

        0 after 0 is fine: it doesn't count. Durable before it returns.
        """
        with self._hurried():
            self._file.generation()
            self._opened = 0
            self._file.connection.execute("PRAGMA synchronous = FULL")
            with self._file.transaction():
                row = self._file.connection.execute(
                    "SELECT count FROM counters WHERE credential = ?", (credential,)
                ).fetchone()
                last = max(least, row[0] if row else 0)
                if count <= last:
                    return count == last == 0
                self._file.connection.execute(
                    "INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET count = excluded.count",
                    (credential, count),
                )
        return True

    @contextmanager
    def _hurried(self) -> Iterator[None]:
        """Wait for the file once at most."""
        try:
            with FILE.told():
                yield
                self._file.wait(_WAIT)
        except ProofsUnavailable:
            with FILE.told():
                self._file.wait(0)
            raise

    def _again(self, digest: bytes, until: int, now: int) -> bool:
        """Tell of a proof that stands in the file whether it still counts there."""
        taken = self._file.connection.execute(
            "UPDATE used SET until = ? WHERE digest = ? AND until <= ?", (until, digest, now)
        )
        return taken.rowcount == 0

    def _relaxed(self) -> None:
        """Don't wait for the disk: what a crash of the machine forgets is too old to count when it is up again."""
        self._file.generation()
        if self._opened != self._file.opened:
            self._file.connection.execute("PRAGMA synchronous = NORMAL")
            self._opened = self._file.opened

    def _purge(self) -> None:
        """Delete what can't count any more; raise where so much could that no other proof is taken."""
        with FILE.told():
            self._file.generation()
            self._file.connection.execute("DELETE FROM used WHERE until <= ?", (self._clock(),))
            (held,) = self._file.connection.execute("SELECT count(*) FROM used").fetchone()
        if held >= self._capacity:
            self._added -= 1  # look again at the next one
            raise full()
