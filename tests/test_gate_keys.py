"""Customers' own keys in the gate: each record under its own, tokens turned back for whom a policy says."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from gate_kit import NOW, ORDERING, SALES, Bench, answering, written

from gateway.errors import KeysUnavailable
from gateway.flow import Purpose

CATALOG = """
version: 1
catalog: erp
operations:
  orders: {request: GET /orders, response: orders}
  order: {request: "GET /orders/{order}", response: order}
  write: {request: "PUT /customers/{customer}/orders/{order}", body: written, response: order}
  find: {request: GET /find, response: orders, query: {email: user.contact.email}}
  of: {request: "GET /of/{email}", response: orders, path: {email: user.contact.email}}
  mine: {request: "GET /mine/{customer}", response: mine}
messages:
  order:
    format: json
    customer: $.customer
    unlisted: keep
    fields:
      $.email: user.contact.email
      $.phone: user.contact.phone_number
      $.name: user.name
      $.price: business.price
  orders: {format: json, records: "$[*]", each: order}
  written:
    format: json
    customer: {path: customer}
    unlisted: keep
    fields: {$.email: user.contact.email, $.phone: user.contact.phone_number}
  mine: {format: json, customer: {path: customer}, unlisted: keep, fields: {$.email: user.contact.email}}
"""
CRM = "version: 1\ncatalog: crm\noperations: {x: {request: GET /x}}\nmessages: {}\n"
ALLOW = "version: 1\npolicy: p\nscope: {from: crm, to: erp}\nallow: true\n"
EMAIL = "user.contact.email"
ENCRYPT = "protect: [{classes: [user.contact], leg: response, treatment: encrypt}]\n"
REVEAL = (
    "reveal: [{classes: [user.contact.email], leg: request, operator: {role: sales}, purposes: [order-fulfilment]}]\n"
)


def bench(rules, answer=None):
    return Bench(written(catalog_erp=CATALOG, catalog_crm=CRM, p=ALLOW + rules), answering(answer or {"customer": "A"}))


def order(customer="A", **more):
    return {"customer": customer, "email": f"{customer}@x.test", "phone": "+491700000", "price": 12.50, **more}


async def read(gate, target="/orders", **more):
    response = await gate.ask("GET", target, **more)
    assert response.status == 200, response.body
    return json.loads(response.body)


async def opened(gate, customer, token, field=EMAIL, purpose=ORDERING.name):
    loan = await gate.custody.lend([customer], purpose, NOW, make=False)
    keys = loan.of(customer)
    return None if keys is None else keys.reveal(token, field)


async def test_each_record_is_encrypted_under_its_own_customers_key():
    gate = bench(ENCRYPT, [order("A"), order("B"), order("A")])
    got = await read(gate)
    assert [one["price"] for one in got] == [12.5] * 3
    for one in got:
        other = {"A": "B", "B": "A"}[one["customer"]]
        assert await opened(gate, one["customer"], one["email"]) == f'"{one["customer"]}@x.test"'
        assert await opened(gate, other, one["email"]) is None
    assert len({one["email"] for one in got}) == 3


async def test_the_entry_keeps_the_digest_of_the_tokens_and_the_keys_thumbprints():
    gate = bench(ENCRYPT, [order("A"), order("B")])
    got = await read(gate)
    used = {one.customer: one for one in gate.entries[-1].keys}
    for one in got:
        use = used[gate.names.customer(one["customer"])]
        assert use.made == 2
        made = "".join(f"{token}\n" for token in sorted([one["email"], one["phone"]]))
        assert use.digest == sha256(made.encode()).hexdigest()
        (thumbprint,) = use.keys
        assert thumbprint in {key.thumbprint for key in gate.custody.keys(one["customer"])}
    assert "x.test" not in repr(gate.entries)


@pytest.mark.parametrize(
    ("treatment", "value", "shape"),
    [
        ("encrypt", 12.5, str),
        ("encrypt", True, str),
        ("tokenise", 12345, str),
        ("tokenise, shape: digits", 12345, int),
        ("tokenise, shape: phone", "+49170", str),
    ],
)
async def test_a_value_comes_back_with_its_type(treatment, value, shape):
    gate = bench(
        f"protect: [{{classes: [{EMAIL}], leg: response, treatment: {treatment}}}]\n" + REVEAL, order(email=value)
    )
    token = (await read(gate, "/orders/1"))["email"]
    assert type(token) is shape
    assert token != value
    gate.answer = answering(order())
    response = await gate.ask("PUT", "/customers/A/orders/1", {"email": token})
    assert response.status == 200
    sent = json.loads(gate.asked[-1].body)["email"]
    assert (sent, type(sent)) == (value, type(value))
    assert gate.entries[-2].keys[0].opened == 1
    assert [(one.treatment, one.rules) for one in gate.entries[-2].decided[0].fields] == [("reveal", ("p/reveal[0]",))]


BAD = {
    "another customer": {"target": "/customers/B/orders/1"},
    "another purpose": {"purpose": Purpose("marketing", "claim")},
    "another role": {"operator": replace(SALES, role="support")},
    "a purpose that nobody vouches for": {"purpose": Purpose(ORDERING.name, "header")},
    "another field": {"member": "phone"},
    "cut": {"change": lambda token: token[:-4]},
    "changed": {"change": lambda token: token[:-30] + ("A" if token[-30] != "A" else "B") + token[-29:]},
}


@pytest.mark.parametrize("kind", ["encrypt", "tokenise"])
@pytest.mark.parametrize("how", BAD)
async def test_a_token_out_of_place_is_never_turned_back_and_never_written(how, kind):
    if kind == "tokenise" and how in {"cut", "changed"}:
        pytest.skip("a token of 27 characters is cut and changed in its own tests")
    bad = BAD[how]
    rules = ENCRYPT.replace("encrypt", kind) + REVEAL.replace(EMAIL, "user.contact")
    gate = bench(rules, [order("A"), order("B")])
    token = (await read(gate))[0]["email"]
    asked = len(gate.asked)
    response = await gate.ask(
        "PUT",
        bad.get("target", "/customers/A/orders/1"),
        {bad.get("member", "email"): bad.get("change", lambda one: one)(token)},
        operator=bad.get("operator", SALES),
        purpose=bad.get("purpose", ORDERING),
    )
    assert response.status in {403, 422}
    assert len(gate.asked) == asked
    assert gate.entries[-1].refusal in {"token-refused", "masked-write-back"}
    assert token.encode() not in response.body


async def test_the_attempt_is_recorded():
    gate = bench(ENCRYPT + REVEAL, [order("A"), order("B")])
    token = (await read(gate))[0]["email"]
    await gate.ask("PUT", "/customers/B/orders/1", {"email": token})
    (use,) = gate.entries[-1].keys
    assert (use.customer, use.opened, use.refused) == (gate.names.customer("B"), 0, 1)


async def test_a_system_that_holds_tokens_asks_by_them_in_path_and_query():
    gate = bench(ENCRYPT.replace("encrypt", "tokenise") + REVEAL.replace("operator: {role: sales}, ", ""), [order("A")])
    token = (await read(gate))[0]["email"]
    for target, sent in ((f"/find?email={token}", "/find?email=A@x.test"), (f"/of/{token}", "/of/A@x.test")):
        assert (await gate.ask("GET", target)).status == 200
        assert gate.asked[-1].target == sent


async def test_a_token_in_the_place_of_a_customers_id_names_its_customer():
    policy = (
        "protect: [{classes: [user.unique_id], leg: response, treatment: encrypt}]\n"
        "reveal: [{classes: [user.unique_id], leg: request}]\n"
    )
    catalogue = CATALOG.replace("$.name: user.name", "$.customer: user.unique_id").replace(
        '"GET /mine/{customer}", response: mine',
        '"GET /mine/{customer}", response: mine, path: {customer: user.unique_id}',
    )
    gate = Bench(written(catalog_erp=catalogue, catalog_crm=CRM, p=ALLOW + policy), answering(order("A")))
    token = (await read(gate, "/orders/1"))["customer"]
    assert token != "A"
    gate.answer = answering({"email": "a@x.test"})
    assert (await gate.ask("GET", f"/mine/{token}")).status == 200
    assert gate.asked[-1].target == "/mine/A"
    assert gate.entries[-1].decided[0].customers == (gate.names.customer("A"),)


async def test_a_stranger_has_no_keys_and_a_destroyed_customer_has_none_any_more():
    gate = bench(ENCRYPT, [order("A"), {"email": "x@x.test"}])
    assert (await gate.ask("GET", "/orders")).status == 403
    assert gate.entries[-1].refusal == "customer-unknown"
    gate.answer = answering([order("A")])
    assert (await gate.ask("GET", "/orders")).status == 200
    gate.custody.destroy("A")
    assert (await gate.ask("GET", "/orders")).status == 403
    assert gate.entries[-1].refusal == "keys-missing"
    assert "A@x.test" not in repr(gate.entries)


async def test_keys_that_cant_be_had_refuse_the_flow_and_nothing_leaves():
    class Down:
        def owner(self, token):
            return None

        async def lend(self, customers, purpose, now, *, make):
            raise KeysUnavailable("down")

    gate = bench(ENCRYPT, [order("A")])
    gate.gate = replace(gate.gate, ports=replace(gate.gate.ports, custody=Down()))
    response = await gate.ask("GET", "/orders")
    assert response.status == 503
    assert b"x.test" not in response.body
    assert gate.entries[-1].refusal == "keys-unavailable"


@pytest.mark.parametrize("form", ["hpke", "jwe"])
async def test_what_is_sealed_needs_the_customers_public_key_and_the_gateway_cannot_open_it(form):
    gate = bench(
        f"protect: [{{classes: [{EMAIL}], leg: response, treatment: seal, form: {form}}}]\n" + REVEAL, [order("A")]
    )
    assert (await gate.ask("GET", "/orders")).status == 403
    assert gate.entries[-1].refusal == "keys-missing"
    gate.custody.register("A", X25519PrivateKey.generate().public_key(), form)
    sealed = (await read(gate))[0]["email"]
    assert "x.test" not in sealed
    gate.answer = answering(order())
    assert (await gate.ask("PUT", "/customers/A/orders/1", {"email": sealed})).status == 422 or gate.entries[-1].refusal
    assert gate.entries[-1].refusal == "token-refused"


async def test_tokens_are_turned_back_in_answers_too_where_a_policy_says_so():
    reveal = "reveal: [{classes: [user.contact], leg: response, operator: {role: [auditor]}}]\n"
    gate = bench(ENCRYPT.replace("leg: response", "leg: response, operator: {role: [sales]}") + reveal, [order("A")])
    token = (await read(gate))[0]["email"]
    gate.answer = answering([order("A", email=token), order("B", email=token)])
    auditor = replace(SALES, role="auditor")
    first, second = await read(gate, operator=auditor)
    assert first["email"] == "A@x.test"
    assert second["email"] == token  # of another customer: it stays what it is


async def test_what_is_revealed_is_treated_like_any_other_value():
    rules = (
        "protect: [{classes: [user.contact], operator: {role: [auditor]}, leg: response, treatment: mask,"
        " keep_first: 1},\n"
        "          {classes: [user.contact], leg: response, operator: {role: [sales]}, treatment: encrypt}]\n"
        "reveal: [{classes: [user.contact], leg: response, operator: {role: [auditor]}}]\n"
    )
    gate = bench(rules, [order("A")])
    token = (await read(gate))[0]["email"]
    gate.answer = answering([order("A", email=token)])
    (one,) = await read(gate, operator=replace(SALES, role="auditor"))
    assert one["email"] == "A*******"


async def test_a_policy_that_only_observes_reveals_nothing():
    gate = Bench(
        written(
            catalog_erp=CATALOG, catalog_crm=CRM, p=ALLOW + ENCRYPT, q="version: 1\npolicy: q\nmode: observe\n" + REVEAL
        ),
        answering([order("A")]),
    )
    token = (await read(gate))[0]["email"]
    response = await gate.ask("PUT", "/customers/A/orders/1", {"email": token})
    assert response.status == 422
    assert gate.entries[-1].refusal == "masked-write-back"


ODATA = CATALOG.replace(
    "find: {request: GET /find, response: orders, query: {email: user.contact.email}}",
    "find: {request: GET /find, response: orders, query: {$filter: {language: odata}, $orderby: {language: odata}}}",
)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("$filter=email eq '{}'", 200),
        ("$filter=email eq '{}' and price gt 3", 200),
        ("$filter=(email eq '{}')", 200),
        ("$filter=email eq 'A@x.test'", 403),
        ("$filter=email gt '{}'", 403),
        ("$filter=startswith(email,'{}')", 403),
        ("$filter=email eq '{}' or email lt 'B'", 403),
        ("$filter=email eq '{}'&$orderby=email", 403),
        ("$filter=phone eq '{}'", 403),
    ],
)
async def test_a_query_may_ask_who_has_the_value_of_a_token_and_nothing_else_about_it(query, status):
    rules = ENCRYPT.replace("encrypt", "tokenise") + REVEAL
    gate = Bench(written(catalog_erp=ODATA, catalog_crm=CRM, p=ALLOW + rules), answering([order("A")]))
    token = (await read(gate))[0]["email"]
    response = await gate.ask("GET", "/find?" + query.format(token).replace(" ", "%20"))
    assert response.status == status, gate.entries[-1].refusal
    if status == 200:
        assert "A@x.test" in gate.asked[-1].target
        assert token not in gate.asked[-1].target
    else:
        assert gate.entries[-1].refusal in {"hidden-field-queried", "token-refused"}
