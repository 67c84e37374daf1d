"""Multipart bodies: each part a place of its own, and nothing between the parts that a reader could see otherwise."""

from __future__ import annotations

import asyncio
import email
from base64 import b64decode, b64encode
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import HTTP

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multipart_kit import LIMITS, body, edits, field, part, read, starred

from gateway.errors import Unreadable
from gateway.formats import multipart_transfer
from gateway.formats.document import Signal
from gateway.formats.format import SelectsSeveral, Shape
from gateway.formats.media import parse
from gateway.formats.multipart import Multipart
from gateway.formats.parts import Part

PDF = b"%PDF-1.7 \xff\x00 binary"
UPLOAD = body(
    field("email", "ann@example.com"),
    part(PDF, 'Content-Disposition: form-data; name="scan"; filename="Ann Smith.pdf"', "Content-Type: application/pdf"),
    field("lines[0]", "one"),
    field("lines[1]", "two"),
)


def after(data, fields, treatments, unlisted=None, **options):
    """Give a body after its treatment, and the pointers of what was touched or refused."""
    result = read(data, *fields, **options).write([edits(treatments, unlisted)], edits([]))
    return result.body, [touch.pointer for touch in result.touches], [one.pointer for one in result.refused]


# -- what is selected, and what is written


@pytest.mark.parametrize(
    ("selector", "before", "then", "pointer"),
    [
        ("email", b"ann@example.com", b"***************", "/email"),
        ("name:email", b"ann@example.com", b"***************", "/name:email"),
        ("#1", b"ann@example.com", b"***************", "/#1"),
        ("lines[1]", b"two", b"***", "/lines/1"),
        ("scan;filename", b'filename="Ann Smith.pdf"', b'filename="*************"', "/scan;filename"),
        ("*;FileName", b'filename="Ann Smith.pdf"', b'filename="*************"', "/*;FileName"),
        ("application/pdf", PDF, b"*" * len(b64encode(PDF)), "/application/pdf"),
        ("application/*", PDF, b"*" * len(b64encode(PDF)), "/application/*"),
    ],
)
def test_a_selector_finds_its_place_and_nothing_else_changes(selector, before, then, pointer):
    new, touched, refused = after(UPLOAD, [selector], [starred])
    assert new == UPLOAD.replace(before, then)
    assert (touched, refused) == ([pointer], [])


def test_a_star_finds_all_of_a_list():
    new, touched, _ = after(UPLOAD, ["lines[*]"], [starred])
    assert new == UPLOAD.replace(b"one", b"***").replace(b"two", b"***")
    assert touched == ["/lines/*"]


def test_parts_are_found_by_content_id():
    data = body(part("<a/>", "Content-ID: <root@x>"), part("img", "Content-ID: <1@x>", "Content-Type: image/png"))
    media = 'multipart/related; boundary=b1; start="<root@x>"'
    assert after(data, ["cid:1@x"], [starred], media=media)[0] == data.replace(b"img", b"***")
    assert after(data, ["cid:*"], [starred], media=media)[0] == data.replace(b"img", b"***").replace(b"<a/>", b"****")


def test_what_no_edit_changes_is_the_very_same_object():
    document = read(UPLOAD, "email")
    assert document.write([edits([lambda value, _: value], lambda value, _: value)], edits([])).body is UPLOAD
    assert document.write([edits([None])], edits([])).body is UPLOAD


def test_unlisted_are_parts_names_of_files_and_headers_that_say_nothing_of_what_a_part_is():
    data = body(
        part("x", 'Content-Disposition: form-data; name="a"; filename="f.txt"', "Content-Description: Ann", "X-Y:  z")
    )
    new, touched, _ = after(data, [], [], starred)
    lines = ('Content-Disposition: form-data; name="a"; filename="*****"', "Content-Description: ***", "X-Y: *")
    assert new == body(part("*", *lines))
    assert sorted(touched) == ["/?", "/?/?", "/?/filename"]
    assert after(data, ["a;x-y"], [starred])[0] == data.replace(b"X-Y:  z", b"X-Y: *")


