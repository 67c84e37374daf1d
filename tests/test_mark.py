"""A code is what an export's secret says, can be read off a screenshot and typed, and a typo is noticed."""

import re
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.watermark.mark import ALPHABET, SHAPE, check, code
from gateway.watermark.plan import REASONS
from gateway.watermark.text.words import fill, is_winansi, spelled, wrap

secrets = st.binary(min_size=32, max_size=32)
pages = st.integers(min_value=1, max_value=1 << 32)


def test_a_code_is_the_same_for_ever():
    assert code(bytes(32), 1) == "25TQ4-T7YT8-D7AYP"  # printed on paper that outlives this version


def test_the_alphabet_has_no_look_alikes():
    assert not set(ALPHABET) & set("0O1ILUZ")
    assert len(set(ALPHABET)) == 29


@given(secrets, pages, pages)
def test_pages_and_exports_have_codes_of_their_own(secret, one, other):
    assert re.fullmatch(r"(\w{5}-){2}\w{5}", code(secret, one))
    assert len(code(secret, one)) == len(SHAPE)
    assert (code(secret, one) == code(secret, other)) == (one == other)
    assert code(secret, one) != code(bytes(31) + b"\1", one) or secret == bytes(31) + b"\1"


@given(secrets, pages)
def test_a_code_is_known_however_it_is_typed(secret, page):
    printed = code(secret, page)
    typed = (printed, printed.lower(), printed.replace("-", ""), printed.replace("-", " "), f"  {printed}\n")
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in printed)
    assert {check(text) for text in (*typed, wide, printed.replace("-", "\u2013"))} == {printed}


@given(secrets, st.integers(0, 14), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(secret, place, wrong):
    letters = code(secret, 1).replace("-", "")
    typed = letters[:place] + wrong + letters[place + 1 :]
    assert check(typed) == (code(secret, 1) if typed == letters else None)


@given(secrets, st.integers(0, 14), st.integers(0, 14))
def test_two_swapped_characters_are_noticed(secret, one, other):
    letters = list(code(secret, 1).replace("-", ""))
    letters[one], letters[other] = letters[other], letters[one]
    typed = "".join(letters)
    assert check(typed) == (code(secret, 1) if typed == code(secret, 1).replace("-", "") else None)


@given(st.text())
def test_what_is_no_code_is_none(text):
    assert check(text) is None or re.fullmatch(r"(\w{5}-){2}\w{5}", check(text))


def test_every_text_is_filled_and_the_code_is_always_there():
    assert fill(("to A / {mark}", "for B"), "X") == ("to A / X", "for B")
    assert fill(("to A", "for B"), "X") == ("to A", "for B / X")
    assert fill(("", " "), "X") == ("X",)
    assert fill(("a" * 500 + "{mark}",), "X")[0].endswith("a... X")


def test_characters_that_the_font_lacks_are_spelled_out_and_never_vanish():
    assert spelled("Müller €", is_winansi) == "Müller €"
    assert spelled("Mu\u0308ller", is_winansi) == "Müller"
    assert spelled("北京 GmbH\n", is_winansi) == "[U+5317 U+4EAC] GmbH[U+000A]"
    assert spelled("a\u202eb", is_winansi) == "a[U+202E]b"


@given(st.text(), st.integers(17, 64))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text, columns):
    lines = [line.lstrip("\u200e\u200f") for line in wrap(text, columns)]
    assert all(len(line) <= columns for line in lines if line.isascii())
    assert "".join(lines).replace(" ", "") == "".join(text.split()).replace("\u200e", "").replace("\u200f", "")


@given(secrets, st.integers(17, 64))
def test_a_code_is_never_broken_over_lines(secret, columns):
    printed = code(secret, 1)
    assert any(printed in line for line in wrap(f"Customer / {'x' * 30} {printed} y", columns))


def test_the_gateway_itself_loads_no_pdf_or_image_library():
    told = "import sys, gateway.gate, gateway.sandbox, gateway.watermark.document; "
    told += "print(sorted({'pikepdf', 'PIL', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_reason_is_explained_in_the_docs():
    docs = (Path(__file__).parents[1] / "docs" / "marks.md").read_text()
    docs = docs.split("## What can't be marked", 1)[1].split("\n## ", 1)[0]
    explained = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|$", docs, re.MULTILINE))
    assert {reason: explained.get(reason) for reason in REASONS} == REASONS
    assert set(explained) - set(REASONS) == {"timeout", "crash", "failed"}  # of the worker
