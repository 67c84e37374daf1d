"""The program that tries marks on many files notices whatever is wrong: marking is broken here on purpose."""

import sys
from pathlib import Path

import pytest
from pdf_kit import TEXT, add_page, blank, marked, opened, saved

sys.path.append(str(Path(__file__).parents[1] / "bench"))
import marks_look


def two_pages():
    pdf = blank()
    add_page(pdf, TEXT.replace(b"4711", b"4712"))
    return saved(pdf)


def stamp_of_page_two_emptied(pdf):
    pdf.pages[1].obj.Resources.XObject.SvMark.write(b"")


def page_lost(pdf):
    del pdf.pages[1]


def byte_of_the_content_touched(pdf):
    form = pdf.pages[1].obj.Resources.XObject.SvPage
    form.write(form.read_bytes().replace(b"4712", b"4713"))


def content_left_out(pdf):
    page = pdf.pages[0].obj
    page.Contents = pdf.make_stream(b"/SvMark Do")


def codes_swapped(pdf):
    one, other = (page.obj for page in pdf.pages)
    one.SOVG_Mark, other.SOVG_Mark = other.SOVG_Mark, one.SOVG_Mark


def box_changed(pdf):
    pdf.pages[0].obj.MediaBox = [0, 0, 595, 800]


def content_above_the_mark(pdf):
    page = pdf.pages[1].obj
    page.Contents = pdf.make_stream(page.Contents.read_bytes() + b" 1 g 0 0 595 842 re f")


def test_what_is_marked_well_has_no_fault():
    body = two_pages()
    result = marked(body)
    assert marks_look.faults(body, result.body, list(result.codes), 12) == []


@pytest.mark.parametrize(
    "spoil",
    [
        stamp_of_page_two_emptied,
        page_lost,
        byte_of_the_content_touched,
        content_left_out,
        codes_swapped,
        box_changed,
        content_above_the_mark,
    ],
)
def test_marking_that_is_broken_on_purpose_is_noticed(spoil):
    body = two_pages()
    result = marked(body)
    with opened(result.body) as pdf:
        spoil(pdf)
        assert marks_look.faults(body, saved(pdf), list(result.codes), 12) != []
