"""Selectors of RFC 9535, checked as they are read."""

from __future__ import annotations

from gateway.formats.selector import parse
from gateway.yamlsource import Node, Reader


def read_selector(reader: Reader, at: Node, text: str, *, singular: bool = False) -> None:
    """Check a selector; `singular` insists on one place at most (RFC 9535 section 2.3.5.1). Faults are recorded."""
    try:
        selector = parse(text)
    except ValueError as error:
        hint = "" if text.startswith("$") else f"selectors begin with $: $.{text[:100]}"
        reader.fault(at, f"not a selector of RFC 9535: {error}", hint)
        return
    if singular and not selector.singular:
        reader.fault(
            at, "this selector can find several values; here it must find one", "name members one by one: $.a.b"
        )
    if not selector.hot:
        reader.warn(
            at, "this selector needs a walk through the whole body, for every body", "name the members: $.a[*].b"
        )
