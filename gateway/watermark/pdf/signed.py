"""Takes the signatures out of a PDF, where a policy says so: marking it makes every one of them invalid anyway.

A field that was signed becomes a picture of what it showed; fields that wait for a signature stay.
"""

from __future__ import annotations

from pikepdf import Array, Dictionary, Name, Object, Pdf

from gateway.watermark.pdf.clean import dictionaries, is_signature

_KEPT = frozenset(
    {"/Type", "/Rect", "/AP", "/AS", "/F", "/P", "/NM", "/M", "/OC", "/StructParent", "/C", "/Border", "/BS"}
)
_HIDDEN, _LOCKED = 2, 128 | 512  # flags of annotations (ISO 32000-2, table 167)
_MOST_KIDS = 1_000


def drop(pdf: Pdf) -> bool:
    """Take all signatures out; tell whether there were any."""
    found = "/Perms" in pdf.Root
    if found:
        del pdf.Root.Perms
    signed: set[tuple[int, int]] = set()
    holders = [entry for thing in pdf.objects if _may_hold(thing) for entry in dictionaries(thing)]
    for entry in holders:
        if is_signature(entry.get("/V")):
            found = True
            signed.add(entry.objgen)
            for widget in _widgets(entry):
                signed.add(widget.objgen)
                _flatten(widget)
            _flatten(entry)
    form = pdf.Root.get("/AcroForm")
    if found and isinstance(form, Dictionary):
        fields = form.get("/Fields")
        if isinstance(fields, Array):
            form.Fields = Array([field for field in list(fields) if _stays(field, signed)])
        if "/SigFlags" in form:
            del form.SigFlags
    return found


def _may_hold(thing: Object) -> bool:
    return isinstance(thing, Array) or (isinstance(thing, Dictionary) and ("/V" in thing or "/Annots" in thing))


def _widgets(field: Object) -> list[Object]:
    kids = field.get("/Kids")
    found = list(kids)[:_MOST_KIDS] if isinstance(kids, Array) else []
    return [kid for kid in found if isinstance(kid, Dictionary)]


def _flatten(widget: Object) -> None:
    """Make a picture of a field, or hide it where it showed nothing."""
    for key in [key for key in widget.keys() if key not in _KEPT]:  # noqa: SIM118  not a dict
        del widget[key]
    flags = widget.get("/F", 0)
    flags = flags if isinstance(flags, int) else 0
    widget.Subtype = Name.Stamp
    widget.F = flags | _LOCKED if "/AP" in widget else flags | _HIDDEN


def _stays(field: Object, signed: set[tuple[int, int]]) -> bool:
    return (
        isinstance(field, Dictionary)
        and field.get("/Subtype") != Name.Stamp
        and (not field.is_indirect or field.objgen not in signed)
    )
