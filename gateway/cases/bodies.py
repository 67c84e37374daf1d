"""Bodies in cases: written out, or held in a file beside the case.

What is written out as YAML becomes JSON, with every digit kept; a text of another format stays the text that it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath

from gateway.errors import Place
from gateway.faults import Fault
from gateway.workbench.values import Location
from gateway.yamlsource import Leaf, Listing, Node, Reader, Section, Table
from gateway.yamlsource.meaning import BOOLEANS_OF_YAML_1_1, Odd, meaning

TYPES = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".form": "application/x-www-form-urlencoded",
    ".sse": "text/event-stream",
    ".edi": "application/edi-consent",
    ".edifact": "application/edifact",
    ".x12": "application/edi-x12",
    ".zip": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
"""The content types of files, by how their names end."""

JSON = "application/json"


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A body. `data` is None where its file isn't there, or was not looked for; `file` is "" where it is written out.

    `type` is the content type that goes with it, where its headers name none; "" where that isn't told.
    """

    place: Place
    data: bytes | None
    type: str = JSON
    file: str = ""
    node: Node | None = field(default=None, repr=False)

    @property
    def json(self) -> bool:
        """Tell whether it is JSON."""
        return self.type == JSON

    @property
    def text(self) -> str | None:
        """The text that is written out, where it is one and no structure: JSON, or a body of another format."""
        plain = isinstance(self.node, Leaf) and isinstance(meaning(self.node), str)
        return self.node.text if plain and isinstance(self.node, Leaf) else None

    def at(self, location: Location) -> Place:
        """Give where a place of the body is written, or what is nearest to it; for a file, where that is named."""
        found = self.node
        place = self.place
        for step in location:
            inner: Node | None = None
            if isinstance(found, Table):
                inner = next((value for key, value in found.entries if key.text == step), None)
            elif isinstance(found, Listing) and isinstance(step, int) and step < len(found.items):
                inner = found.items[step]
            if inner is None:
                break
            found, place = inner, inner.place
        return place


def read_body(reader: Reader, section: Section, case_file: str) -> Body | None:
    """Read `body` or `file` of a section; None where there is neither, or where a fault was recorded."""
    body, file = section.get("body"), section.get("file")
    if body is not None and file is not None:
        reader.fault(file, "a body is written out or in a file, not both", "keep one of them", code=Fault.TWO_BODIES)
        return None
    if file is not None:
        name = _file(reader, file, case_file)
        kind = next((TYPES[end] for end in TYPES if name.lower().endswith(end)), "") if name else ""
        return Body(file.place, None, kind, name) if name else None
    if body is None:
        return None
    text = as_json(reader, body)
    return None if text is None else Body(body.place, text.encode(), JSON, node=body)


def as_json(reader: Reader, node: Node) -> str | None:
    """Write YAML as JSON; None where a fault was recorded."""
    if isinstance(node, Leaf):
        return _scalar(reader, node)
    if isinstance(node, Listing):
        items = [as_json(reader, item) for item in node.items]
        return None if None in items else f"[{','.join(filter(None, items))}]"
    members = [(key.text, as_json(reader, value)) for key, value in node.entries]
    if any(text is None for _, text in members):
        return None
    return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{text}" for name, text in members) + "}"


def _scalar(reader: Reader, leaf: Leaf) -> str | None:
    """Write a scalar as JSON: a number with the digits that it is written with."""
    if leaf.broken:
        return None
    value = meaning(leaf)
    if isinstance(value, Odd):
        hint = f'write it as JSON would, or as text: "{leaf.text[:100]}"; a body in a `file` may hold any number'
        reader.fault(leaf, f"{leaf.text[:100]} is no number that can stand here", hint, code=Fault.NO_JSON)
        return None
    if leaf.plain and leaf.text in BOOLEANS_OF_YAML_1_1:
        message = f'"{leaf.text}" is text here, and true or false to some YAML readers'
        reader.fault(
            leaf, message, f'put it in quotes: "{leaf.text}"; or write true or false', code=Fault.AMBIGUOUS_VALUE
        )
        return None
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return json.dumps(value, ensure_ascii=False)
    return leaf.text.removeprefix("+")


def _file(reader: Reader, node: Node, case_file: str) -> str | None:
    """Read the name of a file below `tests/`; it is given relative to the policies' folder."""
    text = reader.text(node)
    if text is None:
        return None
    name = normpath(join(dirname(case_file), text))
    if text.startswith("/") or "\\" in text or not name.startswith("tests/"):
        hint = "name it as seen from this file, such as bodies/order.json"
        reader.fault(node, "a case's file stands in tests/, beside the case or below", hint, code=Fault.FILE_OUTSIDE)
        return None
    return name
