"""What an element of a workbook says, besides how things look and where they are; and the areas of cells it names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.formats.csv_grid import MOST_COLUMNS
from gateway.formats.xlsx_names import RELATED, words
from gateway.formats.xlsx_part import Element
from gateway.formats.xml_tag import XML, Name

MOST_ROWS = 1_048_576
Area = tuple[int, int, int, int]
"""Cells, by the first column and row and the last ones, counted from 1."""

_SHAPE = re.compile(
    r"""[-+]?[0-9.,]{0,20}(?:[eE][-+]?[0-9]{1,3})?%?     # a number
    |[-+0-9.:TZ]{8,40}                                   # a time
    |[a-z0-9][A-Za-z0-9-]{0,40}                          # a word of the format: dataBar, 3Arrows
    |[A-Z][A-Za-z0-9]{0,40}                              # one of DrawingML: ES, Requires
    |\{[0-9A-Fa-f-]{36}\}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8}  # an id, a colour
    |(?:\$?[A-Z]{1,3}\$?[0-9]{1,7}[: ]?)+               # areas of cells
    |[0-9]+(?:[ ][0-9]+)*|[0-9]+:[0-9]+(?:[ ][0-9]+:[0-9]+)*""",
    re.VERBOSE,
)
_FREE = words(
    "alt altText author caption codeName comment connection command customList descr description display displayName"
    " error errorTitle formatCode help href link location macro name prompt promptTitle shortcutKey sourceFile src"
    " statusBar text textlink title tooltip totalsRowLabel uniqueName uri user userName userId providerId xpath"
)
"""Names of attributes in which people write what they like."""
_FREE_VALUES = frozenset({"filter", "customFilter", "inputCells", "cfvo"})  # elements whose `val` is someone's value
_HARMLESS = re.compile(r"x14|x14ac|x15|xr[0-9]*|wps|wpc|a14|c14|c16r?2?|cx[0-9]*|mc|sle15?|Z_[0-9A-F_]+\.wvu\.\w+")
_MEASURED = words(
    "Anchor AutoFill AutoLine AutoPict CF Checked Column Default DefaultSize Disabled Locked LockText MoveWithCells"
    " PrintObject Row SizeWithCells TextHAlign TextVAlign Visible col colOff row rowOff sqref x y"
)
"""Elements whose text is a measure, a place or a yes or no."""
_MEASURE = re.compile(r"[-+0-9., ]{1,200}|True|False|[A-Z][a-z]{2,9}|(?:[A-Z]{1,3}[0-9]{1,7}[: ]?)+")
_FORMULAS = words("formula formula1 formula2 f calculatedColumnFormula totalsRowFormula definedName")
_TEXT = re.compile(r'"((?:[^"]|"")*)"')
_PLACE = re.compile(r"'(?:[^']|'')*'!|\$?[A-Za-z]{1,3}\$?[0-9]{1,7}(?![\w(.!])|\$?[0-9]{1,7}:\$?[0-9]{1,7}")
_LONG = re.compile(r"(?<![\w.])[0-9]{5,}(?:\.[0-9]*)?")
_AREA = re.compile(r"\$?([A-Z]{1,3})?\$?([0-9]{1,7})?(?::\$?([A-Z]{1,3})?\$?([0-9]{1,7})?)?")
_ALWAYS = {(XML, "space"), (XML, "lang")}


def said(element: Element) -> str:
    """Give what an element and those in it say, joined; "" where they only say how things look or where they are."""
    return " ".join(text for one in element.all() for text in (*texts(one), *(value for _, value in free(one))))


def texts(element: Element) -> Iterator[str]:
    """Give what is said in an element's own text."""
    text = element.text.strip()
    if not text:
        return
    if element.name[1] in _FORMULAS:
        yield from literals(text)
    elif element.name[1] not in _MEASURED or not _MEASURE.fullmatch(text):
        yield text


def free(element: Element) -> Iterator[tuple[Name, str]]:
    """Give the attributes of an element in which something is said."""
    local = element.name[1]
    for name, value in element.attributes.items():
        if not value or name[0] == RELATED or name in _ALWAYS:
            continue
        loose = name[1] in _FREE or (name[1] == "val" and local in _FREE_VALUES)
        if (loose or not _SHAPE.fullmatch(value)) and not _harmless(name[1], value):
            yield name, value


def literals(formula: str) -> Iterator[str]:
    """Give the texts and the long numbers that a formula holds."""
    for found in _TEXT.finditer(formula):
        if found[1]:
            yield found[1].replace('""', '"')
    yield from _LONG.findall(_PLACE.sub("", _TEXT.sub('""', formula)))


def areas(text: str) -> tuple[Area, ...]:
    """Give the areas of a list of references (section 18.18.76); all cells for what isn't one."""
    return tuple(_area(one.rpartition("!")[2]) for one in text.split())


def overlap(one: Area, other: Area) -> bool:
    """Tell whether two areas have a cell in common."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def column(letters: str) -> int:
    """Give the number of a column by its letters."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _area(text: str) -> Area:
    found = _AREA.fullmatch(text)
    if found is None or not text:
        return 1, 1, MOST_COLUMNS, MOST_ROWS
    left = column(found[1]) if found[1] else 1
    top = int(found[2]) if found[2] else 1
    if ":" not in text:
        return left, top, left if found[1] else MOST_COLUMNS, top if found[2] else MOST_ROWS
    right = column(found[3]) if found[3] else MOST_COLUMNS
    bottom = int(found[4]) if found[4] else MOST_ROWS
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def _harmless(name: str, value: str) -> bool:
    """Tell whether an attribute names a prefix, or a thing that the format itself names."""
    if name in {"Ignorable", "Requires", "ProcessContent", "uri"}:
        return all(_HARMLESS.fullmatch(one) or one.startswith("{") for one in value.split())
    return False
