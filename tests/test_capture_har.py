"""HAR as browsers and tools write it: what is got back, what is mended, what is named as lost."""

from __future__ import annotations

import base64
import codecs
import gzip
import json
import re
import tracemalloc
import zlib
from pathlib import Path
from random import Random

import brotli
import pytest
import zstandard
from capture_kit import JSON, URL, Stream, answer, entry, har, headers, only, read, reasons
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.capture import Exchange, Unusable, open_capture
from gateway.errors import BadCapture
from gateway.flow import header

SAMPLES = Path(__file__).parent.parent.parent / "shared" / "samples"
ORDER = '{"id": 1, "name": "Jörg Müller"}'
CHINESE = '{"name": "张伟"}'
GIF = b"GIF89a\x01\x00\x01\x00\x80\xff\xfe\x00\x1a\x1b\x80\xe9"
UTF8 = ORDER.encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def deflated(data: bytes) -> bytes:
    return zlib.compress(data)


def test_what_a_browser_writes_is_an_exchange():
    asked = {
        "method": "POST",
        "url": "https://erp.example/api/orders?$filter=id%20eq%201&q=%27a%40b%27",
        "headers": headers(content_type=JSON, accept="*/*"),
        "postData": {"mimeType": JSON, "text": "{}"},
        "bodySize": 2,
    }
    found = only(har(entry(asked, answer('{"id":1}', server="x"))))
    assert found.site == "https://erp.example"
    assert (found.request.method, found.request.target) == ("POST", "/api/orders?$filter=id%20eq%201&q=%27a%40b%27")
    assert found.request.headers == (("Content-Type", JSON), ("Accept", "*/*"))
    assert (found.request.body, found.response.status, found.response.body) == (b"{}", 200, b'{"id":1}')
    assert (found.number, found.started, found.repairs, found.said) == (1, 1_793_611_800_250_000_000, (), None)


