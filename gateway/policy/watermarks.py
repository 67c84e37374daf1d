"""Reads a watermark as officers write it: what pages show, and what else a marked document has to put up with."""

from __future__ import annotations

import re
from typing import get_args

from gateway.faults import Fault
from gateway.policy.marking import ATTACHMENTS, PDFA, SIGNED
from gateway.policy.model import Watermark
from gateway.watermark.plan import OPACITY, Placement, Visible
from gateway.watermark.text.ink import LEAST_OPACITY, unclear
from gateway.watermark.text.template import WORDS
from gateway.yamlsource import Leaf, Node, Section, Table, suggest

PERMISSIONS = ("print", "copy", "annotate")
ASKS = ("visible", "hidden", "permissions", "view_only", "bilevel", "attachments", "signed", "pdfa")
VISIBLE = ("text", "placement", "opacity", "colour", "size")
PLACEMENTS: tuple[Placement, ...] = get_args(Placement)
SIZES = (4, 144)
"""Points: the smallest and largest letters that a policy may ask for."""
COLOUR = "#[0-9A-Fa-f]{6}"

_BRACED = re.compile(r"\{([^{}]*)\}|[{}]")


def read_watermark(node: Node, section: Section) -> Watermark:
    """Read what a watermark asks for; its conditions are read with those of other rules."""
    permissions = section.section("permissions", PERMISSIONS)
    if not {*ASKS} & section.members.keys():
        message = "this watermark says neither what to show nor what to forbid"
        section.reader.fault(node, message, "write `visible`, `hidden` or `permissions`", code=Fault.EMPTY_WATERMARK)
    hidden = section.boolean("hidden", default=False)
    visible, unseen = _visible(section, hidden=hidden)
    return Watermark(
        visible.text if visible else None,
        hidden,
        {key: permissions.boolean(key, default=False) for key in permissions.members},
        visible.placement if visible else "tiled",
        visible.opacity if visible else OPACITY,
        visible.colour if visible else "",
        visible.size if visible else 0,
        unseen,
        section.boolean("view_only", default=False),
        section.boolean("bilevel", default=False),
        section.choice("attachments", ATTACHMENTS, "remove"),  # type: ignore[arg-type]  # one of the literals above
        section.choice("signed", SIGNED, "refuse"),  # type: ignore[arg-type]  # the same
        section.choice("pdfa", PDFA, "drop"),  # type: ignore[arg-type]  # the same
    )


def _visible(section: Section, *, hidden: bool) -> tuple[Visible | None, bool]:
    """Read what is seen, and whether it is said that nothing is."""
    node = section.get("visible")
    reader = section.reader
    if node is None:
        return None, False
    if isinstance(node, Leaf) and node.plain and node.text == "false":
        if not hidden:
            message = "this watermark shows nothing and has no hidden mark either"
            reader.fault(node, message, "write `hidden: true` beside it", code=Fault.NOTHING_SEEN)
        return None, True
    if not isinstance(node, Table):
        text = reader.text(node)
        if text is not None:
            _check_template(section, node, text)
        return Visible(text or "{mark}"), False
    style = reader.section(node, VISIBLE, ("text",))
    text = style.text("text", None)
    if text is not None:
        _check_template(section, style.members["text"], text)
    read = Visible(
        text or "{mark}",
        style.choice("placement", PLACEMENTS, "tiled"),  # type: ignore[arg-type]  # one of the literals above
        style.number("opacity", OPACITY, minimum=LEAST_OPACITY, maximum=1),
        _colour(style),
        style.number("size", 0, minimum=SIZES[0], maximum=SIZES[1]),
    )
    ground = unclear(read)
    if ground:
        at = style.members.get("opacity") or style.members.get("colour") or node
        hint = "raise `opacity`, or leave out `colour`: dark letters with a light rim show on any ground"
        reader.warn(at, f"this mark can hardly be seen on {ground}", hint, code=Fault.HARDLY_SEEN)
    return read, False


def _colour(style: Section) -> str:
    node, colour = style.get("colour"), style.text("colour", "")
    if node is None or not colour:
        return ""
    if re.fullmatch(COLOUR, colour) is None:
        hint = 'write red, green and blue in hexadecimal, in quotes: "#c00000"'
        style.reader.fault(node, "what stands there is no colour", hint, code=Fault.BAD_COLOUR)
        return ""
    return colour.lower()


def _check_template(section: Section, node: Node, template: str) -> None:
    """Check what stands in braces in the words of a mark."""
    for found in _BRACED.finditer(template):
        name, at = found[1], node.part(*found.span()) if isinstance(node, Leaf) else node
        if name is None:
            hint = f"write one of: {', '.join(f'{{{word}}}' for word in WORDS)}"
            section.reader.fault(at, "a brace stands alone", hint, code=Fault.LONE_BRACE)
        elif name not in WORDS:
            message = f"a mark has no {{{name[:100]}}}"
            section.reader.fault(at, message, suggest(name, WORDS), code=Fault.UNKNOWN_PLACEHOLDER)
