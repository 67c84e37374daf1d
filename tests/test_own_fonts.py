"""Fonts of one's own: read before a worker shuts itself in, asked first, and refused at start where they are no use."""

import io

import pytest
from font_kit import font
from pdf_kit import blank, opened, saved, texts
from pikepdf import Dictionary
from PIL import Image

from gateway.config import load
from gateway.errors import FaultyFiles, Unreadable
from gateway.sandbox import Sandbox
from gateway.watermark.document import mark
from gateway.watermark.plan import Plan, Visible
from gateway.watermark.text import face

CHEROKEE, HAN = "Ꮳ", "骨"
ADD = "gateway.watermark.text.face:add"
CONFIG = """
version: 1
policies: policies
state: state
systems:
  erp: {at: /erp, upstream: "http://127.0.0.1:9000"}
identity:
  development: {system: crm}
marks: {fonts: [%s]}
"""


def plan(text: str) -> Plan:
    return Plan((Visible(f"{text} / {{mark}}", "footer"),), frozenset(), bytes(32))


def named(characters: str) -> list[str]:
    numbers = map(face.number_of, characters)
    return ["" if number is None else face.face(number).name for number in numbers]


async def asked(function, *args, fonts=()):
    box = Sandbox(workers=1, preload=(), files=[(ADD, path) for path in fonts])
    await box.start()
    try:
        return await box.run(function, *args)
    finally:
        await box.close()


def told(tmp_path, written="own.ttf"):
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG % written)
    with pytest.raises(FaultyFiles) as caught:
        load(path, {})
    (problem,) = caught.value.problems
    assert problem.code == "SG530"
    return problem.message.removeprefix("this font can't be used: ")


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "My [Own] Font.ttf"
    path.write_bytes(font(CHEROKEE, HAN, "A"))
    return path


async def test_a_page_shows_what_only_that_font_has(own):
    page = saved(blank())
    with_it = await asked(mark, "pdf", page, plan(f"{CHEROKEE} A"), fonts=[own])
    without = await asked(mark, "pdf", page, plan(f"{CHEROKEE} A"))
    assert f"{CHEROKEE} A / {with_it.codes[0]}" in texts(with_it.body)[0]
    assert f"[U+13E3] A / {without.codes[0]}" in texts(without.body)[0]
    with opened(with_it.body) as pdf:
        names = {str(one.get("/FontName", "")) for one in pdf.objects if isinstance(one, Dictionary)}
    assert "MyOwnFont" in {name.partition("+")[2] for name in names}


async def test_a_picture_shows_it_as_well(own):
    out = io.BytesIO()
    Image.new("L", (900, 300), 255).save(out, "PNG")
    one = await asked(mark, "png", out.getvalue(), plan(CHEROKEE * 3), fonts=[own])
    other = await asked(mark, "png", out.getvalue(), plan(CHEROKEE * 3))
    assert _width(one.body) < _width(other.body)  # three squares, and not three times [U+13E3


def _width(body):
    with Image.open(io.BytesIO(body)) as image:
        left, _, right, _ = image.convert("L").point(lambda level: 255 * (level < 220)).getbbox()
    return right - left


async def test_it_is_asked_first_but_never_for_what_codes_stand_in(own):
    expected = ["MyOwnFont", "MyOwnFont", "NotoSans", "NotoSansSC", ""]
    assert await asked(named, f"{HAN}{CHEROKEE}A北\U00013000", fonts=[own]) == expected


async def test_the_first_of_several_that_has_a_character_shows_it(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.ttf").write_bytes(font(HAN))
    assert await asked(named, HAN, fonts=[tmp_path / "two.ttf", tmp_path / "one.ttf"]) == ["two"]


async def test_a_font_that_went_missing_since_the_start_marks_nothing(tmp_path):
    with pytest.raises(Unreadable) as caught:
        await asked(named, HAN, fonts=[tmp_path / "gone.ttf"])
    assert (caught.value.refusal, str(caught.value)) == ("body-unmarkable", "crash")


def test_the_configuration_names_fonts_relative_to_itself(tmp_path):
    (tmp_path / "own.ttf").write_bytes(font(HAN))
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG % "own.ttf")
    assert load(path, {}).marks.fonts == (tmp_path / "own.ttf",)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is no TrueType font, or it isn't whole"),
        (b"\0\1\0\0" + bytes(3), "it is no TrueType font, or it isn't whole"),
        (b"version: 1\n" * 99, "it is no TrueType font, or it isn't whole"),
        (font(HAN)[:-80], "it is no TrueType font, or it isn't whole"),
        (font(HAN)[:90], "it is no TrueType font, or it isn't whole"),
        (font(HAN, made_as=b"ttcf"), "it holds several fonts: name a file that holds one"),
        (
            font(HAN, made_as=b"OTTO"),
            "its letters are PostScript outlines (CFF), and only TrueType outlines are set here",
        ),
        (font(HAN, made_as=b"wOF2"), "it is compressed for the web: name the .ttf that it was made from"),
        (font(HAN, without="glyf"), "it lacks a part that TrueType fonts have"),
        (font(HAN, fstype=2), "its maker doesn't allow that a part of it goes into documents"),
        (font(HAN, fstype=0x100), "its maker doesn't allow that a part of it goes into documents"),
        (font("A", "é"), "it has no character that isn't Latin, Greek, Cyrillic or a sign, and is asked for no other"),
    ],
)
def test_a_font_that_is_no_use_is_a_fault_of_the_configuration(tmp_path, data, why):
    (tmp_path / "own.ttf").write_bytes(data)
    assert told(tmp_path) == why


def test_a_font_that_is_not_there_is_a_fault_too(tmp_path):
    assert told(tmp_path) == "the file can't be read: No such file or directory"
    assert told(tmp_path, ".") == "the file can't be read: Is a directory"


def test_a_font_of_any_size_is_not_read(tmp_path):
    with (tmp_path / "own.ttf").open("wb") as file:
        file.truncate(65 << 20)
    assert told(tmp_path) == "it is larger than 64 MiB"


@pytest.mark.parametrize("fstype", [0, 4, 8])
def test_fonts_that_may_be_embedded_are_taken(fstype):
    assert face.complaint(font(HAN, fstype=fstype)) == ""
