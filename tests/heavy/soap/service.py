"""An order service over SOAP, on spyne: what the gateway is put before. Runs in an environment of its own.

python service.py PORT

`/soap11/` and `/soap12/` are the same service in both versions; `/late/` answers in chunks, `/packed/` in gzip, `/ok/`
gives faults status 200, `/packages/` takes MTOM, `/parts/` answers with it. `GET /stored` tells what was written.
"""
# ruff: noqa: N802, N805, A002 - spyne takes the names of operations and parameters from Python's

from __future__ import annotations

import gzip
import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from email import message_from_bytes
from hashlib import sha256
from io import BytesIO
from typing import Any

import waitress
from lxml import etree
from spyne import (
    Application,
    Array,
    Boolean,
    ByteArray,
    ComplexModel,
    Date,
    DateTime,
    Duration,
    Fault,
    Integer,
    ServiceBase,
    Time,
    Unicode,
    XmlAttribute,
    rpc,
)
from spyne import Decimal as XsdDecimal
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication

ORDERS, TYPES = "urn:example:orders:v1", "urn:example:types:v1"
XOP = "http://www.w3.org/2004/08/xop/include"
SCAN = b"<sheet><email>lin.wei@example.com</email><note>12 holes, 8 mm</note></sheet>"
STORED: list[dict[str, Any]] = []


class Address(ComplexModel):
    __namespace__ = TYPES
    street = Unicode(nillable=True)
    city = Unicode


class Line(ComplexModel):
    __namespace__ = TYPES
    sku = Unicode
    quantity = Integer
    price = XsdDecimal(38, 10)


class Order(ComplexModel):
    __namespace__ = TYPES
    id = Integer
    currency = XmlAttribute(Unicode)
    customer = Unicode
    name = Unicode
    email = Unicode
    phone = Unicode(min_occurs=0)
    tax_number = Unicode(min_occurs=0)
    born = Date(nillable=True)
    made = DateTime
    due = Time
    patience = Duration
    paid = Boolean
    total = XsdDecimal(38, 10)
    address = Address
    lines = Array(Line)
    note = Unicode(nillable=True)
    scan = ByteArray(nillable=True)


class Session(ComplexModel):
    __namespace__ = ORDERS  # spyne describes headers in the namespace of the service alone
    user = Unicode
    trace = Unicode


class Problem(ComplexModel):
    __namespace__ = TYPES
    email = Unicode


PEOPLE = (
    ("C-1", "Lin Wei", "lin.wei@example.com", "+86 139 1234 5678"),
    ("C-2", "Étienne & Söhne <Royer>", "etienne.royer@example.org", None),
    ("C-3", "Harper Quinlan", "harper.quinlan@example.com", "+1 503 555 0105"),
)


def order(number: int) -> Order:
    customer, name, email, phone = PEOPLE[number % 3]
    return Order(
        id=number,
        currency="EUR",
        customer=customer,
        name=name,
        email=email,
        phone=phone,
        tax_number=f"DE{number:09d}",
        born=None if number % 3 == 1 else date(1988, 4, 12),
        made=datetime(2026, 11, 23, 8, 30, 15, 250000, UTC),
        due=time(17, 0),
        patience=timedelta(days=2, hours=3),
        paid=number % 2 == 0,
        total=Decimal("12345678901234567.8900000010"),
        address=Address(street=None if number % 3 == 2 else "Ping Lake Avenue 135", city="Suzhou"),
        lines=[Line(sku=f"S-{number}", quantity=3, price=Decimal("0.0000000001"))],
        note=None,
        scan=[SCAN] if number % 3 == 0 else None,
    )


class Orders(ServiceBase):
    __in_header__ = Session
    __out_header__ = Session

    @rpc(Integer, _returns=Order)
    def ReadOrder(ctx, id):
        _answer_header(ctx)
        if id > 1_000_000:
            raise _no_order()
        return order(id)

    @rpc(Integer, Integer, _returns=Array(Order))
    def ListOrders(ctx, start, count):
        _answer_header(ctx)
        return [order(start + each) for each in range(count)]

    @rpc(Order, _returns=Integer)
    def WriteOrder(ctx, order):
        _answer_header(ctx)
        STORED.append({
            "customer": order.customer, "email": order.email, "total": str(order.total), "born": str(order.born),
            "paid": order.paid, "note": order.note, "scan": sha256(b"".join(order.scan or ())).hexdigest(),
            "lines": [[line.sku, line.quantity, str(line.price)] for line in order.lines or ()],
            "user": ctx.in_header and ctx.in_header.user,
        })  # fmt: skip
        return order.id

    @rpc(Unicode, ByteArray, _returns=Unicode)
    def StoreScan(ctx, customer, scan):
        data = b"".join(scan)
        STORED.append({"customer": customer, "size": len(data), "scan": sha256(data).hexdigest()})
        return f"stored for {customer}"

    @rpc(Integer)
    def DropOrder(ctx, id):
        STORED.append({"dropped": id})


def _answer_header(ctx: Any) -> None:
    if ctx.in_header is not None:
        ctx.out_header = Session(user=ctx.in_header.user, trace="T-1")


def _no_order() -> Fault:
    """Give a fault that tells a customer's address twice: in its words and in its detail."""
    return Fault(
        "Client.NoSuchOrder",
        "no order; the last was of lin.wei@example.com",
        detail={"problem": {"email": "lin.wei@example.com", "tries": 3}},
    )