ANSWERS = [  # what the capture holds; the bytes that crossed, the coding that stays, what was mended
    ("plain text", answer('{"a":1}'), b'{"a":1}', None, ()),
    ("UTF-8", answer(ORDER), UTF8, None, ("recoded",)),
    ("a charset", answer(CHINESE, mime=JSON + "; charset=gbk"), CHINESE.encode("gbk"), None, ("recoded",)),
    ("quoted", answer(CHINESE, mime='text/x; charset="GB18030"'), CHINESE.encode("gb18030"), None, ("recoded",)),
    ("UTF-16", answer("{}", mime=JSON + ";charset=utf-16"), codecs.BOM_UTF16_LE + b"{\0}\0", None, ("recoded",)),
    ("an unknown charset", answer(ORDER, mime="text/plain; charset=x-no"), UTF8, None, ("recoded",)),
    ("a charset that is none", answer(ORDER, mime="text/plain; charset=idna"), UTF8, None, ("recoded",)),
    ("a codec, no charset", answer(ORDER, mime="text/plain; charset=hex"), None, None, "undecodable"),
    ("western", answer("€", mime="text/plain; charset=iso-8859-1"), b"\x80", None, ("recoded",)),
    ("beyond its charset", answer("张", mime="text/plain; charset=iso-8859-1"), None, None, "undecodable"),
    ("binary as Latin-1", answer(GIF.decode("latin-1"), mime="image/gif"), GIF, None, ("latin-1",)),
    ("UTF-8 as Latin-1", answer(UTF8.decode("latin-1"), mime="text/plain"), UTF8, None, ("latin-1",)),
    ("nobody knows what", answer("é\0", mime=""), b"\xe9\0", None, ("latin-1",)),
    ("binary replaced", answer("GIF\ufffd", mime="image/gif"), None, None, "undecodable"),
    ("text replaced", answer("a\ufffd", mime="text/plain"), "a\ufffd".encode(), None, ("recoded",)),
    ("bytes as surrogates", answer("a\udce9", mime="text/plain; charset=utf-8"), b"a\xe9", None, ("recoded",)),
    ("half a surrogate", answer("a\ud83d", mime="text/plain; charset=utf-8"), None, None, "undecodable"),
    ("length decides", answer("é", mime="text/plain", content_length="1"), b"\xe9", None, ("latin-1",)),
    ("characters counted", answer("é", mime="text/plain", size=1), "é".encode(), None, ("recoded",)),
    ("base64", answer(b64(GIF), mime="image/gif", encoding="base64"), GIF, None, ()),
    ("base64 unpadded", answer(b64(GIF).rstrip("="), mime="image/gif", encoding="Base64"), GIF, None, ()),
    ("base64 in lines", answer(b64(GIF)[:8] + "\r\n" + b64(GIF)[8:], encoding="base64"), GIF, None, ()),
    ("no base64", answer("§§§", encoding="base64"), None, None, "undecodable"),
    ("an unknown marking", answer("abc", encoding="uuencode"), None, None, "undecodable"),
    ("gzip that lies", answer("{}", content_encoding="gzip"), b"{}", None, ("decoded",)),
    ("gzip that lies in base64", answer(b64(b"{}"), encoding="base64", content_encoding="gzip"), b"{}", None,
     ("decoded",)),
    ("gzip that is true", answer(b64(gzip.compress(UTF8, mtime=0)), encoding="base64", content_encoding="gzip"),
     gzip.compress(UTF8, mtime=0), "gzip", ()),
    ("gzip, unmarked base64", answer(b64(gzip.compress(UTF8, mtime=0)), content_encoding="gzip"),
     gzip.compress(UTF8, mtime=0), "gzip", ("base64",)),
    ("gzip as Latin-1", answer(gzip.compress(UTF8, mtime=0).decode("latin-1"), content_encoding="gzip"),
     gzip.compress(UTF8, mtime=0), "gzip", ("latin-1",)),
    ("broken gzip", answer(b64(b"\x1f\x8bno"), encoding="base64", content_encoding="gzip"), b"\x1f\x8bno", "gzip", ()),
    ("br that lies", answer(ORDER, content_encoding="br"), UTF8, None, ("recoded", "decoded")),
    ("br that lies in base64", answer(b64(UTF8), encoding="base64", content_encoding="br"), UTF8, None, ("decoded",)),
    ("br that is true", answer(b64(brotli.compress(UTF8)), encoding="base64", content_encoding="br"),
     brotli.compress(UTF8), "br", ()),
    ("deflate that is true", answer(b64(deflated(UTF8)), encoding="base64", content_encoding="deflate"),
     deflated(UTF8), "deflate", ()),
    ("zstd that is true", answer(b64(zstandard.compress(UTF8)), encoding="base64", content_encoding="zstd"),
     zstandard.compress(UTF8), "zstd", ()),
    ("two codings", answer("{}", content_encoding="gzip, br"), b"{}", None, ("decoded",)),
    ("identity", answer("{}", content_encoding="identity"), b"{}", "identity", ()),
    ("an unknown coding of text", answer("{}", content_encoding="aws-chunked"), b"{}", None, ("decoded",)),
    ("an unknown coding", answer("e30=", encoding="base64", content_encoding="x-own"), b"{}", "x-own", ()),
    ("a length that lies", answer("{}", content_length="7"), b"{}", None, ("length",)),
    ("a negative size", answer("{}", size=-1), b"{}", None, ()),
    ("a size beyond measure", answer("{}", size=10**40), b"{}", None, ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("held", "body", "coding", "mended"), [case[1:] for case in ANSWERS], ids=[c[0] for c in ANSWERS]
)
def test_an_answers_body_is_got_back(held, body, coding, mended):
    found = read(har(entry(response=held)))
    if body is None:
        assert found == [Unusable(1, mended)]
        return
    (exchange,) = found
    assert (exchange.response.body, exchange.repairs) == (body, mended)
    assert header(exchange.response.headers, "content-encoding") == coding
    assert header(exchange.response.headers, "content-length") in {None, str(len(body))}


BODYLESS = [  # the request, the response; the status, what was mended
    ("status 0", {}, {"status": 0}, None, ("no-answer",)),
    ("no status", {}, {"status": None}, None, ("no-answer",)),
    ("a status of -1", {}, {"status": -1}, None, ("no-answer",)),
    ("a status in words", {}, {"status": "pending"}, None, ("no-answer",)),
    ("an endless status", {}, {"status": float("inf")}, None, ("no-answer",)),
    ("a status as text", {}, {"status": "204"}, 204, ()),
    ("a status with a point", {}, {"status": 204.0}, 204, ()),
    ("204", {}, {"status": 204, "content": {}}, 204, ()),
    ("an empty answer", {}, {}, 200, ()),
    ("an empty text", {}, answer(""), 200, ()),
    ("a stream that no recorder keeps", {}, answer("", content_type="text/event-stream"), None, ("no-answer-body",)),
    ("an empty gzip", {}, answer("", content_encoding="gzip", content_length="20"), 200, ("decoded",)),
    ("a redirection", {}, {"status": 302, "content": {}, "headers": headers(location="/x")}, 302, ()),
    ("HEAD", {"method": "HEAD"}, {"content": {"size": 0}, "headers": headers(content_length="512")}, 200, ()),
    ("304", {}, {"status": 304, "content": {"size": 0}, "headers": headers(etag="x")}, 304, ()),
    ("no text", {}, {"content": {"size": 512, "mimeType": "image/png"}, "bodySize": -1}, None, ("no-answer-body",)),
    ("no text and no size", {}, {"content": {}, "bodySize": -1}, None, ("no-answer-body",)),
    ("no content", {}, {"content": None, "bodySize": 9}, None, ("no-answer-body",)),
    ("only a length", {}, answer("", size=0, content_length="9"), None, ("no-answer-body",)),
]


@pytest.mark.parametrize(("asked", "held", "status", "mended"), [c[1:] for c in BODYLESS], ids=[c[0] for c in BODYLESS])
def test_an_answer_without_a_body(asked, held, status, mended):
    found = only(har(entry(asked, held)))
    assert found.repairs == mended
    assert (found.response and (found.response.status, found.response.body)) == (status and (status, b""))


def test_a_browsers_own_copy_stands_for_a_304():
    held = answer("<p>", mime="text/html") | {"status": 304, "headers": headers(etag="x")}
    found = only(har(entry(response=held)))
    assert (found.response.status, found.response.body) == (200, b"<p>")
    assert header(found.response.headers, "content-type") == "text/html"
    assert found.repairs == ("not-modified", "content-type")


@pytest.mark.parametrize(
    ("entry_member", "response_member"),
    [({"_fromCache": "disk"}, {}), ({"_wasFulfilled": True}, {}), ({}, {"_fetchedViaServiceWorker": True})],
)
def test_an_answer_that_no_system_gave_is_told(entry_member, response_member):
    assert only(har(entry(None, answer("{}") | response_member, **entry_member))).repairs == ("from-cache",)


FORM = "application/x-www-form-urlencoded"


def posted(text: str | None = None, mime: str = JSON, params: object = None, **more: object) -> dict:
    post = {
        "mimeType": mime,
        **({} if text is None else {"text": text}),
        **({} if params is None else {"params": params}),
    }
    return {"method": "POST", "headers": headers(content_type=mime), "postData": post, "bodySize": -1, **more}


def fields(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


REQUESTS = [
    ("JSON", posted('{"a":1}'), b'{"a":1}', ()),
    ("UTF-8", posted(ORDER), UTF8, ("recoded",)),
    ("none", {"method": "POST", "bodySize": 0}, b"", ()),
    ("null", {"method": "POST", "postData": None}, b"", ()),
    ("none, size unknown", {"method": "DELETE", "bodySize": -1}, b"", ()),
    ("form fields", posted(mime=FORM, params=fields(a="1 2", b="ü&")), b"a=1+2&b=%C3%BC%26", ("form",)),
    ("form fields, written already", posted(mime=FORM, params=fields(a="1%202", b="x+y")), b"a=1%202&b=x+y", ("form",)),
    ("form text and fields", posted("a=1", FORM, fields(a="2")), b"a=1", ()),
    ("multipart text", posted("--x\r\n\xe9\0", "multipart/form-data; boundary=x"), b"--x\r\n\xe9\0", ("latin-1",)),
    ("base64", posted(b64(GIF), "image/gif") | {}, b64(GIF).encode(), ()),
    ("multipart fields", posted(mime="multipart/form-data; boundary=x", params=fields(a="1")), "no-request-body", ()),
    ("fields of no form", posted(mime=JSON, params=fields(a="1")), "no-request-body", ()),
    ("no text", posted(bodySize=5), "no-request-body", ()),
    ("a length alone", {"method": "POST", "headers": headers(content_length="5")}, "no-request-body", ()),
    ("binary replaced", posted("\ufffd\ufffd", "image/png"), "undecodable", ()),
    ("a length that lies", posted("{}", headers=headers(content_type=JSON, content_length="9")), b"{}", ("length",)),
    ("gzip that lies", posted("{}", headers=headers(content_encoding="gzip")), b"{}", ("content-type", "decoded")),
]


@pytest.mark.parametrize(("asked", "body", "mended"), [case[1:] for case in REQUESTS], ids=[c[0] for c in REQUESTS])
def test_a_requests_body_is_got_back(asked, body, mended):
    found = read(har(entry(asked)))
    if isinstance(body, str):
        assert found == [Unusable(1, body)]
    else:
        assert (found[0].request.body, found[0].repairs) == (body, mended)


def test_a_body_marked_as_base64_in_a_request_is_decoded():
    asked = posted(b64(GIF), "image/gif")
    asked["postData"]["encoding"] = "base64"
    assert only(har(entry(asked))).request.body == GIF


URLS = [
    ("https://erp.example/a", "https://erp.example", "/a"),
    ("HTTPS://ERP.Example:443/A?B=c", "https://erp.example", "/A?B=c"),
    ("http://erp.example:80", "http://erp.example", "/"),
    ("http://erp.example:8080?q=1", "http://erp.example:8080", "/?q=1"),
    ("http://erp.example:/a", "http://erp.example", "/a"),
    ("https://ann:secret@erp.example/a", "https://erp.example", "/a"),
    ("https://erp.example/a#part?x", "https://erp.example", "/a"),
    ("https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443", "/a"),
    ("https://Müller.example/a", "https://xn--mller-kva.example", "/a"),
    ("https://straße.example/", "https://xn--strae-oqa.example", "/"),
    ("https://例え。テスト/", "https://xn--r8jz45g.xn--zckzah", "/"),
    ("https://erp.example/%7Ea/%2F/'(x)|{y}\\", "https://erp.example", "/%7Ea/%2F/'(x)|{y}\\"),
    ("https://erp.example/ü b?q=张\t", "https://erp.example", "/%C3%BC%20b?q=%E5%BC%A0"),
    ("https://erp.example//a/../b", "https://erp.example", "//a/../b"),
    ("data:text/plain,hi", None, "not-http"),
    ("blob:https://erp.example/1-2", None, "not-http"),
    ("wss://erp.example/socket", None, "not-http"),
    ("chrome-extension://abc/x.js", None, "not-http"),
    ("about:blank", None, "not-http"),
    ("https://", None, "no-url"),
    ("https:///path", None, "no-url"),
    ("https:erp.example/a", None, "no-url"),
    ("https://erp.example:port/", None, "no-url"),
    ("https://erp.example:70000/", None, "no-url"),
    ("https://erp.example:0/", None, "no-url"),
    ("https://e rp.example/", None, "no-url"),
    ("/api/orders", None, "no-url"),
    ("", None, "no-url"),
    ("https://erp.example/\ud83d", None, "no-url"),
]


@pytest.mark.parametrize(("url", "site", "target"), URLS)
def test_a_url_is_taken_apart_and_not_respelled(url, site, target):
    (found,) = read(har(entry({"url": url})))
    if site is None:
        assert found == Unusable(1, target)
    else:
        assert (found.site, found.request.target) == (site, target)


def test_the_query_list_is_no_authority():
    asked = {"url": URL + "?a=1", "queryString": [{"name": "a", "value": "2"}]}
    assert only(har(entry(asked))).request.target == "/api/orders/1?a=1"


UNUSABLE = [
    ("a method missing", entry({"method": None}), "no-method"),
    ("a method that is none", entry({"method": "GET /"}), "no-method"),
    ("a tunnel", entry({"method": "CONNECT"}), "not-http"),
    ("a switch of protocols", entry(response={"status": 101}), "not-http"),
    ("frames", entry(_webSocketMessages=[{"type": "send", "data": "x"}]), "not-http"),
    ("a socket", entry(_resourceType="websocket"), "not-http"),
    ("no URL", entry({"url": None}), "no-url"),
    ("a URL that is a number", entry({"url": 5}), "no-url"),
    ("no request", {"response": {}}, "no-method"),
    ("a request that is a list", {"request": []}, "malformed"),
    ("a response that is text", {"request": {"method": "GET", "url": URL}, "response": "x"}, "malformed"),
    ("headers that are none", entry({"headers": {"a": "b"}}), "malformed"),
    ("a number", 5, "malformed"),
    ("null", None, "malformed"),
    ("a text", "x", "malformed"),
]


@pytest.mark.parametrize(("made", "reason"), [case[1:] for case in UNUSABLE], ids=[case[0] for case in UNUSABLE])
def test_what_cant_be_used_is_named_and_the_next_goes_on(made, reason):
    found = read(har(made, entry()))
    assert reasons(found) == [reason, ""]
    assert [item.number for item in found] == [1, 2]


def test_headers_are_as_they_stood_on_the_wire():
    held = [
        {"name": ":status", "value": "200"},
        {"name": "transfer-encoding", "value": "chunked"},
        {"name": "Trailer", "value": "X-Sum"},
        {"name": "set-cookie", "value": "a=1\nb=2"},
        {"name": "X-Title", "value": " 张\t"},
        {"name": "X-Number", "value": 5},
        {"name": "X-None", "value": None},
        {"name": "", "value": "x"},
        {"name": "no token", "value": "x"},
        {"value": "x"},
    ]
    found = only(har(entry(response={"headers": held}))).response.headers
    title = "张".encode().decode("latin-1")
    assert found == (
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("X-Title", title),
        ("X-Number", "5"),
        ("X-None", ""),
    )


TIMES = [
    ("2026-11-02T09:30:00.250Z", 1_793_611_800_250_000_000, ()),
    ("2026-11-02T17:30:00.25+08:00", 1_793_611_800_250_000_000, ()),
    ("2026-11-02T04:30:00-0500", 1_793_611_800_000_000_000, ()),
    ("2026-11-02T09:30:00.123456789012Z", 1_793_611_800_123_456_789, ()),
    ("2026-11-02 09:30:00", 1_793_611_800_000_000_000, ("time-zone",)),
    ("2026-11-02T09:30:00,5", 1_793_611_800_500_000_000, ("time-zone",)),
    ("1969-12-31T23:59:59.5Z", -500_000_000, ()),
    ("2016-12-31T23:59:60Z", 1_483_228_799_000_000_000, ()),
    ("2026-02-30T00:00:00Z", None, ()),
    ("yesterday", None, ()),
    ("٢٠٢٦-11-02T09:30:00Z", None, ()),
    (1_793_611_800, None, ()),
    (None, None, ()),
]


@pytest.mark.parametrize(("written", "started", "mended"), TIMES)
def test_times_with_and_without_a_zone(written, started, mended):
    found = only(har(entry(startedDateTime=written)))
    assert (found.started, found.repairs) == (started, mended)


def test_entries_keep_the_files_order():
    late, early = entry({"url": URL + "a"}), entry({"url": URL + "b"}, startedDateTime="2020-01-01T00:00:00Z")
    assert [found.request.target[-1] for found in read(har(late, early))] == ["a", "b"]


ONE = json.dumps(entry(response=answer(ORDER)))
FILES = [
    ("entries first", f'{{"log": {{"entries": [{ONE}], "version": "1.2", "pages": [[{{}}]]}}}}', [""]),
    ("log last", f'{{"x": {{"entries": [{ONE}]}}, "y": [1, {{"a": "]}}"}}], "log": {{"entries": [{ONE}]}}}}', [""]),
    ("log twice", f'{{"log": {{"entries": [{ONE}]}}, "log": {{"entries": [{ONE}]}}}}', ["", ""]),
    ("entries twice", f'{{"log": {{"entries": [{ONE}], "entries": [{ONE}, {ONE}]}}}}', ["", "", ""]),
    ("entries that are none first", f'{{"log": {{"entries": null, "entries": [{ONE}]}}}}', [""]),
    ("a comma too many", f'{{"log": {{"entries": [{ONE},], }}}}', [""]),
    ("a comma missing", f'{{"log": {{"entries": [{ONE} {ONE}]}}}}', ["", ""]),
    ("no entries", '{"log": {"entries": []}}', []),
    ("something after it", f'{{"log": {{"entries": [{ONE}]}}}} {{}}', ["", "trailing"]),
    ("white space after it", f'\n {{"log": {{"entries": [{ONE}]}}}}\r\n\t ', [""]),
    ("cut in an entry", f'{{"log": {{"entries": [{ONE}, {ONE[:99]}', ["", "truncated"]),
    ("cut between entries", f'{{"log": {{"entries": [{ONE}, ', ["", "truncated"]),
    ("cut in a string", f'{{"log": {{"entries": [{ONE}, {{"request": "\\', ["", "truncated"]),
    ("cut after the entries", f'{{"log": {{"entries": [{ONE}]', ["", "truncated"]),
    ("nonsense between entries", f'{{"log": {{"entries": [{ONE}, }}, {ONE}]}}}}', ["", "truncated"]),
    ("an entry that is no JSON", f'{{"log": {{"entries": [{{"request": tru}}, {ONE}]}}}}', ["malformed", ""]),
    ("deep nesting", f'{{"log": {{"entries": [{"[" * 9000}{"]" * 9000}, {ONE}]}}}}', ["malformed", ""]),
    ("a deep member", '{"log": {"entries": [{"_x": ' + "[" * 9000 + "]" * 9000 + f"}}, {ONE}]}}}}", ["malformed", ""]),
    ("NaN", f'{{"log": {{"entries": [{ONE.replace("12.5", "NaN")}, {ONE.replace("12.5", "-Infinity")}]}}}}', ["", ""]),
    ("huge numbers", f'{{"log": {{"entries": [{ONE.replace("12.5", "9" * 9999)}, {ONE.replace("12.5", "1e9999")}]}}}}',
     ["", ""]),
    ("NaN in a text stays", f'{{"log": {{"entries": [{ONE.replace("12.5", "NaN").replace("g", "NaN")}]}}}}', [""]),
    ("bare control characters", f'{{"log": {{"entries": [{ONE.replace("OK", chr(10) + chr(9))}]}}}}', [""]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "utf-32"])
def test_files_as_they_are_found(text, expected, encoding):
    plain = read(text.encode())
    assert reasons(plain) == expected
    found = read(text.encode(encoding))
    told = {"utf-8": None, "utf-8-sig": "byte-order-mark"}.get(encoding, "utf-16")
    if told and "" in expected:
        first = next(item for item in found if isinstance(item, Exchange))
        assert first.repairs[-1] == told
    assert reasons(found) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_pieces_of_any_size_are_one_file(size):
    data = har(entry(response=answer('\\"{[é' * 9)), entry())
    split = Stream(data[start : start + size] for start in range(0, len(data), size))
    assert list(open_capture(split, "x")) == read(data)


def test_invalid_utf_8_spoils_the_entry_that_holds_it_and_no_other():
    spoilt = har(entry(response=answer("€")), entry()).replace(b"\\u20ac", b"\xff\xfe")
    assert reasons(read(spoilt)) == ["undecodable", ""]


NONE = [
    (b"", "empty"),
    (b" \n\0", "empty"),
    (b"{}", "no list log.entries"),
    (b'{"log": {"version": "1.2"}}', "no list log.entries"),
    (b'{"log": {"entries": {}}}', "no list log.entries"),
    (b'{"log": []}', "no list log.entries"),
    (b'{"openapi": "3.1.0", "paths": {"entries": [1]}}', "no list log.entries"),
    (b"{nonsense", "no list log.entries"),
    (b'{"log": {"version": "1.', "no list log.entries"),
    (b"[]", "none of ours"),
    (b"GET / HTTP/1.1\r\n", "none of ours"),
    (b"PK\x03\x04....", "unpack it"),
    (b"\xd4\xc3\xb2\xa1....", "packets"),
    (b"\x1f\x8b....", "damaged"),
    (gzip.compress(b"PK\x03\x04"), "once unpacked, a zip"),
    (gzip.compress(b""), "empty"),
]


@pytest.mark.parametrize(("data", "told"), NONE)
def test_what_is_no_capture_is_refused_by_its_name(data, told):
    with pytest.raises(BadCapture, match=re.escape(told)) as error:
        read(data, name="last-week.har")
    assert str(error.value).startswith("last-week.har: ")


def packed_in_frames(data: bytes) -> bytes:
    return zstandard.compress(data[:100]) + zstandard.compress(data[100:])


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        zstandard.compress,
        packed_in_frames,
        lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),
    ],
)
def test_packed_files_are_unpacked_on_the_way(pack):
    data = har(*[entry(response=answer(Random(number).randbytes(9000).hex())) for number in range(30)])
    assert read(pack(data)) == read(data)
    cut = read(pack(data)[:-9])
    assert reasons(cut)[-1] == "truncated"
    assert cut[:-1] == read(data)[: len(cut) - 1]