def test_a_field_goes_whose_name_could_be_a_value_and_nobody_labelled():
    names = ("a_1", "lines[0][sku]", "ann@example.com", "Ann Lee", "0228 5551234", "Order No")
    data = body(*(field(name, "x") for name in names))
    new, touched, _ = after(data, ["Order No"], [starred], starred)
    assert new == body(field("a_1", "*"), field("lines[0][sku]", "*"), field("Order No", "*"))
    assert sorted(touched) == ["/?", "/Order No"]
    assert after(data, [], [], lambda value, _customer: value)[0] == data
    empty = body(field("ann@example.com", ""))
    assert b"ann" not in after(empty, [], [], lambda _value, _customer: "[redacted]")[0]


def test_parts_and_headers_can_be_removed_but_not_the_name_of_a_file_in_a_form():
    def gone(_value, _customer):
        return Signal.REMOVE

    new, touched, refused = after(UPLOAD, ["email"], [gone])
    assert new == UPLOAD.replace(b"--b1\r\n" + field("email", "ann@example.com") + b"\r\n", b"")
    assert (touched, refused) == (["/email"], [])
    assert after(UPLOAD, ["scan;filename"], [gone])[2] == ["/scan;filename"]
    mixed = body(part("x", 'Content-Disposition: attachment; filename="Ann.pdf"', "X-Y: z"))
    media = "multipart/mixed; boundary=b1"
    assert after(mixed, ["*/*;filename"], [gone], media=media)[0] == mixed.replace(b'; filename="Ann.pdf"', b"")
    assert after(mixed, ["*/*;x-y"], [gone], media=media)[0] == mixed.replace(b"X-Y: z\r\n", b"")


def test_a_place_in_numbered_parts_is_not_dropped():
    mixed = body(part("one"), part("two"))
    media = "multipart/mixed; boundary=b1"
    assert after(mixed, ["#1"], [lambda _v, _c: Signal.DROP], media=media)[2] == ["/#1"]
    assert after(UPLOAD, ["email"], [lambda _v, _c: Signal.DROP])[2] == []
    assert after(UPLOAD, ["email"], [lambda _v, _c: Signal.REFUSE])[2] == ["/email"]


def test_every_form_of_a_file_name_is_treated():
    data = body(
        part(
            "x",
            "Content-Disposition: form-data; name=a; filename=\"Zo%C3%AB\"; filename*=UTF-8''Zo%c3%ab",
            'Content-Type: text/plain; name="Zoë"',
        )
    )
    new, _, _ = after(data, ["a;filename"], [lambda _v, _c: 'q"\r\nX: 1\\'])
    quoted = '"q%22%0D%0AX: 1%5C"'
    assert new == body(
        part(
            "x",
            f"Content-Disposition: form-data; name=a; filename={quoted}; filename*=utf-8''q%22%0D%0AX%3A%201%5C",
            f"Content-Type: text/plain; name={quoted}",
        )
    )


def test_a_semicolon_may_end_a_disposition():
    """As in the examples of Salesforce's documentation."""
    data = body(part("ann@example.com", 'Content-Disposition: form-data; name="email";'))
    new, touched, _ = after(data, ["email"], [starred])
    assert new == data.replace(b"ann@example.com", b"*" * 15)
    assert touched == ["/email"]


def test_a_file_name_in_an_encoded_word_is_treated_with_the_extended_one():
    """As .NET writes names beyond ASCII."""
    both = "filename=\"=?utf-8?B?TcO8bGxlci5wZGY=?=\"; filename*=utf-8''M%C3%BCller.pdf"
    data = body(part(PDF, f"Content-Disposition: form-data; name=scan; {both}", "Content-Type: application/pdf"))
    assert after(data, ["scan"], [None])[0] is data
    new, touched, _ = after(data, ["scan;filename"], [starred])
    assert new == data.replace(
        both.encode(), b"filename=\"**********\"; filename*=utf-8''%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A"
    )
    assert touched == ["/scan;filename"]


