"""Good messages in every format, each with two values that a policy protects: what tricks are played on."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator

from evasion_archives import zipped
from evasion_kit import Message
from xlsx_kit import KIND as WORKBOOK
from xlsx_kit import cell, inline, parts, row, sheet, strings

MAIL, NAME = "zqanna.weber", "Qxlindqvist"
WORDS = ("email", "who", "name", "note", MAIL, NAME)
JSON = "application/json"


def messages(*, unlisted: bool) -> dict[str, Message]:
    """Give good messages by the path where they go; `unlisted`: with values that no field names, as answers have."""
    made = {name: Message(text.encode(), kind, WORDS) for name, kind, text in _texts(NAME if unlisted else "")}
    for name, kind, members in _archives(unlisted=unlisted):
        made[name] = Message(zipped(members), kind, WORDS, members=tuple(members))
    return made


def _texts(more: str) -> Iterator[tuple[str, str, str]]:
    inner = json.dumps({"email": MAIL} | ({"other": [more, "Ünlu\u0308"]} if more else {}), ensure_ascii=False)
    packed = b64encode(inner.encode()).decode()
    record = {"who": 4711, "email": MAIL} | ({"more": more} if more else {})
    whole = {"who": 4711, "email": MAIL, "people": [{"name": NAME}], "note": inner, "file": packed}
    yield "json", JSON, json.dumps(whole | ({"more": {"x": more}} if more else {}))
    yield "listed", JSON, json.dumps({"value": [record, record]} | ({"count": 2} if more else {}))
    yield "ndjson", "application/x-ndjson", f"{json.dumps(record)}\n{json.dumps(record)}\n"
    yield "csv", "text/csv", _table(inner, more)
    yield "form", "application/x-www-form-urlencoded", f"who=4711&email={MAIL}" + (f"&more={more}" if more else "")
    yield "multipart", "multipart/form-data; boundary=b1", _parts(inner, packed, more)
    extra = f"<more>{more}</more>" if more else ""
    fields = f'<email>{MAIL}</email><p name="{NAME}"/><note>{inner}</note>{extra}'
    yield "xml", "application/xml", f'<a who="4711">{fields}</a>'
    yield (
        "soap",
        "text/xml",
        (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:o="urn:o"><s:Body>'
            f"<o:order><o:email>{MAIL}</o:email><o:name>{NAME}</o:name>{extra}</o:order></s:Body></s:Envelope>"
        ),
    )
    member = "<member><name>{}</name><value><string>{}</string></value></member>".format
    known = member("email", MAIL) + member("name", NAME) + (member("more", more) if more else "")
    rpc = f"<params><param><value><struct>{known}</struct></value></param></params>"
    yield (
        "xmlrpc",
        "text/xml",
        (
            f"<methodResponse>{rpc}</methodResponse>"
            if more
            else f"<methodCall><methodName>save</methodName>{rpc}</methodCall>"
        ),
    )
    aside = f": {more}\n\n" if more else ""
    yield "sse", "text/event-stream", f"{aside}data: {inner}\n\nevent: name\ndata: {NAME}\n\n"
    yield "edifact", "application/edifact", _edifact(more)
    yield "x12", "application/edi-x12", _x12(more)
    yield "holder", JSON, json.dumps(_held(record, inner))


def _held(record: dict[str, object], inner: str) -> dict[str, str]:
    """Give messages of many kinds in the members of one."""
    zipped_ = zipped([("in/one.json", inner.encode())])
    return {
        "table": f"who,email\r\n4711,{MAIL}\r\n",
        "lines": f"{json.dumps(record)}\n",
        "mark": f"<a><email>{MAIL}</email></a>",
        "form": f"who=4711&email={MAIL}",
        "packed": b64encode(gzip.compress(inner.encode(), mtime=0)).decode(),
        "url": b64encode(inner.encode()).decode().replace("+", "-").replace("/", "_"),
        "zip": b64encode(zipped_).decode(),
        "edi": _edifact(""),
        "deep": json.dumps({"note": inner}),
    }


def _table(inner: str, more: str) -> str:
    note = '"' + inner.replace('"', '""') + '"'
    head, tail = (",more", f",{more}") if more else ("", "")
    return f"who,email,note{head}\r\n4711,{MAIL},{note}{tail}\r\n4712,{MAIL},{tail}\r\n"


def _parts(inner: str, packed: str, more: str) -> str:
    told = (
        ("email", "", MAIL),
        ("note", "Content-Type: application/json\r\n", inner),
        ("file", "Content-Type: application/json\r\n", packed),
        ("more", "Content-Type: text/plain; charset=utf-8\r\n", more),
    )
    made = "".join(
        f'--b1\r\nContent-Disposition: form-data; name="{name}"\r\n{head}\r\n{text}\r\n'
        for name, head, text in told
        if text
    )
    return f"{made}--b1--\r\n"


def _edifact(more: str) -> str:
    text = f"FTX+AAI+++{more}'" if more else ""
    return (
        "UNB+UNOC:3+A+B+260114:0830+77'UNH+1+ORDERS:D:96A:UN'BGM+220+4711+9'"
        f"NAD+BY+4711::9++{NAME}'COM+{MAIL}:EM'{text}UNT+{6 if more else 5}+1'UNZ+1+77'"
    )


def _x12(more: str) -> str:
    head = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "SENDER".ljust(15), "ZZ", "RECEIVER".ljust(15)]
    head += ["260114", "0830", "^", "00501", "000000905", "0", "P", ":"]
    inside = ["BEG*00*SA*4711**20260114", f"N1*BY*{NAME}*92*4711", f"PER*BD**EM*{MAIL}"]
    inside += [f"MSG*{more}"] if more else []
    lines = ["ST*850*0001", *inside, f"SE*{len(inside) + 2}*0001"]
    whole = ["GS*PO*SENDER*RECEIVER*20260114*0830*12*X*005010", *lines, "GE*1*12", "IEA*1*000000905"]
    return "*".join(head) + "~" + "".join(f"{one}~" for one in whole)


def _archives(*, unlisted: bool) -> Iterator[tuple[str, str, list[tuple[str, bytes]]]]:
    inner = json.dumps({"email": MAIL, "other": NAME} if unlisted else {"email": MAIL}).encode()
    members = [("in/one.json", inner), ("name.txt", NAME.encode()), ("in/", b"")]
    yield "zip", "application/zip", members + ([("more.txt", NAME.encode())] if unlisted else [])
    head = [inline("A1", "who"), inline("B1", "email"), inline("C1", "name"), inline("D1", "more")]
    own = [cell("A2", "4711"), cell("B2", "0", "s"), inline("C2", NAME), *([cell("D2", "1", "s")] if unlisted else [])]
    book = parts(
        sheet(row(1, *head[: 4 if unlisted else 3]), row(2, *own)),
        shared=strings(MAIL, NAME) if unlisted else strings(MAIL),
        core=f"<x>{NAME}</x>" if unlisted else "",
    )
    yield "xlsx", WORKBOOK, [(name, text.encode()) for name, text in book.items()]
