"""A catalogue file, read strictly."""

from __future__ import annotations

import pytest

from gateway.catalog.load import load, read
from gateway.catalog.model import CustomerSource
from gateway.errors import FaultyFiles
from gateway.yamlsource import Reader

GOOD = b"""\
version: 1
catalog: erp
title: Orders
region: eu-central
operations:
  list-orders: {request: GET /api/orders, response: orders}
  create-order: {request: POST /api/orders, body: order, response: order, errors: problem}
  party:
    request:
      method: POST
      path: /rpc/{database}
      headers: {Accept: application/json}
      body: {$.method: party.read, $.version: 2}
    body: call
  invoice: {request: "GET /api/orders/{order}/invoice.pdf", response: invoice}
  events: {request: GET /events, upgrade: true}
messages:
  order:
    format: json
    customer: $.customer.id
    unlisted: remove
    fields:
      $.id: business.order
      $.customer.email:
        class: user.contact.email
        collected_for: order fulfilment
        shared_with: [crm, tms]
        retention: 10 years
        deletion: erase
  orders: {format: json, records: "$.value[*]", each: order, fields: {$.count: business.quantity}}
  call: {format: json, customer: {path: database}}
  invoice: {format: pdf, class: business.invoice, customer: {response-header: X-Customer-Id}}
  problem: {format: json}
"""


def test_a_catalogue_is_read_whole():
    erp = load("catalog/erp.yaml", GOOD)
    assert (erp.name, erp.title, erp.region) == ("erp", "Orders", "eu-central")
    assert str(erp.place) == "catalog/erp.yaml:2:10"
    assert [o.name for o in erp.operations.values()] == [f"erp.{name}" for name in erp.operations]

    create = erp.operations["create-order"]
    assert (create.body, create.response, create.errors, create.upgrade) == ("order", "order", "problem", False)
    assert str(create.place) == "catalog/erp.yaml:7:3"
    assert erp.operations["events"].upgrade

    party = erp.operations["party"].request
    assert (party.method, party.path) == ("POST", "/rpc/{database}")
    assert dict(party.headers) == {"Accept": "application/json"}
    assert dict(party.body) == {"$.method": "party.read", "$.version": 2}

    order = erp.messages["order"]
    assert (order.format, order.unlisted, order.customer and order.customer.kind) == ("json", "remove", "body")
    number, email = order.fields
    assert (number.selector, number.class_, str(number.place)) == ("$.id", "business.order", "catalog/erp.yaml:23:7")
    assert (email.class_, email.collected_for, email.shared_with) == (
        "user.contact.email",
        "order fulfilment",
        ("crm", "tms"),
    )
    assert (email.retention, email.deletion) == ("10 years", "erase")

    orders = erp.messages["orders"]
    assert (orders.records, orders.each, orders.unlisted) == ("$.value[*]", "order", None)
    assert [field.selector for field in orders.fields] == ["$.count"]
    invoice = erp.messages["invoice"]
    assert invoice.class_ == "business.invoice"
    assert invoice.customer is not None
    assert (invoice.customer.kind, invoice.customer.name) == ("response-header", "X-Customer-Id")
    assert isinstance(invoice.customer, CustomerSource)


def test_nothing_in_a_good_catalogue_is_doubtful():
    reader = Reader()
    read(reader, "erp.yaml", GOOD)
    assert (reader.problems, reader.warnings) == ([], [])


