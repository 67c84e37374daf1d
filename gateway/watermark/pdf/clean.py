"""Refuses a PDF that can't be marked safely, and removes what would leave it unmarked: attachments, thumbnails, media.

Every object is looked at once: the library writes it out, a search finds the telling names, and only the few objects
that have one are walked through. Names are judged where they stand, because a font may be called `/EF` as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from gateway.watermark.plan import Plan, unmarkable
from gateway.watermark.watch import Watch

_SOME = 10_000  # objects that are soon looked at
_SCRIPTS = {"/JavaScript": "javascript", "/Launch": "launch"}  # kinds of action (ISO 32000-2, 12.6.4)
_SIGNATURE_REMOVED = ("/Contents", "/ByteRange", "/Reference", "/Cert")
_ROOT_REMOVED = ("/AF", "/Collection", "/DSS", "/Perms", "/SpiderInfo", "/PieceInfo")
_NAMES_REMOVED = ("/EmbeddedFiles", "/Templates", "/AlternatePresentations")
_PAGE_REMOVED = ("/Contents", "/Resources", "/Annots", "/AA", "/B", "/Thumb")
_MEDIA = frozenset({"/FileAttachment", "/Sound", "/Movie", "/Screen", "/RichMedia", "/3D"})
_MEDIA_REMOVED = ("/FS", "/Sound", "/Movie", "/A", "/AA", "/RichMediaContent", "/RichMediaSettings", "/3DD", "/3DA")
_TELLING = re.compile(
    rb"/(?:JS|JavaScript|Launch|ByteRange|EF|RF|Thumb|PieceInfo|Alternates|OPI|Metadata|FileAttachment|Sound|Movie|Screen"
    rb"|RichMedia|3D|Form|Type3|PatternType)(?![^\s/<>\[\]()%])"
)
_PAGE = re.compile(rb"/Type /Page(?![^\s/<>\[\]()%])")


@dataclass(slots=True)
class Cleaned:
    """What was found: forms that rely on the resources of their page, signatures, and how many files were removed."""

    reliant: bool = False
    signed: bool = False
    attached: int = 0


def clean(pdf: Pdf, pages: list[Object], plan: Plan, watch: Watch) -> Cleaned:
    """Clean the document, all pages included.

    Refuses `javascript`, `launch`, `xfa`, `signed` and `attachments` unless the plan lets them go, and
    `too-many-objects`.
    """
    cleaned = Cleaned(signed="/Perms" in pdf.Root)
    _refuse_root(pdf.Root)
    root = pdf.Root.objgen
    shown = {page.objgen for page in pages}
    for count, thing in enumerate(pdf.objects):
        if count > plan.limits.objects:
            raise unmarkable("too-many-objects")
        if count % _SOME == 0:
            watch.doubt()
        if not isinstance(thing, (Dictionary, Array, Stream)):
            continue
        text = thing.stream_dict.unparse() if isinstance(thing, Stream) else thing.unparse(resolved=True)
        if _TELLING.search(text):
            for entry in dictionaries(thing):
                _refuse(entry)
                if is_signature(entry):
                    cleaned.signed = True
                    _drop(entry, _SIGNATURE_REMOVED)
                _remove(entry, cleaned, is_root=entry.objgen == root)
                cleaned.reliant = cleaned.reliant or _relies(entry)
        if _PAGE.search(text) and thing.objgen not in shown:
            _drop(thing, _PAGE_REMOVED)  # a page that was taken out, and something still points at it
    if cleaned.signed and plan.signed == "refuse":
        raise unmarkable("signed")
    if cleaned.attached and plan.attachments == "refuse":
        raise unmarkable("attachments")
    _clean_root(pdf.Root)
    return cleaned


def _refuse_root(root: Object) -> None:
    form = root.get("/AcroForm")
    if isinstance(form, Dictionary) and "/XFA" in form:
        raise unmarkable("xfa")
    names = root.get("/Names")
    if isinstance(names, Dictionary) and "/JavaScript" in names:
        raise unmarkable("javascript")


def _clean_root(root: Object) -> None:
    _drop(root, _ROOT_REMOVED)
    names = root.get("/Names")
    if isinstance(names, Dictionary):
        _drop(names, _NAMES_REMOVED)


def is_signature(entry: Object | None) -> bool:
    """Tell whether this is the value of a signed field (ISO 32000-2, 12.8.1)."""
    return isinstance(entry, Dictionary) and isinstance(entry.get("/ByteRange"), Array) and "/Contents" in entry


def dictionaries(thing: Object) -> Iterator[Object]:
    """Give an object and all that stands directly in it, as far as they are dictionaries or streams."""
    waiting = [thing]
    while waiting:
        here = waiting.pop()
        children = list(here) if isinstance(here, Array) else [here[key] for key in here.keys()]  # noqa: SIM118  not a dict
        waiting += [child for child in children if isinstance(child, (Dictionary, Array)) and not child.is_indirect]
        if not isinstance(here, Array):
            yield here


def _refuse(entry: Object) -> None:
    action = entry.get("/S")
    if isinstance(action, Name):
        if str(action) in _SCRIPTS:
            raise unmarkable(_SCRIPTS[str(action)])
        if isinstance(entry.get("/JS"), (String, Stream)):
            raise unmarkable("javascript")


def _remove(entry: Object, cleaned: Cleaned, *, is_root: bool) -> None:
    kind = entry.get("/Subtype")
    if "/F" in entry or "/UF" in entry or entry.get("/Type") == Name.Filespec:
        cleaned.attached += "/EF" in entry
        _drop(entry, ("/EF", "/RF"))
    if isinstance(entry.get("/Metadata"), Stream) and not is_root:
        _drop(entry, ("/Metadata",))
    if kind == Name.Image:
        _drop(entry, ("/Alternates",))
    if isinstance(entry, Stream):
        _drop(entry, ("/PieceInfo", "/OPI"))
    if entry.get("/Type") == Name.Page:
        _drop(entry, ("/PieceInfo", "/Thumb"))
    if isinstance(kind, Name) and str(kind) in _MEDIA:
        _drop(entry, _MEDIA_REMOVED)


def _relies(entry: Object) -> bool:
    """Tell whether a form, pattern or Type 3 font has no resources and takes its page's (ISO 32000-2, 7.8.3)."""
    if "/Resources" in entry:
        return False
    return entry.get("/Subtype") in (Name.Form, Name.Type3) or "/PatternType" in entry


def _drop(entry: Object, keys: tuple[str, ...]) -> None:
    for key in keys:
        if key in entry:
            del entry[key]
