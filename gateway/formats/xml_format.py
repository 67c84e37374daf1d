"""XML as formats of the catalogue: `xml`, and on top of it `soap` (1.1 and 1.2) and `xmlrpc`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gateway.formats import xml
from gateway.formats.format import Lists, Option, SelectsSeveral, Shape, agrees
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.xml_layout import Layout, layout
from gateway.formats.xml_plan import Dialect
from gateway.formats.xml_selector import parse
from gateway.formats.xml_tag import SOAPS, XML, XSI

_TYPES = frozenset({"application/xml", "text/xml"})
_BUILTIN = {"xml": (XML,), "xsi": (XSI,)}
_OPTIONS = {
    "namespaces": Option(
        "names",
        "What each prefix in selectors stands for; several namespaces, such as versions of one, with spaces between.",
        default={},
    ),
    "structure": Option(
        "texts",
        "Selectors of elements and attributes whose text is no value but a name or a qualifier: it is always kept.",
        default=(),
    ),
}


class Xml:
    """See `formats.xml`."""

    NAME: ClassVar[str] = "xml"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "selected"
    EXAMPLE: ClassVar[str] = "so:Customer/so:Email or Customer/@id"
    HELP: ClassVar[str] = "XML: its elements, attributes and texts are labelled one by one."
    TEXT: ClassVar[bool] = True
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = _OPTIONS

    _types: ClassVar[frozenset[str]] = _TYPES
    _dialect: ClassVar[Dialect] = Dialect()
    _builtin: ClassVar[Mapping[str, tuple[str, ...]]] = _BUILTIN
    _kept: ClassVar[tuple[str, ...]] = ()
    _known: ClassVar[tuple[str, ...]] = ()

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        agrees(media, plain, self.NAME, self._types, begins_like_xml, "+xml")

    def check(self, selector: str, *, singular: bool = False) -> bool:
        """Check a selector: the part of XPath 1.0 that `xml_selector` describes."""
        try:
            found = parse(selector)
        except ValueError as error:
            raise ValueError(f"not a selector of XML (XPath 1.0, down the tree): {error}") from None
        if singular and not found.singular:
            raise SelectsSeveral("this selector can find several values; here it must find one")
        return found.quick

    def layout(self, shape: Shape) -> Layout:
        """Compile a message's selectors."""
        return layout(shape, self._dialect, self._builtin, self._kept, self._known)

    def check_told(self, selector: str, options: Mapping[str, Any]) -> None:
        """Check the prefixes of a selector that tells requests. ValueError for one without a namespace."""
        try:
            prefixes = parse(selector).prefixes
        except ValueError:
            return  # `check` has told it
        unknown = sorted(prefixes - self._builtin.keys() - (options.get("namespaces") or {}).keys())
        if unknown:
            raise ValueError(f"the prefix {unknown[0]} is not among the namespaces of this message")

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: a document is read whole."""

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> xml.XmlDocument:
        """Read a body."""
        return xml.read(body, layout, limits)


class Soap(Xml):
    """A SOAP envelope, 1.1 or 1.2: the prefix `soap` stands for either."""

    NAME: ClassVar[str] = "soap"
    EXAMPLE: ClassVar[str] = "soap:Body/so:Order/so:Email"
    HELP: ClassVar[str] = "A SOAP 1.1 or 1.2 envelope: labelled as XML; the prefix soap is known."
    _types: ClassVar[frozenset[str]] = _TYPES | {"application/soap+xml"}
    _builtin: ClassVar[Mapping[str, tuple[str, ...]]] = {**_BUILTIN, "soap": SOAPS}
    _kept: ClassVar[tuple[str, ...]] = (
        "/soap:Envelope/soap:Header/@soap:mustUnderstand",
    )  # known, so an empty one is nothing
    _known: ClassVar[tuple[str, ...]] = (
        "/soap:Envelope/soap:Body/soap:Fault/faultcode/text()",
        "/soap:Envelope/soap:Body/soap:Fault/faultstring/text()",
        "/soap:Envelope/soap:Body/soap:Fault/soap:Code/soap:Value/text()",
        "/soap:Envelope/soap:Body/soap:Fault/soap:Reason/soap:Text/text()",
    )  # what a fault can't be without: clients raise nothing they understand for one that is an empty element

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> xml.XmlDocument:
        """Read a body. Raises `Unreadable`, body-wrong-type among them, for what is no envelope."""
        found = xml.read(body, layout, limits)
        found.check_envelope()
        return found


class XmlRpc(Xml):
    """XML-RPC: values have the type that their element says, names of members and methods are no values."""

    NAME: ClassVar[str] = "xmlrpc"
    EXAMPLE: ClassVar[str] = "params/param/value/struct/member[name='email']"
    HELP: ClassVar[str] = "XML-RPC: labelled as XML; a value keeps its type, the names of members stay."
    _types: ClassVar[frozenset[str]] = _TYPES
    _dialect: ClassVar[Dialect] = Dialect(typed=True, hollow=frozenset({"struct", "data"}))
    _kept: ClassVar[tuple[str, ...]] = ("//member/name", "/methodCall/methodName")


def begins_like_xml(body: bytes) -> bool:
    """Tell whether a body begins as XML does."""
    return body.lstrip(b" \t\r\n").startswith(b"<")
