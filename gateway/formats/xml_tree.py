"""The same body in other parsers' eyes: it must be sound there too, and hold as many elements; lxml follows conditions.

Nothing is fetched or expanded: no DTD, no entities, no network, no XInclude, no schema. The scanner has refused all
that before another parser sees a byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from xml.parsers import expat

from lxml import etree

from gateway.errors import Unreadable
from gateway.formats.xml_label import Label, Uris, label
from gateway.formats.xml_path import Kind
from gateway.formats.xml_scan import Found, Scan
from gateway.formats.xml_selector import Selector, Step, Test
from gateway.formats.xml_tag import Name

T = TypeVar("T")
_MOST_PLACES = 100_000


class Search:
    """A selector with conditions, made ready for lxml: it starts at a record's element."""

    def __init__(self, label: Label, selector: Selector, namespaces: Uris) -> None:
        """Compile a selector. ValueError where lxml doesn't take it."""
        self.label = label
        self._ways = ways(selector, namespaces)

    def find(self, element: Any) -> list[Any]:
        """Give the elements that the selector's steps lead to."""
        found = [one for way in self._ways for one in _followed(way, element)]
        if len(found) > _MOST_PLACES:
            raise Unreadable("body-too-large", "a selector finds too many places in the body")
        return found


def ways(selector: Selector, namespaces: Uris) -> list[Any]:
    """Compile the steps of a selector. ValueError where lxml doesn't take them, or for unknown prefixes."""
    single = {prefix: uris[0] for prefix, uris in namespaces.items() if prefix and len(uris) == 1}
    try:
        return [etree.XPath(text, namespaces=single, smart_strings=False) for text in written(selector, namespaces)]
    except etree.XPathError:
        raise ValueError(f"{selector.text} is not taken by the XPath engine") from None


def counted(body: bytes) -> int:
    """Let another parser read a body, and count its elements. Raises `Unreadable`: body-malformed.

    This is expat: lxml keeps every name that a thread has ever parsed, and names come from outside.
    """
    ended: list[str] = []
    parser = expat.ParserCreate("utf-8", " ")
    parser.EndElementHandler = ended.append
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise Unreadable("body-malformed", "not well-formed XML") from None
    return len(ended)


def _parsed(body: bytes) -> Any:
    """Parse a body that was scanned and checked. Raises `Unreadable`: body-malformed."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("body-malformed", "not XML that selectors can be followed through") from None


def _apart(do: Callable[[], T]) -> T:
    """Do something with lxml in a thread of its own, and wait: the names that it has met go with the thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(do).result()


def search(
    body: bytes,
    scan: Scan,
    records: Search | None,
    searches: Sequence[Search],
    around: Sequence[Search],
    *,
    listed: bool,
) -> Found:
    """Find what conditions lead to: records first, then what is in each of them, and what is around them.

    Raises `Unreadable`: body-ambiguous where lxml sees other elements than the scan, body-too-large, body-too-deep.
    """

    def do() -> Found:
        root = _parsed(body)
        elements = list(root.iter("*"))
        opens = [at for at, step in enumerate(scan.steps) if step.kind in {Kind.OPEN, Kind.EMPTY}]
        if len(elements) != len(opens):
            raise Unreadable("body-ambiguous", "two parsers find different elements in the body")
        at = dict(zip(elements, opens, strict=True))
        found = Found()
        starts = [root]
        if records is not None:
            starts = _noted(found, at, scan, records, root)
        elif listed:
            starts = [one for one, index in at.items() if scan.steps[index].path.record]
        for start in starts:
            for each in searches:
                _noted(found, at, scan, each, start)
        for each in around:
            _noted(found, at, scan, each, root)
        return found

    return _apart(do)


def _noted(found: Found, at: dict[Any, int], scan: Scan, wanted: Search, start: Any) -> list[Any]:
    """Take down what a selector finds, and the elements that lead there."""
    elements = wanted.find(start)
    for element in elements:
        index = at[element]
        if _split(element.tag) != scan.steps[index].path.name:
            raise Unreadable("body-ambiguous", "two parsers find different elements in the body")
        labels = found.labels.setdefault(index, [])
        if wanted.label not in labels:
            labels.append(wanted.label)
        for above in element.iterancestors():
            leading = at[above]
            if leading in found.leading:
                break
            found.leading.add(leading)
    return elements


