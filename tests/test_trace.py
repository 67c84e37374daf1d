"""`sovgate mark` and `sovgate trace` as people use them: real files, a real log, real worker processes."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pikepdf
import pytest
from hidden_kit import page, scene
from pdf_kit import blank, saved
from PIL import Image, ImageDraw
from test_cli import sovgate, write
from test_watermark_pdf_twotone import group_4, page_of

from gateway.audit.issued import issued
from gateway.audit.show import published_size
from gateway.storage.folder import Folder
from gateway.storage.keyring import Keyring
from gateway.watermark.mark import check, code

CUSTOMER, RECIPIENT = "C-1001", "anna@crm.example"


@pytest.fixture
def house(tmp_path, monkeypatch) -> Path:
    """A house whose keys don't come by chance: on the key depends how much of a mark a damaged picture keeps."""
    monkeypatch.chdir(tmp_path)
    Keyring.open(tmp_path / "state" / "keys", random=lambda count: bytes(range(count)))
    return write(tmp_path).folder


def run(*arguments: str, to: int = 0) -> str:
    said = sovgate(*arguments)
    assert said.code == to, said
    return said.out + said.err


def mark(source: str, target: str, *more: str) -> str:
    """Mark a file and give the code of its first page."""
    told = run("mark", source, target, "--customer", CUSTOMER, "--recipient", RECIPIENT, "-o", "json", *more)
    return json.loads(told)["marks"][0]


def document(pages: int) -> bytes:
    pdf = blank()
    for _ in range(pages - 1):
        pdf.pages.append(pdf.pages[0])
    return saved(pdf)


