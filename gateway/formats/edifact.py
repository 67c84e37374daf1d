"""UN/EDIFACT interchanges (ISO 9735, syntax versions 1 to 4), from UNA or UNB to UNZ. The promise is that of `edi`.

What is refused: two interchanges in one body, counts and control numbers that don't agree, binary objects (UNO, UNP),
control characters in segments, explicit nesting in tags, separators that are letters, digits or one for two things.
"""

from __future__ import annotations

import re

from gateway.errors import Unreadable
from gateway.formats.charset import CHARSETS
from gateway.formats.edi import EdiDocument
from gateway.formats.edi_cut import cut
from gateway.formats.edi_layout import Layout
from gateway.formats.edi_rules import Envelope, Rules, elements
from gateway.formats.edi_syntax import Syntax
from gateway.formats.limits import BodyLimits

_CODE = re.compile(r"[A-Za-z0-9._/-]{1,6}")
"""What service segments say of types, versions and agencies: up to six characters (UNH S009, UNB S001)."""

_TIME = re.compile("[0-9]{4,8}")

RULES = Rules(
    name="EDIFACT",
    tag="[A-Z][A-Z0-9]{2}",
    example="NAD[1=BY]/4.1",
    loop="NAD: CTA COM RFF",
    envelopes={
        "UNB": Envelope("UNZ", 5),
        "UNG": Envelope("UNE", 5, ("UNB",)),
        "UNH": Envelope("UNT", 1, ("UNB", "UNG"), counts_segments=True),
    },
    service={
        "UNB": elements(up_to=5),  # 6 is a reference or password of the recipient
        "UNG": elements(up_to=7),  # 8 is a password
        "UNH": elements(1, 2),  # 3 is a reference of the business
        "UNS": elements(1),
        "UNT": elements(1, 2),
        "UNE": elements(1, 2),
        "UNZ": elements(1, 2),
    },
    codes={
        "UNB": elements(7, 8, 9, 10, 11),  # application, priority, request for acknowledgement, agreement, test
        "UNH": elements(4, 5, 6, 7),  # status of transfer; subset, implementation guide, scenario
    },
    fixed={
        "UNB": elements(1, 5),
        "UNG": elements(5),
        "UNH": elements(1, 2),
        "UNS": elements(1),
        "UNT": elements(1, 2),
        "UNE": elements(1, 2),
        "UNZ": elements(1, 2),
    },
    trees={"CPS": (1, 2)},
    binary=frozenset({"UNO", "UNP"}),
    breaks=frozenset({"UNS"}),
    shapes={
        "UNB": {1: _CODE, 4: _TIME},
        "UNG": {1: _CODE, 4: _TIME, 6: _CODE, 7: _CODE},
        "UNH": {2: _CODE},
        "UNS": {1: re.compile("[DS]")},
    },
)

LEVELS = {
    **dict.fromkeys(("UNOA", "UNOB", "IATA", "IATB"), "us-ascii"),
    **dict.fromkeys(("UNOW", "UNOY"), "utf-8"),
    "UNOC": "iso-8859-1",
    "UNOD": "iso-8859-2",
    "UNOE": "iso-8859-5",
    "UNOF": "iso-8859-7",
    "UNOG": "iso-8859-3",
    "UNOH": "iso-8859-4",
    "UNOI": "iso-8859-6",
    "UNOJ": "iso-8859-8",
    "UNOK": "iso-8859-9",
    "UNOL": "iso-8859-15",
}
"""Syntax identifiers that are read, and their charsets (code list 0001). UNOX, which switches by escapes, is not."""

_OF_CODE = {"": "", "2": "", "1": "us-ascii", "7": "utf-8"}
"""Character encodings that UNB may add in syntax version 4 (code list 0133)."""

_NEITHER = "utf-8"
"""What counts for what is no EDIFACT, as reading it will tell: UTF-16, which no syntax level is, among it."""

_BOM = b"\xef\xbb\xbf"
_HEAD = re.compile(r"(?:UNA(.)(.)(.)(.)(.)(.)[ \t\r\n]*)?(?=UNB(.))", re.DOTALL)
_STANDARD = "+:.? '"
_OLD = "\x1d\x1f.\x00 \x1c"  # what UNOB may use by itself (ISO 9735:1988 section 5.2)
_MOST = 4


def read(body: bytes, layout: Layout, limits: BodyLimits) -> EdiDocument:
    """Read an interchange. Raises `Unreadable`: body-encoding, body-malformed, body-ambiguous, body-too-large."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "the interchange is not in the charset that it names") from None
    syntax, start = _syntax(text)
    return EdiDocument(body, cut(text, start, syntax, RULES, limits, counted=layout.counted), layout)


def charset(plain: bytes) -> str:
    """Give the charset that UNB names, by Python's name. Raises `Unreadable`: body-encoding."""
    text = plain.removeprefix(_BOM)[:100].decode("latin-1")
    head = _HEAD.match(text)
    if head is None:
        return _NEITHER
    try:
        element, component = _separators(head)[:2]
    except Unreadable:
        return _NEITHER
    level, _, _, code, *_ = [*text[head.end() + 4 :].partition(element)[0].split(component), "", "", ""]
    if level not in LEVELS or code not in _OF_CODE:
        raise Unreadable("body-encoding", "a syntax level or a character encoding that is not read")
    return CHARSETS[_OF_CODE[code] or LEVELS[level]]


def _syntax(text: str) -> tuple[Syntax, int]:
    """Give the separators, and where UNB begins. Raises `Unreadable`: body-malformed."""
    head = _HEAD.match(text)
    if head is None:
        raise Unreadable("body-malformed", "the interchange does not begin with UNA or UNB")
    element, component, mark, release, repetition, terminator = _separators(head)
    level = re.compile(f"UNB{re.escape(element)}[A-Z]{{4}}{re.escape(component)}([1-{_MOST}])(?![A-Za-z0-9])")
    found = level.match(text, head.end())
    if found is None:
        raise Unreadable("body-malformed", "UNB names no syntax that is read")
    repeats = repetition.strip() if int(found[1]) == _MOST else ""
    syntax = Syntax(element, component, terminator, release.strip(" \x00"), repeats)
    syntax.check(mark)
    return syntax, head.end()


def _separators(head: re.Match[str]) -> tuple[str, str, str, str, str, str]:
    """Give element, component, decimal mark, release, repetition, terminator. Raises `Unreadable`: body-malformed."""
    if head[1] is None:
        old = head[7] == _OLD[0]
        element, component, mark, release, _, terminator = tuple(_OLD if old else _STANDARD)
        return element, component, mark, release, "" if old else "*", terminator
    component, element, mark, release, repetition, terminator = head.groups()[:6]
    if head[7] != element:
        raise Unreadable("body-malformed", "UNA and UNB don't agree")
    return element, component, mark, release, repetition, terminator
