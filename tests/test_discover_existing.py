"""With a catalogue that exists, only what is new is drafted."""

from __future__ import annotations

from discover_kit import classes, drafted, exchange, message, order, paths, shop
from gate_kit import shipped

from gateway.discover.existing import Existing
from gateway.discover.write import text_of
from gateway.policy.load import load

HALF = b"""
version: 1
catalog: erp
operations:
  list-orders: {request: GET /api/orders, response: orders}
  read-order: {request: "GET /api/orders/{order}", response: order}
messages:
  order: {format: json, fields: {$.id: business.order, $.customer: user, "$.lines[*].sku": business.product}}
  orders: {format: json, records: "$.value[*]", each: order, fields: {$.count: business.order}}
"""


def existing(*files: bytes) -> Existing:
    named = {f"catalog/{n}.yaml": data for n, data in enumerate(files)}
    return Existing(dict(load(named).catalogues))


def test_operations_that_exist_are_not_drafted_again():
    found = drafted(shop(), existing=existing(HALF)).drafts[0]
    assert not {"GET /api/orders", "GET /api/orders/{order}"} & set(paths(found).values())
    assert "POST /api/orders" in paths(found).values()


def test_fields_that_no_selector_covers_are_drafted_for_their_message():
    found = drafted(shop(), existing=existing(HALF)).drafts[0]
    assert found.amends == {"order"}
    new = classes(message(found, "order"))
    assert "$.status" in new
    assert "$.lines[*].unit_price" in new
    assert not {"$.id", "$.customer.id", "$.customer.email", "$.lines[*].sku"} & set(new)


def test_names_that_exist_are_not_given_again():
    found = drafted(shop(), existing=existing(HALF)).drafts[0]
    assert not {"list-orders", "read-order"} & set(paths(found))
    assert {one.name for one in found.messages if one.name not in found.amends} & {"order", "orders"} == set()


def test_what_is_added_loads_too():
    found = drafted(shop(), existing=existing(HALF)).drafts[0]
    assert load({"catalog/erp.yaml": text_of(found).encode()}).catalogues["erp"].operations


def test_nothing_new_is_no_draft():
    seen = [exchange("GET", "/api/orders", {"count": 1, "value": [{"id": 1, "customer": {"email": "a@b.example"}}]})]
    assert drafted(seen, existing=existing(HALF)).drafts == ()


def test_the_catalogue_that_ships_names_all_of_a_shipped_order_but_what_is_left_out_on_purpose():
    catalogue = Existing(dict(shipped().catalogues))
    found = drafted([exchange("GET", "/api/orders/1", order(1, note=True))], existing=catalogue).drafts[0]
    assert list(classes(message(found, "order"))) == ["$.internal_note"]


def test_traffic_whose_system_is_not_named_goes_to_the_catalogue_that_knows_it():
    found = drafted(shop(), existing=existing(HALF), name="")
    assert [one.system for one in found.drafts] == ["erp"]
