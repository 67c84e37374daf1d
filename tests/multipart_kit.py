"""Multipart bodies, built by hand, byte by byte, so that tests can bend them."""

from __future__ import annotations

from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import parse
from gateway.formats.multipart import Multipart

LIMITS = BodyLimits()
FORM = 'multipart/form-data; boundary="b1"'


def part(content, *lines):
    """Write one part."""
    content = content.encode() if isinstance(content, str) else content
    head = "".join(f"{line}\r\n" for line in lines).encode()
    return head + b"\r\n" + content


def body(*parts, boundary="b1", before=b"", after=b"\r\n"):
    """Write a body."""
    mark = f"--{boundary}".encode()
    return before + b"".join(mark + b"\r\n" + one + b"\r\n" for one in parts) + mark + b"--" + after


def field(name, content, *lines):
    """Write a part of a form."""
    return part(content, f'Content-Disposition: form-data; name="{name}"', *lines)


def read(data, *fields, customer=None, media=FORM, **options):
    """Read a body as the gate does."""
    form = Multipart()
    form.agree(parse(media), data)
    return form.read(data, form.layout(Shape(fields, customer, options=options)), LIMITS)


def edits(treatments, unlisted=None):
    """Give edits by the index of the field."""
    made = {(index,): None if one is None else Edit(one) for index, one in enumerate(treatments)}
    return Edits(
        lambda spot: next((made[index,] for index in spot if made.get((index,))), None), unlisted and Edit(unlisted)
    )


def starred(value, _customer):
    """Mask whatever it is."""
    return "*" * len(value)
