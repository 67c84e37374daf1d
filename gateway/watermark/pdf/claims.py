"""The claims of a PDF's metadata to be an archive (PDF/A) or accessible (PDF/UA): kept where true, or taken back.

No claim is better than a false one. A PDF/A of part 2 or later stays one under the mark if its fonts are embedded,
nothing is encrypted, and the file says what its plain greys look like (ISO 19005-2, 6.2.4.3): then the claim can be
kept. PDF/A-1 forbids transparency, which no mark does without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Name, Object, Pdf, PdfError, Stream

from gateway.watermark.plan import Plan, unmarkable

_ARCHIVE, _ACCESSIBLE = b"http://www.aiim.org/pdfa/ns/id", b"http://www.aiim.org/pdfua/ns/id"
_PREFIX = rb"xmlns:([\w.-]+)\s*=\s*[\"']%s/?[\"']"
_PICTURES = re.compile(rb":Thumbnails\b|xmpGImg|xapGImg|\bGImg:image")
_LONGEST, _MOST_PREFIXES = 8 << 20, 200  # bytes and namespaces of metadata that are read
_FIRST_WITH_TRANSPARENCY = 2  # part of ISO 19005
_RGB = 3  # channels


@dataclass(frozen=True, slots=True)
class Claims:
    """What a file says of itself: the `archive` part (0: none) and whether it is `accessible`."""

    archive: int
    accessible: bool


def settle(pdf: Pdf, plan: Plan) -> tuple[bool, tuple[str, ...]]:
    """Do with the claims as the plan says: tell whether the one to be PDF/A is kept, and what is noted.

    Refuses `pdfa` where the claim is to be kept and can't be, or where the plan refuses such files.
    """
    packet = _packet(pdf)
    claims = _claims(packet)
    keeps = claims.archive > 0 and plan.pdfa == "keep"
    if claims.archive and (plan.pdfa == "refuse" or (keeps and not _keepable(pdf, claims, plan))):
        raise unmarkable("pdfa")
    notes = []
    if claims.archive and not keeps:
        packet = _without(packet, _ARCHIVE)
        notes.append("pdfa-dropped")
    if claims.accessible and not keeps:
        packet = _without(packet, _ACCESSIBLE)  # the mark's font isn't embedded, unless the file stays an archive
        notes.append("pdfua-dropped")
    _write(pdf, packet)
    return keeps, tuple(notes)


def drop_accessible(pdf: Pdf) -> bool:
    """Take the claim to be PDF/UA back, for marks that had to be shown in annotations; tell whether there was one."""
    packet = _packet(pdf)
    if not _claims(packet).accessible:
        return False
    _write(pdf, _without(packet, _ACCESSIBLE))
    return True


def _keepable(pdf: Pdf, claims: Claims, plan: Plan) -> bool:
    if claims.archive < _FIRST_WITH_TRANSPARENCY or pdf.is_encrypted or plan.permissions or plan.view_only:
        return False
    profiles = [channels for intent in _intents(pdf) if (channels := _channels(intent))]
    coloured = any(visible.colour for visible in plan.visible)
    return bool(profiles) and (not coloured or _RGB in profiles)


def _intents(pdf: Pdf) -> list[Object]:
    intents = pdf.Root.get("/OutputIntents")
    found = list(intents) if isinstance(intents, Array) else []
    return [each for each in found if isinstance(each, Dictionary) and each.get("/S") == Name("/GTS_PDFA1")]


def _channels(intent: Object) -> int:
    profile = intent.get("/DestOutputProfile")
    count = profile.get("/N") if isinstance(profile, Stream) else 0
    return count if isinstance(count, int) else 0


def _packet(pdf: Pdf) -> bytes:
    metadata = pdf.Root.get("/Metadata")
    try:
        packet = metadata.read_bytes() if isinstance(metadata, Stream) else b""
    except PdfError:
        return b""
    return packet if len(packet) <= _LONGEST and packet.count(b"xmlns:") <= _MOST_PREFIXES else b""


def _claims(packet: bytes) -> Claims:
    plain = packet.replace(b"\0", b"")  # in UTF-16 or UTF-32 as well
    part = 0
    for prefix in _prefixes(plain, _ARCHIVE):
        found = re.search(rb"\b" + prefix + rb":part\s*(?:>\s*|=\s*[\"'])(\d)", plain)
        part = max(part, int(found[1]) if found else 1)
    return Claims(part, bool(_prefixes(plain, _ACCESSIBLE)))


def _write(pdf: Pdf, packet: bytes) -> None:
    """Write the metadata, or take it out where it can't be read, is in UTF-16 or 32, or holds pictures of pages."""
    metadata = pdf.Root.get("/Metadata")
    if metadata is None:
        return
    if not packet.strip() or b"\0" in packet or _PICTURES.search(packet):
        del pdf.Root.Metadata
    elif packet != _packet(pdf):
        metadata.write(packet)


def _without(packet: bytes, namespace: bytes) -> bytes:
    for prefix in _prefixes(packet, namespace):
        packet = re.sub(rb"<" + prefix + rb":(\w+)>[^<]*</" + prefix + rb":\1\s*>", b"", packet)
        packet = re.sub(rb"\s" + prefix + rb":\w+\s*=\s*(\"[^\"]*\"|'[^']*')", b"", packet)
    return packet


def _prefixes(packet: bytes, namespace: bytes) -> set[bytes]:
    return {re.escape(prefix) for prefix in re.findall(_PREFIX % re.escape(namespace), packet)}
