"""Selectors in the words of their format, checked as they are read."""

from __future__ import annotations

from gateway.faults import Fault
from gateway.formats.format import Format, SelectsSeveral
from gateway.yamlsource import Node, Reader


def read_selector(reader: Reader, at: Node, text: str, form: Format | None, *, singular: bool = False) -> None:
    """Check a selector; `singular` insists on one place at most. Faults are recorded; without a format, nothing is."""
    if form is None or not form.BY_FIELDS:
        return
    try:
        quick = form.check(text, singular=singular)
    except SelectsSeveral as error:
        reader.fault(at, str(error), f"name one place, such as {form.EXAMPLE}", code=Fault.SELECTS_SEVERAL)
        return
    except ValueError as error:
        hint = f"write it like {form.EXAMPLE}"
        if form.NAME == "json" and not text.startswith("$"):
            hint = f"selectors begin with $: $.{text[:100]}"
        reader.fault(at, str(error), hint, code=Fault.BAD_SELECTOR)
        return
    if not quick:
        message = "this selector needs a walk through the whole body, for every body"
        reader.warn(at, message, f"name the places, such as {form.EXAMPLE}", code=Fault.SLOW_SELECTOR)
