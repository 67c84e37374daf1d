"""What an entry says: members, their bytes, and how a long one is spread over several."""

from __future__ import annotations

import json

import pytest
from audit_logs import ENTRY_KEY, NOW, full, intent
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.entry import Decided, Entry, FieldTreated, Mark, Observed, decode, encode, seen
from gateway.audit.log import Position, Scribe
from gateway.audit.pseudonym import Pseudonyms
from gateway.audit.split import PAYLOAD_LIMIT, split
from gateway.crypto import JwsSigner
from gateway.errors import NotRecorded


def test_members_that_are_empty_are_left_out():
    assert json.loads(encode(intent("f1"))) == {
        "kind": "intent", "time": NOW, "flow": "f1", "from": "crm", "to": "erp", "operation": "erp.read-order",
    }  # fmt: skip


def test_keys_are_sorted_and_nothing_is_a_float():
    text = encode(full("f1")).decode()

    def ordered(pairs):
        assert [key for key, _ in pairs] == sorted(key for key, _ in pairs)
        return dict(pairs)

    def refuse(number):
        raise AssertionError(number)

    json.loads(text, object_pairs_hook=ordered, parse_float=refuse)
    assert decode(text.encode()) == full("f1")


def test_an_entry_is_placed_by_members_in_front_of_its_own():
    scribe = Scribe(JwsSigner.of(ENTRY_KEY), b'"gw-1"')
    (placed,) = scribe.place(encode(intent("f1")), Position(7, b"\xab" * 32))
    assert json.loads(placed) == {
        **json.loads(encode(intent("f1"))),
        "counter": 7,
        "instance": "gw-1",
        "prev": "ab" * 32,
    }
    assert "prev" not in json.loads(scribe.place(encode(intent("f1")), Position())[0])
    assert (seen(placed).kind, seen(placed).flow) == ("intent", "f1")


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b'{"kind":"gossip"}', b"{", b'{"kind":"intent","flow":1}'])
def test_what_is_no_entry_is_not_taken_for_one(payload):
    with pytest.raises(ValueError, match=r"."):
        seen(payload)


names = st.text("abcdefgh/*~01", max_size=300)
rules = st.integers(0, 150).map(lambda count: tuple(f"policy-{n}/protect[0]" for n in range(count)))
fields = st.builds(FieldTreated, names, st.tuples(names), st.just("mask"), rules, st.integers(1, 9))
decisions = st.builds(
    lambda customers, heads, records, found: Decided(
        tuple(f"c_{n:022}" for n in range(customers)), ("h" * 64,) * customers if heads else (), records, tuple(found)
    ),
    st.integers(0, 2000), st.booleans(), st.integers(1, 5000), st.lists(fields, max_size=6),
)  # fmt: skip


@given(st.lists(decisions, max_size=5), st.integers(0, 3000), st.integers(0, 500))
def test_a_long_entry_is_spread_and_nothing_is_lost_or_counted_twice(decided, pages, rules):
    entry = Entry(
        kind="outcome",
        time=NOW,
        flow="f1",
        decided=tuple(decided),
        marks=tuple(Mark(f"M{page:08}", page) for page in range(1, pages + 1)),
        reasons=tuple(f"policy-{rule}/allow[0]" for rule in range(rules)),
        observed=tuple(Observed(f"policy-{rule}/deny[0]", "deny") for rule in range(rules)),
    )
    parts = split(entry)
    assert all(len(encode(part)) <= PAYLOAD_LIMIT for part in parts)
    assert [(part.part, part.parts) for part in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]
    assert {(part.kind, part.flow, part.time) for part in parts} == {("outcome", "f1", NOW)}
    assert sum((part.marks for part in parts), ()) == entry.marks
    assert sum((part.reasons for part in parts), ()) == entry.reasons
    assert sum((part.observed for part in parts), ()) == entry.observed
    pieces = [piece for part in parts for piece in part.decided]
    assert sum((piece.customers for piece in pieces), ()) == sum((one.customers for one in decided), ())
    assert sum((piece.passports for piece in pieces), ()) == sum((one.passports for one in decided), ())
    assert sum(piece.records for piece in pieces) == sum(one.records for one in decided)
    told = [field for piece in pieces for field in piece.fields]
    assert sum(field.count for field in told) == sum(field.count for one in decided for field in one.fields)
    assert [rule for field in told for rule in field.rules] == [
        rule for one in decided for field in one.fields for rule in field.rules
    ]


def test_what_can_t_be_spread_is_not_recorded():
    with pytest.raises(NotRecorded, match="too long"):
        split(Entry(kind="outcome", time=NOW, decided=(Decided(fields=(FieldTreated("/" + "x" * 60_000),)),)))
    with pytest.raises(NotRecorded, match="too long"):
        split(Entry(kind="outcome", time=NOW, trace="x" * 60_000, reasons=("a",)))


def test_a_person_has_one_pseudonym_for_each_key_and_kind():
    ours, theirs = Pseudonyms(b"k" * 32), Pseudonyms(b"l" * 32)
    assert ours.customer("4711") == ours.customer("4711") == Pseudonyms(b"k" * 32).customer("4711")
    told = {ours.customer("4711"), ours.operator("4711"), theirs.customer("4711"), ours.customer("4712")}
    assert len(told) == 4
    assert all(len(name) == 24 and name[:2] in ("c_", "o_") and "4711" not in name for name in told)
    assert ours.customer("\udcff")  # what a broken encoding left behind is named too
