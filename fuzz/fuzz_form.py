"""Any bytes as a form: read or refused by one kind of error, written back as they were, and read again once treated."""

from __future__ import annotations

from urllib.parse import parse_qsl

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

FORM, LIMITS = FORMATS["form"], BodyLimits()
KEEP = Edits(lambda _spot: Edit(lambda value, _customer: value), Edit(lambda value, _customer: value))
HIDE = Edits(lambda _spot: Edit(lambda _value, _customer: "x&y=;"), Edit(lambda _value, _customer: "x&y=;"))
LAYOUT = FORM.layout(Shape(("email", "lines[*][sku]"), "who"))


def target(data: bytes) -> None:
    try:
        document = FORM.read(data, LAYOUT, LIMITS)
        hidden = document.write([HIDE], HIDE).body
        assert document.write([KEEP], KEEP).body is data
    except Unreadable:
        return
    pairs = [(pair.name, pair.value) for pair in document.pairs if pair.raw]
    assert pairs == parse_qsl(data.decode(), keep_blank_values=True)
    known = [(name, value) for name, value in pairs if name in {"_charset_", "who"} or LAYOUT.spot(name)]
    expected = [(name, value if name == "_charset_" else "x&y=;") for name, value in known]
    assert parse_qsl(hidden.decode(), keep_blank_values=True) == expected
    assert FORM.read(hidden, LAYOUT, LIMITS).write([HIDE], HIDE, [None]).body == hidden


if __name__ == "__main__":
    fuzz(target, "form")
