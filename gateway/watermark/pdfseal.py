"""What may be done with a PDF: its permissions, and the claims that a mark makes untrue.

Permissions are advice that honest viewers follow (ISO 32000-2, 7.6.4.2): they hold nobody back who wants to get round.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from pikepdf import Encryption, Pdf, PdfError, Permissions, Stream

_ARCHIVE = re.compile(rb"xmlns:(\w+)\s*=\s*[\"']http://www\.aiim\.org/pdfa/ns/id/?[\"']")
_PICTURES = re.compile(rb":Thumbnails\b|xmpGImg|xapGImg|\bGImg:image")


def encryption(pdf: Pdf, forbidden: frozenset[str], secret: bytes) -> Encryption | bool:
    """Give how the marked file is encrypted: AES-256 (revision 6), opened by anyone, owned by nobody.

    A file that was encrypted stays so, with what its own author and the policy both allow. False: no need.
    """
    if not pdf.is_encrypted and not forbidden:
        return False
    before = pdf.allow
    change = not pdf.is_encrypted or before.modify_other
    owner = hmac.digest(secret, b"sovgate mark 1 owner", hashlib.sha256).hex()
    allowed = Permissions(
        accessibility=before.accessibility,
        extract=before.extract and "copy" not in forbidden,
        modify_annotation=before.modify_annotation and "annotate" not in forbidden,
        modify_assembly=before.modify_assembly and not forbidden,
        modify_form=before.modify_form and "annotate" not in forbidden,
        modify_other=change and not forbidden,
        print_lowres=before.print_lowres and "print" not in forbidden,
        print_highres=before.print_highres and "print" not in forbidden,
    )
    return Encryption(owner=owner, user="", R=6, allow=allowed)


def restate(pdf: Pdf) -> None:
    """Take the PDF/A claim out of the document's metadata, and the metadata itself where it holds pictures.

    The mark uses a font that isn't embedded and transparency; encryption is forbidden there too. No claim is better
    than a false one.
    """
    metadata = pdf.Root.get("/Metadata")
    if metadata is None:
        return
    try:
        packet = metadata.read_bytes() if isinstance(metadata, Stream) else b""
    except PdfError:
        packet = b""
    if not packet.strip() or b"\0" in packet or _PICTURES.search(packet):
        del pdf.Root.Metadata  # unreadable, in UTF-16 or 32, or with a picture of the page
        return
    without = packet
    for prefix in set(_ARCHIVE.findall(packet)):
        without = re.sub(rb"<" + prefix + rb":(\w+)>[^<]*</" + prefix + rb":\1\s*>", b"", without)
        without = re.sub(rb"\s" + prefix + rb":\w+\s*=\s*(\"[^\"]*\"|'[^']*')", b"", without)
    if without != packet:
        metadata.write(without)