def test_a_treated_header_can_not_break_out_of_its_line():
    data = body(field("a", "x", "X-Y: z"))
    new, _, refused = after(data, ["a;x-y"], [lambda _v, _c: "z\r\nX-Z: 1"])
    assert refused == ["/a;x-y"]
    assert b"X-Z" not in new


def test_a_treated_part_can_not_hold_the_boundary():
    with pytest.raises(Unreadable) as error:
        after(UPLOAD, ["email"], [lambda _v, _c: "x\r\n--b1--"])
    assert error.value.refusal == "body-ambiguous"


def test_lengths_are_counted_anew_and_digests_left_out_where_a_part_changes():
    data = body(field("a", "secret", "Content-Length: 6", "Content-MD5: x"), field("b", "1", "Content-Length: 1"))
    new, _, _ = after(data, ["a"], [lambda _v, _c: "no"])
    assert new == body(field("a", "no", "Content-Length: 2"), field("b", "1", "Content-Length: 1"))


def test_the_customer_is_the_text_of_one_part():
    data = body(field("customer", "c-1"), field("x", "1"))
    assert read(data, customer="customer").customers == ["c-1"]
    assert read(data, customer="#1").customers == ["c-1"]
    assert read(data, customer="other").customers == [None]
    assert read(data).lookup("customer") == "c-1"
    assert read(body(field("c", "1"), field("c", "1")), customer="c").customers == ["1"]
    with pytest.raises(Unreadable):
        _ = read(body(field("c", "1"), field("c", "2")), customer="c").customers


@pytest.mark.parametrize(
    "selector", ["", "$.a", "#0", "#x", "cid:", "a;", "a;content-type", "a;b c", "//a", "a\nb", "cid:<a>", "#1#"]
)
def test_bad_selectors_are_told(selector):
    with pytest.raises(ValueError, match=r"."):
        Multipart().check(selector)


@pytest.mark.parametrize("selector", ["lines[*]", "image/*", "application/pdf", "cid:*"])
def test_a_customer_is_not_selected_by_what_finds_several(selector):
    assert Multipart().check(selector)
    with pytest.raises(SelectsSeveral):
        Multipart().check(selector, singular=True)


# -- transfer encodings and charsets


ENCODED = {
    "7bit": b"ann@example.com",
    "binary": b"ann@example.com",
    "8bit": b"ann@example.com",
    "base64": b64encode(b"ann@example.com"),
    "Base64": b64encode(b"ann@example.com") + b"\r\n",
    "quoted-printable": b"ann=40exam=\r\nple.com",
    "QUOTED-PRINTABLE": b"=61=6E=6e=40example.com",
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_a_value_is_found_in_every_transfer_encoding_and_goes_back_in_it(encoding):
    lines = (f"Content-Transfer-Encoding: {encoding}", "Content-Type: text/plain")
    data = body(part(ENCODED[encoding], *lines), part("kept", *lines[1:]))
    seen = []

    def mask(value, _customer):
        seen.append(value)
        return "*** é"

    if encoding == "7bit":
        with pytest.raises(Unreadable):
            after(data, ["#1"], [mask], media="multipart/mixed; boundary=b1")
        return
    new, _, _ = after(data, ["#1"], [mask], media="multipart/mixed; boundary=b1")
    assert seen == ["ann@example.com"]
    message = email.message_from_bytes(b"Content-Type: multipart/mixed; boundary=b1\r\n\r\n" + new, policy=HTTP)
    assert message.get_payload(0).get_payload(decode=True).decode() == "*** é"
    assert message.get_payload(0)["Content-Transfer-Encoding"] == encoding
    assert new.endswith(body(part("kept", *lines[1:])))


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("base64", b"YW55"[:3]),
        ("base64", b"YW5-"),
        ("base64", b"YW 55"),
        ("base64", b"YW55\nYW55"),
        ("base64", b"YW55="),
        ("base64", b"YR=="),
        ("base64", b"YQ==YQ=="),
        ("base64", b"YW55YW55\r\nYW55\r\nYW55"),
        ("quoted-printable", b"=4"),
        ("quoted-printable", b"=GG"),
        ("quoted-printable", b"a \r\nb"),
        ("quoted-printable", b"a\nb"),
        ("quoted-printable", b"\xff"),
        ("quoted-printable", b"a= \r\nb"),
        ("7bit", b"\xe9"),
        ("x-gzip", b"a"),
        ("x-uuencode", b"a"),
        ("base64, base64", b"YW55"),
    ],
)
def test_encodings_that_are_unknown_or_not_clear_are_refused(encoding, content):
    data = body(part(content, f"Content-Transfer-Encoding: {encoding}"))
    with pytest.raises(Unreadable) as error:
        read(data, media="multipart/mixed; boundary=b1")
    assert error.value.refusal == "body-coding"


