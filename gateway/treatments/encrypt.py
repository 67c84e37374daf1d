"""encrypt: the value under the customer's own key: the customer can open it, and flows that may `reveal` it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gateway.formats.document import Scalar, Signal, Whole
from gateway.tokens import shapes
from gateway.tokens.scalar import text_of
from gateway.treatments.contract import Subject
from gateway.treatments.options import Option


@dataclass(frozen=True, slots=True)
class Encrypt:
    """Replace the value by a compact JWE (RFC 7516; `dir`, A256GCM) under the customer's key for this purpose.

    It is bound to customer, field and purpose. Whatever its type was, it becomes a text; null and "" stay. A stranger,
    and a customer whose keys were destroyed, has no key: refused.
    """

    NAME: ClassVar[str] = "encrypt"
    KEYED: ClassVar[bool] = True
    WHOLE: ClassVar[Whole] = Whole.DESCEND
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    def apply(self, value: Scalar, subject: Subject) -> Scalar | Signal:
        """Give the token."""
        if subject.keys is None:
            return Signal.REFUSE
        return value if value is None or value == "" else subject.keys.encrypt(text_of(value), subject.field)

    def could_have_made(self, value: Scalar) -> bool:
        """Recognise tokens of this form, whoever's they are."""
        return isinstance(value, str) and shapes.is_encrypted(value)

    def join(self, other: Encrypt) -> Encrypt:  # noqa: ARG002 - the contract's signature
        """There is only one encrypt."""
        return self
