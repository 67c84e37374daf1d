"""Laws of XML bodies, with lxml as the other opinion: what is found and replaced is the same, the rest stays."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits, Signal, Whole
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

XML, LIMITS = FORMATS["xml"], BodyLimits()
SPACES = {"p": "urn:p", "q": "urn:q"}
NAMES = ("a", "b", "c", "p:a", "p:b")
TEXTS = st.text(st.sampled_from("xyz019 <&>]\"'\n\t\ré中\U0001f600"), max_size=6)
COMMON = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def escaped(text: str, draw: Callable[..., int]) -> str:
    """Write a text, each character in one of its ways."""
    made = []
    for one in text:
        named = {"<": "&lt;", "&": "&amp;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}.get(one)
        ways = [f"&#{ord(one)};", f"&#x{ord(one):X};", *([named] if named else [])]
        plain = one not in "<&>\r\"'"
        made.append(one if plain and draw(st.integers(0, 3)) else ways[draw(st.integers(0, len(ways) - 1))])
    return "".join(made)


@st.composite
def element(draw: Callable, depth: int = 0) -> str:
    """Write an element in one of the many ways that XML has."""
    name = draw(st.sampled_from(NAMES))
    space = draw(st.sampled_from(["", " ", "\n\t"]))
    attributes = []
    for attribute in draw(st.lists(st.sampled_from(["x", "y", "p:x", "q:y"]), unique=True, max_size=3)):
        quote = draw(st.sampled_from("\"'"))
        equals = draw(st.sampled_from(["=", " = "]))
        attributes.append(
            f"{draw(st.sampled_from([' ', '  ']))}{attribute}{equals}{quote}{escaped(draw(TEXTS), draw)}{quote}"
        )
    if draw(st.integers(0, 9)) == 0:
        attributes.append(" xmlns:p='urn:q'")
    start = f"<{name}{''.join(attributes)}{space}"
    if draw(st.integers(0, 5)) == 0:
        return start + "/>"
    inside = draw(st.lists(part(depth), max_size=4 if depth < 3 else 2))
    return f"{start}>{''.join(inside)}</{name}{space}>"


def part(depth: int) -> st.SearchStrategy[str]:
    texts = st.composite(lambda draw: escaped(draw(TEXTS), draw))()
    sections = TEXTS.map(lambda text: f"<![CDATA[{text.replace(']]>', '').replace(chr(13), '')}]]>")
    others = st.sampled_from(["<!-- c -->", "<?i j?>", "\n  ", "<!---->"])
    return st.one_of(texts, sections, others, *([element(depth + 1)] if depth < 3 else []))


@st.composite
def document(draw: Callable) -> str:
    start = draw(
        st.sampled_from(["", "<?xml version='1.0'?>", '<?xml version="1.0" encoding="utf-8"?>\r\n', "<!-- c -->\n"])
    )
    inside = "".join(draw(st.lists(part(1), max_size=5)))
    end = draw(st.sampled_from(["", "\n", "<!-- d --> ", "<?e f?>"]))
    return f"{start}<r xmlns:p='urn:p' xmlns:q=\"urn:q\">{inside}</r>{end}"


PATHS = st.lists(
    st.tuples(
        st.sampled_from(["", "", "", "/"]),
        st.sampled_from(["a", "b", "p:a", "p:*", "*", "a[1]", "*[a]", "b[@x]", "p:b[last()]", "a[.='x']"]),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def selectors(draw: Callable) -> str:
    steps = draw(PATHS)
    tail = draw(st.sampled_from(["", "", "/@x", "/@p:x", "/@*", "/text()"]))
    conditions = any("[" in name for _, name in steps)
    text = "".join(
        ("//" if deep and not (conditions and index) else "/") + name for index, (deep, name) in enumerate(steps)
    )
    if draw(st.booleans()):
        return text.lstrip("/") + tail
    return f"/r{text}{tail}" if not text.startswith("//") else text + tail


def oracle(body: bytes, selector: str) -> list[str]:
    """Find values with lxml alone: all below the elements that are selected, or attributes, or texts."""
    root = etree.fromstring(
        body, etree.XMLParser(remove_comments=True, remove_pis=True, strip_cdata=True, resolve_entities=False)
    )
    path = selector if selector.startswith("/") else f"/r/{selector}"
    found: dict[tuple[object, str], str] = {}
    order = {each: at for at, each in enumerate(root.iter())}

    def texts(each: etree._Element) -> None:
        runs = [each.text, *(below.tail for below in each)]
        for at, run in enumerate(runs):
            if run and run.strip(" \t\r\n"):
                found[order[each], 2 * at] = run  # type: ignore[index] - order is what sorts them

    def attributes(each: etree._Element, names: list[str]) -> None:
        for at, name in enumerate(names):
            if each.get(name):
                found[order[each], -100 + at] = each.get(name)  # type: ignore[index]

    if path.endswith("/text()"):
        for each in root.xpath(path.removesuffix("/text()"), namespaces=SPACES):
            texts(each)
    elif "/@" in path:
        for one in root.xpath(path, namespaces=SPACES):
            attributes(one.getparent(), [one.attrname])
    else:
        for each in root.xpath(path, namespaces=SPACES):
            for below in each.iter():
                texts(below)
                attributes(below, list(below.attrib))
    return sorted(found.values())


@COMMON
@given(document(), selectors())
def test_values_are_those_that_lxml_finds(text: str, selector: str) -> None:
    body, seen = text.encode(), list[str]()
    plan = XML.layout(Shape((selector,), options={"namespaces": SPACES}))
    look = Edit(lambda value, _customer: seen.append(value) or value)
    written = XML.read(body, plan, LIMITS).write([Edits(lambda _spot: look)], Edits(lambda _spot: None))
    assert written.body is body
    assert sorted(one for one in seen if one and one not in COMMENTS) == oracle(body, selector)


COMMENTS = {" c ", " d ", "i j", "e f"}


@COMMON
@given(document(), selectors(), TEXTS.filter(str.strip))
def test_replacing_is_what_it_would_be_in_lxml(text: str, selector: str, new: str) -> None:
    """Each value replaced, then read again: the new values are there, and all else is what it was."""
    body = text.encode()
    plan = XML.layout(Shape((selector,), options={"namespaces": SPACES}))
    edit = Edit(lambda value, _customer: new if value else value)
    made = XML.read(body, plan, LIMITS).write([Edits(lambda _spot: edit)], Edits(lambda _spot: None))
    assert bool(made.touches) == (made.body is not body)
    expected, found = etree.fromstring(body), etree.fromstring(made.body)
    before, after = list(expected.iter("*")), list(found.iter("*"))
    assert [(each.tag, sorted(each.attrib), each.nsmap) for each in before] == [
        (each.tag, sorted(each.attrib), each.nsmap) for each in after
    ]
    if not any("[" in part for part in selector):  # conditions may look at what was replaced
        values = oracle(made.body, selector)
        assert set(values) <= {new}
        assert len(values) == len(oracle(body, selector))


@COMMON
@given(document(), selectors(), st.sampled_from([Whole.DESCEND, Whole.EMPTY, Whole.REMOVE]))
def test_bytes_outside_of_what_is_treated_stay(text: str, selector: str, whole: Whole) -> None:
    """What is left of a body is pieces of it in their order, with nothing new but the new values."""
    body = text.encode()
    plan = XML.layout(Shape((selector,), options={"namespaces": SPACES}))
    signal = Signal.REMOVE if whole is Whole.REMOVE else "\N{BLACK SQUARE}"
    edit = Edit(lambda _value, _customer: signal, whole)
    made = XML.read(body, plan, LIMITS).write([Edits(lambda _spot: edit)], Edits(lambda _spot: None))
    etree.fromstring(made.body)
    left = iter(body)
    for piece in re.split(
        "\N{BLACK SQUARE}|&#9632;".encode(), made.body.replace(b"<![CDATA[", b"").replace(b"]]>", b"")
    ):
        assert all(byte in left for byte in piece)


@COMMON
@given(document(), st.sampled_from(["planted-7f3a", "9 1&lt;2"]))
def test_an_unlisted_value_never_survives(text: str, secret: str) -> None:
    """Planted as text, attribute, comment, instruction and CDATA, in pieces too: redacted bodies hold nothing of it."""
    plain = secret.replace("&lt;", "<")
    body = text.replace("x", "").replace(
        "</r>", f"<z>{secret}</z><z y='{secret}'/><!--{plain}--><?z {plain}?><z><![CDATA[{plain}]]></z></r>"
    )
    body = body.encode()
    try:
        found = XML.read(body, XML.layout(Shape(("zz",))), LIMITS)
    except Unreadable:
        return  # an attribute was named x
    redact = Edit(lambda _value, _customer: "[redacted]")
    made = found.write([Edits(lambda _spot: None, redact)], Edits(lambda _spot: None))
    root = etree.fromstring(made.body)
    assert plain not in "".join(root.itertext())
    assert plain.encode() not in made.body
    assert secret.encode() not in made.body


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=60), document().map(str.encode)), st.data())
def test_broken_bodies_are_refused_with_one_error_or_read_as_lxml_reads_them(body: bytes, data: st.DataObject) -> None:
    if len(body) > 2:
        at = data.draw(st.integers(0, len(body) - 1))
        body = (
            body[:at]
            + data.draw(st.sampled_from([b"", b"<", b">", b"&", b"'", b"]]>", b"-->", b"/", b"<a", b"\x00", b"?>"]))
            + body[at + data.draw(st.integers(0, 3)) :]
        )
    plan = XML.layout(Shape(("//a", "b[1]", "//@x"), options={"namespaces": SPACES}))
    edit = Edit(lambda _value, _customer: "new")
    try:
        found = XML.read(body, plan, LIMITS)
    except Unreadable:
        return
    root = etree.fromstring(body)
    assert len(list(root.iter("*"))) == sum(
        1 for _ in etree.fromstring(found.write([Edits(lambda _spot: edit)], Edits(lambda _s: None)).body).iter("*")
    )


@COMMON
@given(st.lists(st.tuples(st.sampled_from(["C-1", "C-2", "C-3", ""]), element(1)), max_size=6), st.booleans())
def test_each_record_is_treated_for_its_own_customer(rows: list[tuple[str, str]], conditional: bool) -> None:
    """By names or by a condition: a record's values all meet its own customer's edits, and no other's."""
    inner = "".join(f"<o><id>{customer}</id><v>{inside}</v></o>" for customer, inside in rows)
    body = f"<r xmlns:p='urn:p' xmlns:q='urn:q'>{inner}</r>".encode()
    plan = XML.layout(Shape(("v",), "id", "/r/o[id]" if conditional else "/r/o"))
    found = XML.read(body, plan, LIMITS)
    assert found.customers == [customer or None for customer, _ in rows]
    edit = Edit(lambda value, customer: f"of {customer}" if value else value)
    made = found.write([Edits(lambda _spot: edit)] * len(rows), Edits(lambda _spot: None))
    for (customer, _), record in zip(rows, etree.fromstring(made.body), strict=True):
        values = [
            run
            for each in record[1].iter("*")
            for run in (each.text, *(below.tail for below in each))
            if run and run.strip()
        ]
        assert set(values) <= {f"of {customer or None}"}
