"""Watermarks as officers write them, and what several of them ask for together."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_policy_load import loaded

from gateway.errors import FaultyFiles
from gateway.policy.marking import ATTACHMENTS, PDFA, SIGNED, join, joined, marking
from gateway.policy.model import Watermark
from gateway.watermark.plan import Visible
from gateway.watermark.text.ink import contrast, unclear

WATERMARKS = st.builds(
    Watermark,
    visible=st.sampled_from([None, "{mark}", "{customer}", "{date}"]),
    hidden=st.booleans(),
    permissions=st.dictionaries(st.sampled_from(["print", "copy", "annotate"]), st.booleans()),
    placement=st.sampled_from(["tiled", "footer"]),
    opacity=st.sampled_from([0.2, 0.32]),
    unseen=st.booleans(),
    view_only=st.booleans(),
    bilevel=st.booleans(),
    attachments=st.sampled_from(ATTACHMENTS),
    signed=st.sampled_from(SIGNED),
    pdfa=st.sampled_from(PDFA),
)
MARKINGS = WATERMARKS.map(marking)


@given(MARKINGS, MARKINGS, MARKINGS)
def test_the_order_of_watermarks_means_nothing(a, b, c):
    assert join(a, b) == join(b, a)
    assert join(a, join(b, c)) == join(join(a, b), c)
    assert join(a, a) == a


@given(st.lists(WATERMARKS, min_size=1), WATERMARKS)
def test_one_more_watermark_only_tightens(some, more):
    before, after = joined(some), joined([*some, more])
    assert before.visible <= after.visible
    assert before.forbidden <= after.forbidden
    assert before.hidden <= after.hidden
    assert before.view_only <= after.view_only
    assert before.bilevel <= after.bilevel
    for order, name in ((ATTACHMENTS, "attachments"), (SIGNED, "signed"), (PDFA, "pdfa")):
        assert order.index(getattr(before, name)) <= order.index(getattr(after, name))
    assert bool(before.shown) <= bool(after.shown)


@given(st.lists(WATERMARKS, min_size=1))
def test_what_is_marked_always_carries_something_that_leads_back(some):
    asked = joined(some)
    assert asked.shown or asked.hidden
    assert all(one in asked.shown for one in asked.visible)


def test_defaults_of_rules_about_something_else_count():
    lax = Watermark("x", attachments="mark", signed="drop", pdfa="keep")
    together = joined([lax, Watermark(None, permissions={"print": False})])
    assert (together.attachments, together.signed, together.pdfa) == ("remove", "refuse", "drop")


READ = {
    'watermark: {visible: "{customer}"}': Watermark("{customer}"),
    "watermark: {hidden: true}": Watermark(None, hidden=True),
    "watermark: {visible: false, hidden: true}": Watermark(None, hidden=True, unseen=True),
    "watermark: {visible: {text: a, placement: footer, opacity: 0.5, colour: '#C00000', size: 9}}": Watermark(
        "a", placement="footer", opacity=0.5, colour="#c00000", size=9
    ),
    "watermark: {view_only: true, bilevel: true, attachments: refuse, signed: drop, pdfa: keep}": Watermark(
        None, view_only=True, bilevel=True, attachments="refuse", signed="drop", pdfa="keep"
    ),
}
FAULTS = {
    "watermark: {visible: false}": "SG321",
    "watermark: {visible: {text: a, colour: red}}": "SG320",
    "watermark: {visible: {text: a, opacity: 0.05}}": "SG106",
    "watermark: {visible: {text: a, size: 2}}": "SG106",
    "watermark: {visible: {text: '{who}'}}": "SG319",
    "watermark: {visible: {placement: footer}}": "SG102",
    "watermark: {visible: {text: a, placement: middle}}": "SG107",
    "watermark: {attachments: keep}": "SG107",
}


@pytest.mark.parametrize("text", READ)
def test_a_watermark_is_read_as_written(text):
    (policy,) = loaded(text).policies
    assert policy.rules[0].watermark == READ[text]
    assert policy.rules[0].watermark.permissions == READ[text].permissions


@pytest.mark.parametrize("text", FAULTS)
def test_what_no_mark_can_do_is_told(text):
    with pytest.raises(FaultyFiles) as raised:
        loaded(text)
    assert [str(problem.code) for problem in raised.value.problems] == [FAULTS[text]]


def test_the_usual_look_shows_on_white_and_on_black_and_fainter_ones_show_less():
    assert unclear(Visible("x")) == ""
    for ground in ((1, 1, 1), (0, 0, 0)):
        shown = [contrast(Visible("x", opacity=part / 10), ground) for part in range(1, 11)]
        assert all(one < other for one, other in pairwise(shown))


@pytest.mark.parametrize("colour", ["#ffffff", "#ffff00", "#000000", "#808080", "#c00000"])
def test_any_colour_shows_on_any_ground_because_its_rim_does(colour):
    assert unclear(Visible("x", colour=colour)) == ""
