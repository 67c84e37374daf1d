"""Any bytes as an archive: read or refused by one kind of error; what is read, Python's zipfile reads the same."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats import zip_parts
from gateway.formats.limits import BodyLimits

LIMITS = BodyLimits(size=1024 * 1024)


def target(data: bytes) -> None:
    try:
        archive = zip_parts.read(data, LIMITS)
    except Unreadable:
        return
    held = {name: member.body for name, member in archive.members.items()}
    assert seen(data) == held
    files = [name for name, member in archive.members.items() if not member.is_folder]
    for changes in ({}, dict.fromkeys(files, b"x"), dict.fromkeys(files[:1], None)):
        made = zip_parts.rewritten(archive, changes)
        expected = {name: changes.get(name, body) for name, body in held.items()}
        assert seen(made) == {name: body for name, body in expected.items() if body is not None}
        zip_parts.read(made, LIMITS)


def seen(data: bytes) -> dict[str, bytes]:
    """Read an archive as others do."""
    with ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


if __name__ == "__main__":
    fuzz(target, "zip")
