"""A SQLite file that several processes share: opened, noticed when anyone changes it, written durably."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import SovgateError
from gateway.storage.wal_index import WalIndex

_EMPTY = (0, 0)
_MOMENT = 0.005  # seconds between two tries of what SQLite doesn't wait for by itself


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: `called` in messages ("the file of the passports"), with the statements that make its tables.

    `application` (4 bytes, SQLite's application_id) tells it from any other SQLite file. `fails` is what is raised,
    with a message free of values. `erases`: what is deleted is overwritten, in the file and in its log.
    """

    called: str
    application: int
    schema: tuple[str, ...]
    fails: type[SovgateError]
    erases: bool = False

    @property
    def damaged(self) -> SovgateError:
        """Give what is raised where a file doesn't hold what it should, or is asked for what it can't hold."""
        return self.fails(f"{self.called} is damaged, or asked for what it can't hold")

    def unavailable(self, error: Exception) -> SovgateError:
        """Say in our words what SQLite says in its own."""
        if isinstance(error, sqlite3.OperationalError):
            return self.fails(f"{self.called} can't be used now: {name(error)}")
        return self.damaged

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise what SQLite raises in our words."""
        try:
            yield
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise self.unavailable(error) from None


class SharedFile:
    """One connection to the file, for one thread at a time; a file put in its place is opened anew.

    Raises what its kind says, and `sqlite3.Error` where its user had better say what was meant.
    """

    def __init__(self, kind: FileKind, path: Path, patience: float) -> None:
        """Open the file, or make it with mode 0600; wait at most `patience` seconds for another process's lock."""
        self.kind = kind
        self.opened = 0  # how often: once, and once more for each file that was put in its place
        self._path = path
        self._path_text = str(path)
        self._patience = patience
        self._generation = 0
        self._identity: tuple[int, int] | None = None
        self._seen: bytes | int = -1
        self._held: WalIndex | None = None
        self._index: WalIndex | None = None
        self._make()
        self._open()

    def generation(self) -> int:
        """Give a number that is another one after any change, by any process, that is committed before this call."""
        if self._look() != self._identity:  # SQLite would go on with the file that was taken away
            self.close()
            self._open()
        seen = self._index.header() if self._index else self._data_version()
        if seen != self._seen:
            self._seen = seen
            self._generation += 1
        return self._generation

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock from the start, so that what is read inside still holds when it is written upon."""
        self.generation()
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        finally:
            self._generation += 1  # `data_version` doesn't count one's own changes

    def wait(self, patience: float) -> None:
        """Wait as many seconds for locks from now on; 0: never."""
        if patience != self._patience:
            self._patience = patience
            if self._identity is not None:  # otherwise it counts from when the file is open again
                self.connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")

    def forget(self) -> None:
        """Leave nothing of what was deleted in the log that SQLite keeps beside the file."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
        if self._held:
            self._held.close()
        self._index = self._held = None

    def _make(self) -> None:
        """Make an empty file that only its owner may read; the files that SQLite puts beside it follow its mode.

        One that is there isn't opened: to close it would give up the locks of this process's other connections.
        """
        try:
            os.close(os.open(self._path_text, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return
        except OSError:
            raise self.kind.fails(f"{self.kind.called} can't be opened or made") from None

    def _open(self) -> None:
        """Connect, and make the tables where the file is empty."""
        self._identity = None  # so that a failure here is made good by the next call
        identity = self._look()  # before connecting: a file put in its place meanwhile is then noticed
        self._held = WalIndex(self._path_text, identity)
        try:
            self.connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=self._patience,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.OperationalError:
            self._held.close()
            raise self.kind.fails(f"{self.kind.called} can't be opened or made") from None
        try:
            self._prepare_patiently()
            self._index = self._map()
        except sqlite3.OperationalError as error:
            self.close()
            raise self.kind.fails(f"{self.kind.called} can't be used: {name(error)}") from None
        except sqlite3.DatabaseError:
            self.close()
            raise self.kind.fails(f"{self.kind.called} is damaged or is another kind of file") from None
        except SovgateError:
            self.close()
            raise
        self._identity = identity
        self._generation += 1
        self.opened += 1

    def _look(self) -> tuple[int, int]:
        """Tell which file stands at the path now."""
        try:
            status = os.stat(self._path_text)  # noqa: PTH116 - for every request, and half the cost of Path's
        except OSError:
            raise self.kind.fails(f"{self.kind.called} is gone") from None
        return status.st_dev, status.st_ino

    def _map(self) -> WalIndex | None:
        """Map the log's index; without one that we know, SQLite is asked instead."""
        self._data_version()  # makes SQLite make the index
        assert self._held is not None
        try:
            self._held.map()
        except (OSError, ValueError):
            return None
        return self._held

    def _data_version(self) -> int:
        """Ask SQLite for the number that other connections' commits change."""
        (version,) = self.connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _prepare_patiently(self) -> None:
        """Set the connection up, again while another process does just that: SQLite won't wait for WAL."""
        end = time.monotonic() + self._patience
        while True:
            try:
                self._prepare()
            except sqlite3.OperationalError as error:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                if not name(error).startswith("SQLITE_BUSY") or time.monotonic() >= end:
                    raise
                time.sleep(_MOMENT)
            else:
                return

    def _prepare(self) -> None:
        """Set the connection up; WAL lets the gateway read while the command line writes."""
        found, ours = self._found(), (self.kind.application, len(self.kind.schema))
        if found not in {_EMPTY, ours}:
            raise self.kind.fails(f"{self.kind.called} is another kind of file")
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(f"PRAGMA secure_delete = {'ON' if self.kind.erases else 'OFF'}")
        if found == _EMPTY:
            self.connection.execute("BEGIN IMMEDIATE")
            if self._found() == _EMPTY:  # nobody else was faster
                for statement in self.kind.schema:
                    self.connection.execute(statement)
                self.connection.execute(f"PRAGMA application_id = {self.kind.application}")
            self.connection.execute("COMMIT")

    def _found(self) -> tuple[int, int]:
        """Give the application that a file belongs to, and its number of tables: in one statement, of one moment."""
        found = self.connection.execute(
            "SELECT (SELECT application_id FROM pragma_application_id),"
            " (SELECT count(*) FROM sqlite_master WHERE type = 'table')"
        ).fetchone()
        return int(found[0]), int(found[1])


def name(error: sqlite3.OperationalError) -> str:
    """Give SQLite's name of an error (`SQLITE_BUSY`): its text could hold a value."""
    return getattr(error, "sqlite_errorname", "SQLITE_ERROR")