def test_zeros_after_a_gzip_file_are_padding():
    assert reasons(read(gzip.compress(har(entry())) + b"\0" * 512)) == [""]


def test_a_bomb_is_refused_once_it_expands_beyond_measure():
    def spaces():
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        yield packer.compress(b'{"log":{"entries":[')
        for _ in range(100):
            yield packer.compress(b" " * 1024 * 1024)
        yield packer.flush()

    with pytest.raises(BadCapture, match="expands more than"):
        list(open_capture(Stream(spaces()), "bomb"))


def test_an_entry_over_the_limit_is_passed_over_and_never_held():
    def one():
        yield b'{"log": {"entries": [{"response": {"content": {"text": "'
        for _ in range(60):
            yield b"x" * 1024 * 1024
        yield b'"}}}, ' + ONE.encode() + b"]}}"

    tracemalloc.start()
    try:
        found = list(open_capture(Stream(one()), "big", (), 1024 * 1024))
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert reasons(found) == ["too-large", ""]


def test_an_entry_of_countless_parts_is_too_large_whatever_its_bytes():
    parts = json.dumps(entry({"headers": [{}] * 300_000}))
    assert reasons(read(f'{{"log": {{"entries": [{parts}, {ONE}]}}}}'.encode())) == ["too-large", ""]


