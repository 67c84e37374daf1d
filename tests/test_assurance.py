"""How surely operators are known: what issuers claim becomes the officers' words, or none."""

from dataclasses import replace

import pytest
from crafted_tokens import NOW, RULES, craft, key_set

from gateway.flow import Device, Operator
from gateway.identity.assurance import Level, Way
from gateway.identity.jwt import verify
from gateway.policy.situation import OPERATOR, supposed, told_of

KEYS = key_set("ed25519")
LEVELS = (
    Level("high", (Way(frozenset({"urn:loa:3", "urn:loa:4"})), Way(amr=frozenset({"mfa", "hwk"})))),
    Level("medium", (Way(frozenset({"urn:loa:2"}), frozenset({"mfa"})),)),
)


def operator(**claims):
    return verify(craft(**claims), KEYS, replace(RULES, levels=LEVELS, device_claim="device"), NOW).operator


@pytest.mark.parametrize(
    ("claims", "level"),
    [
        ({"acr": "urn:loa:3"}, "high"),
        ({"amr": ["hwk", "pin", "mfa"], "acr": "0"}, "high"),
        ({"amr": ["hwk"], "acr": "0"}, None),
        ({"amr": ["mfa"], "acr": "urn:loa:2"}, "medium"),
        ({"amr": [], "acr": "urn:loa:2"}, None),
        ({"amr": "mfa hwk", "acr": "0"}, None),
        ({"amr": [["mfa"], 7], "acr": "0"}, None),
        ({"acr": ["urn:loa:3"], "amr": {}}, None),
    ],
)
def test_the_first_level_that_a_token_reaches_counts(claims, level):
    assert operator(**claims).assurance == level


def test_what_issuers_claim_is_kept_if_it_is_words():
    one = operator(acr="urn:loa:3", amr=["pwd", "mfa", "mfa", "a sentence about Ann", "x" * 200])
    assert (one.acr, one.amr) == ("urn:loa:3", ("mfa", "pwd"))
    assert operator(acr="high, as Ann said").acr is None
    assert len(operator(amr=[f"m{number}" for number in range(99)]).amr) == 16


def test_presence_and_devices_of_tokens_are_claimed():
    one = operator(amr=["fpt"], device="laptop-17")
    assert (one.presence, one.device) == ("claimed", Device("claimed", "claim", "laptop-17"))
    assert (operator(amr=["pwd"]).presence, operator().device) == ("none", None)


def test_what_is_none_is_not_known_to_policies():
    assert set(told_of(Operator("crm")).values()) == {None}
    assert told_of(Operator("crm")).keys() == OPERATOR.keys()


def test_only_an_attested_device_tells_how_it_started():
    claimed = told_of(Operator("crm", device=Device("claimed", "claim", boot="secure", debug="disabled")))
    assert (claimed["device"], claimed["boot"], claimed["debug"]) == ("claimed", None, None)


@pytest.mark.parametrize("name", [name for name, words in OPERATOR.items() if words])
def test_whatever_is_supposed_is_told(name):
    for word in OPERATOR[name]:
        assert told_of(supposed({name: word}, "crm"))[name] == word