def test_fields_of_forms_are_decoded_only_where_the_catalogue_says_so():
    data = body(field("email", b64encode(b"ann@example.com"), "Content-Transfer-Encoding: base64"))
    with pytest.raises(Unreadable) as error:
        read(data, "email")
    assert error.value.refusal == "body-ambiguous"
    new, _, _ = after(data, ["email"], [starred], transfer_encodings="decode")
    assert b64decode(new.split(b"\r\n")[4]) == b"*" * 15


@pytest.mark.parametrize("charset", ["utf-8", "gbk", "iso-8859-1", "utf-16le"])
def test_parts_are_treated_in_their_own_charset(charset):
    codec = {"utf-16le": "utf-16-le"}.get(charset, charset)
    text = "王小明" if charset != "iso-8859-1" else "Zoë"
    lines = (f'Content-Type: text/plain; charset="{charset}"',)
    data = body(field("name", text.encode(codec), *lines))
    assert after(data, ["name"], [starred])[0] == body(field("name", "***".encode(codec), *lines))


@pytest.mark.parametrize("charset", ["utf-7", "ebcdic-cp-us", "utf-8; charset=gbk"])
def test_charsets_that_are_not_read_or_not_true_are_refused(charset):
    with pytest.raises(Unreadable):
        read(body(field("a", b"x", f"Content-Type: text/plain; charset={charset}")))
    with pytest.raises(Unreadable):
        read(body(field("a", b"\xff", "Content-Type: text/plain; charset=utf-8")))


def test_a_form_in_another_charset_is_refused():
    read(body(field("_charset_", "UTF-8"), field("a", "1")))
    with pytest.raises(Unreadable) as error:
        read(body(field("_charset_", "gbk"), field("a", "1")))
    assert error.value.refusal == "body-encoding"


@given(st.binary(max_size=400), st.sampled_from(["base64", "quoted-printable", "binary"]))
def test_what_is_encoded_is_decoded_the_same(plain, encoding):
    coded = multipart_transfer.encode(plain, encoding, b"")
    assert multipart_transfer.decode(coded, encoding) == plain
    assert all(len(line) <= 76 for line in coded.split(b"\r\n")) or encoding != "quoted-printable"


# -- what is refused


