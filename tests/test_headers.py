"""Which header fields cross the gateway, and that nothing can be smuggled into one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.flow import Request, Response, header
from gateway.proxy.framing import request_head, response_head
from gateway.proxy.headers import From, accepted_codings, to_client, to_system
from gateway.proxy.names import field_name

CAME = From("192.0.2.7", "https", "gw.test:8443")
OURS = (
    ("Via", "1.1 sovgate"),
    ("X-Forwarded-For", "192.0.2.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "gw.test:8443"),
)


def forwarded(*headers, method="GET", **more):
    names = tuple(field_name(name.encode())[1] for name, _ in headers)
    return to_system(headers, names, method, CAME, strip=frozenset({"authorization"}), **{"added": (), **more})


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "HTTP2-Settings",
        "Content-Length",
        "Host",
        "Expect",
        "Range",
        "If-Range",
        "A-IM",
        "Authorization",
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Real-IP",
        "X_Forwarded_For",
        "x_real_ip",
        "AUTHORIZATION",
        "If-None-Match",
        "If-Modified-Since",
    ],
)
def test_a_field_that_ends_at_the_gateway_goes_no_further(name):
    assert forwarded((name, "1"), ("Accept", "*/*")) == (("Accept", "*/*"), *OURS)


def test_what_connection_names_goes_no_further():
    sent = forwarded(("Connection", "close, X-Foo"), ("X-Foo", "1"), ("X-Bar", "2"))
    assert sent == (("X-Bar", "2"), *OURS)


def test_order_case_and_repeated_fields_are_kept():
    headers = (("x-b", "1"), ("Cookie", "a=1"), ("X-A", "\xe9\xff"), ("Cookie", "b=2"), ("X-B", "3"))
    assert forwarded(*headers) == (*headers, *OURS)


@pytest.mark.parametrize("name", ["If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since"])
def test_a_condition_on_a_write_is_kept_because_without_it_the_write_would_be_careless(name):
    assert forwarded((name, '"1"'), method="PUT") == ((name, '"1"'), *OURS)


def test_via_grows():
    assert forwarded(("Via", "1.0 other"))[:2] == (("Via", "1.0 other"), ("Via", "1.1 sovgate"))
    assert to_client((("Via", "1.0 other"), ("X", "1"))) == (("Via", "1.0 other"), ("X", "1"), ("Via", "1.1 sovgate"))


def test_a_trace_state_goes_on_only_with_its_trace():
    assert header(forwarded(("tracestate", "a=1"), keep_trace_state=True), "tracestate") == "a=1"
    assert header(forwarded(("tracestate", "a=1")), "tracestate") is None


def test_what_the_gateway_says_of_the_trace_replaces_what_the_client_said():
    sent = forwarded(("Traceparent", "theirs"), added=(("traceparent", "ours"),))
    assert [value for name, value in sent if name.lower() == "traceparent"] == ["ours"]


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"a\xe9", b"a\r", b"\0"])
def test_a_name_that_is_no_token_is_none(name):
    with pytest.raises(ValueError, match="no token"):
        field_name(name)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("gzip, deflate, br, zstd", "gzip, deflate, br, zstd"),
        ("gzip;q=0.5, compress, dcb, *;q=0.1", "gzip;q=0.5"),
        ("aws-chunked", "identity"),
        ("", "identity"),
        ("*", "identity"),
        ("GZIP ;q=1", "GZIP ;q=1"),
    ],
)
def test_only_codings_that_can_be_read_are_asked_for(asked, sent):
    assert accepted_codings(asked) == sent


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "Transfer-Encoding",
        "Trailer",
        "Upgrade",
        "Content-Length",
        "Content-Range",
        "Server",
        "Accept-Ranges",
        "Alt-Svc",
        "Proxy-Authenticate",
    ],
)
def test_a_field_of_an_answer_that_ends_at_the_gateway_is_not_released(name):
    assert to_client(((name, "1"), ("Date", "d"))) == (("Date", "d"), ("Via", "1.1 sovgate"))


def test_cookies_stay_separate_lines():
    cookies = (("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"), ("Set-Cookie", "b=2"))
    head = response_head(Response(200, cookies), method="GET", date="d", close=False)
    assert head.count(b"Set-Cookie: ") == 2


ANY_TEXT = st.text(st.sampled_from("Aa:/ \t\xe9\xff") | st.characters(max_codepoint=0xFF), max_size=8)


@given(ANY_TEXT, ANY_TEXT)
def test_no_header_can_end_its_line(name, value):
    try:
        head = response_head(Response(200, ((name, value),)), method="GET", date="d", close=False)
    except ValueError:
        return
    assert head.count(b"\r\n") == len(head.split(b"\r\n")) - 1 <= 5
    assert head.count(b"\n") == head.count(b"\r\n") == head.count(b"\r")


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_no_request_can_begin_another(method_tail, target, value):
    try:
        head = request_head(Request("GET" + method_tail, "/" + target, (("X", value),)), "/" + target, "erp")
    except ValueError:
        return
    assert head.count(b"\r") == head.count(b"\n") == 4
    assert head.split(b"\r\n")[0].endswith(b" HTTP/1.1")
    assert head.split(b"\r\n")[0].count(b" ") == 2


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Connection", "content-length"])
def test_how_a_message_is_framed_is_not_up_to_its_headers(name):
    response = response_head(Response(200, ((name, "99"),), b"four"), method="GET", date="d", close=False)
    assert response == b"HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 4\r\n\r\n"
    request = request_head(Request("POST", "/", ((name, "99"),), b"four"), "/", "erp")
    assert request == b"POST / HTTP/1.1\r\nHost: erp\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize("bad", ["a\r\nX: 1", "a\nb", "a\rb", "a\0b", "a\x7fb", "\u4e2d"])
def test_a_value_that_cannot_stand_in_a_line_is_refused(bad):
    with pytest.raises(ValueError):  # noqa: PT011 - beyond Latin-1 it is UnicodeEncodeError, which is one
        response_head(Response(200, (("X", bad),)), method="GET", date="d", close=False)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_body_tells_no_length(status):
    assert b"Content-Length" not in response_head(Response(status), method="GET", date="d", close=False)
