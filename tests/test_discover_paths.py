"""Paths become templates, and operations get names by convention."""

from __future__ import annotations

import pytest
from discover_kit import drafted, exchange, paths, shop

from gateway.discover.segments import ANYTHING, Hole, step
from gateway.discover.write import text_of
from gateway.dryrun.sites import Site
from gateway.policy.load import load


def draft(exchanges, **more):
    return drafted(exchanges, **more).drafts[0]


def requests(*targets: str, method: str = "GET"):
    return [exchange(method, target, {"id": 1}) for target in targets]


@pytest.mark.parametrize(
    ("before", "text", "expected"),
    [
        ("", "api", "api"), ("api", "v1", "v1"), ("api", "2", "2"), ("data", "v59.0", "v59.0"),
        ("", "v2", "v2"), ("shop", "v1.2", "v1.2"), ("orders", "v2", ANYTHING), ("", "V2", ANYTHING),
        ("", "v1042", ANYTHING),
        ("orders", "2", ANYTHING),
        ("orders", "70001", ANYTHING), ("", "550e8400-e29b-41d4-a716-446655440000", ANYTHING),
        ("", "2025-03-01", ANYTHING),
        ("", "deadbeef01", ANYTHING), ("", "SO-1042", ANYTHING), ("", "K1", ANYTHING),
        ("", "ann@example.com", ANYTHING),
        ("", "王伟", ANYTHING), ("", "thomas-mueller", ANYTHING), ("", "a b", ANYTHING), ("", "x" * 80, ANYTHING),
        ("", "Orders('7')", Hole("Orders('", "')")), ("", "Orders(7)", Hole("Orders(", ")")),
        ("", "Items(Order='7',Item=10)", Hole("Items(", ")")), ("", "7.pdf", Hole("", ".pdf")),
        ("", "invoice.pdf", "invoice.pdf"), ("", "$metadata", "$metadata"), ("", "$batch", "$batch"),
        ("", "客户", "客户"),
        ("", "call_kw", "call_kw"), ("", "API_SALES_ORDER_SRV", "API_SALES_ORDER_SRV"), ("", "oauth2", "oauth2"),
        ("", ".well-known", ".well-known"), ("", "res.partner", "res.partner"), ("", "", ""),
    ],
)  # fmt: skip
def test_a_segment_is_a_word_or_a_value_by_its_shape(before, text, expected):
    assert step(text, before) == expected


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (["/api/orders/7", "/api/orders/8"], ["/api/orders/{order}"]),
        (["/api/customers/C-1/orders/7"], ["/api/customers/{customer}/orders/{order}"]),
        (["/v2/orders/7", "/v2/customers/C-1"], ["/v2/customers/{customer}", "/v2/orders/{order}"]),
        (["/api/companies/7"], ["/api/companies/{company}"]),
        (["/api/users/linwei", "/api/users/search"], ["/api/users/search", "/api/users/{user}"]),
        (["/api/user/linwei"], ["/api/user/{user}"]),
        (["/kundenkartei/x1", "/kundenkartei/liste"], ["/kundenkartei/liste", "/kundenkartei/{kundenkartei}"]),
        (["/orders/1/zfreigabe", "/orders/2/zfreigabe"], ["/orders/{order}/zfreigabe"]),
        (["/orders/1/smithson"], ["/orders/{order}/{order-2}"]),
        (["/a/1/2/3"], ["/a/{a}/{a-2}/{a-3}"]),
        (["/" + word for word in ("qa", "qb", "qc", "qd", "qe", "qf", "qg", "qh", "qi", "qj", "qk", "ql", "qm")],
        ["/{id}"]),
        (["/sap/X_SRV/Orders('1')", "/sap/X_SRV/Orders('1')/to_Items"],
         ["/sap/X_SRV/Orders('{order}')", "/sap/X_SRV/Orders('{order}')/to_Items"]),
        (["/orders?customer=smithson"], ["/orders"]),
        (["/api/orders/"], ["/api/orders/"]),
        (["/api/%E5%AE%A2%E6%88%B7/7"], ["/api/客户/{customer}"]),
    ],
)  # fmt: skip
def test_what_varies_is_a_variable_named_after_what_stands_before_it(targets, expected):
    assert sorted(operation.path for operation in draft(requests(*targets)).operations) == sorted(expected)


def test_a_word_that_an_answer_holds_as_a_value_is_one():
    seen = [
        exchange("GET", "/konto/smithson", {"login": "smithson"}),
        exchange("GET", "/quux/blah", {"login": "smithson"}),
    ]
    assert sorted(operation.path for operation in draft(seen).operations) == ["/konto/{konto}", "/quux/blah"]


