"""What is lent of customers' keys: the seam between treatments, which use keys, and custody, which keeps them.

A *loan* is for one leg of one flow: the keys of the customers concerned, for the flow's purpose. It counts what was
made and opened with them; `settle` makes lasting what has to last, before anything is released.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

SealForm = Literal["hpke", "jwe"]
"""How a value is sealed for its customer alone: HPKE (RFC 9180), or JWE with ECDH-ES (RFC 7518 section 4.6)."""

Shape = Literal["text", "digits", "phone"]
"""What a token of the vault looks like."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What was done with one customer's keys on one leg: the evidence that the audit entry keeps.

    `keys` are the thumbprints (RFC 7638) of the key versions that were used, sorted. `made` counts the tokens that were
    made, and `digest` is SHA-256 (hex) over them, sorted by their characters, each followed by a line feed; "" for
    none: whoever has the message can work it out again. `opened` counts tokens turned back, `refused` those that were
    not.
    """

    customer: str
    keys: tuple[str, ...] = ()
    made: int = 0
    digest: str = ""
    opened: int = 0
    refused: int = 0


class CustomerKeys(Protocol):
    """One customer's keys, for one purpose and one leg. A value goes in and comes out as its JSON text.

    `field` is what the value is (the classes of its place): a token made for one field doesn't open as another.
    """

    def pseudonym_key(self) -> bytes | bytearray:
        """Give the 32 bytes under which this customer's values are pseudonymised for this purpose; not to be copied."""
        ...

    def encrypt(self, text: str, field: str) -> str:
        """Encrypt: a JWE (RFC 7516) that whoever has the customer's key can open."""
        ...

    def seal(self, text: str, field: str, form: SealForm) -> str | None:
        """Seal for the customer alone; None where they gave no public key for this form."""
        ...

    def tokenise(self, text: str, field: str, shape: Shape) -> str | None:
        """Give the random token that stands for this value, the same each time; None where none is free."""
        ...

    def reveal(self, token: str, field: str) -> str | None:
        """Turn a token back; None, and counted, unless it is this customer's, for this field and purpose, and whole."""
        ...


class Loan(Protocol):
    """The keys that are lent for one leg."""

    def of(self, customer: str) -> CustomerKeys | None:
        """Give a customer's keys; None where they have none that may be used, or had and they were destroyed."""
        ...

    async def settle(self) -> tuple[KeyUse, ...]:
        """Make what was made lasting (tokens of the vault), and tell what was used. Raises `KeysUnavailable`."""
        ...


class Custody(Protocol):
    """Keeps customers' keys and lends them."""

    def owner(self, token: str) -> str | None:
        """Give the customer whose token this is; None where it is nobody's (any more). Raises `KeysUnavailable`."""
        ...

    async def lend(self, customers: Iterable[str], purpose: str | None, now: int, *, make: bool) -> Loan:
        """Lend the keys of customers for a purpose; who has none yet gets some if `make`. `now` as in `Ports.clock`.

        Raises `KeysUnavailable` where they can't be had at present.
        """
        ...
