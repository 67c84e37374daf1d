"""Many values at once become what each becomes by itself: columns of tables, and equal places of large documents."""

from __future__ import annotations

import asyncio

import pytest
from gate_kit import Bench, written
from hypothesis import given
from hypothesis import strategies as st
from keys_kit import subject

from gateway.formats.document import Edit, Edits, Signal
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS
from gateway.formats.rows import Rows
from gateway.treatments.many import all_treated, traces
from gateway.treatments.registry import build

ANN = subject("C-1", "sales")
TREATMENTS = [
    build("keep", {}),
    build("mask", {}),
    build("mask", {"keep_last": 4}),
    build("mask", {"keep_first": 2, "keep_last": 3, "hide_up_to": 9}),
    build("mask", {"character": "•", "keep_last": 1}),
    build("redact", {}),
    build("redact", {"constant": "hidden"}),
    build("redact", {"constant": 0}),
    build("pseudonymise", {}),
    build("generalise", {"into": "month"}),
    build("generalise", {"into": "prefix", "keep": 2}),
    build("remove", {}),
    build("refuse", {}),
]
texts = st.one_of(
    st.text(st.characters(codec="ascii"), max_size=12),
    st.text("*•[redacted]hien", max_size=12),
    st.text(max_size=6),
)
scalars = st.one_of(texts, st.none(), st.booleans(), st.integers())


@pytest.mark.parametrize("treatment", TREATMENTS, ids=repr)
@given(values=st.one_of(st.lists(texts, max_size=8), st.lists(scalars, max_size=8)))
def test_many_values_become_what_each_becomes_by_itself(treatment, values):
    assert all_treated(treatment, ANN)(values) == [treatment.apply(value, ANN) for value in values]


@pytest.mark.parametrize("treatment", TREATMENTS, ids=repr)
@given(text=texts, made_of=texts)
def test_a_text_that_a_treatment_may_have_made_holds_one_of_its_traces(treatment, text, made_of):
    found = traces(treatment)
    for one in (text, treatment.apply(made_of, ANN)):
        if found is not None and isinstance(one, str) and one and treatment.could_have_made(one):
            assert any(trace in one for trace in found)


EDITS = {
    0: None,
    1: Edit(lambda value, owner: f"{owner}:{value}"),
    2: Edit(lambda value, _: value if value == "a" else "*"),
    3: Edit(lambda _value, _: Signal.REMOVE),
    **{
        number: Edit(lambda value, _: value * 2, many=lambda values: [value * 2 for value in values])
        for number in range(4, 9)
    },
    9: Edit(lambda value, _: value, many=lambda values: values),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(EDITS)), st.sampled_from("abc"), st.sampled_from(["C-1", None]))))
def test_rows_of_any_kinds_are_treated_in_their_order(rows):
    keys, values, owners = ([row[at] for row in rows] for at in range(3))
    edits = {key: EDITS[key] for key in keys}
    expected = [
        value if EDITS[key] is None else EDITS[key].value(value, owner)
        for key, value, owner in zip(keys, values, owners, strict=True)
    ]
    assert not rows or Rows(keys, owners).treated(edits, values) == expected


def test_rows_that_all_stay_are_the_very_same():
    values = ["a", "b"]
    assert Rows([0, 9], ["C-1", "C-2"]).treated({key: EDITS[key] for key in (0, 9)}, values) is values


def orders(count: int, odd: str) -> bytes:
    """Write so many orders that equal places are treated together; one of them is written in another way."""
    plain = "".join(f"<o><c>C-{n % 3}</c><e>ann{n}@x.example</e><n>{n}</n></o>\n" for n in range(count))
    return f"<l>{plain}<o><c>C-9</c>{odd}</o>\n</l>".encode()


MASK, CONSTANT = build("mask", {"keep_last": 4}), build("redact", {"constant": "<&>ü"})
ODD = [
    "<e>bob@x.example</e>",
    "<e>b&#111;b@x.example</e>",
    "<e>Müller &lt;m@x.example&gt;</e>",
    "<e>m\r\nn</e>",
    "<e> \n</e>",
    "<e></e>",
    "<e/>",
    "<e>a<!-- b -->c</e>",
    "<e><![CDATA[a<b]]></e>",
    "<e>a<i>b</i>c</e>",
    "<e x='1'>ab</e>",
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "treatment", [build("mask", {"keep_last": 4}), build("redact", {"constant": "<&>ü"})], ids=repr
)
def test_equal_places_of_a_large_document_become_what_each_becomes_by_itself(odd, treatment):
    body = orders(60, odd)

    def made_by(many: object) -> tuple[object, ...]:
        layout = FORMATS["xml"].layout(Shape(("e", "n"), "c", "/l/o"))
        edit = Edit(lambda value, _: treatment.apply(value, ANN), many=many)
        edits = [Edits(lambda spot: edit if spot == (0,) else None, edit) for _ in range(3)]
        document = FORMATS["xml"].read(body, layout, BodyLimits())
        made = document.write([edits[int(one[2:]) % 3] for one in document.customers], edits[0])
        return made.body, sorted((touch.spot, touch.pointer, touch.count) for touch in made.touches), made.refused

    assert made_by(all_treated(treatment, ANN)) == made_by(None)


def test_an_equal_place_that_is_refused_is_told_with_its_owner():
    def refusing(value: object, owner: str | None) -> object:
        return Signal.REFUSE if owner == "C-9" else value

    layout = FORMATS["xml"].layout(Shape(("e", "n"), "c", "/l/o"))
    document = FORMATS["xml"].read(orders(60, "<e>a&amp;b</e>"), layout, BodyLimits())
    edit = Edit(refusing, many=lambda values: [refusing(value, None) for value in values])
    edits = Edits(lambda spot: edit if spot == (0,) else None)
    made = document.write([edits] * len(document.customers), Edits(lambda _: None))
    assert [one.pointer for one in made.refused] == ["/l/o/e"]


LINES = "".join(f"C-{n},ann{n}@x.example\n" for n in range(50))


@pytest.mark.parametrize(("cell", "refused"), [("***********mple", True), ("bob@x.example", False), ("", False)])
def test_one_masked_cell_among_many_is_found_when_it_is_written_back(cell, refused):
    policies = written(
        catalog_erp="""
version: 1
catalog: erp
operations: {load: {request: POST /load, body: rows}, dump: {request: GET /dump, response: rows}}
messages: {rows: {format: csv, customer: id, fields: {id: user.unique_id, email: user.contact.email}}}
""",
        catalog_crm="version: 1\ncatalog: crm\noperations: {}\nmessages: {}\n",
        open="""
version: 1
policy: open
scope: {from: crm, to: erp}
allow: true
protect: [{classes: [user.contact], leg: response, treatment: mask, keep_last: 4}]
""",
    )
    bench = Bench(policies)
    body = f"id,email\n{LINES}C-99,{cell}\n{LINES}".encode()
    answer = asyncio.run(bench.ask("POST", "/load", body, (("Content-Type", "text/csv"),)))
    assert (answer.status == 422) is refused
    assert [one.refusal for one in bench.entries] == (["masked-write-back"] if refused else ["", ""])
    assert bench.asked == [] if refused else bench.asked[0].body == body