def test_operations_are_named_by_convention():
    assert paths(draft(shop())) == {
        "list-orders": "GET /api/orders",
        "read-order": "GET /api/orders/{order}",
        "create-order": "POST /api/orders",
        "replace-order": "PUT /api/orders/{order}",
        "change-order": "PATCH /api/orders/{order}",
        "delete-order": "DELETE /api/orders/{order}",
        "read-customer": "GET /api/customers/{customer}",
        "list-orders-of-customer": "GET /api/customers/{customer}/orders",
        "read-invoice": "GET /api/orders/{order}/invoice.pdf",
    }


def test_a_word_for_an_act_names_the_operation():
    seen = requests("/orders/1/cancel", "/orders/2/cancel", method="POST")
    assert paths(draft(seen)) == {"cancel-order": "POST /orders/{order}/cancel"}


@pytest.mark.parametrize("word", ["null", "true", "no", "NULL", "off"])
def test_words_that_yaml_would_misread_are_names_all_the_same(word):
    found = draft(requests(f"/{word}"))
    operations = load({"catalog/erp.yaml": text_of(found).encode()}).catalogues["erp"].operations
    assert [operation.request.path for operation in operations.values()] == [f"/{word}"]


def test_remote_calls_are_told_apart_by_what_they_call():
    def call(method, params):
        return exchange("POST", "/erp/rpc/", {"result": [1]}, {"id": 1, "method": method, "params": params})

    found = draft([call("model.party.party.read", [[1]]), call("model.sale.sale.search", []), call("frobnicate", [])])
    told = {operation.name: operation.told for operation in found.operations}
    assert told["party-read"] == (("$.method", "model.party.party.read"),)
    assert told["sale-search"] == (("$.method", "model.sale.sale.search"),)
    assert [told_by for told_by in told.values() if not told_by] == [()]  # a word that no list knows isn't shown


def test_soap_actions_tell_operations_apart():
    action = (("SOAPAction", '"http://erp.example/2020/GetOrder"'),)
    found = draft([exchange("POST", "/soap", b"<x/>", b"<x/>", kind="text/xml", headers=action)])
    assert found.operations[0].told == (("header", "http://erp.example/2020/GetOrder"),)
    assert "can't be read" in " ".join(found.operations[0].notes)  # what says that it is JSON, and isn't


def test_what_is_no_system_of_business_is_left_out_and_counted():
    assert drafted(shop()).left_out == {"asset": 2, "elsewhere": 1, "page": 1, "preflight": 1}


def test_a_picture_of_a_record_is_business_and_one_of_a_page_is_not():
    png = b"\x89PNG\r\n\x1a\nx"
    seen = [
        exchange("GET", path, png, kind="image/png")
        for path in ("/orders/1/photo.png", "/static/7/photo.png", "/logo.png")
    ]
    found = drafted(seen)
    assert (paths(found.drafts[0]), found.left_out) == ({"read-photo": "GET /orders/{order}/photo.png"}, {"asset": 2})


def test_each_system_gets_its_own_draft_where_addresses_are_given():
    seen = [exchange("GET", "/x/orders", {}, site="https://a.example"), exchange("GET", "/jobs", {}, site="https://b.example"),
            exchange("GET", "/jobs", {}, site="https://c.example")]  # fmt: skip
    found = drafted(seen, name="", sites=[Site.of("erp", "https://a.example/x"), Site.of("mes", "https://b.example")])
    assert {one.system: [o.path for o in one.operations] for one in found.drafts} == {
        "erp": ["/orders"],
        "mes": ["/jobs"],
    }
    assert found.left_out == {"elsewhere": 1}


@pytest.mark.parametrize(
    ("site", "name"),
    [("https://erp.acme.example", "erp"), ("https://acme-crm.example", "crm"), ("https://acme.example", "system")],
)
def test_a_system_is_named_by_known_words_of_its_host_alone(site, name):
    assert [one.system for one in drafted([exchange("GET", "/orders", {}, site=site)], name="").drafts] == [name]


def test_too_many_paths_are_counted_and_do_not_grow_without_end():
    seen = (
        exchange("GET", f"/api/{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}q{chr(97 + n // 676)}/x", {})
        for n in range(3000)
    )
    assert [operation.path for operation in draft(seen).operations] == ["/api/{id}/x"]


def test_two_patterns_that_a_path_could_fit_are_made_clear():
    found = draft(requests("/Orders('7')/7/7/7", "/0/api/api/Orders('7')"))
    operations = load({"catalog/erp.yaml": text_of(found).encode()}).catalogues["erp"].operations
    assert "/Orders('{order}')/api/api/Orders('{order-2}')" in {one.request.path for one in operations.values()}
    assert len(operations) == 3