def catalogue(operations: str = "", messages: str = "") -> bytes:
    parts = (f"{key}:\n{text}\n" for key, text in (("operations", operations), ("messages", messages)) if text)
    return ("version: 1\ncatalog: erp\n" + "".join(parts)).encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"{}", ['1:1 the key "version" is missing', '1:1 the key "catalog" is missing']),
        (b"[]", ["1:1 expected a mapping (key: value), found a list"]),
        (b"version: 2\ncatalog: erp", ["1:10 2 is out of range"]),
        (b"version: '1'\ncatalog: erp", ["1:10 expected a whole number, found text"]),
        (b"version: 1\ncatalog: ERP System", ['2:10 "ERP System" is no name']),
        (b"version: 1\ncatalog: erp\noperatons: {}", ['3:1 unknown key "operatons"']),
        (b"version: 1\ncatalog: erp\noperations:", ["3:12 expected a mapping (key: value), found nothing"]),
        # operations
        (catalogue("  a: {}"), ['4:6 the key "request" is missing']),
        (catalogue("  a.b: {request: GET /a}"), ['4:3 "a.b" is no name']),
        (catalogue("  a: {request: GET}"), ["4:16 a request is a method and a path"]),
        (catalogue("  a: {request: get /a}"), ['4:16 "get" is no method']),
        (catalogue("  a: {request: TRACE /a}"), ["4:16 the method TRACE is never passed"]),
        (catalogue("  a: {request: GET a}"), ["4:20 a path begins with /"]),
        (
            catalogue("  a: {request: GET /a?b=1}"),
            ["4:20 a path ends before the ?: the query is no part of the operation"],
        ),
        (catalogue("  a: {request: GET /a//b}"), ["4:20 a path has no empty segments"]),
        (catalogue("  a: {request: GET /a/../b}"), ["4:20 a path has no dot segments"]),
        (
            catalogue("  a: {request: GET /a%20b}"),
            ["4:20 a path has no spaces, %, ;, # or \\; write characters as they are once decoded"],
        ),
        (catalogue('  a: {request: "GET /{x}/{x}"}'), ["4:21 the variable {x} stands twice in this path"]),
        (catalogue('  a: {request: "GET /{x}{y}"}'), ["4:21 a segment of a path has at most one {variable}"]),
        (catalogue('  a: {request: "GET /{x"}'), ["4:21 a variable is written {name}, with letters, digits, - and _"]),
        (catalogue("  a: {request: {method: GET}}"), ['4:16 the key "path" is missing']),
        (
            catalogue("  a: {request: {method: GET, path: /a, headers: {A B: x}}}"),
            ['4:50 "A B" is no name of a header'],
        ),
        (catalogue("  a: {request: GET /a, body: odrer}", "  order: {format: json}"), ['4:30 unknown message "odrer"']),
        (catalogue("  a: {request: POST /a, upgrade: true}"), ["4:34 only a GET request can ask for an upgrade"]),
        (
            catalogue("  a: {request: {method: POST, path: /a, body: {$.m: x}}}"),
            ["4:3 the request is told by a value of its body, and the operation names no body"],
        ),
        (
            catalogue("  a: {request: {method: POST, path: /a, body: {$.m: x}}, body: m}", "  m: {format: pdf}"),
            ["4:64 the request is told by a value of its body, and pdf has none that can be read"],
        ),
        (
            catalogue(
                "  a: {request: {method: POST, path: /a, body: {'$.m[*]': true}}, body: m}", "  m: {format: json}"
            ),
            [
                "4:48 this selector can find several values; here it must find one",
                "4:58 a request is told by text or a whole number",
            ],
        ),
        (
            catalogue(
                "  a: {request: {method: POST, path: /a, body: {$.m: [], $.n: [x, 1.5, x], $.o: [[x]]}}, body: m}",
                "  m: {format: json}",
            ),
            [
                "4:53 the list is empty",
                '4:71 "x" stands twice in this list',
                "4:66 a request is told by text or a whole number",
                "4:81 expected text, a number, true or false, found a list",
            ],
        ),
        # messages
        (catalogue(messages="  m: {}"), ['4:6 the key "format" is missing']),
        (catalogue(messages="  m: {format: jsn}"), ['4:15 unknown format "jsn"']),
        (catalogue(messages="  m: {format: json, unlisted: drop}"), ['4:31 unknown unlisted "drop"']),
        (catalogue(messages="  m: {format: json, fields: {$.a: user.emial}}"), ['4:35 unknown class "user.emial"']),
        (catalogue(messages="  m: {format: json, fields: {$.a: {}}}"), ['4:35 the key "class" is missing']),
        (
            catalogue(messages="  m: {format: json, class: user}"),
            ['4:28 "class" is for whole documents; JSON is labelled by its `fields`'],
        ),
        (
            catalogue(messages="  m: {format: pdf, fields: {}}"),
            ['4:28 "fields" is for messages with fields; pdf is labelled as a whole'],
        ),
        (
            catalogue(messages="  m: {format: pdf, customer: $.id}"),
            ["4:30 no customer can be read from the inside of pdf"],
        ),
        (catalogue(messages="  m: {format: json, customer: {}}"), ["4:31 a customer is named in one place"]),
        (
            catalogue(messages="  m: {format: json, customer: {path: a, query: b}}"),
            ["4:31 a customer is named in one place"],
        ),
        (
            catalogue(messages="  m: {format: json, customer: {header: a}}"),
            ['4:32 unknown key "header"'],
        ),
        (
            catalogue(messages="  m: {format: json, customer: '$..id'}"),
            ["4:31 this selector can find several values; here it must find one"],
        ),
        (
            catalogue(messages="  m: {format: json, each: m}"),
            [
                '4:3 "records" and "each" belong together; "records" is missing',
                '4:27 "m" is a list itself; `each` names what one record is',
            ],
        ),
        (
            catalogue(messages="  m: {format: json, records: $.a}"),
            ['4:3 "records" and "each" belong together; "each" is missing'],
        ),
        (catalogue(messages='  m: {format: json, records: "$.a[*]", each: n}'), ['4:46 unknown message "n"']),
        (
            catalogue(messages='  m: {format: json, records: "$.a[*]", each: n}\n  n: {format: pdf}'),
            ['4:46 "n" is pdf: it can\'t be a record of json'],
        ),
        # what operations and messages say together
        (
            catalogue('  a: {request: "GET /a/{b}", response: m}', "  m: {format: json, customer: {path: c}}"),
            ['4:40 the customer of "m" (line 6) is {c} of the path, which isn\'t there'],
        ),
        (
            catalogue(
                "  a: {request: GET /a, response: l}",
                '  l: {format: json, records: "$[*]", each: m}\n  m: {format: json, customer: {path: c}}',
            ),
            ['4:34 the customer of "m" (line 7) is {c} of the path, which isn\'t there'],
        ),
        (
            catalogue("  a: {request: PUT /a, body: m}", "  m: {format: json, customer: {response-header: X}}"),
            ['4:30 the customer of "m" (line 6) is in a header of the response; a request has none'],
        ),
    ],
)
def test_each_fault_is_told_at_its_place(data, told):
    with pytest.raises(FaultyFiles) as raised:
        load("erp.yaml", data)
    assert sorted(f"{p.place.line}:{p.place.column} {p.message}" for p in raised.value.problems) == sorted(told)


