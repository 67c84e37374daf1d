"""Selectors of RFC 9535, checked as they are read."""

from __future__ import annotations

from gateway.faults import Fault
from gateway.formats.selector import parse
from gateway.yamlsource import Node, Reader


def read_selector(reader: Reader, at: Node, text: str, *, singular: bool = False) -> None:
    """Check a selector; `singular` insists on one place at most (RFC 9535 section 2.3.5.1). Faults are recorded."""
    try:
        selector = parse(text)
    except ValueError as error:
        hint = "write it like $.customer.email or $.lines[*].price"
        if not text.startswith("$"):
            hint = f"selectors begin with $: $.{text[:100]}"
        reader.fault(at, f"not a selector of RFC 9535: {error}", hint, code=Fault.BAD_SELECTOR)
        return
    if singular and not selector.singular:
        message = "this selector can find several values; here it must find one"
        reader.fault(at, message, "name members one by one: $.a.b", code=Fault.SELECTS_SEVERAL)
    elif not selector.hot:
        message = "this selector needs a walk through the whole body, for every body"
        reader.warn(at, message, "name the members: $.a[*].b", code=Fault.SLOW_SELECTOR)
