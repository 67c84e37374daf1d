"""Bodies of every format, made of records: for what discover drafts of them."""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus
from xml.sax.saxutils import escape, quoteattr

from discover_kit import SITE
from xlsx_kit import inline, row, sheet, workbook

from gateway.capture.exchange import Exchange
from gateway.flow import Headers, Request, Response

Record = Mapping[str, str]


def sent(target: str, body: bytes, kind: str, *, method: str = "POST", headers: Headers = ()) -> Exchange:
    """Build an exchange whose request has a body."""
    request = Request(method, target, (("Content-Type", kind), *headers), body)
    return Exchange(1, SITE, request, Response(204))


def answered(target: str, body: bytes, kind: str, *, asked: bytes = b"", headers: Headers = ()) -> Exchange:
    """Build an exchange whose answer has a body; `asked` is that of the request, of the same kind."""
    typed: Headers = (("Content-Type", kind),)
    request = Request("POST" if asked else "GET", target, typed if asked else (), asked)
    return Exchange(1, SITE, request, Response(200, (*typed, *headers), body))


def table(records: Sequence[Record], delimiter: str = ",") -> bytes:
    """Write a table with a header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode()


def lines(records: Sequence[Record]) -> bytes:
    """Write JSON lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


def form(record: Record) -> bytes:
    """Write a form."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in record.items()).encode()


def multipart(parts: Sequence[tuple[str, bytes]], boundary: str = "b7") -> bytes:
    """Write parts, each with its header."""
    made = (f"--{boundary}\r\n{head}\r\n\r\n".encode() + body + b"\r\n" for head, body in parts)
    return b"".join(made) + f"--{boundary}--\r\n".encode()


def field(name: str, value: bytes, more: str = "") -> tuple[str, bytes]:
    """Give a field of a form of parts."""
    return f'Content-Disposition: form-data; name="{name}"{more}', value


def archive(members: Mapping[str, bytes]) -> bytes:
    """Write an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in members.items():
            file.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), body)
    return out.getvalue()


def events(records: Sequence[Record], kind: str = "order-created") -> bytes:
    """Write an event for each record."""
    return b"".join(f"event: {kind}\ndata: {json.dumps(one)}\n\n".encode() for one in records)


def xml(records: Sequence[Record], space: str = ' xmlns="urn:example:orders"') -> bytes:
    """Write a list of orders; a name that begins with @ is an attribute."""
    return f"<Orders{space}>{''.join(map(_element, records))}</Orders>".encode()


def _element(record: Record) -> str:
    attributes = "".join(f" {name[1:]}={quoteattr(value)}" for name, value in record.items() if name[0] == "@")
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in record.items() if name[0] != "@")
    return f"<Order{attributes}>{inner}</Order>"


def soap(inner: str, version: str = "http://schemas.xmlsoap.org/soap/envelope/") -> bytes:
    """Write an envelope."""
    return f'<s:Envelope xmlns:s="{version}"><s:Header/><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def struct(record: Record) -> str:
    """Write a struct of XML-RPC."""
    members = (f"<member><name>{n}</name><value><string>{escape(v)}</string></value></member>"
               for n, v in record.items())  # fmt: skip
    return f"<value><struct>{''.join(members)}</struct></value>"


def called(method: str, *values: str) -> bytes:
    """Write a call of XML-RPC."""
    params = "".join(f"<param>{value}</param>" for value in values)
    return f"<methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>".encode()


def returned(records: Sequence[Record]) -> bytes:
    """Write an answer of XML-RPC: a list of structs."""
    data = "".join(map(struct, records))
    return (
        f"<methodResponse><params><param><value><array><data>{data}</data></array></value></param></params>"
        "</methodResponse>"
    ).encode()


def book(records: Sequence[Record]) -> bytes:
    """Write a workbook of one sheet."""
    names = list(records[0])
    rows = [names, *([one.get(name, "") for name in names] for one in records)]
    made = (
        row(number, *(inline(f"{chr(65 + at)}{number}", escape(text)) for at, text in enumerate(texts) if text))
        for number, texts in enumerate(rows, 1)
    )
    return workbook(sheet(*made))


def edifact(segments: Sequence[str]) -> bytes:
    """Write an interchange of one order."""
    body = "'".join((*segments, f"UNT+{len(segments) + 2}+1"))
    return f"UNB+UNOC:3+1:14+2:14+260114:0830+77'UNH+1+ORDERS:D:96A:UN'{body}'UNZ+1+77'".encode("latin-1")


def x12(segments: Sequence[str]) -> bytes:
    """Write an interchange of one order."""
    isa = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260114*0830*^*00501*000000905*0*P*:"
    inner = "~".join(("ST*850*0001", *segments, f"SE*{len(segments) + 2}*0001"))
    return f"{isa}~GS*PO*A*B*20260114*0830*12*X*005010~{inner}~GE*1*12~IEA*1*000000905~".encode()


def encoded(body: bytes) -> str:
    """Give base64."""
    return base64.b64encode(body).decode()
