"""Any bytes as parts: read or refused by one kind of error, written back as they were, and read again once treated."""

from __future__ import annotations

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import parse
from gateway.formats.registry import FORMATS

MULTIPART, LIMITS = FORMATS["multipart"], BodyLimits()
KEEP = Edits(lambda _spot: Edit(lambda value, _customer: value), Edit(lambda value, _customer: value))
HIDE = Edits(lambda _spot: Edit(lambda _value, _customer: "x"), Edit(lambda _value, _customer: "x"))
LAYOUT = MULTIPART.layout(Shape(("email", "*/*;filename"), "#1", options={"transfer_encodings": "decode"}))
KINDS = [parse(f"multipart/{kind}; boundary=b1") for kind in ("form-data", "mixed", "related")]


def target(data: bytes) -> None:
    for kind in KINDS:
        try:
            MULTIPART.agree(kind, data)
            document = MULTIPART.read(data, LAYOUT, LIMITS)
            records = len(document.customers)
            hidden = document.write([HIDE] * records, HIDE).body
        except Unreadable:
            continue
        assert document.write([KEEP] * records, KEEP).body is data
        MULTIPART.agree(kind, hidden)
        again = MULTIPART.read(hidden, LAYOUT, LIMITS)
        assert again.write([HIDE], HIDE, [None]).body == hidden


if __name__ == "__main__":
    fuzz(target, "multipart")
