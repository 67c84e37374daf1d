"""`capture`: whether what crosses is kept in sealed files for the workbench, and within which bounds."""

from __future__ import annotations

from gateway.config.settings import CaptureSettings
from gateway.config.source import Source
from gateway.faults import Fault
from gateway.storage.capture_folder import Bounds

KEYS = ("folder", "key", "mib", "minutes", "file_mib", "free_mib", "systems", "operations")
_MIB = 1024 * 1024
MOST = 1024 * 1024
_LONGEST = 10**9  # minutes: for ever


def read_capture(source: Source) -> CaptureSettings | None:
    """Read it; None where nothing is captured."""
    if "capture" not in source.top:
        return None
    section, usual = source.top.section("capture", KEYS, ("folder", "key")), Bounds()
    systems = {name.text for name, _ in source.top.entries("systems")}
    for node in section.listing("systems"):
        source.reader.choice(node, systems, "system", code=Fault.UNKNOWN_SYSTEM)
    return CaptureSettings(
        folder=source.path(section, "folder"),
        key=source.path(section, "key"),
        bounds=Bounds(
            size=section.integer("mib", usual.size // _MIB, minimum=1, maximum=MOST) * _MIB,
            seconds=60.0 * min(section.integer("minutes", int(usual.seconds // 60), minimum=1), _LONGEST),
            file_size=section.integer("file_mib", usual.file_size // _MIB, minimum=1, maximum=MOST) * _MIB,
            free=section.integer("free_mib", usual.free // _MIB, minimum=0) * _MIB,
        ),
        systems=frozenset(section.texts("systems")),
        operations=frozenset(section.texts("operations")),
    )
