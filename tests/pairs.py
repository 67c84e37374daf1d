"""Strategies for laws about two policy sets: catalogues that cut one body in different ways, rules, and whole flows."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count

from builders import HERE, NOON, allow
from hypothesis import strategies as st
from worlds import CONSENTS, CUSTOMERS, NAMES, PROTECTIONS, PURPOSES, RULES, numbered

from gateway.catalog.model import Catalogue, CustomerSource, Field, Message, Operation, RequestPattern
from gateway.flow import CustomerFacts, Flow, Operator, Request, Response
from gateway.policy.model import Condition, Policy, PolicySet
from gateway.workbench import Workbench

JSON = (("Content-Type", "application/json"),)
LABELS = {
    "$.id": "business.order",
    "$.mail": "user.contact.email",
    "$.who": "user.contact",
    "$.who.name": "user.name",
    "$.who.phone": "user.contact.phone_number",
    "$..phone": "user.contact",
    "$.price": "business.price",
    "$.tags[*]": "user",
    "$.tags[1]": "business.price",
    "$.lines[*].sku": "business.product",
    "$.lines[*]": "business.price",
    "$.lines[0].note": "user.contact.email",
    "$.who.*": "business.price",
}
UNLISTED = (None, None, "keep", "redact", "remove", "refuse")
ANY = Condition()
OPEN = st.lists(PROTECTIONS.map(lambda rule: replace(rule, scope=ANY, when=ANY)), min_size=1, max_size=5).map(
    lambda rules: numbered([allow(), *(rule for rule in rules if rule.treatment.NAME != "refuse")])
)


def message(name, labels, unlisted):
    fields = tuple(Field(selector, class_, HERE) for selector, class_ in labels.items())
    customer = CustomerSource("body", "$.owner", HERE)
    return Message(name, "json", HERE, customer=customer, unlisted=unlisted, fields=fields)


@st.composite
def catalogues(draw):
    """Label some of the places, with the odd class changed; `owner` is always named, so that requests can pass."""
    chosen = draw(st.lists(st.sampled_from(sorted(LABELS)), unique=True, max_size=8))
    classes = st.sampled_from(["user.contact.email", "business.price", "user.name"])
    labels = {one: LABELS[one] if draw(st.integers(0, 4)) else draw(classes) for one in chosen}
    order = message("order", {"$.owner": "user.unique_id", **labels}, draw(st.sampled_from(UNLISTED)))
    fields = (Field("$.count", "business.order", HERE),) if draw(st.booleans()) else ()
    frame = draw(st.sampled_from(["keep", "redact", "remove"]))
    orders = Message("orders", "json", HERE, records="$.value[*]", each="order", unlisted=frame, fields=fields)
    kept = message("kept", {"$.owner": "user.unique_id", **labels}, "keep")
    shown = {
        "read": Operation("erp.read", RequestPattern("GET", "/read"), HERE, response="order"),
        "list": Operation("erp.list", RequestPattern("GET", "/list"), HERE, response="orders"),
        "write": Operation("erp.write", RequestPattern("POST", "/write"), HERE, body="kept", response="order"),
    }
    return Catalogue("erp", HERE, operations=shown, messages={"order": order, "orders": orders, "kept": kept})


@st.composite
def policy_sets(draw):
    """Draw a set; mostly one that allows and protects."""
    rules = draw(RULES if draw(st.integers(0, 4)) == 0 else OPEN)
    return made(draw(catalogues()), rules)


def made(catalogue, rules):
    return PolicySet(
        catalogues={"erp": catalogue},
        policies=(Policy("p", HERE, rules=tuple(rules)),),
        consents={kind.name: kind for kind in CONSENTS},
        digest="",
        catalogue_digest="",
    )


@st.composite
def pairs(draw):
    """Draw two sets: another catalogue, other rules, both, or a rule more or less."""
    old = draw(policy_sets())
    rules, how = list(old.policies[0].rules), draw(st.integers(0, 4))
    if how == 0:
        return old, draw(policy_sets())
    if how == 1:
        return old, made(draw(catalogues()), rules)
    if how == 2:
        return old, made(old.catalogues["erp"], draw(policy_sets()).policies[0].rules)
    rules.pop(draw(st.integers(0, len(rules) - 1)))
    new = made(old.catalogues["erp"], rules)
    return (old, new) if how == 3 else (new, old)


def values():
    """Give values that stand nowhere else: texts too long for a mask to show whole, and numbers."""
    numbers = count(1)
    return st.one_of(
        st.builds(lambda: f"value-{next(numbers):05}-of-somebody"),
        st.builds(lambda: 700_000_000 + next(numbers) * 137),
        st.builds(
            lambda: (
                f"19{next(numbers) % 90 + 10}-0{next(numbers) % 9 + 1}-1{next(numbers) % 9}T10:00:00.{next(numbers)}Z"
            )
        ),
    )


@st.composite
def records(draw, value):
    owners = st.sampled_from(["c1", "c2", "c3"])
    line = st.fixed_dictionaries(
        {}, optional={"sku": value, "note": value, "more": st.fixed_dictionaries({"x": value})}
    )
    who = st.fixed_dictionaries({}, optional={"name": value, "phone": value, "else": value})
    body = st.fixed_dictionaries(
        {"owner": owners},
        optional={
            "id": value,
            "mail": st.one_of(value, st.fixed_dictionaries({"phone": value})),
            "who": st.one_of(who, st.lists(value, max_size=2)),
            "price": value,
            "tags": st.lists(value, max_size=3),
            "lines": st.lists(line, max_size=2),
            "odd": value,
        },
    )
    return draw(body)


@st.composite
def flows(draw, odd=False):
    """Draw a flow with its answer, and what is known of customers; `odd` values are null, true, short or alike."""
    value = values()
    if odd:
        value = st.one_of(
            value, st.sampled_from([None, True, False, "", "*", "1988", "[redacted]", 0, 100, 1.5, {}, []])
        )
    way = draw(st.sampled_from(["read", "list", "write"]))
    answer = draw(records(value))
    if way == "list":
        answer = {"count": draw(value), "value": draw(st.lists(records(value), max_size=4)), "odd": draw(value)}
    request = Request("GET", f"/{way}")
    if way == "write":
        request = Request("POST", "/write", JSON, json.dumps(draw(records(value))).encode())
    operator = Operator("crm", role=draw(st.sampled_from([None, "x", "y"])), kind=draw(st.sampled_from([None, "x"])))
    flow = Flow("f", NOON, "erp", request, operator, draw(st.sampled_from([None, *PURPOSES])), peer="10.1.2.3")
    facts = {name: draw(CUSTOMERS) for name in ("c1", "c2")}

    def known(customer):
        drawn = facts.get(customer)
        return CustomerFacts(customer, drawn.consents, drawn.attributes) if drawn else CustomerFacts(customer, NAMES)

    return flow, Response(200, JSON, json.dumps(answer, separators=(",", ":")).encode()), known


async def plainly(function, *arguments):
    return function(*arguments)


def bench(policies):
    return Workbench(policies, plainly)
