"""Files made to take for ever are refused after some seconds of doubt, in the sandbox of production.

Each would take longer than the minutes that are waited here; a free machine refuses them within five seconds.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio
from pdf_kit import blank, form, saved
from pikepdf import Array, Dictionary, Name
from test_watermark_pdf_bad import PLAN, content

from gateway.errors import Unreadable
from gateway.sandbox import Sandbox
from gateway.watermark.document import mark

pytestmark = pytest.mark.heavy
SECONDS = 300.0
VIEW = replace(PLAN, view_only=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox():
    pool = Sandbox(workers=1, seconds=2 * SECONDS)
    await pool.start()
    yield pool
    await pool.close()


def page_of(resources, data):
    pdf = blank()
    page = pdf.pages[0].obj
    for kind, things in resources(pdf).items():
        page.Resources[kind] = things
    page.Contents = pdf.make_stream(data)
    return saved(pdf)


def doubling_forms():
    def resources(pdf):
        inner = form(pdf, b"1 0 0 rg 0 0 595 842 re f")
        for _ in range(12):
            outer = form(pdf, b"/F Do " * 10)
            outer.Resources = Dictionary(XObject=Dictionary(F=inner))
            inner = outer
        return {"/XObject": Dictionary(F=inner)}

    return page_of(resources, b"/F Do")


def groups():
    def resources(pdf):
        group = Dictionary(S=Name.Transparency, I=True, K=True)
        states = Dictionary(G=Dictionary(ca=0.5, BM=Name.Luminosity))
        return {"/XObject": Dictionary(F=form(pdf, b"0.5 g 0 0 595 842 re f", Group=group)), "/ExtGState": states}

    return page_of(resources, b"/G gs /F Do\n" * 30_000)


def patterns():
    def resources(pdf):
        dots = {"PatternType": 1, "PaintType": 1, "TilingType": 1, "BBox": Array([0, 0, 1, 1])}
        tile = pdf.make_stream(b"0 0 1 1 re f", **dots, XStep=0.01, YStep=0.01, Resources=Dictionary())
        return {"/Pattern": Dictionary(P=tile)}

    return page_of(resources, b"/Pattern cs /P scn 0 0 595 842 re f\n" * 20)


ENDLESS = {
    "250,000 streams without an end": (lambda: b"%PDF-1.7\n" + b"1 0 obj<</Length 10>>stream\n" * 250_000, PLAN),
    "a million tables of objects": (lambda: b"%PDF-1.7\n" + b"xref\n0 1\n" * 3_000_000, PLAN),
    "forms in forms, ten to the twelfth": (doubling_forms, VIEW),
    "30,000 transparent groups": (groups, VIEW),
    "a pattern of tiny tiles": (patterns, VIEW),
    "400,000 curves": (content((b"0 0 m " + b"0 800 600 0 600 800 c " * 2000 + b"B\n") * 200), VIEW),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("build", "plan"), list(ENDLESS.values()), ids=list(ENDLESS))
async def test_a_file_that_takes_for_ever_is_refused_after_some_seconds(sandbox, build, plan):
    body = build()
    async with asyncio.timeout(SECONDS):
        with pytest.raises(Unreadable) as caught:
            await sandbox.run(mark, "pdf", body, plan)
    assert str(caught.value) in {"timeout", "broken", "too-large", "too-many-objects"}
