"""Archives: every byte belongs to a member that all readers see alike, and members that don't change keep theirs."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO, RawIOBase
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from gate_kit import Bench, answering, written
from hypothesis import given
from hypothesis import strategies as st
from multipart_kit import LIMITS, edits, starred

from gateway.errors import Unreadable
from gateway.formats import zip_parts
from gateway.formats.document import Signal
from gateway.formats.format import SelectsSeveral, Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import parse
from gateway.formats.zip_format import Zip

JSON = b'{"email":"ann@example.com","n":1.0}'
FILES = {"orders/1.json": JSON, "orders/2.json": b"{}", "notes.txt": b"call Ann", "a/b/scan.pdf": b"%PDF-1.7"}


class Pipe(RawIOBase):
    """What can't be sought in, so that sizes follow the data."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def archive(files=FILES, method=ZIP_DEFLATED, *, piped=False):
    out = Pipe() if piped else BytesIO()
    with ZipFile(out, "w", method) as made:
        for name, content in files.items():
            made.writestr(ZipInfo(name, (2026, 1, 2, 3, 4, 6)), content, method)
    return out.data if piped else out.getvalue()


def contents(data):
    with ZipFile(BytesIO(data)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def read(data, *fields, customer=None, limits=LIMITS):
    form = Zip()
    form.agree(parse("application/zip"), data)
    return form.read(data, form.layout(Shape(fields, customer)), limits)


def after(data, fields, treatments, unlisted=None):
    result = read(data, *fields).write([edits(treatments, unlisted)], edits([]))
    return contents(result.body), [touch.pointer for touch in result.touches], [one.pointer for one in result.refused]


# -- reading and writing


@pytest.mark.parametrize("piped", [True, False])
@pytest.mark.parametrize("method", [ZIP_DEFLATED, ZIP_STORED])
def test_members_are_read_and_written_and_the_others_keep_their_bytes(method, piped):
    if piped and method == ZIP_STORED:
        return
    data = archive(method=method, piped=piped)
    found = zip_parts.read(data, LIMITS)
    assert {name: member.body for name, member in found.members.items()} == FILES
    new = zip_parts.rewritten(found, {"notes.txt": b"x" * 5000, "orders/2.json": None})
    assert contents(new) == {"orders/1.json": JSON, "notes.txt": b"x" * 5000, "a/b/scan.pdf": b"%PDF-1.7"}
    again = zip_parts.read(new, LIMITS)
    for name in ("orders/1.json", "a/b/scan.pdf"):
        one, other = found.members[name], again.members[name]
        assert data[one.start : one.end] == new[other.start : other.end]
    with ZipFile(BytesIO(new)) as changed:
        assert changed.getinfo("notes.txt").compress_type == method
        assert changed.getinfo("notes.txt").date_time == (2026, 1, 2, 3, 4, 6)


def test_nothing_changed_is_the_very_same_object():
    data = archive()
    found = zip_parts.read(data, LIMITS)
    assert zip_parts.rewritten(found, {}) is data
    assert zip_parts.rewritten(found, {"notes.txt": b"call Ann"}) is data
    assert read(data, "notes.txt").write([edits([None])], edits([])).body is data
    with pytest.raises(KeyError):
        zip_parts.rewritten(found, {"other": b""})


def test_an_archive_may_be_empty_and_become_empty():
    empty = archive({})
    assert zip_parts.read(empty, LIMITS).members == {}
    one = zip_parts.read(archive({"a": b"1"}), LIMITS)
    assert zip_parts.rewritten(one, {"a": None}) == empty


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("notes.txt", ["notes.txt"]),
        ("orders/*.json", ["orders/1.json", "orders/2.json"]),
        ("*.txt", ["notes.txt"]),
        ("*.pdf", []),
        ("**.pdf", ["a/b/scan.pdf"]),
        ("a/**", ["a/b/scan.pdf"]),
        ("a/*", []),
        ("**", list(FILES)),
    ],
)
def test_a_name_finds_its_members_and_no_others(selector, found):
    got, touched, refused = after(archive(), [selector], [lambda _v, _c: "treated"])
    assert [name for name, content in got.items() if content == b"treated"] == found
    assert {name: content for name, content in got.items() if name not in found} == {
        name: content for name, content in FILES.items() if name not in found
    }
    assert refused == []
    assert bool(touched) is bool(found)


