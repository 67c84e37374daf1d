"""Workbooks, built by hand, part by part, so that tests can bend them."""

from __future__ import annotations

import re
from base64 import b64encode
from html import unescape
from io import BytesIO
from pathlib import Path, PurePosixPath
from urllib.parse import quote
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STYLES = f"""<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts>
<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="22"/><xf numFmtId="2"/></cellXfs></styleSheet>"""
BOOK = '<sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets>'


def cell(place, value, kind="n", style=""):
    """Write a cell with `value` as its `v`."""
    return f'<c r="{place}"{style} t="{kind}"><v>{value}</v></c>'


def inline(place, text):
    """Write a cell with its text inside."""
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def row(number, *cells):
    """Write a row."""
    return f'<row r="{number}">{"".join(cells)}</row>'


def sheet(*rows, after="", before=""):
    """Write a sheet."""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{"".join(rows)}</sheetData>{after}</worksheet>'


def strings(*texts):
    """Write shared strings."""
    return f'<sst xmlns="{MAIN}">{"".join(f"<si><t>{text}</t></si>" for text in texts)}</sst>'


def _rels(*targets):
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def parts(first, *others, shared=None, book=BOOK, core="", order=None, more=()):
    """Give the members of a workbook by name; `more` are links of the workbook: (kind, target)."""
    sheets = {f"sheet{number}": text for number, text in enumerate((first, *others), 1)}
    office = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    links = [(f"{_RELATED}/worksheet", f"worksheets/{name}.xml") for name in sheets]
    links.append((f"{_RELATED}/styles", "styles.xml"))
    told = {f"xl/worksheets/{name}.xml": f"{office}worksheet+xml" for name in sheets}
    told |= {"xl/workbook.xml": f"{office}sheet.main+xml", "xl/styles.xml": f"{office}styles+xml"}
    top = [(f"{_RELATED}/officeDocument", "xl/workbook.xml")]
    made = {f"xl/worksheets/{name}.xml": text for name, text in sheets.items()}
    if shared:
        links.append((f"{_RELATED}/sharedStrings", "sharedStrings.xml"))
        told["xl/sharedStrings.xml"], made["xl/sharedStrings.xml"] = f"{office}sharedStrings+xml", shared
    if order:
        links.append((f"{_RELATED}/calcChain", "calcChain.xml"))
        told["xl/calcChain.xml"] = f"{office}calcChain+xml"
        made["xl/calcChain.xml"] = f'<calcChain xmlns="{MAIN}"><c r="{order}" i="1"/></calcChain>'
    if core:
        space = f"{_PACKAGE}/metadata/core-properties"
        top.append((f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"))
        told["docProps/core.xml"] = "application/vnd.openxmlformats-package.core-properties+xml"
        made["docProps/core.xml"] = f'<cp:coreProperties xmlns:cp="{space}">{core}</cp:coreProperties>'
    overrides = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in told.items())
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{overrides}</Types>',
        "_rels/.rels": _rels(*top),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_RELATED}">{book}</workbook>',
        "xl/_rels/workbook.xml.rels": _rels(*links, *more),
        "xl/styles.xml": STYLES,
        **made,
    }


def zipped(members):
    """Pack members."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(ZipInfo(name, (2026, 1, 2, 3, 4, 6)), content, ZIP_DEFLATED)
    return out.getvalue()


def workbook(*args, **options):
    """Give a workbook as it is sent."""
    return zipped(parts(*args, **options))


def contents(data):
    """Give what the members of an archive hold."""
    with ZipFile(BytesIO(data)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


DRAWN = (
    'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    f' xmlns:r="{_RELATED}"'
)


def rich(secret, number):
    """Give the members of a workbook that holds values in every kind of part: a text beside B2, a number beside C2."""
    text = (Path(__file__).parent / "xlsx_rich.txt").read_text("utf-8")
    text = text.replace("$SECRET", secret).replace("$NUMBER", str(number))
    pieces = (piece.partition("\n") for piece in text.split("\n=== ")[1:])
    return {name: _binary(name, content.removesuffix("\n")) for name, _, content in pieces}


def _binary(name, content):
    return b"\0\1" + content.encode("utf-16-le") if name.endswith((".bin", ".wmf", ".sigs")) else content


def link(made, source, key, kind, target, outside=False):
    """Let a part refer to another."""
    folder, slash, last = source.rpartition("/")
    rels = f"{folder}{slash}_rels/{last}.rels"
    known = made.get(rels, f'<Relationships xmlns="{_PACKAGE}/relationships"></Relationships>')
    base = kind if kind.startswith("http") else f"{_RELATED}/{kind}"
    where = f'"{target}" TargetMode="External"' if outside else f'"/{target}"'
    one = f'<Relationship Id="{key}" Type="{base}" Target={where}/>'
    made[rels] = known.replace("</Relationships>", one + "</Relationships>")


def tell(made, name, kind):
    """Say what a part is."""
    office = "application/vnd.openxmlformats-officedocument."
    kind = kind if "/" in kind else office + kind
    made["[Content_Types].xml"] = made["[Content_Types].xml"].replace(
        "</Types>", f'<Override PartName="/{name}" ContentType="{kind}"/></Types>'
    )


def forms(text):
    """Give the forms in which a text could stand in a part."""
    raw = [text.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")]
    coded = [b64encode(b" " * shift + one)[2 + 2 * (shift > 0) : -4] for one in raw for shift in range(3)]
    return [
        *raw,
        *(one for one in coded if len(one) >= len(text)),
        quote(text, safe="").encode(),
        "".join(f"_x{ord(one):04X}_" for one in text).encode(),
    ]


def leaks(data, *texts):
    """Tell in which members a text is, in any form; names of members are looked at too."""
    found = set()
    for name, content in contents(data).items():
        plain = unescape(_coded(content.decode("utf-8", "replace"))).encode()
        for text in texts:
            wanted = [one.lower() for one in forms(text)]
            if any(one in held for held in (content.lower(), plain.lower(), name.lower().encode()) for one in wanted):
                found.add(name)
    return sorted(found)


def _coded(text):
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


def dangling(data):
    """Give what refers to a part, or a relationship, that is not there; and what is no XML."""
    members, wrong = contents(data), []
    kinds = set(re.findall(rb'PartName="/([^"]*)"', members["[Content_Types].xml"]))
    wrong += [f"type of {name.decode()}" for name in kinds if name.decode() not in members]
    for name, content in members.items():
        if name.endswith((".xml", ".rels")):
            ET.fromstring(content)
        if name.endswith(".rels"):
            folder, _, last = name.replace("_rels/", "", 1).removesuffix(".rels").rpartition("/")
            source = f"{folder}/{last}".lstrip("/")
            wrong += [f"links of {source}"] if source and source not in members else []
            keys = set(re.findall(rb'\bId="([^"]*)"', content))
            used = set(re.findall(rb'\br:(?:id|embed|link|pict)="([^"]*)"', members.get(source, b"")))
            wrong += [f"{source} refers to {key.decode()}" for key in used - keys]
            for one in re.findall(rb"<Relationship [^>]*>", content):
                target = re.search(rb'Target="([^"]*)"', one)[1].decode()
                path = target[1:] if target.startswith("/") else str(PurePosixPath(folder, target))
                while ".." in path:
                    path = re.sub(r"[^/]+/\.\./", "", path, count=1)
                if b"External" not in one and path not in members:
                    wrong.append(f"{source} leads to {path}")
    return wrong
