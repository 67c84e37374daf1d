"""Content types against formats: a table of what agrees, and of what is refused and why."""

import pytest

from gateway.errors import Unreadable
from gateway.formats import charset, media
from gateway.formats.registry import FORMATS


def agree(name, content_type, body):
    """Do as `steps.read` does before a body is parsed."""
    form, kind = FORMATS[name], media.parse(content_type)
    text = charset.to_utf8(body, charset.find(body, kind.charset)) if form.TEXT else body
    form.agree(kind, text)


PDF = b"%PDF-1.7\n"
PNG = b"\x89PNG\r\n\x1a\n...."
JPEG = b"\xff\xd8\xff\xe0"


@pytest.mark.parametrize(
    ("expected", "content_type", "body"),
    [
        ("json", "application/json", b"{}"),
        ("json", "Application/JSON; charset=UTF-8", b"{}"),
        ("json", 'application/json;charset="utf-8"', b"{}"),
        ("json", "application/json; charset=us-ascii", b"{}"),
        ("json", "application/problem+json", b"{}"),
        ("json", "application/json;odata.metadata=minimal;IEEE754Compatible=true", b"{}"),
        ("json", "text/json", b"{}"),
        ("json", "text/plain; charset=utf-8", b"{}"),
        ("json", None, b' \n{"a": 1}'),
        ("json", "", b"[]"),
        ("json", "application/octet-stream", b'"text"'),
        ("json", None, b"\xef\xbb\xbf{}"),
        ("json", "application/json; charset=ISO-8859-1", b'{"a": "\xe9"}'),
        ("json", "application/json; charset='gbk'", b'{"a": "\xb5\xe7"}'),
        ("json", "application/json; charset=utf-16", b"\xff\xfe{\x00}\x00"),
        ("pdf", "application/pdf", PDF),
        ("pdf", None, PDF),
        ("png", "image/png", PNG),
        ("png", "application/octet-stream", PNG),
        ("jpeg", "image/jpeg", JPEG),
        ("bytes", "anything at all, really", b"..."),
        ("bytes", None, b""),
    ],
)
def test_what_agrees_is_taken(expected, content_type, body):
    agree(expected, content_type, body)


@pytest.mark.parametrize(
    ("expected", "content_type", "body", "refusal"),
    [
        ("json", "text/html", b"{}", "body-wrong-type"),
        ("json", "application/xml", b"{}", "body-wrong-type"),
        ("json", "application/jsonp", b"{}", "body-wrong-type"),
        ("json", "application/x-ndjson", b"{}", "body-wrong-type"),
        ("json", "application/json, text/html", b"{}", "body-wrong-type"),
        ("json", "application/json\x0b", b"{}", "body-wrong-type"),
        ("json", None, b"<html>", "body-wrong-type"),
        ("json", None, b"", "body-wrong-type"),
        ("json", "application/octet-stream", PDF, "body-wrong-type"),
        ("json", "application/json; charset=utf-16", b"{}", "body-encoding"),
        ("json", "application/json; charset=utf-7", b"{}", "body-encoding"),
        ("json", "application/json; charset=utf-8; charset=utf-7", b"{}", "body-encoding"),
        ("json", "application/json; charset*=utf-8''utf-7", b"{}", "body-encoding"),
        ("json", 'application/json; x="; charset=utf-7"', b"{}", "body-encoding"),
        ("pdf", "application/pdf", PNG, "body-wrong-type"),
        ("pdf", "application/json", PDF, "body-wrong-type"),
        ("pdf", "application/pdf", b"\n" + PDF, "body-wrong-type"),
        ("png", "image/jpeg", PNG, "body-wrong-type"),
        ("jpeg", "image/jpeg", PNG, "body-wrong-type"),
    ],
)
def test_what_contradicts_is_refused(expected, content_type, body, refusal):
    with pytest.raises(Unreadable) as error:
        agree(expected, content_type, body)
    assert error.value.refusal == refusal
