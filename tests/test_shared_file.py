"""A file that several processes share: whoever comes first makes its tables, and nobody meets it half made."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from gateway.errors import SovgateError
from gateway.storage.shared_file import FileKind, SharedFile

_AT_ONCE = 4
_TIMES = 100


class Fails(SovgateError):
    """What this kind of file raises."""


KIND = FileKind("the file", 0x5E1F7E57, tuple(f"CREATE TABLE t{number} (value)" for number in range(6)), Fails)


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield pool


def test_all_who_come_at_once_find_the_file_whole(tmp_path, crowd):
    start = Barrier(_AT_ONCE)

    def come(path: Path) -> int:
        start.wait()
        file = SharedFile(KIND, path, patience=30)
        (tables,) = file.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        file.close()
        return tables

    for number in range(_TIMES):
        path = tmp_path / str(number)
        assert list(crowd.map(come, [path] * _AT_ONCE)) == [len(KIND.schema)] * _AT_ONCE


def test_a_file_of_another_kind_is_refused(tmp_path):
    other = FileKind("the other", 0x5E1F7E58, KIND.schema, Fails)
    SharedFile(KIND, tmp_path / "file", patience=1).close()
    with pytest.raises(Fails, match="the other is another kind of file"):
        SharedFile(other, tmp_path / "file", patience=1)


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"no database" * 100)
    with pytest.raises(Fails, match="damaged or is another kind"):
        SharedFile(KIND, tmp_path / "file", patience=1)


def test_one_that_another_holds_is_given_up_after_the_patience(tmp_path):
    holder = SharedFile(KIND, tmp_path / "file", patience=1)
    holder.connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.connection.execute("CREATE TABLE more (value)")
    with pytest.raises(Fails, match="SQLITE_BUSY"):
        SharedFile(KIND, tmp_path / "file", patience=0.05)
    holder.close()
