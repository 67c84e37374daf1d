"""The schema of a watermark: what it shows, how that looks, and what else a marked document has to put up with."""

from __future__ import annotations

from gateway.policy.marking import ATTACHMENTS, PDFA, SIGNED
from gateway.policy.rules import WATERMARK
from gateway.policy.schemas.parts import Schema, described, exactly, flag, mapping, text, words
from gateway.policy.watermarks import ASKS, COLOUR, PERMISSIONS, PLACEMENTS, SIZES, VISIBLE
from gateway.watermark.plan import OPACITY
from gateway.watermark.text.ink import LEAST_OPACITY
from gateway.watermark.text.template import WORDS

_PERMISSIONS = {"print": "print it", "copy": "copy text out of it", "annotate": "write notes into it"}
_PLACEMENTS = {
    "tiled": "All over the page, small and slanted.",
    "diagonal": "Once across the page, large.",
    "header": "Along the upper edge.",
    "footer": "Along the lower edge; several stand above each other.",
    "corner": "In the lower right corner.",
}
_ATTACHMENTS = {
    "mark": "Attached documents and pictures are marked too; those that can't be are removed.",
    "remove": "Attachments are removed.",
    "refuse": "A document with attachments is refused.",
}
_SIGNED = {
    "drop": "A signed document loses its signatures, which the mark would break.",
    "refuse": "A signed document is refused.",
}
_PDFA = {
    "keep": "A document that claims to be PDF/A stays so, or is refused where it can't.",
    "drop": "The claim to be PDF/A is taken back.",
    "refuse": "A document that claims to be PDF/A is refused.",
}


def watermark(conditions: dict[str, Schema]) -> Schema:
    """Make the schema of a watermark."""
    allowed = {key: flag(f"false: nobody may {what}.") for key, what in exactly(PERMISSIONS, _PERMISSIONS).items()}
    properties = {
        "visible": _visible(),
        "hidden": flag("Whether pages and pictures carry a mark that isn't seen as well.", default=False),
        "permissions": mapping(
            allowed, description="What readers of the document may do; viewers honour it, copying programs need not."
        ),
        "view_only": flag("Whether the pages of a PDF become pictures, with no text to copy.", default=False),
        "bilevel": flag("Whether scans of two colours carry the hidden mark in their strokes, visibly.", default=False),
        "attachments": words(ATTACHMENTS, _ATTACHMENTS, "What becomes of what is attached to a PDF.", "remove"),
        "signed": words(SIGNED, _SIGNED, "What becomes of a signed PDF.", "refuse"),
        "pdfa": words(PDFA, _PDFA, "What becomes of a PDF made for archives.", "drop"),
        **conditions,
    }
    unseen = {"properties": {"visible": {"const": False}}, "required": ["visible"]}
    return mapping(
        exactly(WATERMARK, properties),
        description="What documents and images carry.",
        anyOf=[{"required": [key]} for key in ASKS],
        **{"if": unseen, "then": {"properties": {"hidden": {"const": True}}, "required": ["hidden"]}},
    )


def _visible() -> Schema:
    template = r"^(?=[\s\S]*\S)([^{}]|\{(" + "|".join(WORDS) + r")\})+$"
    example = "{customer} / {recipient} / {date} / {mark}"
    shown = text(f"What every page shows; in braces: {', '.join(WORDS)}.", template, [example])
    look = {
        "text": shown,
        "placement": words(PLACEMENTS, _PLACEMENTS, "Where it stands.", "tiled"),
        "opacity": _number("How much of the page it covers, from hardly to fully.", (LEAST_OPACITY, 1), OPACITY),
        "colour": text("Red, green and blue; left out: dark with a light rim.", f"^{COLOUR}$", ["#c00000"]),
        "size": _number("How large its letters are, in points; left out: as the page is.", SIZES),
    }
    nothing = described({"const": False}, "Nothing is shown; the hidden mark alone leads back.")
    styled = mapping(exactly(VISIBLE, look), ("text",), "What every page shows, and how it looks.")
    return described({"anyOf": [shown, nothing, styled]}, "What every page shows.", [example])


def _number(description: str, bounds: tuple[float, float], default: float | None = None) -> Schema:
    schema: Schema = {"type": "number", "minimum": bounds[0], "maximum": bounds[1]}
    return described(schema if default is None else {**schema, "default": default}, description)