D = 'Content-Disposition: form-data; name="a"'
BAD = {
    "nothing": b"",
    "no boundary": b"hello",
    "only the last boundary": b"--b1--\r\n",
    "another boundary": body(field("a", "1"), boundary="b2"),
    "preamble": body(field("a", "1"), before=b"This is MIME\r\n"),
    "two blank lines before": body(field("a", "1"), before=b"\r\n\r\n"),
    "epilogue": body(field("a", "1"), after=b"\r\nmore"),
    "second body": body(field("a", "1")) + body(field("a", "2")),
    "no last boundary": body(field("a", "1")).replace(b"--b1--\r\n", b""),
    "LF only": body(field("a", "1")).replace(b"\r\n", b"\n"),
    "CR only": body(field("a", "1")).replace(b"\r\n", b"\r"),
    "LF before a boundary": body(field("a", "1"), field("b", "2")).replace(b"1\r\n--b1", b"1\n--b1"),
    "LF after a boundary": body(field("a", "1"), field("b", "2")).replace(b"1\r\n--b1\r\n", b"1\r\n--b1\n"),
    "LF in the header": body(part("1", D + "\nContent-Type: text/plain")),
    "CR in the header": body(part("1", D + "\rContent-Type: text/plain")),
    "LF at the end of the header": body(D.encode() + b"\r\n\n1"),
    "blank after a boundary": body(field("a", "1")).replace(b"--b1\r\n", b"--b1 \r\n"),
    "boundary as the start of a longer one": body(field("a", "x\r\n--b1x\r\ny")),
    "boundary in the middle of a line": body(field("a", "x --b1 y")),
    "boundary in a header": body(part("1", D, "X-Y: --b1")),
    "no end of the header": body(D.encode() + b"\r\n"),
    "no part": b"--b1\r\n--b1--\r\n",
    "folded line": body(part("1", 'Content-Disposition: form-data;\r\n name="a"')),
    "folded by a tab": body(part("1", 'Content-Disposition: form-data;\r\n\tname="a"')),
    "blank before the colon": body(part("1", 'Content-Disposition : form-data; name="a"')),
    "line without a colon": body(part("1", D, "nonsense")),
    "NUL in a header": body(part("1", D.replace("a", "a\x00"))),
    "control in a header": body(part("1", 'Content-Disposition: form-data; name="a\x85b"')),
    "header in Latin-1": body(D.encode().replace(b'"a"', b'"\xe9"') + b"\r\n\r\n1"),
    "disposition twice": body(part("1", D, D)),
    "content type twice": body(part("1", D, "Content-Type: text/plain", "content-type: text/plain")),
    "encoding twice": body(part("1", D, "Content-Transfer-Encoding: 7bit", "Content-Transfer-Encoding: base64")),
    "content coding": body(part("1", D, "Content-Encoding: gzip")),
    "name twice": body(part("1", 'Content-Disposition: form-data; name="a"; name="b"')),
    "name twice, the same": body(part("1", 'Content-Disposition: form-data; name="a"; NAME="a"')),
    "file name twice": body(part("1", D + '; filename="a"; filename="b"')),
    "file names that disagree": body(part("1", D + "; filename=\"a.txt\"; filename*=utf-8''b.txt")),
    "file names that disagree in the type": body(part("1", D + '; filename="a"', "Content-Type: text/plain; name=b")),
    "file name in Latin-1": body(part("1", D + "; filename*=iso-8859-1''%e9")),
    "file name in broken UTF-8": body(part("1", D + "; filename*=utf-8''%ff")),
    "extended name": body(part("1", "Content-Disposition: form-data; name*=utf-8''a")),
    "continued name": body(part("1", "Content-Disposition: form-data; name*0=a; name*1=b")),
    "continued file name": body(part("1", D + "; filename*0=a; filename*1=b")),
    "encoded word as a name": body(part("1", 'Content-Disposition: form-data; name="=?utf-8?B?YQ==?="')),
    "escaped quote": body(part("1", 'Content-Disposition: form-data; name="a\\"; name=\\"b"')),
    "name within a name": body(part("1", 'Content-Disposition: form-data; name="a; name=b"')),
    "name in single quotes": body(part("1", "Content-Disposition: form-data; name='a'")),
    "unclosed quote": body(part("1", 'Content-Disposition: form-data; name="a')),
    "blank around =": body(part("1", 'Content-Disposition: form-data; name ="a"')),
    "comma": body(part("1", 'Content-Disposition: form-data, name="a"')),
    "two semicolons at the end": body(part("1", D + ";;")),
    "an encoded word that is not the extended name": body(
        part("1", D + "; filename=\"=?utf-8?B?TcO8bGxlcg==?=\"; filename*=utf-8''Muller")
    ),
    "an encoded word alone": body(part("1", D + '; filename="=?utf-8?B?TcO8bGxlcg==?="')),
    "unknown parameter": body(part("1", D + "; creation-date=secret")),
    "part that is no field": body(part("1", 'Content-Disposition: attachment; name="a"')),
    "part without a disposition": body(part("1")),
    "field without a name": body(part("1", "Content-Disposition: form-data")),
    "wrong length": body(field("a", "1", "Content-Length: 2")),
    "length that is no number": body(field("a", "1", "Content-Length: +1")),
    "unclear type": body(field("a", "1", "Content-Type: text/plain, text/html")),
    "type that is none": body(field("a", "1", "Content-Type: text")),
    "another MIME": body(field("a", "1", "MIME-Version: 2.0")),
    "Content-ID that is none": body(field("a", "1", "Content-ID: x")),
    "same Content-ID": body(field("a", "1", "Content-ID: <x>"), field("b", "1", "Content-ID: <x>")),
    "inner boundary that begins like the outer": body(
        field("a", body(part("x"), boundary="b"), "Content-Type: multipart/mixed; boundary=b")
    ),
    "inner boundary that begins with the outer": body(field("a", "x", "Content-Type: multipart/mixed; boundary=b1x")),
    "inner body without a boundary": body(field("a", "x", "Content-Type: multipart/mixed")),
    "encoded inner body": body(
        field("a", "", "Content-Type: multipart/mixed; boundary=c", "Content-Transfer-Encoding: base64")
    ),
    "endless header": body(field("a", "1", "X-Y: " + "x" * 20_000)),
    "many lines": body(field("a", "1", *(f"X-{n}: 1" for n in range(40)))),
    "many parts": body(*[field("a", "1")] * 1001),
}