def written(selector: Selector, namespaces: Uris) -> list[str]:
    """Write the steps of a selector as XPath that starts at a record's element; two of them for `//`."""

    def name(prefix: str, local: str) -> str:
        return _test(Test(prefix, None if local == "*" else local), namespaces)

    def step(one: Step) -> str:
        conditions = "".join(f"[{each.xpath(name)}]" for each in one.conditions)
        return _test(one.test, namespaces) + conditions

    if not selector.steps:
        return ["."]
    first, *others = selector.steps
    rest = "".join(("//" if one.deep else "/") + step(one) for one in others)
    if not selector.absolute:
        return [("." + "//" if first.deep else "") + step(first) + rest]
    starts = [f"self::{step(first)}{rest}"]
    return [*starts, f".//{step(first)}{rest}"] if first.deep else starts


def _test(test: Test, namespaces: Uris) -> str:
    """Write a name's test; one whose prefix stands for several namespaces as a condition."""
    if test.prefix is None:
        return "*" if test.local is None else f"*[local-name()={_quoted(test.local)}]"
    if test.prefix and test.prefix not in namespaces:
        raise ValueError(f"the prefix {test.prefix} is not among the namespaces of this message")
    uris = namespaces[test.prefix] if test.prefix else ("",)
    if len(uris) == 1 and (test.prefix or test.local):
        return f"{test.prefix}:{test.local or '*'}" if test.prefix else test.local or "*"
    spaces = " or ".join(f"namespace-uri()={_quoted(uri)}" for uri in uris)
    return f"*[{spaces}]" if test.local is None else f"*[local-name()={_quoted(test.local)} and ({spaces})]"


def _quoted(text: str) -> str:
    if '"' in text and "'" in text:
        raise ValueError("a namespace with both kinds of quotes")
    return f"'{text}'" if '"' in text else f'"{text}"'


def _followed(way: Any, element: Any) -> list[Any]:
    try:
        found = way(element)
    except etree.XPathError:
        raise Unreadable("body-too-deep", "a selector can't be followed through the body") from None
    return found if isinstance(found, list) else []


def _split(name: str) -> Name:
    space, _, local = name.rpartition("}")
    return space[1:], local


def looked_up(body: bytes, selector: Selector, namespaces: Uris) -> str | None:
    """Give the one value that a selector finds in a body that was read, or the name of the one element.

    None where there is none or more than one. A `name()` has the catalogue's prefix, whatever the body's is, or the
    namespace in braces where the catalogue has no prefix for it.
    """
    try:
        followed = ways(selector, namespaces)
        wanted = label(0, selector, namespaces).attribute
    except ValueError:
        return None

    def do() -> set[str | None]:
        root = _parsed(body)
        elements = [element for way in followed for element in _followed(way, root)]
        if selector.deep:
            elements = [below for element in elements for below in element.iter("*")]
        if wanted is not None:
            return {
                _shown(_split(name), selector.named, namespaces) if selector.named else value
                for element in elements
                for name, value in element.attrib.items()
                if wanted.fits(_split(name))
            }
        if selector.named:
            return (
                {_shown(_split(one.tag), selector.named, namespaces) for one in elements}
                if len(elements) == 1
                else set()
            )
        return {"".join(element.itertext()) for element in elements if not len(element)}

    found = _apart(do)
    return found.pop() or None if len(found) == 1 else None


def _shown(name: Name, asked: str, namespaces: Uris) -> str | None:
    if asked != "name":
        return (name[1] if asked == "local-name" else name[0]) or None
    if not name[0]:
        return name[1]
    prefix = next((prefix for prefix, uris in namespaces.items() if name[0] in uris), None)
    return f"{{{name[0]}}}{name[1]}" if prefix is None else f"{prefix}:{name[1]}"
