"""Form bodies: pairs that nobody treats keep their bytes, and no two servers read others than the gateway did."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import pytest
from gate_kit import Bench, answering, written
from hypothesis import given
from hypothesis import strategies as st
from multipart_kit import LIMITS, edits, starred

from gateway.errors import Unreadable
from gateway.flow import Response
from gateway.formats.document import Signal
from gateway.formats.form import Form
from gateway.formats.format import SelectsSeveral, Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import parse

KIND = "application/x-www-form-urlencoded"
HEADERS = (("Content-Type", KIND),)


def read(data, *fields, customer=None, media=KIND, limits=LIMITS):
    form = Form()
    form.agree(parse(media), data)
    return form.read(data, form.layout(Shape(fields, customer)), limits)


def after(data, fields, treatments, unlisted=None):
    """Give a body after its treatment, and the pointers of what was touched or refused."""
    result = read(data, *fields).write([edits(treatments, unlisted)], edits([]))
    return result.body, [touch.pointer for touch in result.touches], [one.pointer for one in result.refused]


@pytest.mark.parametrize(
    ("data", "selector", "expected", "pointer"),
    [
        (b"a=1&email=x%40y&b=2", "email", b"a=1&email=***&b=2", "/email"),
        (b"a=%31&%65mail=x%40y&b=+2", "email", b"a=%31&%65mail=***&b=+2", "/email"),
        (b"a=1&email=x&email=y", "email", b"a=1&email=*&email=*", "/email"),
        (b"&&email=x&", "email", b"&&email=*&", "/email"),
        (
            b"o[l][0][s]=x&o[l][1][s]=y&o[l][0][t]=z",
            "o[l][*][s]",
            b"o[l][0][s]=*&o[l][1][s]=*&o[l][0][t]=z",
            "/o/l/*/s",
        ),
        (b"o%5Bl%5D%5B0%5D%5Bs%5D=x", "o[l][*][s]", b"o%5Bl%5D%5B0%5D%5Bs%5D=*", "/o/l/*/s"),
        (b"tags[]=x&tags[]=y&tags=z", "tags[*]", b"tags[]=*&tags[]=*&tags=z", "/tags/*"),
        (b"tags[]=x&tags[1]=y", "tags[]", b"tags[]=*&tags[1]=y", "/tags"),
        ("n=王小明&m=小".encode(), "n", b"n=***&m=" + "小".encode(), "/n"),
        (b"n=a b+c%20d&m=e f", "n", b"n=*******&m=e f", "/n"),
        (b"$top=1&n=x", "$top", b"$top=*&n=x", "/top"),
        (b"n=a=b&m=c", "n", b"n=***&m=c", "/n"),
    ],
)
def test_only_the_value_that_is_named_changes(data, selector, expected, pointer):
    body, touched, refused = after(data, [selector], [starred])
    assert body == expected
    assert refused == []
    assert touched == [pointer]


def test_a_treated_value_can_not_break_out():
    assert (
        after(b"a=1&b=2", ["a"], [lambda _v, _c: "x&b=3;c+ =%\r\né"])[0] == b"a=x%26b%3D3%3Bc%2B+%3D%25%0D%0A%C3%A9&b=2"
    )
    assert after(b"a=1&b=2", ["a"], [lambda _v, _c: None])[0] == b"a=&b=2"
    assert after(b"a=1&b=2", ["a"], [lambda _v, _c: 12])[0] == b"a=12&b=2"
    assert after(b"a=1&b=2", ["a"], [lambda _v, _c: True])[0] == b"a=true&b=2"


@pytest.mark.parametrize("signal", [Signal.REMOVE, Signal.DROP])
def test_pairs_can_go(signal):
    assert after(b"a=1&b=2&a=3", ["a"], [lambda _v, _c: signal]) == (b"b=2", ["/a"], [])


def test_what_is_refused_is_told_and_what_is_unlisted_is_reached():
    assert after(b"a=1&b=2", ["a"], [lambda _v, _c: Signal.REFUSE]) == (b"a=1&b=2", [], ["/a"])
    assert after(b"a=1&b=2&=3", ["a"], [None], starred) == (b"a=1", ["/?"], [])
    assert after(b"_charset_=UTF-8&b=2", [], [], starred) == (b"_charset_=UTF-8", ["/?"], [])
    assert after(b"a=1&YW5u==", ["a"], [None], starred) == (b"a=1", ["/?"], [])  # its name could be the value


def test_the_customer_is_named_once():
    assert read(b"c=7&x=1", customer="c").customers == ["7"]
    assert read(b"c=7&c=7", customer="c").customers == ["7"]
    assert read(b"c=&x=1", customer="c").customers == [None]
    assert read(b"c=7").customers == [None]
    assert (read(b"c=7&d=1&d=2").lookup("c"), read(b"d=1&d=2").lookup("d")) == ("7", None)
    with pytest.raises(Unreadable):
        _ = read(b"c=7&%63=8", customer="c").customers


@pytest.mark.parametrize(
    ("data", "media", "refusal"),
    [
        (b"a=1;b=2", KIND, "body-ambiguous"),
        (b"a=%", KIND, "body-malformed"),
        (b"a=%4", KIND, "body-malformed"),
        (b"a=%u0041", KIND, "body-malformed"),
        (b"a=1\r\n", KIND, "body-malformed"),
        (b"a=\x00", KIND, "body-malformed"),
        (b"a=%ff", KIND, "body-encoding"),
        (b"a=%C0%AF", KIND, "body-encoding"),
        (b"a=%ED%A0%80", KIND, "body-encoding"),
        (b"a=\xff", KIND, "body-encoding"),
        (b"a%00b=1", KIND, "body-ambiguous"),
        (b"+a=1", KIND, "body-ambiguous"),
        (b"a%20=1", KIND, "body-ambiguous"),
        (b"\xef\xbb\xbfa=1", KIND, "body-ambiguous"),
        ("a=1".encode("utf-16"), KIND, "body-malformed"),
        (b"a=1", f"{KIND}; charset=gbk", "body-encoding"),
        (b"a=1", f"{KIND}; charset=utf-7", "body-encoding"),
        (b"a=1", f"{KIND}; charset=utf-8; charset=gbk", "body-encoding"),
        (b"_charset_=gbk&a=1", KIND, "body-encoding"),
        (b"a=1&%5fcharset_=utf-16", KIND, "body-encoding"),
        (b"a=1", "application/json", "body-wrong-type"),
        (b"a=1", "text/plain", "body-wrong-type"),
        (b'{"a":"="}', "", "body-wrong-type"),
        (b"<a b='='/>", "", "body-wrong-type"),
    ],
)
def test_what_servers_read_in_different_ways_is_refused(data, media, refusal):
    with pytest.raises(Unreadable) as error:
        read(data, "a", media=media)
    assert error.value.refusal == refusal


@pytest.mark.parametrize("media", [KIND, KIND.upper(), f"{KIND}; charset=UTF-8", "", "application/octet-stream"])
def test_forms_are_known_by_their_type_or_their_beginning(media):
    assert read(b"_charset_=UTF-8&a=1", "a", media=media).lookup("a") == "1"


def test_the_number_of_pairs_is_bounded():
    with pytest.raises(Unreadable) as error:
        read(b"a=1&" * 200, limits=BodyLimits(values=100))
    assert error.value.refusal == "body-too-large"


@pytest.mark.parametrize("selector", ["$.email", "$['a']", "/a", "", "a\nb"])
def test_selectors_of_other_formats_are_told(selector):
    with pytest.raises(ValueError, match="by its name"):
        Form().check(selector)


def test_a_customer_is_one_name():
    with pytest.raises(SelectsSeveral):
        Form().check("a[*]", singular=True)
    with pytest.raises(ValueError, match="one record"):
        Form().layout(Shape(records="a"))


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data):
    try:
        document = read(data, "a", customer="b")
        _ = document.customers
    except Unreadable:
        return
    assert document.write([edits([None])], edits([]), [None]).body is data


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), max_size=8).filter(
    lambda name: name != "_charset_" and not name.startswith("\ufeff")
)
PAIRS = st.lists(st.tuples(NAMES, TEXTS), min_size=1, max_size=6)


@given(PAIRS, st.sampled_from([quote, quote_plus]), st.integers(0, 5))
def test_what_urllib_writes_is_read_and_reads_what_is_written(pairs, quoting, chosen):
    chosen %= len(pairs)
    pairs = [(f"{at}{name}", value) for at, (name, value) in enumerate(pairs)]
    data = urlencode(pairs, quote_via=quoting).encode()
    form = Form()
    document = form.read(data, form.layout(Shape((pairs[chosen][0].replace("*", "?"),))), LIMITS)
    assert [(pair.name, pair.value) for pair in document.pairs] == pairs
    new = document.write([edits([lambda _v, _c: "a b&é=+"])], edits([])).body
    wanted = [
        (name, "a b&é=+" if at == chosen and "*" not in name else value) for at, (name, value) in enumerate(pairs)
    ]
    assert parse_qsl(new.decode(), keep_blank_values=True, strict_parsing=True) == wanted
    untouched = [raw for at, raw in enumerate(data.split(b"&")) if at != chosen]
    assert untouched == [raw for at, raw in enumerate(new.split(b"&")) if at != chosen]


CATALOGUE = """
version: 1
catalog: erp
title: Frappe
region: eu-central
operations:
  call: {request: POST /api/method/save, body: call, response: answer}