@pytest.mark.parametrize("case", BAD)
def test_what_can_be_read_in_two_ways_or_not_at_all_is_refused(case):
    with pytest.raises(Unreadable):
        read(BAD[case])


@pytest.mark.parametrize(
    "media",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=b2",
        "multipart/form-data; boundary=b1; boundary=b1",
        "multipart/form-data; boundary=b1; boundary=b2",
        "multipart/form-data; boundary=b1; Boundary*=utf-8''b2",
        "multipart/form-data; boundary*0=b; boundary*1=1",
        'multipart/form-data; boundary="b\\1"',
        "multipart/form-data; boundary='b1'",
        'multipart/form-data; boundary="b1 "',
        "multipart/form-data; boundary=b1, text/plain",
        "multipart/form-data; boundary=b1; charset=utf-7",
        'multipart/form-data; x="; boundary=b2"; boundary=b1',
        "multipart/mixed; boundary=b1",
        "multipart/byteranges; boundary=b1",
        "multipart/x-mixed-replace; boundary=b1",
        "multipart/signed; boundary=b1",
    ],
)
def test_a_content_type_tells_one_boundary_and_what_the_parts_are(media):
    with pytest.raises(Unreadable):
        read(UPLOAD, media=media)


@pytest.mark.parametrize(
    ("media", "fine"),
    [
        ('multipart/related; boundary=b1; start="<1>"', True),
        ("multipart/related; boundary=b1; start=1", True),
        ('multipart/related; boundary=b1; start="<2>"', False),
        ('multipart/related; boundary=b1; type="application/xop+xml"', True),
        ('multipart/related; boundary=b1; type="text/xml"', True),
        ("multipart/related; boundary=b1; type=image/png", False),
        ("multipart/form-data; boundary=b1", False),
    ],
)
def test_the_root_of_related_parts_is_the_first_and_what_is_said(media, fine):
    data = body(
        part("<a/>", "Content-ID: <1>", 'Content-Type: application/xop+xml; type="text/xml"'),
        part("x", "Content-ID: <2>"),
        before=b"\r\n",
    )
    if fine:
        assert read(data, media=media).body is data
    else:
        with pytest.raises(Unreadable):
            read(data, media=media)