def said_of_what_is_left(picture: Image.Image) -> str:
    """Shrink and compress a leak until its code can't be read any more, and give what is then said of it.

    Codes are new in each export, and some last longer than others.
    """
    for width in range(238, 203, -7):
        leak = bare(picture.resize((width, width * picture.height // picture.width)), "leak.jpg", quality=12)
        said = sovgate("trace", leak)
        if said.code == 1:
            return said.out
    raise AssertionError("every leak was read")


def opened(name: str) -> Image.Image:
    with Image.open(name) as image:
        return image.convert("RGB")


def bare(image: Image.Image, name: str, **options: object) -> str:
    """Save nothing but pixels."""
    image.info.clear()
    image.save(name, **options)
    return name


def test_a_cropped_and_recompressed_photo_names_its_export(house):
    scene(1000, 760).save("photo.jpg", quality=92)
    code = mark("photo.jpg", "out.jpg")
    leak = opened("out.jpg").crop((90, 60, 900, 700))
    told = json.loads(run("trace", bare(leak, "leak.jpg", quality=60), "-o", "json"))
    (export,) = told["exports"]
    assert export["pages"][0] | {"agreement": 0, "turn": 0} == {
        "mark": code, "export_page": 1, "page": 1, "by": "hidden", "agreement": 0, "turn": 0, "mirrored": False,
    }  # fmt: skip
    assert export["kind"] == "mark"
    assert len(export["customers"]) == 1
    assert CUSTOMER not in json.dumps(told)


def test_a_typed_code_names_its_export_however_it_is_typed(house):
    page().save("page.png")
    code = mark("page.png", "out.png", "--no-hidden")
    told = run("trace", code.lower().replace("-", " "))
    assert f"mark       {code}, page 1 of the export" in told


def test_a_mistyped_code_is_told_from_an_unknown_one(house):
    page().save("page.png")
    code_ = mark("page.png", "out.png", "--no-hidden")
    wrong = ("3" if code_[0] == "2" else "2") + code_[1:]
    assert "mistyped" in run("trace", wrong, to=2)
    assert "no mark of this log" in run("trace", code(bytes(32), 1), to=1)


def test_who_holds_the_key_of_the_names_is_told_the_ids(house):
    page().save("page.png")
    code = mark("page.png", "out.png", "--no-hidden")
    Path("people").write_text(f"nobody\n{RECIPIENT}\n{CUSTOMER}\n")
    told = run("trace", code, "--people", "people")
    assert f"customer   {CUSTOMER} (c_" in told
    assert f"recipient  {RECIPIENT} (o_" in told


def test_customers_with_a_passport_need_no_list(house):
    run("passport", "describe", CUSTOMER, "region=eu")
    page().save("page.png")
    code = mark("page.png", "out.png", "--no-hidden")
    assert f"customer   {CUSTOMER} (c_" in run("trace", code)


def test_a_pdf_says_in_letters_where_each_page_comes_from(house):
    Path("in.pdf").write_bytes(document(3))
    first = mark("in.pdf", "out.pdf")
    told = json.loads(run("trace", "out.pdf", "-o", "json"))
    (export,) = told["exports"]
    found = {(one["page"], one["export_page"], one["by"]) for one in export["pages"]}
    assert {(number, number, by) for number in (1, 2, 3) for by in ("metadata", "text")} <= found
    assert export["pages"][0]["mark"] == first


def test_pages_of_two_exports_in_one_file_name_both(house):
    Path("in.pdf").write_bytes(document(2))
    mark("in.pdf", "one.pdf")
    mark("in.pdf", "two.pdf")
    with pikepdf.open("one.pdf") as one, pikepdf.open("two.pdf") as two:
        one.pages.append(two.pages[1])
        one.save("spliced.pdf")
    told = json.loads(run("trace", "spliced.pdf", "-o", "json"))
    pages = [{(hit["page"], hit["export_page"]) for hit in export["pages"]} for export in told["exports"]]
    assert pages == [{(1, 1), (2, 2)}, {(3, 2)}]


def test_where_no_code_can_be_read_exports_are_ranked_and_that_is_said(house):
    scene(700, 520).save("photo.png")
    Image.new("RGB", (700, 520), "navy").save("other.png")
    code = mark("photo.png", "out.png")
    mark("other.png", "other-out.png", "--no-hidden")
    told = said_of_what_is_left(opened("out.png"))
    assert "weaker than a reading" in told
    assert "2 codes were compared" in told
    assert code in told


def test_scans_of_two_colours_are_marked_in_their_strokes_where_that_is_asked_for(house):
    Path("scan.pdf").write_bytes(page_of(group_4))
    asked = ("mark", "scan.pdf", "--customer", CUSTOMER, "--recipient", RECIPIENT, "-o", "json")
    assert json.loads(run(*asked[:2], "plain.pdf", *asked[2:]))["lost"] == ["picture-unmarked"]
    assert json.loads(run(*asked[:2], "strokes.pdf", *asked[2:], "--bilevel"))["lost"] == []


def test_what_was_never_marked_names_nobody(house):
    page().save("page.png")
    mark("page.png", "out.png", "--no-hidden")
    scene(300, 200, seed=9).save("other.png")
    told = json.loads(run("trace", "other.png", "-o", "json", "--until", "2020-01-01", to=1))
    assert (told["exports"], told["unknown"], told["likely"], told["looked_for_hidden"]) == ([], [], [], 1)


def test_a_time_window_leaves_other_exports_out(house):
    page().save("page.png")
    code = mark("page.png", "out.png", "--no-hidden")
    assert "no mark of this log" in run("trace", code, "--until", "2020-01-01", to=1)
    assert "comes from" in run("trace", code, "--since", "2020-01-01")


def test_a_mark_of_another_log_is_told_as_unknown(house):
    page().save("page.png")
    mark("page.png", "out.png", "--no-hidden")
    Path("foreign.pdf").write_bytes(document(1))
    with pikepdf.open("foreign.pdf", allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj["/SOVG_Mark"] = code(b"x" * 32, 1)
        pdf.save("foreign.pdf")
    told = run("trace", "foreign.pdf", to=1)
    assert f"page 1: {code(b'x' * 32, 1)}, in its metadata, is not in this log" in told


@pytest.mark.parametrize("body", [b"", b"hello", b"%PDF-1.7\n%nothing", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_what_is_no_picture_is_told_so(house, body):
    page().save("page.png")
    mark("page.png", "out.png", "--no-hidden")
    Path("leak").write_bytes(body)
    assert "can't be read" in run("trace", "leak", to=2)


def test_without_a_log_nothing_is_traced(house):
    assert "there is no log here" in run("trace", code(bytes(32), 1), to=2)


def test_a_file_appears_with_its_entry_or_not_at_all(house):
    page().save("page.png")
    code = mark("page.png", "out.png", "--purpose", "audit", "--forbid", "print")
    files = Folder(house / "state/audit")
    (found,) = issued(files, published_size(files), {code})
    said = found.payload
    assert said["body"]["after_size"] == Path("out.png").stat().st_size
    assert said["purpose"] == {"name": "audit", "source": "command"}
    assert CUSTOMER not in json.dumps(said)
    assert RECIPIENT not in json.dumps(said)
    Path("out.png").chmod(0o600)
    before = Path("out.png").read_bytes()
    run("mark", "page.png", "out.png", "--customer", CUSTOMER, "--recipient", RECIPIENT, to=2)
    assert Path("out.png").read_bytes() == before


def test_what_cannot_be_marked_is_refused_and_recorded(house):
    Path("in.bin").write_bytes(b"not a picture")
    told = run("mark", "in.bin", "out.png", "--customer", CUSTOMER, "--recipient", RECIPIENT, to=1)
    assert "can't be marked" in told
    assert not Path("out.png").exists()
    entry = json.loads(run("audit", "show", "--kind", "mark", "-o", "json"))
    assert (entry["verdict"], entry["refusal"], entry["why"]) == ("refuse", "body-unmarkable", "format")


def test_a_file_beyond_the_limit_is_refused_and_recorded(house, monkeypatch):
    monkeypatch.setattr("gateway.cli.mark._MOST", 1_000)
    Path("in.pdf").write_bytes(bytes(1_001))
    assert "than allowed" in run("mark", "in.pdf", "out.pdf", "--customer", CUSTOMER, "--recipient", RECIPIENT, to=1)
    entry = json.loads(run("audit", "show", "--kind", "mark", "-o", "json"))
    assert (entry["verdict"], entry["why"]) == ("refuse", "too-large")
    assert entry["body"] == {"before": hashlib.sha256(bytes(1_001)).hexdigest(), "before_size": 1_001}


def test_nothing_is_written_where_the_log_cannot_be(house):
    page().save("page.png")
    mark("page.png", "one.png", "--no-hidden")
    journal = next((house / "state/audit/journal").iterdir())
    journal.unlink()
    journal.mkdir()
    said = sovgate("mark", "page.png", "two.png", "--customer", CUSTOMER, "--recipient", RECIPIENT)
    assert said.code == 2
    assert [path.name for path in house.glob("*two.png*")] == []


def test_a_screenshot_with_the_page_in_a_window_names_its_export(house):
    page(700, 900).save("page.png")
    code = mark("page.png", "out.png")
    shot = Image.new("RGB", (1100, 980), "#d8d8d8")
    ImageDraw.Draw(shot).rectangle((0, 0, 1100, 30), fill="#223355")
    shot.paste(opened("out.png"), (180, 50))
    out = io.BytesIO()
    shot.save(out, "PNG")
    Path("shot.png").write_bytes(out.getvalue())
    assert check(code) in run("trace", "shot.png")
