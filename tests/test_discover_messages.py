"""Bodies become messages: records, lists, maps, customers, documents."""

from __future__ import annotations

import pytest
from discover_kit import classes, drafted, exchange, message, order, shop

from gateway.discover.draft import Draft
from gateway.discover.outline import MOST_MEMBERS, Outline, Purse
from gateway.discover.spots import spots, tidy, written
from gateway.discover.write import text_of
from gateway.policy.load import load
from gateway.regime import establish


def draft(*exchanges) -> Draft:
    return drafted(exchanges).drafts[0]


def answering(answer, target: str = "/api/things"):
    return draft(exchange("GET", target, answer))


def selectors(answer) -> list[str]:
    outline = Outline()
    outline.learn(answer, Purse())
    tidy(outline)
    return [written(spot.steps) for spot in spots(outline)]


def test_an_order_in_a_list_alone_and_created_is_one_message():
    found = drafted(shop()).drafts[0]
    assert [one.name for one in found.messages] == ["order", "orders", "customer", "error", "invoice"]
    orders = message(found, "orders")
    assert (orders.records, orders.each) == ("$.value[*]", "order")
    carried = {operation.name: (operation.body, operation.response) for operation in found.operations}
    assert carried["create-order"] == ("order", "order")
    assert carried["list-orders-of-customer"] == (None, "orders")


def test_members_that_only_some_records_have_are_named_as_well():
    assert classes(message(drafted(shop()).drafts[0], "order"))["$.internal_note"] == "business.note"


@pytest.mark.parametrize(
    ("answer", "target", "records"),
    [
        ([{"id": 1}], "/orders", "$[*]"),
        ({"value": [{"id": 1}], "@odata.count": 1}, "/orders", "$.value[*]"),
        ({"d": {"results": [{"id": 1}]}}, "/orders", "$.d.results[*]"),
        ({"d": {"id": 1, "name": "x"}}, "/orders/1", "$.d"),
        ({"code": 0, "msg": "ok", "data": {"total": 1, "list": [{"id": 1}]}}, "/orders", "$.data.list[*]"),
        ({"orders": [{"id": 1}], "total": 1}, "/orders", "$.orders[*]"),
        ({"content": [{"id": 1}], "totalPages": 3, "pageable": {"offset": 1}}, "/orders", "$.content[*]"),
        ({"jsonrpc": "2.0", "id": 1, "result": [{"id": 1}]}, "/orders", "$.result[*]"),
        ({"id": 1, "status": "open", "items": [{"sku": "A"}]}, "/orders/1", None),
        ({"id": 1, "customer": {"id": 2}, "lines": [{"sku": "A"}]}, "/orders/1", None),
        ({"id": 1, "name": "x"}, "/orders/1", None),
        ([1, 2], "/orders", None),
        ("x", "/orders", None),
    ],
)
def test_lists_and_wrappers_are_told_from_records_that_have_lists(answer, target, records):
    found = answering(answer, target)
    carried = message(found, found.operations[0].response or "")
    assert carried.records == records
    establish(load({"catalog/erp.yaml": text_of(found).encode()}))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"a": {"b": [{"c": 1}]}}, ["$.a.b[*].c"]),
        ({"a b": 1, "id": 2}, ["$.id", "$[*]"]),
        ({"$ref": 1, "@odata.id": 2, "x-y": 3, "id": 4}, ["$['$ref']", "$['@odata.id']", "$['x-y']", "$.id"]),
        ({"id": 1, "tags": []}, ["$.id", "$.tags[*]"]),
        ({"id": 1, "note": None}, ["$.id", "$.note"]),
        ({"by_id": {"K1": {"total": 1}, "K2": {"total": 2}}}, ["$.by_id[*].total"]),
        ({"people": {"Lin Wei": {"total": 1}}}, ["$.people[*].total"]),
        ({"days": {"2024-01-01": 5}}, ["$.days[*]"]),
        ({"mail": {"a@b.example": True}}, ["$.mail[*]"]),
        ({"stocks": {"zzqa": 1, "zzqb": 2}}, ["$.stocks[*]"]),
        ({"billing": {"street": "x"}, "shipping": {"street": "y"}}, ["$.billing.street", "$.shipping.street"]),
        ({"x": [1, {"id": 2}]}, ["$.x[*]", "$.x[*].id"]),
        ({"id": 1, "name": 2, "K1": 3}, ["$.id", "$.name", "$[*]"]),
        ({"id": 1, "name": 2, "Lin Wei": 3}, ["$.id", "$.name", "$[*]"]),
        ({"id": 1, "name": 2, "a@b.example": {"x": 1}}, ["$.id", "$.name", "$[*]"]),
        ({}, ["$"]),
        (None, ["$"]),
    ],
)
def test_names_that_could_be_values_become_wildcards(answer, expected):
    assert selectors(answer) == expected