def test_a_file_of_200_mb_is_read_in_a_few():
    piece = (json.dumps(entry(response=answer("x" * 1_000_000))) + ",").encode()

    def big():
        yield b'{"log": {"entries": ['
        for _ in range(200):
            yield piece
        yield b"]}}"

    tracemalloc.start()
    try:
        count = sum(isinstance(found, Exchange) for found in open_capture(Stream(big()), "big"))
        assert tracemalloc.get_traced_memory()[1] < 10 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert count == 200


SOUND = har(
    entry(posted(ORDER), answer(ORDER)),
    entry(
        posted(mime=FORM, params=fields(a="1")),
        answer(b64(gzip.compress(UTF8)), encoding="base64", content_encoding="gzip"),
    ),
    entry({"url": "wss://erp.example"}, {"status": 0}, _webSocketMessages=[1]),
)
TOKENS = [b'"', b"{", b"]", b"\\", b"null", b"NaN", b"-1", b"[[[", b"\xff", b"\\ud800", b'"",', b":"]
SPLICES = st.tuples(st.integers(0, len(SOUND)), st.integers(0, 40), st.binary(max_size=8) | st.sampled_from(TOKENS))


@settings(max_examples=400, deadline=None)
@given(st.lists(SPLICES, min_size=1, max_size=6))
@example([(0, 3, b"\xff\xfe")])
@example([(0, 0, b"\xff\xfe\0\0")])
def test_no_file_however_spoilt_breaks_the_reader(splices):
    data = SOUND
    for at, length, put in splices:
        data = data[:at] + put + data[at + length :]
    try:
        found = read(data)
    except BadCapture:
        return
    assert [item.number for item in found] == list(range(1, len(found) + 1))


