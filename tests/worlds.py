"""Strategies for laws: small worlds of systems, operations, people and customers, and any rules over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from ipaddress import ip_network
from itertools import combinations, count

from builders import HERE, NOON, consent
from hypothesis import strategies as st

from gateway.flow import CustomerFacts, Leg, Purpose
from gateway.policy.decide import Situation
from gateway.policy.model import Condition, Rule, Watermark, Window
from gateway.treatments.registry import build

SYSTEMS = ("crm", "erp", "mes")
OPERATIONS = ("erp.read", "erp.list", "mes.read")
CLASSES = ("user", "user.contact", "user.contact.email", "business.price")
CONSENTS = (
    consent("contact"),
    consent("research", purposes=["research"]),
    consent("email", classes=["user.contact.email"]),
    consent("narrow", purposes=["sales"], classes=["user.contact", "business"], recipients=["crm"]),
)
NAMES = frozenset(kind.name for kind in CONSENTS)
TREATMENTS = (
    build("keep", {}),
    build("mask", {"keep_last": 4}),
    build("mask", {"keep_first": 1, "character": "#"}),
    build("generalise", {"into": "month"}),
    build("generalise", {"into": "year"}),
    build("pseudonymise", {}),
    build("redact", {}),
    build("redact", {"constant": "x"}),
    build("remove", {}),
    build("refuse", {}),
)
WINDOWS = (
    Window(frozenset(range(5)), time(8), time(18), "Europe/Berlin"),
    Window(frozenset(range(7)), time(22), time(6), "Asia/Shanghai"),
)
NETWORKS = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


C, E, X, CN = (frozenset({word}) for word in ("crm", "erp", "x", "cn"))
ONE_WAY, ANY_WAY = frozenset({"claim"}), frozenset({"claim", "header"})
PARTS = (
    {"from_": C},
    {"from_": frozenset(SYSTEMS)},
    {"to": E},
    {"to": frozenset({"erp", "mes"})},
    {"operations": frozenset({"erp.read"})},
    {"operations": frozenset(OPERATIONS[:2])},
    {"leg": Leg.REQUEST},
    {"leg": Leg.RESPONSE},
    {"purposes": frozenset({"sales"}), "purpose_from": ONE_WAY},
    {"purposes": frozenset({"sales"}), "purpose_from": ANY_WAY},
    {"purposes": frozenset({"sales", "research"}), "purpose_from": ANY_WAY},
    {"operator": {"role": X}},
    {"operator": {"kind": X}},
    {"operator": {"assurance": X, "role": frozenset({"x", "y"})}},
    {"customer": {"region": CN}},
    {"customer": {"region": frozenset({"cn", "eu"}), "tier": CN}},
    {"time": WINDOWS[:1]},
    {"time": WINDOWS},
    {"network": NETWORKS[:1]},
    {"network": NETWORKS},
)
"""Parts of conditions: each condition is made of none, one or two."""


def written(parts):
    """Give every condition of at most two parts."""
    merged = [*({},), *parts, *({**one, **other} for one, other in combinations(parts, 2))]
    return [Condition(**both) for both in merged]


CONDITIONS = written(PARTS)
SCOPES = [Condition()] * 50 + CONDITIONS
WHENS = [Condition()] * 300 + CONDITIONS
CONSENTED = [{"consent": kind.name, "purpose_from": ANY_WAY} for kind in CONSENTS]
UNLESS = (
    [None] * 100
    + [Condition(**consent) for consent in CONSENTED] * 100
    + [Condition(**{**part, **consent}) for part in PARTS for consent in CONSENTED]
    + [condition for condition in CONDITIONS if condition != Condition()]
)
ALL_CLASS_SETS = [frozenset(c for i, c in enumerate(CLASSES) if bits >> i & 1) for bits in range(1 << len(CLASSES))]
CLASS_SETS = st.sampled_from(ALL_CLASS_SETS)


def rules(kind, **details):
    """Give any rule of a kind; `details` maps its other parts to what they may be."""
    choices = {"scope": SCOPES, "when": WHENS, "enforced": [True, True, True, False], **details}
    drawn = {name: st.sampled_from(values) for name, values in choices.items()}
    return st.fixed_dictionaries(drawn).map(lambda parts: Rule("", kind, HERE, **parts))


GRANTS = rules("allow")
DENIALS = rules("deny", unless=UNLESS, classes=ALL_CLASS_SETS)
PROTECTIONS = rules(
    "protect", unless=UNLESS, classes=ALL_CLASS_SETS, treatment=TREATMENTS, write_back=["refuse", "drop"]
)
MARKS = rules("watermark", unless=UNLESS, watermark=[Watermark("{mark}"), Watermark("{date}"), Watermark(None)])
RESTRICTIONS = st.one_of(DENIALS, PROTECTIONS, PROTECTIONS, MARKS)


def numbered(rules):
    """Give each rule an id of its own."""
    numbers = count()
    return [replace(rule, id=f"p/{rule.kind}[{next(numbers):02}]") for rule in rules]


RULES = st.tuples(st.lists(GRANTS, min_size=1, max_size=3), st.lists(RESTRICTIONS, min_size=1, max_size=5)).map(
    lambda both: numbered(both[0] + both[1])
)

PEERS = ["10.1.2.3", "::ffff:10.1.2.3", "192.0.2.1", "2001:db8::7", "", "nowhere"]
PURPOSES = [Purpose(n, s) for n in ("sales", "research", "chat") for s in ("claim", "header", "rumour")]
SITUATIONS = st.builds(
    Situation,
    source=st.sampled_from(["crm", "crm", "mes"]),
    target=st.sampled_from(["erp", "erp", "mes"]),
    operation=st.sampled_from(OPERATIONS),
    leg=st.sampled_from(list(Leg)),
    purpose=st.sampled_from([None, *PURPOSES]),
    role=st.sampled_from([None, "x", "y", "z"]),
    kind=st.sampled_from([None, "x", "y", "z"]),
    assurance=st.sampled_from([None, "x", "y", "z"]),
    peer=st.sampled_from(PEERS),
)
ATTRIBUTES = [{}, {"tier": "cn"}, *({"region": one, "tier": "cn"} for one in ("cn", "eu", "us"))]
CUSTOMERS = st.builds(
    CustomerFacts,
    customer=st.sampled_from([None, "c1", "c1", "c2"]),
    consents=st.sampled_from([frozenset(), *[NAMES] * 4, *(NAMES - {name} for name in sorted(NAMES))]),
    attributes=st.sampled_from(ATTRIBUTES),
)
TIMES = [NOON, NOON + 11 * 3_600_000_000_000, NOON - 36 * 3_600_000_000_000, 10**40]
MOMENTS = st.sampled_from(TIMES)
