"""Whatever the traffic is: the draft loads, names what was seen, and shows nobody's data."""

from __future__ import annotations

import string

import orjson
from discover_kit import SITE, drafted, exchange
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.discover.report import as_json, summary
from gateway.discover.write import text_of
from gateway.flow import Flow, Operator
from gateway.policy.load import load
from gateway.regime import establish
from gateway.workbench import Workbench
from gateway.workbench.survey import Survey

ALL = b"version: 1\npolicy: everything\nscope: {from: caller}\nallow: true\n"
CALLER = b"version: 1\ncatalog: caller\n"

NAMES = st.one_of(
    st.sampled_from(
        [
            "id",
            "name",
            "email",
            "customer",
            "value",
            "items",
            "data",
            "d",
            "results",
            "lines",
            "客户",
            "x y",
            "",
            "$ref",
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=8),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12),
    st.sampled_from(["a@b.example", "110101199003074477", "2024-01-01", "DE89370400440532013000"]),
)  # fmt: skip
BODIES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
)
SEGMENTS = st.one_of(
    st.sampled_from(["api", "orders", "customers", "7", "K-17", "invoice.pdf", "9.pdf", "Orders('7')",
    "Orders(7)", "search", "",
                     "linwei", "v2", "a(b='c',d=1)", "$batch", "x"]),
    st.text(string.ascii_letters + string.digits + "-_.~()'$@:", min_size=1, max_size=8),
)  # fmt: skip
EXCHANGES = st.builds(
    lambda method, segments, answer, sent, status: exchange(
        method, "/" + "/".join(segments), answer, sent if method not in {"GET", "DELETE"} else None, status=status
    ),
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    st.lists(SEGMENTS, min_size=1, max_size=4),
    BODIES,
    BODIES,
    st.sampled_from([200, 200, 201, 204, 404]),
)


async def offload(function, *arguments):
    return function(*arguments)


def policies(found):
    files = {f"catalog/{one.system}.yaml": text_of(one).encode() for one in found.drafts}
    return load({**files, "catalog/caller.yaml": CALLER, "all.yaml": ALL})


async def through(exchanges, found):
    """Put the traffic through a gate that allows all; give the operations, the refusals and the unlisted places."""
    bench, survey = Workbench(policies(found), offload), Survey()
    operations, refusals, unlisted = set(), set(), set()
    for one in exchanges:
        if one.request.method == "OPTIONS" or one.site != SITE:
            continue
        trial = await bench.put(Flow("f", 1, "erp", one.request, Operator("caller")), one.response)
        operations.add(trial.operation)
        refusals.add(trial.refusal)
        for sight in trial.sights:
            unlisted |= {(sight.leg, seen.pointer) for seen in survey.places(sight) if not seen.spot}
    return operations, refusals, unlisted


@settings(max_examples=40, deadline=None)
@given(st.lists(EXCHANGES, min_size=1, max_size=8))
def test_whatever_is_drafted_loads_and_can_be_put_in_force(exchanges):
    found = drafted(exchanges)
    establish(policies(found))
    orjson.dumps(as_json(found))
    assert all("\n" not in line for line in summary(found))


READ = frozenset({"", "body-duplicate-key", "ambiguous-path", "body-missing", "body-unexpected"})


@settings(max_examples=40, deadline=None)
@given(exchanges=st.lists(EXCHANGES, min_size=1, max_size=8))
async def test_the_gate_finds_every_operation_and_no_field_without_a_name(exchanges):
    found = drafted(exchanges)
    operations, refusals, unlisted = await through(exchanges, found)
    left = sum(found.left_out.values())
    assert unlisted == set()
    assert refusals <= READ | ({"unknown-operation"} if left else set())
    assert "" not in operations or left