def test_unlisted_members_that_would_change_go_with_their_names():
    got, touched, _ = after(archive(), ["orders/*.json"], [None], starred)
    assert got == {"orders/1.json": JSON, "orders/2.json": b"{}"}
    assert touched == ["/?"]
    assert after(archive(), ["orders/1.json"], [lambda _v, _c: Signal.REMOVE])[0].keys() == FILES.keys() - {
        "orders/1.json"
    }
    assert after(archive(), [], [], lambda _v, _c: Signal.REFUSE)[2] == ["/?"]


def test_a_folder_goes_where_nobody_knows_its_name():
    names = ("orders/", "Ann Lee/", "Ben/", "Ben/notes.txt", "a/", "a/b/", "a/b/scan.pdf")
    data = archive({name: b"" if name.endswith("/") else b"x" for name in names})
    got, touched, _ = after(data, ["orders/*.json", "**.pdf"], [None, None], lambda _v, _c: Signal.REMOVE)
    assert list(got) == ["orders/", "a/", "a/b/", "a/b/scan.pdf"]
    assert touched == ["/?"]
    assert read(data).write([edits([], lambda value, _c: value)], edits([])).body is data
    assert after(data, ["Ben/*"], [None], lambda _v, _c: Signal.REFUSE)[2] == ["/?"]


def test_a_member_can_name_the_customer():
    document = read(archive({"customer.txt": b"c-1", "x": b"1"}), customer="customer.txt")
    assert document.customers == ["c-1"]
    assert (document.lookup("x"), document.lookup("y")) == ("1", None)


@pytest.mark.parametrize("selector", ["", "/a", "$.a", "../a", "a/../b", "a\\b", "C:a"])
def test_bad_selectors_are_told(selector):
    with pytest.raises(ValueError, match="by its name"):
        Zip().check(selector)
    with pytest.raises(SelectsSeveral):
        Zip().check("*.json", singular=True)


@given(
    st.dictionaries(st.text("abcd/._é", min_size=1, max_size=8), st.binary(max_size=200), max_size=6),
    st.booleans(),
    st.data(),
)
def test_what_pythons_zipfile_writes_is_read_and_reads_what_is_written(files, piped, choosing):
    data = archive(files, piped=piped)
    try:
        found = zip_parts.read(data, LIMITS)
    except Unreadable:
        return
    assert {name: member.body for name, member in found.members.items()} == files
    named = st.sampled_from(sorted(files)) if files else st.nothing()
    plain = [name for name in files if not name.endswith("/")]
    changes = (
        choosing.draw(st.dictionaries(named.filter(plain.__contains__), st.none() | st.binary(max_size=90)))
        if plain
        else {}
    )
    expected = {name: changes.get(name, content) for name, content in files.items()}
    new = zip_parts.rewritten(found, changes)
    assert contents(new) == {name: content for name, content in expected.items() if content is not None}
    zip_parts.read(new, LIMITS)


# -- what is refused

LOCAL, CENTRAL, END = 0, 1, 2


def parts(files=None):
    """Give an archive of stored members in pieces: local entries, directory entries."""
    local, central, at = [], [], 0
    for name, content in (files or {"a.txt": b"hello", "b.txt": b"world"}).items():
        raw = name.encode()
        crc, size = zlib.crc32(content), len(content)
        local.append(struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, crc, size, size, len(raw), 0) + raw + content)
        entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 33, crc, size, size, len(raw), 0, 0, 0, 0, 0, at)
        central.append(entry + raw)
        at += len(local[-1])
    return local, central


def joined(local, central, count=None, *, before=b"", between=b"", after=b"", comment=b"", shift=0):
    count = len(central) if count is None else count
    inside, directory = before + b"".join(local) + between, b"".join(central)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(inside) + shift, len(comment))
    return inside + directory + end + comment + after


def bent(piece, at, form, value, *, where=LOCAL, both=False):
    """Give an archive in which one number of one header is another."""
    local, central = parts()
    places = {LOCAL: (local, at)} if where == LOCAL else {CENTRAL: (central, at)}
    if both:
        places = {LOCAL: (local, at), CENTRAL: (central, at + 2)}
    for entries, offset in places.values():
        raw = bytearray(entries[piece])
        struct.pack_into(form, raw, offset, value)
        entries[piece] = bytes(raw)
    return joined(local, central)