@given(st.binary(max_size=60), st.integers(0, len(UPLOAD)), st.integers(0, 30))
def test_whatever_is_done_to_a_body_it_is_read_or_refused(junk, at, cut):
    data = UPLOAD[:at] + junk + UPLOAD[at + cut :]
    try:
        document = read(data, "email")
    except Unreadable:
        return
    assert document.write([edits([None])], edits([])).body is data


# -- what others write and read

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=9
)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=50)), min_size=1, max_size=5), st.data())
def test_a_form_goes_back_byte_for_byte_but_for_what_is_treated(pairs, data):
    form = body(*(field(name, content) for name, content in pairs), boundary="0123456789abcdef")
    media = "multipart/form-data; boundary=0123456789abcdef"
    try:
        document = read(form, "#1", media=media)
    except Unreadable:
        assert any("=?" in name or "name" in name.lower() for name, _ in pairs)
        return
    new = document.write([edits([lambda _v, _c: "treated"])], edits([])).body
    expected = [(pairs[0][0], Part(pairs[0][1]).filled("treated")), *pairs[1:]]
    assert new == body(*(field(name, content) for name, content in expected), boundary="0123456789abcdef")


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60), st.binary(max_size=90)
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 3),
)
def test_what_pythons_email_writes_is_read_and_reads_what_is_written(contents, chosen):
    message = MIMEMultipart("mixed", boundary="=-=-=")
    for content in contents:
        message.attach(MIMEText(content, "plain", "utf-8") if isinstance(content, str) else MIMEApplication(content))
    raw = message.as_bytes(policy=HTTP)
    head, _, data = raw.partition(b"\r\n\r\n")
    chosen %= len(contents)
    document = read(data, f"#{chosen + 1}", media='multipart/mixed; boundary="=-=-="')
    new = document.write([edits([lambda _v, _c: "treated"])], edits([])).body
    again = email.message_from_bytes(head + b"\r\n\r\n" + new, policy=HTTP)
    found = [one.get_payload(decode=True) for one in again.get_payload()]
    wanted = [one.encode() if isinstance(one, str) else one for one in contents]
    wanted[chosen] = b"treated"
    assert found == wanted


@given(st.lists(st.text("ab \"';=%*?\\é-", max_size=12), min_size=3, max_size=3))
def test_what_aiohttp_writes_is_read_as_it_was_meant_or_refused(texts):
    fields = aiohttp.FormData(quote_fields=False)
    fields.add_field("a" + texts[0], texts[1])
    fields.add_field("file", b"x", filename="f" + texts[2], content_type="text/plain")
    payload, out = fields(), _Out()
    asyncio.run(payload.write(out))
    try:
        document = read(out.data, media=payload.headers["Content-Type"])
    except Unreadable:
        assert set('"\\') & set("".join(texts)) or "=?" in "".join(texts)
        return
    one, other = document.sections.all
    assert (one.head.name, one.part.text, other.head.filename) == ("a" + texts[0], texts[1], "f" + texts[2])


class _Out:
    """What aiohttp writes to."""

    def __init__(self):
        self.data = b""

    async def write(self, data):
        self.data += bytes(data)


def test_records_are_no_part_of_multipart():
    with pytest.raises(ValueError, match="one record"):
        Multipart().layout(Shape(records="#1"))
    with pytest.raises(Unreadable):
        Multipart().agree(parse("text/plain"), UPLOAD)
    assert Multipart().cutter(None, LIMITS) is None
