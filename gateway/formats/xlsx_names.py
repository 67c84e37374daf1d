"""Names of Open XML (ECMA-376, ISO 29500): namespaces, kinds of parts; the Strict form is read as the other one."""

from __future__ import annotations

_BASE, _STRICT = "http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/"
MAIN = f"{_BASE}spreadsheetml/2006/main"
RELATED = f"{_BASE}officeDocument/2006/relationships"
PACKAGE = f"{_BASE}package/2006/"
_PLAIN = {
    f"{_STRICT}spreadsheetml/main": MAIN,
    f"{_STRICT}officeDocument/relationships": RELATED,
    f"{_STRICT}officeDocument/extendedProperties": f"{_BASE}officeDocument/2006/extended-properties",
    f"{_STRICT}officeDocument/customProperties": f"{_BASE}officeDocument/2006/custom-properties",
    f"{_STRICT}officeDocument/docPropsVTypes": f"{_BASE}officeDocument/2006/docPropsVTypes",
    f"{_STRICT}drawingml/main": f"{_BASE}drawingml/2006/main",
    f"{_STRICT}drawingml/chart": f"{_BASE}drawingml/2006/chart",
    f"{_STRICT}drawingml/spreadsheetDrawing": f"{_BASE}drawingml/2006/spreadsheetDrawing",
}
_KINDS = (
    f"{RELATED}/",
    f"{_STRICT}officeDocument/relationships/",
    f"{PACKAGE}relationships/",
    f"{PACKAGE}relationships/metadata/",
)
_VENDOR = "http://schemas.microsoft.com/office/"

_OFFICE = "application/vnd.openxmlformats-officedocument."
_SHEETS = f"{_OFFICE}spreadsheetml."
_MACROS = "application/vnd.ms-excel."
BOOKS = frozenset(
    {
        f"{_SHEETS}sheet.main+xml",
        f"{_SHEETS}template.main+xml",
        f"{_MACROS}sheet.macroEnabled.main+xml",
        f"{_MACROS}template.macroEnabled.main+xml",
    }
)
"""Content types of the workbook's own part."""

BINARY_BOOK = f"{_MACROS}sheet.binary.macroEnabled.main"

READ: dict[str, frozenset[str]] = {
    "officeDocument": BOOKS,
    "worksheet": frozenset({f"{_SHEETS}worksheet+xml"}),
    "chartsheet": frozenset({f"{_SHEETS}chartsheet+xml"}),
    "sharedStrings": frozenset({f"{_SHEETS}sharedStrings+xml"}),
    "styles": frozenset({f"{_SHEETS}styles+xml"}),
    "calcChain": frozenset({f"{_SHEETS}calcChain+xml"}),
    "theme": frozenset({f"{_OFFICE}theme+xml"}),
    "table": frozenset({f"{_SHEETS}table+xml"}),
    "comments": frozenset({f"{_SHEETS}comments+xml"}),
    "threadedComment": frozenset({f"{_MACROS}threadedcomments+xml"}),
    "person": frozenset({f"{_MACROS}person+xml"}),
    "vmlDrawing": frozenset({f"{_OFFICE}vmlDrawing"}),
    "drawing": frozenset({f"{_OFFICE}drawing+xml"}),
    "chart": frozenset({f"{_OFFICE}drawingml.chart+xml"}),
    "chartEx": frozenset({"application/vnd.ms-office.chartex+xml"}),
    "chartUserShapes": frozenset({f"{_OFFICE}drawingml.chartshapes+xml"}),
    "externalLink": frozenset({f"{_SHEETS}externalLink+xml"}),
    "pivotTable": frozenset({f"{_SHEETS}pivotTable+xml"}),
    "core-properties": frozenset({"application/vnd.openxmlformats-package.core-properties+xml"}),
    "extended-properties": frozenset({f"{_OFFICE}extended-properties+xml"}),
    "custom-properties": frozenset({f"{_OFFICE}custom-properties+xml"}),
}
"""Kinds of parts that are read, and the content types that they have to have."""

SINGLE = frozenset({"officeDocument", "worksheet", "chartsheet", "sharedStrings", "styles", "calcChain"})
"""Kinds of parts that nothing may refer to twice."""

ACTIVE = frozenset({"xlMacrosheet", "xlIntlMacrosheet", "dialogsheet"})
"""Sheets that are programs."""

PASSED = frozenset({"chartStyle", "chartColorStyle", "themeOverride", "FeaturePropertyBag"})
"""Kinds of parts that say how things look, and pass unread."""

RICH = frozenset({"rdRichValue", "rdRichValueStructure", "rdRichValueTypes", "richValueRel", "rdArray", "richStyles"})
"""Kinds of parts that hold what cells show in place of a plain value: pictures in cells, linked data types."""


def words(text: str) -> frozenset[str]:
    """Give names that are told in one line."""
    return frozenset(text.split())


def plain_space(uri: str) -> str:
    """Give the usual namespace for one of the Strict form."""
    return _PLAIN.get(uri, uri)


def kind_of(relationship: str) -> str:
    """Give the short name of a relationship's type: `worksheet`; the whole of one that is nobody's known."""
    base, _, last = relationship.rpartition("/")
    if base + "/" in _KINDS or base.startswith(_VENDOR):
        return {"metadata": "sheetMetadata", "extendedProperties": "extended-properties"}.get(last, last)
    return relationship