def named(*names):
    """Give an archive of members with these names, as raw bytes, whatever they are."""
    local, central = [], []
    for at, name in enumerate(names):
        one, entry = parts({f"{at}": b"x"})
        raw = name if isinstance(name, bytes) else name.encode()
        flags = 0 if isinstance(name, bytes) else 0x800
        start = sum(map(len, local))
        head = bytearray(one[0][:30])
        struct.pack_into("<H", head, 6, flags)
        struct.pack_into("<H", head, 26, len(raw))
        tail = bytearray(entry[0][:46])
        struct.pack_into("<H", tail, 8, flags)
        struct.pack_into("<H", tail, 28, len(raw))
        struct.pack_into("<I", tail, 42, start)
        local.append(bytes(head) + raw + b"x")
        central.append(bytes(tail) + raw)
    return joined(local, central)


def extra(kind, value, *, where):
    """Give an archive whose one member has an extra field."""
    local, central = parts({"a": b"x"})
    field = struct.pack("<2H", kind, len(value)) + value
    if where == LOCAL:
        raw = bytearray(local[0])
        struct.pack_into("<H", raw, 28, len(field))
        local[0] = bytes(raw[:31]) + field + b"x"
    else:
        raw = bytearray(central[0])
        struct.pack_into("<H", raw, 30, len(field))
        central[0] = bytes(raw) + field
    return joined(local, central)


def linked(mode, name="a"):
    info = ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    out = BytesIO()
    with ZipFile(out, "w") as made:
        made.writestr(info, b"" if name.endswith("/") else "target")
    return out.getvalue()


def deflated(packed, plain=b"hello"):
    """Give an archive of one member that is packed like this."""
    data = bytearray(archive({"a": plain}))
    good = stream(plain)
    at = data.index(good)
    data[at : at + len(good)] = packed
    central = data.index(b"PK\1\2")
    struct.pack_into("<I", data, 18, len(packed))
    struct.pack_into("<I", data, central + 20, len(packed))
    struct.pack_into("<I", data, len(data) - 6, len(data[:central]))
    return bytes(data)


def stream(plain=b"hello"):
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(plain) + coder.flush()


def ended(at, value):
    """Give an archive in whose last record one number is another."""
    data = bytearray(joined(*parts()))
    struct.pack_into("<H", data, len(data) - 22 + at, value)
    return bytes(data)


def bomb():
    """Give the overlapping kind: many entries of the directory for one member."""
    local, central = parts({"a.txt": b"0" * 1000})
    entries = [central[0][:46] + name for name in (b"a.txt", b"b.txt")]
    return joined(local, entries)


