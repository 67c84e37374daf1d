"""Cassettes as vcrpy and Ruby's VCR write them: read as what crossed, and never carried out."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode

import pytest
from capture_kit import read, reasons
from hypothesis import given
from hypothesis import strategies as st

from gateway.capture import Exchange, Unusable
from gateway.errors import BadCapture

ORDER = '{"name": "Jörg Müller"}'
VCRPY = f"""
interactions:
- request:
    body: '{{"customer": 7}}'
    headers:
      Accept: ['*/*']
      Content-Type: [application/json]
      X-Two: [one, two]
    method: POST
    uri: https://erp.example/api/orders?draft=1
  response:
    body: {{string: !!python/unicode '{ORDER}'}}
    headers:
      content-type: [application/json]
      transfer-encoding: [chunked]
    status: {{code: 201, message: Created}}
- request: {{body: null, headers: {{}}, method: GET, uri: 'https://erp.example/api/orders/1'}}
  response:
    body:
      string: !!binary |
        {b64encode(gzip.compress(ORDER.encode(), mtime=0)).decode()}
    headers: {{Content-Encoding: [gzip], Content-Type: [application/json]}}
    status: {{code: 200, message: OK}}
- request:
    body: !!python/object/new:_io.BytesIO {{state: !!python/tuple [!!binary aGk=, 0, null]}}
    method: PUT
    uri: http://e/
  response: {{body: {{string: ''}}, headers: {{}}, status: {{code: 204, message: No Content}}}}
version: 1
"""
RUBY = f"""---
http_interactions:
- request:
    method: get
    uri: https://erp.example/api/orders/1
    body: {{encoding: US-ASCII, string: ''}}
    headers:
      Accept: ["*/*"]
  response:
    status: {{code: 200, message: OK}}
    headers:
      Content-Type: [application/json]
    body: {{encoding: ASCII-8BIT, base64_string: "{b64encode(ORDER.encode()).decode()}\\n"}}
    http_version:
  recorded_at: Mon, 02 Nov 2026 09:30:00 GMT
recorded_with: VCR 6.1.0
"""


def test_what_vcrpy_keeps_is_what_crossed():
    made, fetched, put = read(VCRPY.encode())
    assert (made.site, made.request.method, made.request.target) == (
        "https://erp.example",
        "POST",
        "/api/orders?draft=1",
    )
    assert made.request.body == b'{"customer": 7}'
    assert [value for name, value in made.request.headers if name == "X-Two"] == ["one", "two"]
    assert made.response.status == 201
    assert made.response.body == ORDER.encode()
    assert "transfer-encoding" not in dict(made.response.headers)
    assert gzip.decompress(fetched.response.body) == ORDER.encode()
    assert (put.request.body, put.response.status) == (b"hi", 204)


def test_what_ruby_keeps_is_what_crossed():
    (one,) = read(RUBY.encode())
    assert (one.request.method, one.response.body) == ("GET", ORDER.encode())
    assert one.started == 1_793_611_800_000_000_000


def test_a_cassette_in_json():
    request = {"method": "GET", "uri": "https://erp.example/a", "body": None, "headers": {"Accept": ["*/*"]}}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": ORDER}}
    data = json.dumps({"version": 1, "interactions": [{"request": request, "response": response}]})
    (one,) = read(data.encode())
    assert one.response.body == ORDER.encode()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("{}", "malformed"),
        ("7", "malformed"),
        ("{request: {method: GET, uri: 7}, response: {}}", "no-url"),
        ("{request: {uri: 'http://e/'}, response: {}}", "no-method"),
        ("{request: {method: GET, uri: 'http://e/'}, response: {body: [[7]]}}", "undecodable"),
        ("{request: {method: GET, uri: 'http://e/'}, response: {body: {base64_string: '%'}}}", "undecodable"),
    ],
)
def test_an_interaction_that_is_none_keeps_its_number(said, reason):
    good = "{request: {method: GET, uri: 'http://e/'}, response: {status: 200}}"
    found = read(f"interactions:\n- {said}\n- {good}\nversion: 1\n".encode())
    assert reasons(found[:1]) == [reason]
    assert found[1].number == 2


def test_nothing_in_it_is_carried_out(tmp_path):
    there = tmp_path / "there"
    tag = f"!!python/object/apply:os.system ['touch {there}']"
    body = f"{{request: {{method: GET, uri: 'http://e/', body: {tag}}}, response: {{status: 200}}}}"
    (one,) = read(f"interactions:\n- {body}\n".encode())
    assert one.request.body == f"touch {there}".encode()
    assert not there.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"interactions: 7\n",
        b"interactions: [\n",
        b"interactions: " + b"[" * 100_000,
        b"interactions: &a [*a]\n{}: 1\n",
        b"interactions: \xff\n",
        b"interactions:\n? {a: 1}\n: 2\n",
    ],
)
def test_what_is_no_cassette_is_refused(data):
    with pytest.raises(BadCapture):
        read(data)


def test_a_cassette_over_the_limit_is_refused():
    with pytest.raises(BadCapture, match="over"):
        read(VCRPY.encode(), limit=500)


@given(st.binary(max_size=200))
def test_whatever_follows_it_is_read_or_refused(junk):
    try:
        found = read(b"interactions:\n" + junk)
    except BadCapture:
        return
    assert all(isinstance(one, Exchange | Unusable) for one in found)
