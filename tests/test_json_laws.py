"""Any body, any plain selectors, any edits: what comes out is what a slow and simple reading of the rules says.

The reference below parses everything and follows each selector by itself, place by place; it shares nothing with the
gateway's tree of labels. Bodies are read twice, because what was seen once may be read another way the second time.
"""

import json
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits, Signal, Whole
from gateway.formats.json import layout, read
from gateway.formats.json_layout import Names
from gateway.formats.selector import parse


class Number(str):
    """A number as it is written: no digit may change."""

    __slots__ = ()


NAMES = ["a", "b", "c", "é", 'q"', "", "f0"]
ODD = {"é", 'q"', ""}
"""Names that no program has, so that they count as values where no selector spells them."""
numbers = st.sampled_from(["0", "-0", "7", "1.50", "12345678901234567.89", "1E400", "-2e-3", "9" * 40]).map(Number)
scalars = st.one_of(
    numbers, st.booleans(), st.none(), st.text('abc{}[]:,\\"é\n\U0001f600', max_size=6).map(lambda text: "s" + text)
)
bodies = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)),
    max_leaves=14,
)
alike = st.builds(
    lambda element, others: [element, *others, element],
    st.fixed_dictionaries({"a": scalars, "b": st.fixed_dictionaries({"c": scalars})}, optional={"c": bodies}),
    st.lists(
        st.fixed_dictionaries(
            {}, optional={"a": scalars, "b": st.one_of(st.fixed_dictionaries({"c": scalars}), st.none()), "é": scalars}
        ),
        max_size=3,
    ),
)
steps = st.lists(st.sampled_from([*NAMES, "*", "*", 0, 1]), max_size=4).map(tuple)