ODD = st.sampled_from([None, True, -1, 0, 1e308, float("nan"), "", "x", "200", "\ud800", [], [[]], {}, {"name": {}}])
ASKED = st.sampled_from(["method", "url", "headers", "postData", "bodySize"])
ANSWERED = st.sampled_from(["status", "headers", "content", "bodySize", "_fetchedViaServiceWorker"])
INNER = st.dictionaries(st.sampled_from(["mimeType", "text", "encoding", "params", "size", "name", "value"]), ODD)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(ASKED, ODD | INNER), st.dictionaries(ANSWERED, ODD | INNER), ODD)
def test_no_entry_however_shaped_breaks_the_reader(asked, answered, odd):
    shaped = [entry(asked, answered), {"request": asked, "response": answered}, entry(startedDateTime=odd), odd]
    assert len(read(har(*shaped))) == len(shaped)


COUNTS = {
    "mitm_chrome.har": 3,
    "mitm_corrupted_gzip_body.har": 1,
    "mitm_event_stream.har": 2,
    "mitm_firefox.har": 14,
    "mitm_incomplete_log.har": 4,
    "mitm_with-bom.har": 1,
}


@pytest.mark.parametrize("name", COUNTS)
def test_files_that_others_wrote_are_usable_whole(name):
    if not SAMPLES.exists():
        pytest.skip("the samples of others are not here")
    found = read((SAMPLES / name).read_bytes())
    assert [type(item) for item in found] == [Exchange] * COUNTS[name]
    assert all(item.started for item in found)