def mtom(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with a package as Java's and .NET's stacks write it: XOP, parts in binary, the scan as a part."""
    style = environ["PATH_INFO"].strip("/").rpartition("/")[2]
    boundary, root, cid = {
        "cxf": (
            "uuid:1c7f8ef6-08b1-4b0b-9a4d-a6e2f6d5b8a1",
            "root.message@cxf.apache.org",
            "5aeaa450-17f0@erp.example",
        ),
        "metro": ("uuid:7d38e4a5-0e0f-4c3c", "rootpart*7d38e4a5@example.jaxws.sun.com", "e4a5*1@example.jaxws.sun.com"),
        "wcf": ("uuid:0ca0e16e-feb1-426c-97d8-c4508ada5e82+id=1", "http://tempuri.org/0", "http://tempuri.org/1/6389"),
        "axis": ("MIMEBoundary_4f2e8c1a", "0.4f2e8c1a@apache.org", "1.4f2e8c1a@apache.org"),
    }[style]
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    envelope = (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><ns:ReadOrderResponse '
        f'xmlns:ns="{ORDERS}" xmlns:t="{TYPES}"><ns:ReadOrderResult><t:id>3</t:id><t:customer>C-1</t:customer>'
        "<t:name>Lin Wei</t:name><t:email>lin.wei@example.com</t:email><t:scan>"
        f'<xop:Include xmlns:xop="{XOP}" href="cid:{cid}"/></t:scan>'
        "</ns:ReadOrderResult></ns:ReadOrderResponse></s:Body></s:Envelope>"
    ).encode()
    kind = 'application/xop+xml; charset=UTF-8; type="text/xml"'
    parts = ((root, kind, envelope), (cid, "application/octet-stream", SCAN))
    body = b"\r\n" if style == "wcf" else b""
    for id_, type_, content in parts:
        coding = "8bit" if style == "wcf" and content is envelope else "binary"
        head = f"Content-Type: {type_}\r\nContent-Transfer-Encoding: {coding}\r\nContent-ID: <{id_}>\r\n\r\n"
        body += b"--" + boundary.encode() + b"\r\n" + head.encode() + content + b"\r\n"
    body += b"--" + boundary.encode() + b"--" + (b"\r\n" if style != "metro" else b"")
    related = (
        f'multipart/related; type="application/xop+xml"; boundary="{boundary}"; start="<{root}>"; start-info="text/xml"'
    )
    start("200 OK", [("Content-Type", related), ("MIME-Version", "1.0")])
    return [body]


def unpacked(app: Any) -> Any:
    """Read a package with the standard library's parser, and hand on the envelope with its parts put in.

    spyne's own reading of packages fails on envelopes with a declaration, which all clients send.
    """

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        kind, body = environ["CONTENT_TYPE"], environ["wsgi.input"].read()
        root, *parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body).get_payload()
        held = {part["Content-ID"].strip("<>"): part.get_payload(decode=True) for part in parts}
        envelope = etree.fromstring(root.get_payload(decode=True))
        for include in envelope.findall(f".//{{{XOP}}}Include"):
            include.getparent().text = b64encode(held.pop(include.get("href").removeprefix("cid:")))
            include.getparent().remove(include)
        assert not held, "a part that nothing includes"
        plain = etree.tostring(envelope)
        own = {"CONTENT_TYPE": "text/xml", "CONTENT_LENGTH": str(len(plain)), "wsgi.input": BytesIO(plain)}
        return app(environ | own, start)

    return answer


def stored(_: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(STORED).encode()]


def late(app: Any) -> Any:
    """Take the length off an answer, and give it in pieces, so that the server chunks it."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            return start(status, [one for one in headers if one[0].lower() != "content-length"])

        body = b"".join(app(environ, begin))
        return (body[at : at + 997] for at in range(0, len(body), 997))

    return answer


def packed(app: Any) -> Any:
    """Give answers in gzip, and take requests in it."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            kept = [one for one in headers if one[0].lower() != "content-length"]
            return start(status, [*kept, ("Content-Encoding", "gzip")])

        if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
            body = gzip.decompress(environ["wsgi.input"].read())
            environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        return [gzip.compress(b"".join(app(environ, begin)))]

    return answer


def fine(app: Any) -> Any:
    """Give every answer status 200, faults too, as some services do."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return app(environ, lambda _, headers, *others: start("200 OK", headers, *others))

    return answer


def main() -> None:
    def service(protocol: Any) -> Any:
        application = Application([Orders], ORDERS, name="Orders", in_protocol=protocol(), out_protocol=protocol())
        return WsgiApplication(application, max_content_length=64 * 1024 * 1024)

    soap11, soap12 = service(Soap11), service(Soap12)
    places = {
        "soap11": soap11, "soap12": soap12, "late": late(soap11), "packed": packed(soap11), "ok": fine(soap11),
        "packages": unpacked(soap11), "parts": mtom, "stored": stored,
    }  # fmt: skip

    def dispatch(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return places[environ["PATH_INFO"].split("/")[1]](environ, start)

    waitress.serve(dispatch, listen=f"127.0.0.1:{sys.argv[1]}", threads=4)


if __name__ == "__main__":
    main()
