"""The file that says what customers agreed to."""

import pytest

from gateway.dryrun.customers import read
from gateway.errors import FaultyFiles
from gateway.flow import CustomerFacts
from gateway.yamlsource import Reader

GOOD = b"""
version: 1
everyone: {consents: contact, attributes: {region: eu}}
customers:
  C-017: {consents: [contact, invoices], attributes: {region: cn, tier: gold}}
  C-018: {consents: []}
  "4711": {attributes: {tier: gold}}
"""


def known(data, declared=("contact", "invoices")):
    reader = Reader()
    found = read(reader, "customers.yaml", data, declared)
    reader.finish()
    return found


@pytest.mark.parametrize(
    ("customer", "consents", "attributes"),
    [
        ("C-017", {"contact", "invoices"}, {"region": "cn", "tier": "gold"}),
        ("C-018", set(), {"region": "eu"}),
        ("4711", {"contact"}, {"tier": "gold"}),
        ("anyone else", {"contact"}, {"region": "eu"}),
    ],
)
def test_a_customer_has_what_is_listed_and_else_what_everyone_has(customer, consents, attributes):
    facts = known(GOOD)(customer)
    assert (facts.customer, facts.consents, dict(facts.attributes)) == (customer, consents, attributes)


def test_a_file_that_says_nothing_knows_nothing():
    assert known(b"version: 1\n")("C-017") == CustomerFacts("C-017")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"version: 1\ncustomers: {C-1: {consents: [contatc]}}", 'did you mean "contact"?'),
        (b"version: 1\ncustomers: {C-1: {consent: contact}}", 'did you mean "consents"?'),
        (b"version: 2\n", "out of range"),
        (b"customers: {}\n", '"version" is missing'),
        (b"version: 1\ncustomers: {C-1: {attributes: {region: 5}}}", "expected text"),
        (b"version: 1\ncustomers: [C-1]", "expected a mapping"),
        (b"version: 1\ncustomers: {C-1: {}, C-1: {}}", "C-1"),
    ],
)
def test_every_fault_has_its_place(data, told):
    with pytest.raises(FaultyFiles, match=r"customers\.yaml:\d+:\d+") as raised:
        known(data)
    assert told in str(raised.value)


def test_without_a_list_of_consents_any_name_counts():
    assert known(b"version: 1\neveryone: {consents: x}", None)("C-1").consents == {"x"}
