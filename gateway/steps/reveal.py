"""Step 5: a token is turned back where a policy says so, before anything else happens to the value."""

from __future__ import annotations

from dataclasses import replace

from gateway.flow import Leg
from gateway.formats.document import Edit, Scalar, Signal
from gateway.steps.owner import Owner, field_of
from gateway.tokens.scalar import value_of
from gateway.tokens.shapes import could_be_token


def revealing(edit: Edit | None, classes: frozenset[str], leg: Leg) -> Edit:
    """Turn tokens back, and let the value through to the edit.

    A token that doesn't open (another customer's, field's or purpose's, of destroyed keys, or none at all) is refused
    in a request: it would be written over the truth. In a response it stays what it is: it tells nobody anything.
    """
    field = field_of(classes)

    def reveal(value: Scalar, owner: Owner | None) -> Scalar | Signal:
        if could_be_token(value):
            keys = None if owner is None else owner.keys
            text = None if keys is None else keys.reveal(str(value), field)
            if text is not None:
                value = value_of(text)
            elif leg is Leg.REQUEST:
                return Signal.REFUSE
        return value if edit is None else edit.value(value, owner)

    return Edit(reveal) if edit is None else replace(edit, value=reveal, many=None)
