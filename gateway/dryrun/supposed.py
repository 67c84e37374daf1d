"""Tokens of a gateway that runs, met in captured traffic: nobody can open them here, so they are taken to open.

Whether each really would (its customer, field and purpose, keys that weren't destroyed) only that gateway can tell.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.custody.memory import MemoryCustody, MemoryLoan
from gateway.tokens import shapes
from gateway.tokens.lent import LentKeys

REVEALED = "[revealed]"
"""What stands for the value of a token that is taken to open."""

_TEXT = f'"{REVEALED}"'


class _Lent(LentKeys):
    __slots__ = ()

    def reveal(self, token: str, field: str) -> str | None:
        """Turn a token back, or suppose that it is."""
        text = super().reveal(token, field)
        if text is None:
            self._refused -= 1
            self._opened += 1
        return _TEXT if text is None else text


class SupposedCustody(MemoryCustody):
    """Keys in memory that also open what they didn't make; everyone has some."""

    LENT = _Lent

    def owner(self, token: str) -> str | None:
        """Give the customer whose token this is: one that was made elsewhere tells them apart, and no more."""
        kid = shapes.kid_of(token)
        return super().owner(token) or (kid.handle if kid is not None else token)

    async def lend(self, customers: Iterable[str], purpose: str | None, now: int, *, make: bool) -> MemoryLoan:  # noqa: ARG002 - everyone has keys here
        """Lend keys, made where there are none."""
        return await super().lend(customers, purpose, now, make=True)
