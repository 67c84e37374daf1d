"""What may be done with a PDF: its permissions.

Permissions are advice that honest viewers follow (ISO 32000-2, 7.6.4.2): they hold nobody back who wants to get round.
"""

from __future__ import annotations

import hashlib
import hmac

from pikepdf import Encryption, Pdf, Permissions


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
