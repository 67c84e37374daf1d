"""seal: the value for its customer alone: not even the gateway can open it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gateway.formats.document import Scalar, Signal, Whole
from gateway.tokens import shapes
from gateway.tokens.keys import SealForm
from gateway.tokens.scalar import text_of
from gateway.treatments.contract import Subject
from gateway.treatments.options import Option
from gateway.treatments.redact import Redact


@dataclass(frozen=True, slots=True)
class Seal:
    """Encrypt to the public key that the customer gave: `form` is HPKE (RFC 9180), or JWE with ECDH-ES (RFC 7518).

    Whatever its type was, the value becomes a text; null and "" stay. Who gave no key for this form is refused.
    """

    form: SealForm = "hpke"

    NAME: ClassVar[str] = "seal"
    KEYED: ClassVar[bool] = True
    WHOLE: ClassVar[Whole] = Whole.DESCEND
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "form": Option(
            "choice", "`jwe` for customers who have a JOSE library only", default="hpke", choices=("hpke", "jwe")
        ),
    }

    def apply(self, value: Scalar, subject: Subject) -> Scalar | Signal:
        """Give the sealed value."""
        if subject.keys is None:
            return Signal.REFUSE
        if value is None or value == "":
            return value
        sealed = subject.keys.seal(text_of(value), subject.field, self.form)
        return Signal.REFUSE if sealed is None else sealed

    def could_have_made(self, value: Scalar) -> bool:
        """Recognise sealed values of either form."""
        return isinstance(value, str) and shapes.is_sealed(value)

    def join(self, other: Seal) -> Seal | Redact:
        """Two forms have nothing in common that both would show: redact."""
        return self if self == other else Redact()
