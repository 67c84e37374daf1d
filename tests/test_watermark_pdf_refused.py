"""What can't be marked safely is refused with its reason, and a damaged file is never anything else."""

import re
import zlib
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_kit import (
    PLAN,
    TEXT,
    add_page,
    blank,
    check_marked,
    marked,
    note,
    opened,
    reason,
    rendered,
    saved,
)
from pikepdf import Array, Dictionary, Name, String

from gateway.errors import Unreadable
from gateway.watermark.plan import REASONS, Limits, Plan

SAMPLES = Path(__file__).parents[2] / "shared" / "samples" / "pdf"


def outcome(body):
    """Give the marked PDF, or the reason why it is refused."""
    try:
        return marked(body)
    except Unreadable as refused:
        return str(refused)


# What is refused


def scripted(**root):
    pdf = blank()
    for key, value in root.items():
        pdf.Root["/" + key] = value
    return saved(pdf)


def signed():
    pdf = blank()
    value = Dictionary(Type=Name.Sig, ByteRange=Array([0, 1, 2, 3]), Contents=String("x"))
    field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T=String("s"), V=value, Rect=Array([0] * 4))
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(field)])
    return saved(pdf)


def in_an_annotation(**action):
    pdf = blank()
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=Dictionary(**action))
    pdf.pages[0].obj.Annots = Array([link])
    return saved(pdf)


REFUSED = {
    "another format": (lambda: b"GIF89a", "format"),
    "a password": (lambda: saved(blank(), encryption=pikepdf.Encryption(owner="o", user="u")), "encrypted"),
    "a signature": (signed, "signed"),
    "usage rights": (lambda: scripted(Perms=Dictionary(UR3=Dictionary())), "signed"),
    "an XFA form": (lambda: scripted(AcroForm=Dictionary(XFA=Array([]))), "xfa"),
    "a script at opening": (
        lambda: scripted(OpenAction=Dictionary(S=Name.JavaScript, JS=String("1"))),
        "javascript",
    ),
    "scripts of the document": (
        lambda: scripted(Names=Dictionary(JavaScript=Dictionary(Names=Array([])))),
        "javascript",
    ),
    "a script in a link": (lambda: in_an_annotation(S=Name.JavaScript, JS=String("1")), "javascript"),
    "a script after an action": (
        lambda: in_an_annotation(S=Name.GoTo, Next=Dictionary(S=Name.JavaScript)),
        "javascript",
    ),
    "a script in a rendition": (lambda: in_an_annotation(S=Name.Rendition, JS=String("1")), "javascript"),
    "a script named in escapes": (
        lambda: in_an_annotation(S=Name.JavaScript).replace(b"/JavaScript", b"/Jav#61Script"),
        "javascript",
    ),
    "a program": (lambda: in_an_annotation(S=Name.Launch), "launch"),
    "no pages": (lambda: saved(pikepdf.new()), "no-pages"),
    "a header alone": (lambda: b"%PDF-1.7\n", "broken"),
    "absurd nesting": (lambda: saved(blank(content=b"/A BMC " * 100_000)), "nested"),
}


@pytest.mark.parametrize(("build", "why"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_cannot_be_marked_safely_is_refused_with_its_reason(build, why):
    assert reason(build()) == why


@pytest.mark.parametrize(
    ("limits", "why"),
    [(Limits(pages=1), "too-many-pages"), (Limits(objects=3), "too-many-objects"), (Limits(output=999), "too-large")],
)
def test_limits_hold(limits, why):
    pdf = blank()
    add_page(pdf)
    assert reason(saved(pdf), Plan(PLAN.visible, frozenset(), PLAN.secret, limits=limits)) == why


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_marked_or_refused_and_never_anything_else(data):
    pdf = blank()
    add_page(pdf, Annots=Array([note(pdf, Name.Stamp)]), Rotate=90)
    body = bytearray(saved(pdf, compress_streams=False))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    result = outcome(bytes(body))
    if isinstance(result, str):
        assert result in REASONS
    else:
        with opened(result.body) as after:
            assert len(after.pages) == len(result.codes)


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.pdf")) or [None], ids=lambda path: path and path.name)
def test_public_samples_are_marked_or_refused(sample):
    if sample is None:
        pytest.skip("no ../shared/samples/pdf beside the repository")
    body = sample.read_bytes()
    result = outcome(body)
    if isinstance(result, str):
        assert result in {"broken", "javascript", "signed", "xfa"}
    else:
        rendered(body)  # the renderer picks other glyphs for a missing font the first time that it meets it
        check_marked(body, result)


# What only viewers manage to read


def test_a_file_without_a_root_is_marked_where_a_viewer_finds_one():
    body = re.sub(rb"/ID \[.*?\]", b"/X[", saved(blank()))
    check_marked(body, marked(body))


def test_a_file_for_certain_recipients_is_encrypted():
    body = saved(blank(), encryption=pikepdf.Encryption(owner="o", user="")).replace(b"/Standard", b"/Adobe.PS")
    assert reason(body) == "encrypted"


def test_a_broken_encrypted_file_is_not_rewritten_without_its_permissions():
    body = saved(blank(), encryption=pikepdf.Encryption(owner="o", user="")).replace(b"/Root", b"/Toor")
    assert reason(body) == "broken"


def test_a_part_of_a_page_that_is_damaged_shows_as_much_as_before():
    packed = zlib.compress(b"1 0 0 rg 300 100 200 200 re f " + bytes(range(256)) * 40)
    pdf = blank()
    parts = [pdf.make_stream(TEXT), pdf.make_stream(b"\0\0" + packed[2:], Filter=Name.FlateDecode)]
    pdf.pages[0].obj.Contents = Array(parts)
    body = saved(pdf, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    check_marked(body, marked(body))


def test_more_objects_than_allowed_are_refused_before_they_are_read():
    body = saved(blank(), object_stream_mode=pikepdf.ObjectStreamMode.generate).replace(b"/N ", b"/N 9999999")
    assert reason(body) == "too-many-objects"


def test_small_bombs_count_together():
    pdf = blank()
    part = pdf.make_stream(zlib.compress(bytes(1 << 20)), Filter=Name.FlateDecode)
    pdf.pages[0].obj.Contents = Array([part] * 600)
    assert reason(saved(pdf, stream_decode_level=pikepdf.StreamDecodeLevel.none)) == "too-large"
