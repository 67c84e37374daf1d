"""Any bytes as EDIFACT or X12: read, or refused by one kind of error; written back as they were; hidden altogether."""

from __future__ import annotations

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats import charset
from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape, charset_of
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

LIMITS = BodyLimits()
KEEP = Edits(lambda _spot: Edit(lambda value, _customer: value), Edit(lambda value, _customer: value))
HIDE = Edits(lambda _spot: Edit(lambda _value, _customer: "7"), Edit(lambda _value, _customer: "7"))
SHAPES = {
    "edifact": [
        Shape(
            ("NAD[1=BY]/4", "NAD > COM[1.2=TE]/1.1", "UNB/2"), "NAD[1=BY]/2.1", "UNH", ("UNB/6",), {"counts": "keep"}
        ),
        Shape(("CPS > CPS > NAD",), "UNB/2.1", "CPS[1=2]", options={"loops": {"NAD": "CTA COM"}}),
    ],
    "x12": [
        Shape(("N1[1=BY]/2", "N1 > N3", "ISA/6"), "N1[1=BY]/4", "ST", ("ISA/8", "GS/2"), {"counts": "keep"}),
        Shape(("HL > HL[3=I] > LIN/3",), "N1[1=BY]/4", "HL[3=O]", options={"loops": {"N1": "N3 N4"}}),
    ],
}
LAYOUTS = [(FORMATS[name], FORMATS[name].layout(shape)) for name, shapes in SHAPES.items() for shape in shapes]


def target(data: bytes) -> None:
    for form, layout in LAYOUTS:
        try:
            text = charset.to_utf8(data, charset_of(form, data, ""))
            document = form.read(text, layout, LIMITS)
        except Unreadable:
            continue
        records = len(document.customers)
        assert document.write([KEEP] * records, KEEP).body is text
        try:
            hidden = document.write([HIDE] * records, HIDE).body
            again = form.read(hidden, layout, LIMITS)
        except Unreadable:
            continue  # hiding a number may break a hierarchy
        made = again.write([HIDE] * len(again.customers), HIDE).body
        assert len(again.customers) != records or made == hidden


if __name__ == "__main__":
    fuzz(target, "edi")
