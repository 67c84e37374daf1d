"""Files made to hurt: each is marked or refused with a reason, in the sandbox of production, and none hangs it."""

import io
import zipfile
import zlib
from functools import lru_cache

import pikepdf
import pytest
import pytest_asyncio
from pdf_kit import TEXT, add_page, blank, font, form, opened, saved
from pikepdf import Array, Dictionary, Name, String

from gateway.errors import Unreadable
from gateway.sandbox import Sandbox
from gateway.watermark.document import mark
from gateway.watermark.plan import REASONS, Plan, Visible

PLAN = Plan(
    (Visible("ACME GmbH / {mark}"),),
    frozenset(),
    bytes(range(32)),
    hidden=bytes(range(32)),
    attachments="mark",
    signed="drop",
    pdfa="keep",
)
SECONDS = 60.0  # each takes a second or two; the machine may be busy


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox():
    pool = Sandbox(workers=1, seconds=SECONDS, memory=1 << 30)
    await pool.start()
    yield pool
    await pool.close()


def with_stream(data, filters, **entries):
    pdf = blank()
    pdf.pages[0].obj.Contents = pdf.make_stream(data, Filter=filters, **entries)
    out = io.BytesIO()
    pdf.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


@lru_cache(maxsize=1)
def zeros(size):
    """Give deflated zeros without holding them."""
    packer = zlib.compressobj(1)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join([*parts, packer.flush()])


def content_bomb():
    return with_stream(zeros(272 << 20), Name.FlateDecode)


def nested_bomb():
    data = zeros(272 << 20)
    for _ in range(3):
        data = zlib.compress(data, 9)
    return with_stream(data, Array([Name.FlateDecode] * 4))


def sixteen_filters():
    data = TEXT
    for _ in range(16):
        data = zlib.compress(data)
    return with_stream(data, Array([Name.FlateDecode] * 16))


def a_thousand_filters():
    return with_stream(TEXT.hex().encode() + b">", Array([Name.ASCIIHexDecode] * 1000))


def picture_bomb(width=60_000, height=60_000, colours=Name.DeviceGray):
    pdf = blank(content=b"595 0 0 842 0 0 cm /I Do")
    image = pdf.make_stream(
        zlib.compress(bytes(1000)),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=width,
        Height=height,
        BitsPerComponent=8,
    )
    image.ColorSpace, image.Filter = colours, Name.FlateDecode
    pdf.pages[0].obj.Resources.XObject = Dictionary(I=image)
    return saved(pdf)


def attachment_bomb():
    pdf = blank()
    pdf.attachments["bomb"] = pikepdf.AttachedFileSpec(pdf, b"%PDF-" + bytes(8 << 20), filename="bomb.pdf")
    return saved(pdf)


def deep(opening, closing, levels=100_000):
    return saved(blank()).replace(
        b"/Type /Catalog", b"/Type /Catalog /Deep " + opening * levels + b"1" + closing * levels
    )


def loop_of(kind):
    pdf = blank()
    page, root = pdf.pages[0].obj, pdf.Root
    thing = pdf.make_indirect(Dictionary())
    if kind == "forms":
        page.Contents = pdf.make_stream(b"/F Do")
        picture = form(pdf, b"/F Do")
        picture.Resources = Dictionary(XObject=Dictionary(F=picture))
        page.Resources.XObject = Dictionary(F=picture)
    elif kind == "names":
        thing.Kids = Array([thing])
        root.Names = Dictionary(EmbeddedFiles=thing)
    elif kind == "fields":
        thing.Kids, thing.Parent, thing.FT = Array([thing]), thing, Name.Sig
        thing.V = Dictionary(ByteRange=Array([0, 1]), Contents=b"x")
        root.AcroForm = Dictionary(Fields=Array([thing]))
        page.Annots = Array([thing])
    elif kind == "colours":
        space = pdf.make_indirect(Array([Name.Indexed]))
        space.extend([space, 255, String("x" * 768)])
        return picture_bomb(600, 600, Array([Name.Indexed, Array([Name.Indexed]), 1, String("x")])), pdf
    elif kind == "structure":
        thing.K, thing.P = Array([thing]), thing
        root.StructTreeRoot = Dictionary(K=thing, ParentTree=Dictionary(Nums=Array([0, Array([thing, thing])])))
        page.StructParents = 0
    elif kind == "parents":
        page.Contents = pdf.make_stream(b"/P <</MCID 0>> BDC EMC")
        root.StructTreeRoot = Dictionary(ParentTree=thing)
        thing.Kids, page.StructParents = Array([thing]), 0
    return saved(pdf)


def many(count, what):
    pdf = blank()
    if what == "pages":
        page = pdf.pages[0].obj
        pdf.Root.Pages.Kids = Array([page] * count)
        pdf.Root.Pages.Count = count
    elif what == "notes":
        note = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Square, Rect=Array([0, 0, 99, 99])))
        pdf.pages[0].obj.Annots = Array([note] * count)
    elif what == "tags":
        element = pdf.make_indirect(Dictionary(S=Name.P, K=Array(list(range(100)))))
        shared = pdf.make_indirect(Array([element] * 1000))
        for _ in range(count - 1):
            add_page(pdf)
        for at, page in enumerate(pdf.pages):
            page.obj.StructParents = at
        numbers = [entry for at in range(count) for entry in (at, shared)]
        pdf.Root.StructTreeRoot = Dictionary(ParentTree=Dictionary(Nums=Array(numbers)))
    elif what == "streams":
        part = pdf.make_stream(b"q Q ")
        pdf.pages[0].obj.Contents = Array([part] * count)
    elif what == "resources":
        pdf.pages[0].obj.Resources.Font = Dictionary({f"/F{at}": font() for at in range(count)})
    return saved(pdf)


