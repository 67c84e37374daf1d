"""The examples' own prediction of bodies is right: it is what the gateway's answers are compared with."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.bodies import leaves, replaced

texts = st.text(alphabet=st.characters(codec="utf-8", exclude_characters='"\\/~', exclude_categories=["C"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def flat(value, path=""):
    if isinstance(value, dict):
        return [leaf for name, inside in value.items() for leaf in flat(inside, f"{path}/{name}")]
    if isinstance(value, list):
        return [leaf for index, inside in enumerate(value) for leaf in flat(inside, f"{path}/{index}")]
    return [(path, value)]


@given(values, st.sampled_from([0, orjson.OPT_INDENT_2]))
def test_every_scalar_is_found_at_its_place(value, layout):
    body = orjson.dumps(value, option=layout)
    found = [(leaf.pointer, orjson.loads(leaf.text)) for leaf in leaves(body)]
    assert found == flat(value)


@given(values)
def test_replacing_each_value_by_its_own_text_changes_nothing(value):
    body = orjson.dumps(value)
    assert replaced(body, {leaf.pointer: leaf.text for leaf in leaves(body)}) == body


@pytest.mark.parametrize(
    ("body", "values", "expected"),
    [
        (b'{"a":1,"b":2}', {"/a": b'"x"'}, b'{"a":"x","b":2}'),
        (b'{"a":1,"b":2}', {"/a": None}, b'{"b":2}'),
        (b'{"a":1,"b":2}', {"/b": None}, b'{"a":1}'),
        (b'{"a":1,"b":2}', {"/a": None, "/b": None}, b"{}"),
        (b'{"a":[1,{"b":"],{"}],"c":1.50}', {"/a/1/b": b"null"}, b'{"a":[1,{"b":null}],"c":1.50}'),
        (b'{"a":{},"b":{"c":1}}', {"/b/c": None}, b'{"a":{},"b":{}}'),
    ],
)
def test_values_are_replaced_and_members_taken_out(body, values, expected):
    assert replaced(body, values) == expected