def written(value, space=""):
    """Write a value as JSON, numbers as they are, with some white space everywhere."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}{space}:{space}{written(inner, space)}" for name, inner in value.items())
        return "{" + space + f",{space}".join(members) + space + "}"
    if isinstance(value, list):
        return "[" + space + f",{space}".join(written(inner, space) for inner in value) + space + "]"
    return json.dumps(value, ensure_ascii=len(str(value)) % 2 == 0)


def parsed(body):
    return json.loads(body, parse_int=Number, parse_float=Number)


def selector(way):
    return parse("$" + "".join("[*]" if step == "*" else f"[{json.dumps(step)}]" for step in way))


GONE = object()
STILL = object()


def reference(value, going, cover, of, unlisted, calling=()):
    """Treat a value as the rules say; `going` are the selectors on their way, (index, steps ahead).

    `calling` are those that lead to names.
    """
    cover = cover | {index for index, ahead in going if not ahead}
    going = [(index, ahead) for index, ahead in going if ahead]
    edit = of(tuple(sorted(cover))) if cover else unlisted
    naming = edit
    if not cover and (going or calling):
        expected = dict if isinstance(value, dict) else list
        leads = [ahead[0] for _, ahead in (*going, *calling)]
        fits = isinstance(value, dict) and any(isinstance(step, str) for step in leads)
        fits = fits or (isinstance(value, dict) and "*" in leads)
        leads = [ahead[0] for index, ahead in (*going, *calling) if (index, ahead) in going or len(ahead) > 1]
        fits = fits or (isinstance(value, list) and any(step == "*" or isinstance(step, int) for step in leads))
        if not fits:
            if value is None or (isinstance(value, dict | list) and not value):
                return value
            return whole(value, edit)
        assert isinstance(value, expected)
        edit = None
    if edit and isinstance(value, dict | list) and edit.whole is not Whole.DESCEND:
        return whole(value, edit)
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        called = tuple(sorted(index for index, ahead in calling if len(ahead) == 1))
        spelt = {ahead[0] for index, ahead in (*going, *calling)}
        made = []
        for key, inner in pairs:
            onward, further = (
                [
                    (index, ahead[1:])
                    for index, ahead in some
                    if ahead[0] == "*" or (ahead[0] == key and type(ahead[0]) is type(key))
                ]
                for some in (going, [(index, ahead) for index, ahead in calling if len(ahead) > 1])
            )
            if onward or further or cover:
                new = reference(inner, onward, cover, of, unlisted, further)
            else:
                new = whole(inner, unlisted)
            if new is not GONE:
                made.append((key, new))
        if isinstance(value, list):
            return [new for _, new in made]
        if called:
            return renamed(made, of(called), lambda key: key not in spelt)
        return renamed(made, naming, lambda key: key in ODD and key not in spelt)
    return whole(value, edit)


def renamed(members, edit, treats):
    """Treat names; one that another member has gets a number behind it."""
    made = [(key, edit.value(key, None) if edit and treats(key) else key, value) for key, value in members]
    made = [
        (key, "[redacted]" if new is None else new, value) for key, new, value in made if not isinstance(new, Signal)
    ]
    taken, result = {key for key, new, _ in made if key == new}, {}
    for key, new, value in made:
        if key != new:
            name, number = new, 1
            while name in taken:
                number += 1
                name = f"{new} ({number})"
            taken.add(name)
            result[name] = value
        else:
            result[key] = value
    return result


def whole(value, edit):
    if edit is None:
        return value
    if isinstance(value, dict | list):
        if edit.whole is Whole.REMOVE:
            return GONE
        if edit.whole is Whole.EMPTY:
            return type(value)()
        below = ((key, whole(inner, edit)) for key, inner in value.items()) if isinstance(value, dict) else None
        if below is not None:
            return renamed([(key, inner) for key, inner in below if inner is not GONE], edit, ODD.__contains__)
        return [inner for inner in (whole(inner, edit) for inner in value) if inner is not GONE]
    new = edit.value(value, None)
    return GONE if new is Signal.REMOVE else new


def edit(kind, index):
    return {
        "keep": None,
        "mark": Edit(lambda _value, _customer: f"made by {index}"),
        "hide": Edit(lambda value, _customer: None if value is None else f"hidden by {index}", Whole.EMPTY),
        "remove": Edit(lambda _value, _customer: Signal.REMOVE, Whole.REMOVE),
        "drop": Edit(lambda _value, _customer: Signal.REMOVE),
    }[kind]


kinds = st.sampled_from(["keep", "mark", "hide", "remove", "drop"])


@settings(max_examples=400)
@given(
    st.one_of(bodies, alike),
    st.lists(steps, max_size=5),
    st.lists(steps.map(lambda way: (*way, "*")), max_size=2),
    st.lists(kinds, min_size=33, max_size=33),
    kinds,
    st.sampled_from(["", " ", "\n\t"]),
)
def test_a_body_comes_out_as_the_rules_say(value, ways, named, chosen, unlisted, space):
    def of(spot):
        assert spot
        return edit(chosen[sum(1 << index for index in spot) % 33], spot)

    labels = list(enumerate([*ways, *named]))
    going, calling = labels[: len(ways)], labels[len(ways) :]
    names = Names(fields=frozenset(index for index, _ in calling))
    plan = layout([selector(way) for _, way in labels], None, names=names)
    body = f"{space}{written(value, space)}{space}".encode()
    rest = edit(unlisted, "rest")
    expected = reference(value, going, frozenset(), of, rest, calling)
    for _ in range(2):
        got = read(body, plan).write([Edits(of, rest)], Edits(of))
        assert not got.refused
        assert parsed(got.body) == (None if expected is GONE else expected)
        if expected == value and not got.touches:
            assert got.body is body


@settings(max_examples=200)
@given(bodies, st.lists(steps, max_size=5), st.sampled_from(["", " ", "\r\n"]))
def test_a_body_that_no_edit_changes_is_the_same_object(value, ways, space):
    body = f"{space}{written(value, space)}{space}".encode()
    plan = layout([selector(way) for way in ways], None)
    untouched = Edits(of=lambda _spot: Edit(lambda value, _customer: value), unlisted=None)
    for edits in (untouched, Edits(of=lambda _spot: None)):
        got = read(body, plan).write([edits], edits)
        assert got.body is body
        assert got.touches == got.refused == ()


secrets = count()
planted = st.builds(lambda: f'secret-{next(secrets)}-é"\\')
hiding_places = st.recursive(
    planted,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)),
    max_leaves=10,
)


@settings(max_examples=200)
@given(
    hiding_places,
    st.lists(steps, max_size=5),
    st.sampled_from([Whole.DESCEND, Whole.EMPTY, Whole.REMOVE]),
    st.sampled_from(["", " ", "\n", "\t\r\n"]),
)
def test_no_planted_value_survives_when_everything_is_hidden(value, ways, how, space):
    hide = Edit(lambda _value, _customer: "[hidden]", how)
    body = f"{space}{written(value)}{space}".encode()
    plan = layout([selector(way) for way in ways], None)
    for _ in range(2):
        got = read(body, plan).write([Edits(lambda _spot: hide, hide)], Edits(lambda _spot: hide, hide))
        assert b"secret" not in got.body


@settings(max_examples=200)
@given(bodies, st.sampled_from(NAMES), scalars, st.data())
def test_a_key_that_is_twice_anywhere_is_found(value, name, extra, data):
    """Take any object of the body, and write one of its keys once more."""
    objects = list(every_object(value))
    if not objects:
        return
    chosen = data.draw(st.sampled_from(objects))
    chosen[name] = extra
    marker = "twice-over"
    chosen[marker] = extra
    twice = data.draw(st.sampled_from([json.dumps(name), '"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"']))
    body = written(value).replace(json.dumps(marker), twice)
    plan = layout([parse("$.a.b"), parse("$[*].c")], None)
    read(written(value).encode(), plan)
    for _ in range(2):
        with pytest.raises(Unreadable) as error:
            read(body.encode(), plan)
        assert error.value.refusal == "body-duplicate-key"


def every_object(value):
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from every_object(inner)
