"""What a caller may have read: every treated form that it could write back, and nothing that it never met."""

from __future__ import annotations

from dataclasses import replace

from builders import allow, book_of, catalogue, consent, customer, message, protect, situation
from hypothesis import given
from hypothesis import strategies as st
from worlds import ALL_CLASS_SETS, CLASSES, CONSENTS, CUSTOMERS, MOMENTS, RULES, SITUATIONS

from gateway.flow import STRANGER, Leg
from gateway.policy.decide import decide
from gateway.policy.model import Condition
from gateway.policy.readback import readback
from gateway.treatments.lattice import join
from gateway.treatments.registry import build

MASK = build("mask", {"keep_last": 4})
OTHER_MASK = build("mask", {"keep_first": 2})
YEAR = build("generalise", {"into": "year"})
REDACT = build("redact", {})
EMAIL = "user.contact.email"
WRITING = situation(Leg.REQUEST, operation="erp.write-order")
ERP = catalogue(
    "erp",
    [message("order", {"$.email": EMAIL, "$.id": "business.order"}), message("orders", {}, each="order")],
    {"read-order": "order", "list-orders": "orders", "ping": None},
)


def forms(*rules, class_=EMAIL, facts=None, asked=WRITING):
    book = book_of(allow(), *rules, consents=[consent()], catalogues={"erp": ERP})
    return dict(readback(book, asked, facts or customer(), frozenset({class_})))


def test_what_no_rule_protects_is_read_as_it_is():
    assert forms() == {}
    assert forms(protect(MASK, classes=["business"])) == {}
    assert forms(protect(build("keep", {}))) == {}


def test_a_rule_about_the_response_tells_what_was_read():
    assert forms(protect(MASK, scope=Condition(leg=Leg.RESPONSE))) == {MASK: "refuse"}
    assert forms(protect(MASK, scope=Condition(leg=Leg.REQUEST))) == {}


def test_records_of_lists_count():
    assert forms(protect(MASK, scope=Condition(operations=frozenset({"erp.list-orders"})))) == {MASK: "refuse"}
    assert forms(protect(MASK, scope=Condition(operations=frozenset({"erp.ping"})))) == {}


def test_only_what_this_system_reads_in_that_system_counts():
    rule = protect(MASK, scope=Condition(from_=frozenset({"mes"})))
    assert forms(rule) == {}
    assert forms(rule, asked=replace(WRITING, source="mes")) == {MASK: "refuse"}
    assert forms(rule, asked=replace(WRITING, source="mes", target="tms")) == {}


def test_another_purpose_role_time_or_place_may_have_read_it():
    elsewhere = Condition(purposes=frozenset({"sales"}), operator={"role": frozenset({"clerk"})})
    asked = replace(WRITING, role="boss", peer="10.0.0.1")
    assert forms(protect(MASK, when=elsewhere), asked=asked) == {MASK: "refuse"}


def test_a_consent_may_be_younger_than_what_was_read():
    rule = protect(MASK, unless=Condition(consent="contact"))
    assert forms(rule, facts=customer(consents=["contact"])) == {MASK: "refuse"}


def test_a_rule_about_other_customers_does_not_count():
    rule = protect(MASK, when=Condition(customer={"region": frozenset({"cn"})}))
    assert forms(rule, facts=customer(region="eu")) == {}
    assert forms(rule, facts=customer(region="cn")) == {MASK: "refuse"}
    assert forms(rule, facts=STRANGER) == {MASK: "refuse"}


def test_a_policy_that_observes_made_no_form():
    assert forms(protect(MASK, enforced=False)) == {}


def test_any_rules_may_have_met_in_one_value():
    rules = (protect(MASK, "a"), protect(OTHER_MASK, "b"), protect(YEAR, "c"))
    assert set(forms(*rules)) == {MASK, OTHER_MASK, join(MASK, OTHER_MASK), YEAR, REDACT}


def test_a_form_is_dropped_only_if_every_rule_that_may_make_it_says_so():
    rules = (protect(MASK, "a", write_back="drop"), protect(YEAR, "b", write_back="refuse"))
    assert forms(*rules) == {MASK: "drop", YEAR: "refuse", REDACT: "refuse"}
    assert forms(protect(MASK, "a", write_back="drop"), protect(MASK, "b")) == {MASK: "refuse"}


def test_a_value_may_have_been_read_under_a_parent_or_a_child_of_its_class():
    rule = protect(MASK, classes=[EMAIL])
    assert forms(rule, class_="user.contact") == {MASK: "refuse"}
    assert forms(rule, class_=f"{EMAIL}.work") == {MASK: "refuse"}
    assert forms(rule, class_="user.contact.phone_number") == {}


def test_many_different_treatments_stay_within_bounds():
    rules = [protect(build("mask", {"keep_first": n % 20, "keep_last": n // 20}), str(n)) for n in range(400)]
    assert len(forms(*rules)) < 1000


WORLD = catalogue("erp", [message("all", {f"$.f{n}": class_ for n, class_ in enumerate(CLASSES)})], {"read": "all"})


@given(RULES, SITUATIONS, SITUATIONS, CUSTOMERS, CUSTOMERS, st.sampled_from(ALL_CLASS_SETS[1:]), st.tuples(MOMENTS))
def test_whatever_a_caller_reads_it_is_known_to_have_read(rules, reading, writing, reader, other, classes, moments):
    book = book_of(*rules, consents=CONSENTS, catalogues={"erp": WORLD})
    reading = replace(reading, target="erp", operation="erp.read", leg=Leg.RESPONSE)
    writing = replace(writing, source=reading.source, target="erp")
    later = replace(other, customer=reader.customer, attributes=reader.attributes)
    read = decide(book, reading, reader, frozenset(CLASSES), *moments).treated(classes)
    known = dict(readback(book, writing, later, classes))
    if read.treatment is not None:
        assert known[read.treatment] == "refuse" or read.write_back == "drop"