def tall_tree(levels=1_000):
    pdf = blank()
    node = pdf.Root.Pages
    for _ in range(levels):
        inner = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=node.Kids, Count=1, Parent=node))
        node.Kids = Array([inner])
        node = inner
    return saved(pdf)


def edited(old, new):
    body = saved(blank(), object_stream_mode=pikepdf.ObjectStreamMode.disable)
    assert old in body
    return body.replace(old, new)


def table_loop():
    body = saved(blank())
    at = body.rindex(b"startxref")
    start = int(body[at:].split()[1])
    return body.replace(b"trailer <<", b"trailer << /Prev %d" % start)


def with_an_archive():
    out = io.BytesIO(saved(blank()))
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("clean.txt", "CLEAN-COPY")
    return out.getvalue()


def content(data):
    return lambda: saved(blank(content=data))


def boxes(**entries):
    return lambda: saved(blank(**entries))


HURTING = {
    "content that inflates to more than is allowed": (content_bomb, {"too-large"}),
    "bombs in bombs": (nested_bomb, {"too-large"}),
    "sixteen filters": (sixteen_filters, {"marked"}),
    "a thousand filters": (a_thousand_filters, {"marked", "broken"}),
    "a picture whose size lies": (picture_bomb, {"marked"}),
    "a picture of another size than it says": (lambda: picture_bomb(600, 600), {"marked"}),
    "an attached file that is a bomb": (attachment_bomb, {"marked", "too-large"}),
    "arrays, 100,000 deep": (lambda: deep(b"[", b"]"), {"marked", "broken"}),
    "dictionaries, 100,000 deep": (lambda: deep(b"<</A ", b">>"), {"marked", "broken"}),
    "arrays in content, 1,000,000 deep": (content(b"[" * 1_000_000), {"marked"}),
    "states, 1,000,000 deep": (content(b"q " * 1_000_000), {"marked"}),
    "forms that draw themselves": (lambda: loop_of("forms"), {"marked"}),
    "names that hold themselves": (lambda: loop_of("names"), {"marked", "broken"}),
    "signed fields that hold themselves": (lambda: loop_of("fields"), {"marked", "broken"}),
    "tags that hold themselves": (lambda: loop_of("structure"), {"marked", "broken"}),
    "a tree of parents that holds itself": (lambda: loop_of("parents"), {"marked", "broken"}),
    "one page, 20,000 times": (lambda: many(20_000, "pages"), {"too-many-pages", "broken"}),
    "100,000 annotations": (lambda: many(100_000, "notes"), {"too-many-objects"}),
    "100,000 parts of a content": (lambda: many(100_000, "streams"), {"marked"}),
    "tags that 400 pages share": (lambda: many(400, "tags"), {"too-many-objects"}),
    "20,000 fonts": (lambda: many(20_000, "resources"), {"marked"}),
    "a tree of pages, 1,000 deep": (tall_tree, {"marked", "broken"}),
    "pages that are their own parents": (lambda: edited(b"/Type /Pages", b"/Type /Pages /Parent 2 0 R"), {"marked"}),
    "a table of objects that comes before itself": (table_loop, {"marked", "broken"}),
    "more objects than there are": (lambda: edited(b"/Size ", b"/Size 99999999"), {"marked", "broken"}),
    "a length that lies": (lambda: edited(b"/Length ", b"/Length 9999999"), {"marked", "broken"}),
    "a negative length": (lambda: edited(b"/Length ", b"/Length -"), {"marked", "broken"}),
    "a count that lies": (lambda: edited(b"/Count 1", b"/Count 99999999"), {"marked", "broken"}),
    "an archive behind the end": (with_an_archive, {"marked"}),
    "another format before the beginning": (lambda: b"<html>" + b" " * 900 + saved(blank()), {"marked", "broken"}),
    "a header too far in": (lambda: b" " * 2000 + saved(blank()), {"format"}),
    "an absurd turn": (boxes(Rotate=10**15), {"marked"}),
    "an absurd box": (boxes(MediaBox=Array([-(10**12), -(10**12), 10**12, 10**12])), {"marked"}),
    "a box that is a hair": (boxes(MediaBox=Array([0, 0, 14400, 0.01])), {"marked"}),
    "an absurd unit": (boxes(UserUnit=10**15), {"marked"}),
    "a small crop of an absurd box": (
        boxes(MediaBox=Array([0, 0, 10**6, 10**6]), CropBox=Array([0, 0, 9, 9])),
        {"marked"},
    ),
    "the end missing": (lambda: saved(blank())[:-200], {"marked", "broken"}),
    "the half missing": (lambda: (body := saved(blank()))[: len(body) // 2], {"marked", "broken", "no-pages"}),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("build", "allowed"), list(HURTING.values()), ids=list(HURTING))
async def test_a_hurting_file_is_marked_or_refused_in_time(sandbox, build, allowed):
    body = build()
    result = await outcome(sandbox, body)
    if isinstance(result, str):
        assert result in allowed & set(REASONS)
        return
    assert "marked" in allowed
    assert b"CLEAN-COPY" not in result.body
    with opened(result.body) as pdf:
        assert len(pdf.pages) == len(result.codes)


async def outcome(sandbox, body):
    """Give the marked file, or the reason why it is refused."""
    try:
        return await sandbox.run(mark, "pdf", body, PLAN)
    except Unreadable as refused:
        return str(refused)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_sandbox_still_marks_afterwards(sandbox):
    pdf = blank()
    add_page(pdf)
    assert len((await sandbox.run(mark, "pdf", saved(pdf), PLAN)).codes) == 2
