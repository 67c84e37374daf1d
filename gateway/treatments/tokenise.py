"""tokenise: a short random token instead of the value, which the vault keeps under the customer's own key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from gateway.formats.document import Scalar, Signal, Whole
from gateway.tokens import shapes
from gateway.tokens.keys import Shape
from gateway.tokens.scalar import text_of
from gateway.treatments.contract import Subject
from gateway.treatments.options import Option
from gateway.treatments.redact import Redact


@dataclass(frozen=True, slots=True)
class Tokenise:
    """Replace the value by a random token, the same each time for one customer, field and purpose.

    `shape`: `text` (27 characters at most), `digits` (a number stays a number), `phone`. Null and "" stay. A stranger,
    and a customer whose keys were destroyed, has no vault: refused.
    """

    shape: Shape = "text"

    NAME: ClassVar[str] = "tokenise"
    KEYED: ClassVar[bool] = True
    WHOLE: ClassVar[Whole] = Whole.DESCEND
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "shape": Option("choice", "what the token looks like", default="text", choices=("text", "digits", "phone")),
    }

    def apply(self, value: Scalar, subject: Subject) -> Scalar | Signal:
        """Give the token; a number's token of digits is a number."""
        if subject.keys is None:
            return Signal.REFUSE
        if value is None or value == "":
            return value
        token = subject.keys.tokenise(text_of(value), subject.field, self.shape)
        if token is None:
            return Signal.REFUSE
        numeric = isinstance(value, int | Decimal) and not isinstance(value, bool)
        return int(token) if numeric and self.shape == "digits" else token

    def could_have_made(self, value: Scalar) -> bool:
        """Recognise tokens of any shape: the same place may have had another before."""
        if isinstance(value, int) and not isinstance(value, bool):
            return shapes.is_token(str(value))
        return isinstance(value, str) and shapes.is_token(value)

    def join(self, other: Tokenise) -> Tokenise | Redact:
        """Two shapes make two tokens: redact."""
        return self if self == other else Redact()
