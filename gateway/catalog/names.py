"""Names that officers give: systems, operations, messages, policies, consents, purposes."""

from __future__ import annotations

import re

from gateway.faults import Fault
from gateway.yamlsource import Node, Reader

PATTERN = "^[a-z][a-z0-9]*([_-][a-z0-9]+)*$"
"""Lower-case words joined by hyphens or underscores; no dots, which join a system to its operation."""

_NAME = re.compile(PATTERN)


def read_name(reader: Reader, node: Node | None) -> str | None:
    """Read a name; None, recorded, if it is none."""
    text = None if node is None else reader.text(node)
    if node is None or text is None:
        return None
    return text if is_name(reader, node, text) else None


def is_name(reader: Reader, node: Node, text: str) -> bool:
    """Tell whether the text is a name; what is none is recorded at the node."""
    if _NAME.fullmatch(text):
        return True
    likely = re.sub(r"[^a-z0-9]+", "-", text[:100].lower()).strip("-0123456789")
    hint = "use lower-case letters, digits, hyphens and underscores, beginning with a letter"
    reader.fault(node, f'"{text[:100]}" is no name', f"{hint}: {likely}" if likely else hint, code=Fault.BAD_NAME)
    return False