def test_an_object_with_countless_names_is_a_map():
    assert selectors({"name" + "abcdefghij"[n % 10] * (n // 10 % 50 + 1): n for n in range(MOST_MEMBERS + 90)}) == [
        "$[*]"
    ]


def test_a_name_that_answers_hold_as_a_value_elsewhere_is_a_key():
    rows = [exchange("GET", "/api/things", {"zqabc": {"foo": 1}}), exchange("GET", "/api/others", {"code": "zqabc"})]
    assert list(classes(draft(*rows).messages[-1])) == ["$[*].foo", "$[*]"]


@pytest.mark.parametrize(
    ("answer", "selector", "names", "class_"),
    [
        ({"emails": {"a@b.example": {"ok": True}}}, "$.emails[*]", "user.contact.email", ""),
        ({"emails": {"a@b.example": 7, "c@d.example": 8}}, "$.emails[*]", "user.contact.email", "business"),
        ({"customers": {"C-017": {"ok": True}}}, "$.customers[*]", "user.unique_id", ""),
    ],
)
def test_names_that_are_data_get_a_label(answer, selector, names, class_):
    (message,) = (one for one in answering(answer).messages if any(field.names for field in one.fields))
    (field,) = (field for field in message.fields if field.names)
    assert (field.selector, field.names, field.proposal.class_) == (selector, names, class_)
    assert field.proposal.review
    assert any("names below" in note for note in message.notes)


@pytest.mark.parametrize(
    ("target", "answer", "expected"),
    [
        ("/orders/1", {"id": 1, "customer": {"id": "C1"}}, "$.customer.id"),
        ("/orders/1", {"id": 1, "customerId": "C1"}, "$.customerId"),
        ("/orders/1", {"VBELN": "1", "KUNNR": "C1"}, "$.KUNNR"),
        ("/orders/1", {"SalesOrder": "1", "SoldToParty": "C1"}, "$.SoldToParty"),
        ("/orders/1", {"订单号": "D1", "客户编号": "C1"}, "$['客户编号']"),
        ("/auftraege/1", {"nr": "1", "kundennummer": "C1"}, "$.kundennummer"),
        ("/customers/C1", {"id": "C1", "name": "x"}, "$.id"),
        ("/customers/C1/orders", [{"total": 1}], "path customer"),
        ("/orders/1", {"id": 1, "partner_id": 7}, None),
        ("/oauth/token", {"client_id": "app", "scope": "x"}, None),
        ("/orders/1", {"id": 1, "total": 2}, None),
    ],
)  # fmt: skip
def test_the_customer_is_written_where_it_is_sure(target, answer, expected):
    found = answering(answer, target)
    written_ = [one.customer for one in found.messages if one.customer is not None]
    named = [one.name if one.kind == "body" else f"{one.kind} {one.name}" for one in written_]
    assert named == ([] if expected is None else [expected.replace("$['客户编号']", "$.客户编号")])


def test_a_likely_customer_is_only_suggested():
    found = answering({"id": 1, "partner_id": 7}, "/orders/1")
    assert [one.name for one in found.messages[0].suggestions] == ["$.partner_id"]


def test_documents_are_whole_and_their_customer_is_in_a_header():
    invoice = message(drafted(shop()).drafts[0], "invoice")
    assert invoice.customer is not None
    assert (invoice.format, invoice.customer.name) == ("pdf", "X-Customer-Id")
    assert invoice.class_ is not None
    assert invoice.class_.class_ == "business.invoice"


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"\0\1", "application/octet-stream", "bytes of no known format"),
        (b"hello there", "text/plain", "text"),
        (b'{"a":1,"a":2}', "application/json", "body-duplicate-key"),
        (b"<x", "application/xml", "body-malformed"),
    ],
)
def test_bodies_that_the_catalogue_cannot_describe_are_told_and_named_for_no_message(body, kind, told):
    found = draft(exchange("GET", "/orders/1", body, kind=kind))
    assert found.operations[0].response is None
    assert told in " ".join(found.operations[0].notes)


def test_requests_without_a_body_where_others_have_one_are_told():
    found = draft(exchange("POST", "/orders", {}, order(1)), exchange("POST", "/orders", {}))
    assert any("had no body" in note for note in found.operations[0].notes)


def test_some_values_that_are_something_else_are_told():
    rows = [{"id": n, "code": "A-B" if n % 2 else "DE89370400440532013000"} for n in range(20)]
    rows += [{"id": 30, "code": "FR1420041010050500013M02606"}, {"id": 31, "code": "A-C"}, {"id": 32, "code": "A-D"}]
    field = next(one for one in message(answering(rows), "thing").fields if one.selector == "$.code")
    assert any("IBAN" in doubt for doubt in field.proposal.doubts)
    assert field.proposal.review


@pytest.mark.parametrize("name", ["\U00010600UI", "id\u202e", "id\x7f", "имя", "na\u0301me id"])
def test_names_in_letters_that_no_list_is_in_are_not_shown(name):
    assert selectors({name: 1}) == ["$[*]"]
