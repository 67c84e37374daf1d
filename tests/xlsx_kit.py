"""Workbooks, built by hand, part by part, so that tests can bend them."""

from __future__ import annotations

from io import BytesIO
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
