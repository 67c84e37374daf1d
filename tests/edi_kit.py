"""Interchanges of our own, and a way to treat them without a gate."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.errors import Unreadable
from gateway.formats import charset
from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape, charset_of
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

SAMPLES = Path(__file__).parent.parent.parent / "shared" / "samples"
NOTHING = Edits(lambda _spot: None)

ORDERS = """UNA:+.? '
UNB+UNOC:3+5412345000013:14+4012345000009:14+260114:0830+77+SECRET+ORDERS'
UNH+1+ORDERS:D:96A:UN:EAN008+REF-9'
BGM+220+PO-4711+9'
DTM+137:20260114:102'
FTX+AAI+++Please ring twice?: side door, don?'t knock'
NAD+BY+C-017::9++Lin Wei:Müller Maschinen+Hauptstr. 5++Köln++50667+DE'
CTA+PD+:Ann Lee'
COM+?+49 221 5550:TE'
COM+ann@buyer.example:EM'
NAD+SU+5412345000013::9'
CTA+SR+:Joe Poe'
LIN+1++4000862141404:EN'
QTY+21:48:PCE'
PRI+AAA:12.50:CA'
NAD+DP+C-017-2++Warehouse 9'
UNS+S'
MOA+79:600.00'
UNT+17+1'
UNH+2+ORDERS:D:96A:UN:EAN008'
BGM+220+PO-4712+9'
NAD+BY+C-018::9++Zoë Ortega'
UNS+S'
UNT+5+2'
UNZ+2+77'
"""

DESADV = (
    "UNB+UNOA:2+A+B+260114:0830+9'UNH+5+DESADV:D:96A:UN'BGM+351+D1'CPS+1'PAC+2'NAD+CN+C-1'"
    "CPS+2+1'LIN+1'NAD+UD+C-2'CPS+3+2'LIN+2'NAD+UD+C-3'CPS+4+1'LIN+3'NAD+UD+C-4'UNT+15+5'UNZ+1+9'"
)


def isa(version="00501", repetition="^", component=":", end="~", element="*", control="000000905"):
    """Give an ISA."""
    parts = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "SENDER".ljust(15), "ZZ", "RECEIVER".ljust(15)]
    parts += ["260114", "0830", repetition, version, control, "0", "P", component]
    return element.join(parts) + end


def x12(*lines, kind="850", code="PO", between="\n", **head):
    """Wrap the segments of one transaction set, its service segments counted."""
    inside = [f"ST*{kind}*0001", *lines, f"SE*{len(lines) + 2}*0001"]
    whole = [f"GS*{code}*SENDER*RECEIVER*20260114*0830*12*X*005010", *inside, "GE*1*12", "IEA*1*000000905"]
    end = head.get("end", "~")
    return isa(**head) + between + "".join(line + end + between for line in whole)


ORDER_850 = (
    "BEG*00*SA*PO-4711**20260114",
    "REF*CO*C-017",
    "PER*BD*Ann Lee*TE*+49 221 5550*EM*ann@buyer.example",
    "N1*BY*Mueller Maschinen*92*C-017",
    "N3*Hauptstr. 5",
    "N4*Koeln**50667*DE",
    "N1*ST*Warehouse 9*92*C-017-2",
    "N3*Hafenweg 1",
    "PO1*1*48*EA*12.5**BP*4711*VP*AB-1",
    "N1*MF*Supplier*92*S-1",
    "CTT*1",
)
SHIPMENT_856 = (
    "BSN*00*S1*20260114*0830*0001", "HL*1**S", "N1*ST*Warehouse", "HL*2*1*O", "PRF*PO-1", "N1*BY*Ann*92*C-1",
    "HL*3*2*I", "LIN**BP*1", "HL*4*2*I", "LIN**BP*2", "HL*5*1*O", "PRF*PO-2", "N1*BY*Ben*92*C-2", "HL*6*5*I",
    "LIN**BP*3", "CTT*6",
)  # fmt: skip


def read(name, body, fields=(), customer=None, records=None, envelope=(), declared="", limits=None, **options):
    """Read a body as the gate does; text is encoded in UTF-8."""
    form = FORMATS[name]
    plain = body if isinstance(body, bytes) else body.encode()
    text = charset.to_utf8(plain, charset_of(form, plain, declared))
    shape = Shape(tuple(fields), customer, records, tuple(envelope), options)
    return form.read(text, form.layout(shape), limits or BodyLimits())


def treated(document, new="X", unlisted=None, envelope=NOTHING):
    """Treat listed places with one answer or function, and unlisted ones with another."""
    edits = Edits(lambda _spot: _edit(new), None if unlisted is None else _edit(unlisted))
    return document.write([edits] * len(document.customers), edits if envelope is None else envelope)


def changes(name, body, fields, new="X", unlisted=None, **said):
    """Give the segments that changed, as they became."""
    document = read(name, body, fields, **said)
    before, after = document.body.decode(), treated(document, new, unlisted, envelope=None).body.decode()
    end = "'" if name == "edifact" else "~"
    old, now = (re.split(rf"(?<!\?){end}\s*", text) for text in (before, after))
    assert len(old) == len(now)
    return [segment for was, segment in zip(old, now, strict=True) if was != segment]


def refusal(name, body, **said):
    """Give the refusal of a body; None where it is read."""
    try:
        read(name, body, **said)
    except Unreadable as error:
        return error.refusal
    return None


def _edit(new):
    return Edit(new if callable(new) else lambda _value, _customer: new)
