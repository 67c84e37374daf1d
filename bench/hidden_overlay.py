"""Draws the hidden mark over a PDF page in the plainest way, to try it: one image."""

from __future__ import annotations

import io

import pikepdf
from pikepdf import Array, Dictionary, Name

from gateway.watermark.hidden.page import blend, sheet_for_page


def overlaid(document: bytes, code: int, key: bytes) -> bytes:
    """Give the document with the mark of `code` over its first page."""
    with pikepdf.open(io.BytesIO(document)) as pdf:
        page = pdf.pages[0]
        left, bottom, right, top = (float(number) for number in page.mediabox)
        sheet = sheet_for_page(code, key, right - left, top - bottom)
        image = pdf.make_stream(sheet.samples)
        for name, value in {
            "Type": Name.XObject, "Subtype": Name.Image, "Width": sheet.columns, "Height": sheet.rows,
            "ColorSpace": Name.DeviceGray, "BitsPerComponent": 4, "Interpolate": True,
        }.items():  # fmt: skip
            image[Name("/" + name)] = value
        draws = f"{sheet.width:.3f} 0 0 {sheet.height:.3f} {left:.3f} {top - sheet.height:.3f} cm /T Do "
        page.Resources.XObject = Dictionary(T=image)
        mode, opacity = blend()
        state = Dictionary(Type=Name.ExtGState, BM=Name("/" + mode), ca=opacity)
        page.Resources.ExtGState = Dictionary(M=pdf.make_indirect(state))
        body = page.Contents.read_bytes()
        page.Contents = Array([pdf.make_stream(b"q\n" + body + b"\nQ q /M gs\n" + draws.encode() + b"Q")])
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()
