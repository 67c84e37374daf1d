"""How documents are marked: the worker processes, and fonts of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.config.settings import MarkSettings
from gateway.config.source import Source
from gateway.faults import Fault
from gateway.yamlsource import Section

MARKS = ("workers", "seconds", "memory_mib", "fonts")
_MIB = 1024 * 1024
_LARGEST = 64 * _MIB


def read_marks(source: Source) -> MarkSettings:
    """Read how documents are marked; a font that can't be used is a fault."""
    marks = source.top.section("marks", MARKS)
    return MarkSettings(
        marks.integer("workers", 2, minimum=1, maximum=64),
        float(marks.integer("seconds", 30, minimum=1, maximum=600)),
        marks.integer("memory_mib", 1024, minimum=128) * _MIB,
        tuple(_fonts(source, marks)),
    )


def _fonts(source: Source, marks: Section) -> Iterator[Path]:
    for node in marks.listing("fonts"):
        said = source.reader.text(node)
        if said is None:
            continue
        path = source.folder / said
        told = _complaint(path)
        if told:
            hint = "name a TrueType file (.ttf) that this account may read, or leave it out: fonts come along"
            source.reader.fault(node, f"this font can't be used: {told}", hint, code=Fault.BAD_FONT)
        yield path


def _complaint(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            return f"it is larger than {_LARGEST // _MIB} MiB"
        data = path.read_bytes()
    except OSError as error:
        return f"the file can't be read: {error.strerror}"
    # What reads fonts costs memory, and most gateways have none of their own.
    from gateway.watermark.text.face import complaint  # noqa: PLC0415

    return complaint(data)
