"""What of paths and names a report shows: never what could be a value, as far as that can be told."""

import json
from itertools import pairwise

import pytest
from gate_kit import shipped
from hypothesis import given
from hypothesis import strategies as st

from gateway.dryrun.naming import is_map, looks_like_a_field, shown
from gateway.dryrun.template import literals, method, template
from gateway.dryrun.unlisted import Budget, Gatherer, pointers
from gateway.formats.json import layout, read
from gateway.formats.selector import parse


@pytest.mark.parametrize(
    ("target", "guess"),
    [
        ("/api/shipments/4711", "/api/shipments/{id}"),
        ("/api/customers/smith", "/api/customers/{id}"),
        ("/api/customers/smith/orders/A-1?name=ann", "/api/customers/{id}/orders/{id}"),
        ("/api/customers/search", "/api/customers/search"),
        ("/rest/v2/companies/ann@example.com", "/rest/v2/companies/{id}"),
        ("/odata/Customers('ALFKI')/Orders(4711)", "/odata/Customers({id})/Orders({id})"),
        ("/api/%E7%8E%8B%E5%B0%8F%E6%98%8E", "/api/{id}"),
        ("/13812345678", "/{id}"),
        ("/index.php", "/index.php"),
        ("/", "/"),
        ("*", "/{id}"),
        ("/api/" + "x" * 200, "/api/{id}"),
        ("/a" * 40, "/a" * 12 + "/..."),
        ("/<script>alert(1)</script>", "/{id}/{id}"),
    ],
)
def test_paths_are_guessed_without_what_could_be_a_value(target, guess):
    assert template(target) == guess


def test_what_a_catalogue_writes_is_no_value():
    known = literals(shipped().catalogues)
    assert template("/api/orders/A-1/invoice.pdf", known) == "/api/orders/{id}/invoice.pdf"
    assert template("/api/customers/orders", known) == "/api/customers/orders"


@given(st.text(max_size=60))
def test_no_segment_with_a_digit_or_a_foreign_letter_is_ever_shown(target):
    for segment in template(target).split("/"):
        assert segment in {"", "{id}", "..."} or segment.replace("({id})", "").isascii()
        assert sum(character.isdigit() for character in segment) <= 2


@pytest.mark.parametrize(("written", "told"), [("GET", "GET"), ("get", "?"), ("ANN", "?"), ("", "?")])
def test_only_methods_of_http_are_shown(written, told):
    assert method(written) == told


@pytest.mark.parametrize(
    "name",
    [
        "note",
        "created_by",
        "createdBy",
        "order-id",
        "line1",
        "address_2",
        "@odata.context",
        "$ref",
        "_links",
        "SalesOrder",
    ],
)
def test_names_of_fields_look_like_it(name):
    assert looks_like_a_field(name)


@pytest.mark.parametrize(
    "name",
    ["", "C-017", "K1", "ann@example.com", "Ann Smith", "4711", "13812345678", "a.example.com", "+49 151", "x" * 60,
     "550e8400-e29b", "王小明", "<b>", "a\n", "2026-11-20"],
)  # fmt: skip
def test_names_that_could_be_values_do_not(name):
    assert not looks_like_a_field(name)


def test_several_rare_names_are_keys_of_a_map():
    counts = {"ann": 1, "bob": 1, "eve": 2, "note": 9}
    assert shown(counts, 9) == {"ann": "?", "bob": "?", "eve": "?", "note": "note"}
    assert shown({"ann": 1, "note": 9}, 9) == {"ann": "ann", "note": "note"}


def test_names_that_begin_with_a_capital_must_come_more_often():
    assert shown({"Smith": 1, "note": 1}, 1) == {"Smith": "?", "note": "note"}
    assert shown({"Customer": 3}, 3) == {"Customer": "Customer"}


def test_names_in_other_scripts_are_shown_where_most_objects_have_them():
    assert shown({"客户名称": 8, "王小明": 1}, 9) == {"客户名称": "客户名称", "王小明": "?"}
    assert shown({"客户名称": 1}, 1) == {"客户名称": "?"}


def test_members_of_one_shape_make_a_map():
    assert is_map([{"a", "b"}, {"b", "a"}])
    assert not is_map([{"a"}, {"b"}])
    assert not is_map([set(), set()])


def found(*bodies, fields=("$.id",), records=None, envelope=(), raw=False, budget=None):
    made = layout(tuple(map(parse, fields)), None, parse(records) if records else None, tuple(map(parse, envelope)))
    gatherer, seen = Gatherer(budget or Budget()), {}
    for body in bodies:
        gatherer.gather(read(json.dumps(body).encode(), made), seen)
    return dict(pointers(seen, raw=raw))


def test_members_that_no_label_leads_to_are_named():
    body = {"id": 1, "note": "x", "meta": {"created_by": "ann", "tags": ["a", "b"], "empty": {}}}
    assert found(body) == {"/note": 1, "/meta/created_by": 1, "/meta/tags/*": 2, "/meta/empty": 1}


def test_around_and_inside_of_records():
    body = {"count": 1, "next": "x", "value": [{"id": 1, "note": "x"}, {"id": 2, "note": "y", "C-17": 3}]}
    assert found(body, records="$.value[*]", envelope=("$.count",)) == {
        "/next": 1, "/value/*/note": 2, "/value/*/?": 1,
    }  # fmt: skip


def test_keys_of_a_map_are_hidden_and_what_is_below_them_is_added_up():
    body = {"id": 1, "people": {"ann": {"age": 1, "city": "x"}, "bob": {"age": 2, "city": "y"}}}
    assert found(body) == {"/people/?/age": 2, "/people/?/city": 2}
    assert found(body, raw=True)["/people/ann/age"] == 1


def test_a_million_names_find_no_room():
    bodies = [{"id": 1, **{f"n{a}{b}{c}": 1 for a, b, c in [(i % 7, i, j) for j in range(10)]}} for i in range(200)]
    assert found(*bodies) == {"/?": 2000}
    budget = Budget(5)
    found({"id": 1, **{chr(97 + i): {"a": 1} for i in range(20)}}, budget=budget)
    assert budget.left == 0


def test_labels_that_must_be_searched_for_count_as_labels():
    assert found({"a": {"id": 1, "note": 2}}, fields=("$..id",)) == {"/?/note": 1}


def test_the_table_above_is_sorted_by_pointer():
    names = list(found({"b": 1, "a": 1, "c": 1}))
    assert all(one <= other for one, other in pairwise(names))