TWO = parts()
BAD = {
    "nothing": b"",
    "no archive": b"hello, world, this is no archive at all",
    "cut short": archive()[:-1],
    "only an end": joined([], [], 1),
    "trailing data": joined(*TWO, after=b"x"),
    "trailing archive": archive() + archive(),
    "comment": joined(*TWO, comment=b"call Ann"),
    "prepended data": joined(*TWO, before=b"#!/bin/sh\n"),
    "prepended data, shifted": joined(*TWO, before=b"x", shift=-1),
    "data before the directory": joined(*TWO, between=b"hidden"),
    "a member that the directory hides": joined(TWO[0], TWO[1][:1]),
    "a member that the directory hides at the start": joined(TWO[0], TWO[1][1:]),
    "an entry too many": joined(TWO[0], [*TWO[1], TWO[1][0]]),
    "fewer entries than there are": joined(*TWO, count=1),
    "more entries than there are": joined(*TWO, count=3),
    "overlapping members": bomb(),
    "the same name twice": named("a", "a"),
    "names that fold to one": named("A.txt", "a.TXT"),
    "names that are one when composed": named("e\u0301", "\u00e9"),
    "names that are one without the dot": named("a", "a."),
    "a file and a folder": named("a", "a/b"),
    "a folder that holds something": named("a/"),
    "up": named("../a"),
    "up in the middle": named("a/../../b"),
    "absolute": named("/etc/passwd"),
    "drive": named("C:a"),
    "backslash": named("a\\b"),
    "dot": named("./a"),
    "empty step": named("a//b"),
    "no name": named(""),
    "NUL": named("a\x00.txt"),
    "line end": named("a\nb"),
    "name in a code page": named(b"\x81\x82.txt"),
    "name in broken UTF-8": bent(0, 6, "<H", 0x800, both=True).replace(b"a.txt", b"\xff.txt"),
    "encrypted": bent(0, 6, "<H", 1, both=True),
    "strongly encrypted": bent(0, 6, "<H", 0x41, both=True),
    "masked headers": bent(0, 6, "<H", 0x2000, both=True),
    "patch": bent(0, 6, "<H", 0x20, both=True),
    "encrypted by its own header alone": bent(0, 6, "<H", 1),
    "method that is not read": archive(method=ZIP_BZIP2),
    "another method in its own header": bent(0, 8, "<H", 8),
    "another name in its own header": joined([TWO[0][0].replace(b"a.txt", b"c.txt"), TWO[0][1]], TWO[1]),
    "another checksum in its own header": bent(0, 14, "<I", 1),
    "another size in its own header": bent(0, 22, "<I", 4),
    "a checksum that is wrong": bent(0, 14, "<I", 1, both=True),
    "a size that is wrong": bent(0, 22, "<I", 4, both=True),
    "a packed size beyond the archive": bent(0, 18, "<I", 4_000_000, both=True),
    "sizes of ZIP64": bent(0, 22, "<I", 0xFFFFFFFF, both=True),
    "stored, and the size later": bent(0, 6, "<H", 8, both=True),
    "a member elsewhere": bent(0, 42, "<I", 1, where=CENTRAL),
    "a member beyond the archive": bent(0, 42, "<I", 0xFFFFFFF0, where=CENTRAL),
    "another disk": bent(0, 34, "<H", 1, where=CENTRAL),
    "a comment of a member": bent(0, 32, "<H", 1, where=CENTRAL),
    "extra: ZIP64": extra(1, b"\0" * 16, where=LOCAL),
    "extra: another name": extra(0x7075, b"\1\0\0\0\0evil", where=CENTRAL),
    "extra: AES": extra(0x9901, b"\2\0AE\3\10\0", where=LOCAL),
    "extra: text in what should be padding": extra(0xA220, b"\x28\xa0\x10\0call Ann", where=LOCAL),
    "extra: anything": extra(0x1234, b"call Ann", where=LOCAL),
    "extra: too long": extra(0x5455, b"call Ann " * 9, where=CENTRAL),
    "extra: text for times": extra(0x5455, b"call Ann ", where=LOCAL),
    "extra: text for times of Windows": extra(0x000A, b"call Ann on 0228 555 1234 today!", where=CENTRAL),
    "extra: text for owners": extra(0x7875, b"\1\10call Ann\0", where=LOCAL),
    "extra: owners cut short": extra(0x7875, b"\1\4\0\0", where=LOCAL),
    "extra: broken": extra(0x5455, b"", where=LOCAL).replace(b"UT\0\0", b"UT\7\0"),
    "something behind the packed stream": deflated(stream() + b"call Ann"),
    "a packed stream cut short": deflated(stream()[:-1]),
    "a packed stream that is none": deflated(b"\xff" * 9),
    "several disks": ended(4, 1),
    "a directory on another disk": ended(6, 1),
    "members on another disk": ended(8, 1),
    "link": linked(0o120777),
    "device": linked(0o020666),
}


@pytest.mark.parametrize("case", BAD)
def test_what_readers_see_in_different_ways_or_not_at_all_is_refused(case):
    with pytest.raises(Unreadable):
        zip_parts.read(BAD[case], LIMITS)


def test_the_kit_itself_makes_good_archives():
    assert zip_parts.read(joined(*TWO), LIMITS).members["b.txt"].body == b"world"
    assert deflated(stream()) == archive({"a": b"hello"})
    assert list(zip_parts.read(named("a", "b/c", "é"), LIMITS).members) == ["a", "b/c", "é"]
    assert contents(named("a", "b/c", "é"))
    for where in (LOCAL, CENTRAL):
        assert zip_parts.read(extra(0x5455, b"\1\0\0\0\0", where=where), LIMITS).members
        assert zip_parts.read(extra(0x7875, b"\1\4\0\0\0\0\4\0\0\0\0", where=where), LIMITS).members
        times = b"\0\0\0\0\1\0\x18\0" + struct.pack("<Q", 0x01DC_5C5C_5C5C_5C5C) * 3
        assert zip_parts.read(extra(0x000A, times, where=where), LIMITS).members
        assert zip_parts.read(extra(0xA220, b"\x28\xa0\x10\0" + b"\0" * 99, where=where), LIMITS).members
    assert zip_parts.read(linked(0o100644), LIMITS).members
    assert zip_parts.read(linked(0o040755, "a/"), LIMITS).members["a/"].is_folder


