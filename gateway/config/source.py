"""What the parts of gateway.yaml are read with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gateway.errors import Place
from gateway.faults import Fault
from gateway.yamlsource import Node, Reader, Section

FIELD_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110 section 5.6.2
D = TypeVar("D", str, None)


@dataclass(frozen=True, slots=True)
class Source:
    """The file while it is read: its top level, the folder that paths are relative to, the environment for secrets.

    `secrets` is False where the file is only checked: what stands elsewhere needn't be there then.
    """

    reader: Reader
    top: Section
    folder: Path
    environment: Mapping[str, str]
    secrets: bool = True

    def path(self, section: Section, key: str) -> Path:
        """Read a path, relative to the file."""
        return self.folder / section.text(key)

    def path_if(self, section: Section, key: str) -> Path | None:
        """Read a path that may be absent."""
        return self.path(section, key) if key in section else None

    def texts(self, section: Section, key: str) -> dict[str, str]:
        """Read a mapping of free keys to texts."""
        return {name.text: self.reader.text(node) or "" for name, node in section.entries(key)}

    def header(self, section: Section, default: D) -> str | D:
        """Read `header`, the name of a header field."""
        name = section.text("header", default)
        if name and re.fullmatch(FIELD_NAME, name) is None:
            message, hint = "no header can have this name", 'letters, digits and hyphens, such as "X-Token"'
            self.reader.fault(self.at(section.get("header")), message, hint, code=Fault.BAD_HEADER)
        return name

    def at(self, node: Node | None) -> Node | Place:
        """Give a place to complain at: the node, or the file where it is absent."""
        if node is not None:
            return node
        return self.top.node.place if self.top.node is not None else Place("", 1, 1)
