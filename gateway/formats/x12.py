"""ASC X12 interchanges (X12.5, X12.6), from ISA to IEA. The promise is that of `edi`.

ISA is 106 characters and names the separators by where they stand: after its tag, in ISA16, behind it, and from version
00402 on in ISA11.

What is refused: an ISA of another size, two interchanges in one body, counts and control numbers that don't agree,
binary segments, control characters in segments, separators that are letters, digits or one for two things.
"""

from __future__ import annotations

import re
from itertools import accumulate

from gateway.errors import Unreadable
from gateway.formats.edi import EdiDocument
from gateway.formats.edi_cut import cut
from gateway.formats.edi_layout import Layout
from gateway.formats.edi_rules import Envelope, Rules, elements
from gateway.formats.edi_syntax import Syntax
from gateway.formats.limits import BodyLimits

_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_ENDS = tuple(accumulate(_WIDTHS, lambda end, width: end + 1 + width, initial=3))[1:]
"""Where each element of ISA ends."""
_SIZE = 106
_REPEATS = "00402"
"""The first version whose ISA11 separates repetitions."""
_NONE = "U"
"""What ISA11 says in versions before, and where nothing repeats: the standard of the control segments."""

_CODE = re.compile("[A-Z0-9]{1,12}")
"""What service segments say of types, versions and loops: up to twelve characters (GS08, ST03)."""

_TIME = re.compile("[0-9]{4,8}")

RULES = Rules(
    name="X12",
    tag="[A-Z][A-Z0-9]{1,2}",
    example="N1[1=BY]/2",
    loop="N1: N2 N3 N4 PER",
    envelopes={
        "ISA": Envelope("IEA", 13, numeric=True),
        "GS": Envelope("GE", 6, ("ISA",), numeric=True),
        "ST": Envelope("SE", 2, ("GS",), counts_segments=True),
    },
    service={
        "ISA": elements(1, 3, *range(5, 17)),  # 2 and 4 may hold a password
        "TA1": elements(up_to=5),
        "GS": elements(up_to=8),
        "ST": elements(up_to=3),
        "SE": elements(1, 2),
        "GE": elements(1, 2),
        "IEA": elements(1, 2),
        "LS": elements(1),
        "LE": elements(1),
    },
    codes={},
    fixed={
        "ISA": elements(11, 12, 13, 15, 16),
        "GS": elements(1, 6, 8),
        "ST": elements(up_to=3),
        "SE": elements(1, 2),
        "GE": elements(1, 2),
        "IEA": elements(1, 2),
    },
    trees={"HL": (1, 2)},
    binary=frozenset({"BIN", "BDS"}),
    between={"TA1": "ISA"},
    widths={"ISA": _WIDTHS},
    shapes={
        "TA1": dict.fromkeys(range(1, 6), _CODE),
        "GS": {1: _CODE, 4: _TIME, 5: _TIME, 7: _CODE, 8: _CODE},
        "ST": {1: _CODE, 3: _CODE},
        "LS": {1: _CODE},
        "LE": {1: _CODE},
    },
)


def read(body: bytes, layout: Layout, limits: BodyLimits) -> EdiDocument:
    """Read an interchange. Raises `Unreadable`: body-encoding, body-malformed, body-ambiguous, body-too-large."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "the interchange is not in the charset that it should be in") from None
    return EdiDocument(body, cut(text, 0, _syntax(text), RULES, limits, counted=layout.counted), layout)


def _syntax(text: str) -> Syntax:
    """Give the separators. Raises `Unreadable`: body-malformed."""
    head = text[:_SIZE]
    if not (head.startswith("ISA") and len(head) == _SIZE and head.isascii()):
        raise Unreadable("body-malformed", "the interchange does not begin with an ISA of its size")
    element, terminator, component = head[3], head[-1], head[-2]
    starts = [end - width for end, width in zip(_ENDS, _WIDTHS, strict=True)]
    parts = [head[start:end] for start, end in zip(starts, _ENDS, strict=True)]
    version, repetition = parts[11], parts[10]
    if not (version.isdigit() and parts[12].isdigit()):
        raise Unreadable("body-malformed", "an ISA without version or control number")
    if version < _REPEATS or repetition == _NONE:
        repetition = ""
    syntax = Syntax(element, component, terminator, repetition=repetition)
    syntax.check()
    wrong = head.count(element) != len(_WIDTHS) or any(head[start - 1] != element for start in starts)
    if wrong or any(head.count(one) != 1 for one in syntax.special - {element}):
        raise Unreadable("body-malformed", "an ISA whose elements don't have their width")
    return syntax