def test_what_follows_a_member_says_what_the_directory_says():
    good = archive({"a": b"hello" * 9}, piped=True)
    at = good.index(b"PK\7\x08")
    assert zip_parts.read(good, LIMITS)
    for bad in (good[:at] + b"PK\7\x09" + good[at + 4 :], good[: at + 4] + b"\0\0\0\0" + good[at + 8 :]):
        with pytest.raises(Unreadable):
            zip_parts.read(bad, LIMITS)


@pytest.mark.parametrize(
    ("files", "limits", "refusal"),
    [
        ({"a": b"0" * 2_000_000}, BodyLimits(ratio=2), "body-expands-too-much"),
        ({"a": b"0" * 3000}, BodyLimits(size=2000), "body-expands-too-much"),
        ({f"{n}": b"0" * 300 for n in range(10)}, BodyLimits(size=2000), "body-expands-too-much"),
    ],
)
def test_members_expand_within_limits(files, limits, refusal):
    with pytest.raises(Unreadable) as error:
        zip_parts.read(archive(files), limits)
    assert error.value.refusal == refusal


def test_a_member_that_says_less_than_it_holds_makes_no_more_than_it_says():
    plain = b"0" * 1_000_000
    data = archive({"a": plain}).replace(struct.pack("<I", len(plain)), struct.pack("<I", 10))
    with pytest.raises(Unreadable) as error:
        zip_parts.read(data, LIMITS)
    assert error.value.refusal == "body-ambiguous"


@given(st.integers(0, 500), st.binary(min_size=1, max_size=6))
def test_whatever_is_done_to_an_archive_it_is_read_or_refused(at, junk):
    data = archive()
    at %= len(data)
    bad = data[:at] + junk + data[at + len(junk) :]
    try:
        found = zip_parts.read(bad, LIMITS)
    except Unreadable:
        return
    assert {name: member.body for name, member in found.members.items()} == contents(bad)


# -- through the gate

CATALOGUE = """
version: 1
catalog: erp
title: Archives
region: eu-central
operations:
  fetch: {request: GET /fetch, response: orders}
  send: {request: POST /send, body: orders}
messages:
  orders:
    format: zip
    fields: {"orders/*.json": {contains: order}, inner.zip: {contains: inner}, "**.pdf": {contains: scan}}
  inner: {format: zip, fields: {"*.json": {contains: order}}}
  order: {format: json, unlisted: keep, fields: {$.email: user.contact.email}}
  scan: {format: pdf, class: business.drawing}
"""
POLICY = """
version: 1
policy: p
title: P
scope: {to: erp, operations: [fetch, send]}
allow: true
protect:
  - {classes: [user.contact], treatment: mask, keep_last: 4}
"""
ZIP = (("Content-Type", "application/zip"),)


def bench(answer=None):
    return Bench(written(catalog_erp=CATALOGUE, p=POLICY), answer=answer or answering(b"", 204))


async def test_members_are_treated_each_by_itself_however_deep():
    inner = archive({"1.json": JSON})
    gate = bench(answering(archive({**FILES, "inner.zip": inner}), headers=ZIP))
    answer = await gate.ask("GET", "/fetch")
    got = contents(answer.body)
    masked = JSON.replace(b"ann@example.com", b"***********.com")
    assert got.keys() == FILES.keys() - {"notes.txt"} | {"inner.zip"}
    assert (got["orders/1.json"], contents(got["inner.zip"])) == (masked, {"1.json": masked})


@pytest.mark.parametrize(
    ("files", "refusal"),
    [
        (FILES, "unlisted-field"),
        ({"orders/1.json": b"{"}, "body-not-json"),
        ({"orders/1.json": b'{"email":"****.com"}'}, "masked-write-back"),
        ({"x.pdf": b"<html>"}, "body-wrong-type"),
        ({"inner.zip": b"PK\3\4"}, "body-malformed"),
        ({"orders/1.json": JSON, "x.pdf": b"%PDF-1.7"}, None),
    ],
)
async def test_members_that_are_not_what_the_catalogue_says_are_refused(files, refusal):
    gate = bench()
    answer = await gate.ask("POST", "/send", archive(files), ZIP)
    if refusal is None:
        assert contents(gate.asked[0].body) == {
            **files,
            "orders/1.json": JSON.replace(b"ann@example.com", b"***********.com"),
        }
        return
    assert f"urn:sovgate:refusal:{refusal}".encode() in answer.body
    assert not gate.asked
