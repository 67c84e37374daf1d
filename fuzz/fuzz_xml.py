"""Any bytes as XML: read or refused by one kind of error, as lxml reads them, written back as they were."""

from __future__ import annotations

from harness import fuzz
from lxml import etree

from gateway.errors import Unreadable
from gateway.formats import charset
from gateway.formats.document import Edit, Edits, Signal, Whole
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

LIMITS = BodyLimits(depth=20, values=2000)
OPTIONS = {"namespaces": {"p": "urn:p urn:q"}}
SHAPES = (
    Shape(("//p:a", "b[@x='1']/text()", "@x"), "id", options=OPTIONS),
    Shape(("c", "//@x", "b[2]"), "@id", "/r/a", ("z/text()",), OPTIONS),
)
FORMS = tuple((form, form.layout(shape)) for form in (FORMATS["xml"], FORMATS["xmlrpc"]) for shape in SHAPES)
KEPT = Edit(lambda value, _customer: value)
NEW = Edit(lambda value, _customer: "]]><&>\"'\u4e2d" if value else value)
GONE = Edit(lambda _value, _customer: Signal.REMOVE, Whole.REMOVE)
HIDDEN = Edit(lambda _value, _customer: "[redacted]", Whole.EMPTY)


def parsed(body: bytes) -> etree._Element | None:
    """Parse a body; None where lxml minds how a namespace looks, which it does with some bodies and not with others."""
    try:
        return etree.fromstring(body, etree.XMLParser(encoding="utf-8"))
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.WAR_NS_URI:
            return None
        raise


def target(data: bytes) -> None:
    try:
        data = charset.to_utf8(data, charset.find(data, ""))
    except Unreadable:
        return
    for form, layout in FORMS:
        try:
            document = form.read(data, layout, LIMITS)
        except Unreadable:
            continue
        root = parsed(data)
        if root is None:
            continue
        for edit in (KEPT, NEW, GONE, HIDDEN):
            edits = Edits(lambda _spot, edit=edit: edit, edit)
            made = document.write([edits] * len(document.customers), edits)
            assert (made.body is data) or edit is not KEPT
            again = parsed(made.body)
            if again is None:
                continue
            assert again.tag == root.tag
            if edit is NEW and form.NAME == "xml":
                assert [one.tag for one in again.iter("*")] == [one.tag for one in root.iter("*")]


if __name__ == "__main__":
    fuzz(target, "xml")
