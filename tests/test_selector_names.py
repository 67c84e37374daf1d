"""Members are called what their systems call them, in any script (RFC 9535 section 2.5.1.1)."""

from __future__ import annotations

import pytest

from gateway.formats.selector import ANY, parse


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$.客户.编号", ("客户", "编号")),
        ("$.订单[*].联系电话", ("订单", ANY, "联系电话")),
        ("$.straße", ("straße",)),
        ("$.a客户1", ("a客户1",)),
        ("$['客户']", ("客户",)),
    ],
)
def test_a_name_in_any_script_is_one_step(text, steps):
    assert (parse(text).steps, parse(text).hot) == (steps, True)


@pytest.mark.parametrize("text", ["$.客 户", "$.客-户", "$.1客"])
def test_what_no_name_may_hold_is_still_refused(text):
    with pytest.raises(ValueError, match="column"):
        parse(text)