messages:
  call:
    format: form
    customer: customer
    fields:
      cmd: business.order
      customer: business.order
      doc: {contains: doc}
      scan: {contains: scan, encoded: base64}
  doc: {format: json, unlisted: keep, fields: {$.email: user.contact.email}}
  scan: {format: pdf, class: business.drawing}
  answer: {format: form, fields: {email: user.contact.email, doc: {contains: doc}}}
"""
POLICY = """
version: 1
policy: p
title: P
scope: {to: erp, operations: [call]}
allow: true
protect:
  - {classes: [user.contact], treatment: mask, keep_last: 4}
"""


async def test_a_message_in_a_field_is_treated_by_itself_both_ways():
    came = b"email=ann%40example.com&doc=" + quote_plus('{"email":"ann@example.com","n":1.0}').encode() + b"&name=Ann"
    gate = Bench(written(catalog_erp=CATALOGUE, p=POLICY), answer=answering(came, headers=HEADERS))
    doc = '{"n":1.50,"email":"ann@example.com"}'
    sent = f"cmd=frappe.client.save&customer=c-1&doc={quote(doc)}&scan={quote_plus('JVBERi0xLjc=')}".encode()
    answer = await gate.ask("POST", "/api/method/save", sent, HEADERS)
    masked = quote_plus('{"n":1.50,"email":"***********.com"}', safe="*-._")
    assert gate.asked[0].body == sent.replace(quote(doc).encode(), masked.encode())
    fields = dict(parse_qsl(answer.body.decode()))
    assert fields.keys() == {"email", "doc"}  # the name of a pair that nobody labelled could be a value
    assert fields["email"] == "***********.com"
    assert json.loads(fields["doc"]) == {"email": "***********.com", "n": 1.0}
    assert b"ann" not in answer.body.lower()


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"customer=c-1&other=1", "unlisted-field"),
        (b"customer=c-1&doc=%7B", "body-not-json"),
        (b"customer=c-1&doc=" + quote('{"email":"****.com"}').encode(), "masked-write-back"),
        (b"customer=c-1&scan=JVBE", "body-wrong-type"),
        (b"customer=c-1&scan=%21", "body-coding"),
        (b"customer=c-1&customer=c-2", "body-ambiguous"),
        (b"customer=c-1&doc=%7B%7D;x", "body-ambiguous"),
    ],
)
async def test_what_is_not_as_the_catalogue_says_is_refused(sent, refusal):
    gate = Bench(written(catalog_erp=CATALOGUE, p=POLICY), answer=Response(204))
    answer = await gate.ask("POST", "/api/method/save", sent, HEADERS)
    assert f"urn:sovgate:refusal:{refusal}".encode() in answer.body
    assert not gate.asked
