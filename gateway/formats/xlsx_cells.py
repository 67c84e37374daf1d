"""Cells of a sheet (ECMA-376 part 1, section 18.3.1.4): what they say, and how a treated one is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.errors import Unreadable
from gateway.formats.document import Scalar, Signal
from gateway.formats.xlsx_names import MAIN
from gateway.formats.xlsx_part import Element
from gateway.formats.xml_text import as_text

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"-?[0-9]{1,40}")
_ERROR = re.compile(r"#[A-Z0-9/!?_]{1,30}")
_CODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LIKE_CODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
UNSAID = "?"  # a formula that another cell holds
_MOST_DIGITS, _MOST_TEXT = 15, 32_767


@dataclass(slots=True, eq=False)
class Cell:
    """A cell from `start` to `end`; its tag begins with `head`, its value stands from `shown` to `shown_to` (0: none).

    `value` is None where it says nothing; `string` is its number among shared strings, -1 for none. `calculated` is a
    result of a formula, its own or, of `group`, one that other cells have a part in; the `master` is the cell that
    holds it.
    """

    start: int
    end: int
    head: bytes
    column: int
    value: Scalar
    string: int = -1
    shown: int = 0
    shown_to: int = 0
    calculated: bool = False
    formula: str = ""
    group: str = ""
    master: bool = False


@dataclass(slots=True, eq=False)
class Row:
    """A row: its number, and its cells in order."""

    number: int
    cells: list[Cell] = field(default_factory=list)


def number_of(text: str) -> int | Decimal | None:
    """Read a number; None where it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    return int(text) if _WHOLE.fullmatch(text) else Decimal(text)


def other_of(kind: str, text: str) -> Scalar:
    """Read a value that is neither a number nor a string. Raises `Unreadable`: body-malformed."""
    if kind == "b" and text in {"0", "1"}:
        return text == "1"
    if kind == "d" or (kind == "e" and _ERROR.fullmatch(text)):
        return text
    raise Unreadable("body-malformed", "a cell of the workbook is not what it says")


def filled(cell: Cell, value: Scalar | Signal) -> bytes:
    """Write a cell with another value, which is never a formula. Raises `Unreadable`: body-encoding."""
    prefix = cell.head[1 : cell.head.find(b":") + 1] if b":" in cell.head.split(b" ", 1)[0] else b""
    name = prefix + b"c"
    if value is None or isinstance(value, Signal):
        return cell.head + b"/>"
    kind, text = b"", str(value)
    if isinstance(value, bool):
        kind, text = b' t="b"', str(int(value))
    elif isinstance(value, str) or not _NUMBER.fullmatch(text) or sum(map(str.isdigit, text)) > _MOST_DIGITS:
        if len(text) > _MOST_TEXT:
            raise Unreadable("body-encoding", "a treated value is longer than a cell can hold")
        content = as_text(_LIKE_CODED.sub("_x005F_", text), b"")
        inside = b'<%st xml:space="preserve">%s</%st>' % (prefix, content, prefix)
        return cell.head + b' t="inlineStr"><%sis>%s</%sis></%s>' % (prefix, inside, prefix, name)
    return cell.head + kind + b"><%sv>%s</%sv></%s>" % (prefix, text.encode(), prefix, name)


def text_in(element: Element) -> str:
    """Give the text of a string: its runs, without what says how it is pronounced. Raises `Unreadable`."""
    made = list[str]()
    for one in element.children:
        if one.name == (MAIN, "t"):
            made.append(one.text)
        elif one.name == (MAIN, "r"):
            made += [each.text for each in one.children if each.name == (MAIN, "t")]
        elif one.name not in {(MAIN, "rPh"), (MAIN, "phoneticPr")}:
            raise Unreadable("unlisted-field", "a string of the workbook holds more than text")
    return decoded("".join(made))


def decoded(text: str) -> str:
    """Put characters in the place of `_xHHHH_` (ECMA-376 part 1, section 22.9.2.19)."""
    if "_x" not in text:
        return text
    made = _CODED.sub(lambda found: chr(int(found[1], 16)), text)
    try:
        return made.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise Unreadable("body-malformed", "a text of the workbook has half a character") from None