@pytest.mark.parametrize("selector", ["id", "$.", "$[", "$.a b", "@.a", "$.a[?length(1)]", ""])
def test_what_is_no_selector_is_told_wherever_it_stands(selector):
    for message in (
        f"{{format: json, fields: {{'{selector}': user}}}}",
        f"{{format: json, records: '{selector}', each: m}}",
        f"{{format: json, customer: '{selector}'}}",
    ):
        with pytest.raises(FaultyFiles) as raised:
            load("erp.yaml", catalogue(messages=f"  n: {message}\n  m: {{format: json}}"))
        assert all(problem.place.line == 4 for problem in raised.value.problems)


def test_a_selector_that_walks_through_the_whole_body_is_doubtful():
    reader = Reader()
    message = "  m: {format: json, fields: {$..email: user.contact.email}}"
    read(reader, "erp.yaml", catalogue("  a: {request: GET /a, response: m}", message))
    assert reader.problems == []
    assert [(w.place.line, w.message) for w in reader.warnings] == [
        (6, "this selector needs a walk through the whole body, for every body")
    ]


def test_a_message_that_no_operation_carries_is_doubtful():
    reader = Reader()
    read(reader, "erp.yaml", catalogue(messages="  m: {format: json}"))
    assert [w.message for w in reader.warnings] == ['no operation carries the message "m"']


def test_one_fault_brings_no_second_one_with_it():
    with pytest.raises(FaultyFiles) as raised:
        load("erp.yaml", catalogue("  a: {request: GET /a, response: m}", "  m: {format: jsn, fields: {$.a: user}}"))
    assert [problem.message for problem in raised.value.problems] == ['unknown format "jsn"']
