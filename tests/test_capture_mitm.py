"""mitmproxy's flow files, of several of its versions, read without it."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from capture_kit import netstring, read, reasons
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.capture import Exchange, Unusable
from gateway.errors import BadCapture
from gateway.flow import Request, Response

PACKED = gzip.compress(b'{"id":1}', mtime=0)


def asked(**more: Any) -> dict[str, Any]:
    return {
        "http_version": b"HTTP/1.1", "headers": [[b"Content-Type", b"application/json"]], "content": b"{}",
        "trailers": None, "timestamp_start": 1793611800.25, "timestamp_end": 1793611800.5, "host": "erp.example",
        "port": 443, "method": b"POST", "scheme": b"https", "authority": b"", "path": b"/api/orders?q=%27a%40b%27",
        **more,
    }  # fmt: skip


def answered(**more: Any) -> dict[str, Any]:
    return {
        "http_version": b"HTTP/1.1", "status_code": 200, "reason": b"OK", "content": PACKED, "trailers": None,
        "headers": [[b"Content-Encoding", b"gzip"], [b"Content-Length", str(len(PACKED)).encode()]],
        "timestamp_start": 1.5, "timestamp_end": 1.75, **more,
    }  # fmt: skip


def flow(request: Any = None, response: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "version": 21, "type": "http", "id": "1", "error": None, "client_conn": {"peername": ["10.0.0.1", 5]},
        "server_conn": {}, "intercepted": False, "is_replay": None, "marked": "", "metadata": {}, "comment": "",
        "request": asked() if request is None else request, "response": answered() if response is None else response,
        "websocket": None, "backup": None, "timestamp_created": 1.0, **more,
    }  # fmt: skip


EXPECTED = Exchange(
    1,
    "https://erp.example",
    Request("POST", "/api/orders?q=%27a%40b%27", (("Content-Type", "application/json"),), b"{}"),
    Response(200, (("Content-Encoding", "gzip"), ("Content-Length", str(len(PACKED)))), PACKED),
    1_793_611_800_250_000_000,
)


def test_a_flow_is_an_exchange_byte_for_byte():
    assert read(netstring(flow())) == [EXPECTED]


def python_2(version: list[int]) -> bytes:
    """Write a flow as mitmproxy did under Python 2: keys and words are bytes."""
    found = flow(version=version, type=b"http")
    if version < [0, 14]:
        found["response"]["code"] = found["response"].pop("status_code")
    if version == [0, 14]:
        found["response"]["body"] = found["response"].pop("content")
        found["request"]["body"] = found["request"].pop("content")
    del found["websocket"], found["comment"], found["request"]["authority"]
    return netstring(found, keys=bytes)


@pytest.mark.parametrize("version", [[0, 11], [0, 13], [0, 14], [0, 15], [0, 18]])
def test_files_of_early_versions_say_the_same(version):
    assert read(python_2(version)) == [EXPECTED]


@pytest.mark.parametrize("version", [[1, 0, 0], [2, 0, 0], 4, 7, 11, 14, 20, 99])
def test_files_of_later_versions_say_the_same(version):
    words = {"method": "POST", "scheme": "https", "path": "/api/orders?q=%27a%40b%27", "host": b"erp.example"}
    assert read(netstring(flow(version=version))) == [EXPECTED]
    assert read(netstring(flow(asked(**words), version=version))) == [EXPECTED]


OTHERS = [
    ("tcp", {"type": "tcp", "messages": []}, "not-http"),
    ("udp", {"type": "udp"}, "not-http"),
    ("dns", {"type": "dns", "request": {"questions": []}}, "not-http"),
    ("a WebSocket", flow(websocket={"messages": []}), "not-http"),
    ("an early WebSocket", {"type": "websocket"}, "not-http"),
    ("a switch", flow(response=answered(status_code=101)), "not-http"),
    ("a tunnel", flow(asked(method=b"CONNECT")), "not-http"),
    ("no method", flow(asked(method=b"")), "no-method"),
    ("no path", flow(asked(path=b"")), "no-url"),
    ("no host", flow(asked(host="")), "no-url"),
    ("another scheme", flow(asked(scheme=b"ftp")), "no-url"),
    ("a body not kept", flow(asked(content=None)), "no-request-body"),
    ("no request", {"type": "http", "request": None}, "malformed"),
    ("a request that is text", {"type": "http", "request": "GET"}, "malformed"),
    ("an answer that is text", flow(response="200"), "malformed"),
]


@pytest.mark.parametrize(("made", "reason"), [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS])
def test_what_is_no_exchange_is_named_and_the_next_goes_on(made, reason):
    found = read(netstring(made) + netstring(flow()))
    assert found[0] == Unusable(1, reason)
    assert reasons(found) == [reason, ""]


ANSWERS = [
    ("none", flow(response=False) | {"response": None}, None, ("no-answer",)),
    ("an error", flow(error={"msg": "gone", "timestamp": 1.0}) | {"response": None}, None, ("no-answer",)),
    ("cut off", flow(error={"msg": "gone"}), None, ("no-answer-body",)),
    ("a body not kept", flow(response=answered(content=None)), None, ("no-answer-body",)),
    ("a status that is none", flow(response=answered(status_code=0)), None, ("no-answer",)),
    ("204", flow(response=answered(status_code=204, content=b"", headers=[])), (204, b""), ()),
    ("HEAD", flow(asked(method=b"HEAD"), answered(content=b"")), (200, b""), ()),
    ("a length that lies", flow(response=answered(headers=[[b"Content-Length", b"1"]])), (200, PACKED), ("length",)),
]


@pytest.mark.parametrize(("made", "answer", "mended"), [c[1:] for c in ANSWERS], ids=[c[0] for c in ANSWERS])
def test_answers_that_are_missing_or_empty(made, answer, mended):
    (found,) = read(netstring(made))
    assert (found.response and (found.response.status, found.response.body), found.repairs) == (answer, mended)


SITES = [
    ({"host": "ERP.example", "port": 8443}, "https://erp.example:8443"),
    ({"host": "10.0.0.9", "port": 443}, "https://10.0.0.9"),
    ({"host": "10.0.0.9", "port": 8443, "authority": b"erp.example"}, "https://erp.example:8443"),
    ({"host": "10.0.0.9", "headers": [[b"Host", b"erp.example:444"]]}, "https://erp.example:444"),
    ({"host": "10.0.0.9", "headers": [[b"Host", b"10.0.0.9"]]}, "https://10.0.0.9"),
    ({"host": "::1", "port": 80, "scheme": b"http"}, "http://[::1]"),
    ({"host": "upstream.example", "headers": [[b"Host", b"other.example"]]}, "https://upstream.example"),
]


@pytest.mark.parametrize(("more", "site"), SITES)
def test_where_a_request_went(more, site):
    assert read(netstring(flow(asked(**more))))[0].site == site


@pytest.mark.parametrize(
    ("written", "started"),
    [
        (1793611800.123456, 1_793_611_800_123_456_000),
        (1793611800, 1_793_611_800_000_000_000),
        (None, None),
        ("soon", None),
        (float("inf"), None),
        (1e300, None),
    ],
)
def test_times_are_read_exactly(written, started):
    assert read(netstring(flow(asked(timestamp_start=written))))[0].started == started


def nested(depth: int) -> list:
    return [nested(depth - 1)] if depth else []


BROKEN = [
    (netstring(flow())[:-1], ["truncated"]),
    (netstring(flow()) + b"12", ["", "truncated"]),
    (netstring(flow()) + b"99:", ["", "truncated"]),
    (netstring(flow()) + b"nonsense", ["", "truncated"]),
    (netstring(flow()) + b"9999999999999:", ["", "truncated"]),
    (netstring(flow()) + b":", ["", "truncated"]),
    (netstring([1]) + netstring(flow()), ["truncated"]),
    (b"4:3:x,}" + netstring(flow()), ["malformed", ""]),
    (b"1:x}" + netstring(flow()), ["malformed", ""]),
    (netstring({"type": "http"}).replace(b"http;", b"http?") + netstring(flow()), ["malformed", ""]),
    (netstring(flow(metadata=nested(10))) + netstring(flow()), ["", ""]),
    (netstring(flow(metadata=nested(30))) + netstring(flow()), ["malformed", ""]),
    (netstring(flow(metadata=[None] * 300_000)) + netstring(flow()), ["too-large", ""]),
    (netstring({1: 2} | {"type": "http"}), ["malformed"]),
]


@pytest.mark.parametrize(("data", "expected"), BROKEN)
def test_broken_files_give_what_is_whole_in_them(data, expected):
    assert reasons(read(data)) == expected


def test_a_flow_over_the_limit_is_passed_over():
    big = netstring(flow(asked(content=b"x" * 100_000)))
    assert reasons(read(big + netstring(flow()), limit=50_000)) == ["too-large", ""]
    assert reasons(read(big[:-10], limit=50_000)) == ["truncated"]


SOUND = netstring(flow()) + netstring(flow(response=answered(status_code=204)))
SPLICES = st.tuples(st.integers(0, len(SOUND)), st.integers(0, 9), st.binary(max_size=6))


@settings(max_examples=300, deadline=None)
@given(st.lists(SPLICES, min_size=1, max_size=5))
def test_no_file_however_spoilt_breaks_the_reader(splices):
    data = SOUND
    for at, length, put in splices:
        data = data[:at] + put + data[at + length :]
    try:
        found = read(data)
    except BadCapture:
        return
    assert [item.number for item in found] == list(range(1, len(found) + 1))
