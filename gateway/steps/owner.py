"""Whose a record is, and with what it is treated: what formats hand on to edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.flow import Purpose
from gateway.policy.decision import Decision
from gateway.ports import Ports
from gateway.tokens.keys import CustomerKeys, KeyUse, Loan
from gateway.treatments.contract import Subject


@dataclass(frozen=True, slots=True, eq=False)
class Owner:
    """A customer whose records are treated now, with the keys that are lent for it; None: none were asked for."""

    customer: str
    keys: CustomerKeys | None = None
    _subjects: dict[str, Subject] = field(default_factory=dict, repr=False)

    def subject(self, field_: str) -> Subject:
        """Give what keyed treatments need at a place of this field."""
        found = self._subjects.get(field_)
        if found is None:
            found = self._subjects[field_] = Subject(self.customer, field_, self.keys)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Owners:
    """The owners of one leg's records by their names; a stranger has none.

    `loan` is None where no keys are needed; `asked` are the customers who need some.
    """

    of: Mapping[str | None, Owner | None]
    loan: Loan | None = None
    asked: Sequence[str] = ()

    @property
    def keyless(self) -> frozenset[str]:
        """Give the customers who need keys and have none that may be used."""
        if self.loan is None:
            return frozenset()
        loan = self.loan
        return frozenset(name for name in self.asked if loan.of(name) is None)

    async def settle(self) -> tuple[KeyUse, ...]:
        """Make lasting what was made with the keys, and tell what was used. Raises `KeysUnavailable`."""
        return () if self.loan is None else await self.loan.settle()


async def owners(decided: Mapping[str | None, Decision], purpose: Purpose | None, now: int, ports: Ports) -> Owners:
    """Find the owners of records, and borrow the keys that the decisions on them need. Raises `KeysUnavailable`."""
    needing = [name for name, one in decided.items() if name is not None and (one.keyed or one.reveals)]
    if not needing:
        return Owners({name: None if name is None else Owner(name) for name in decided})
    make = any(decided[name].keyed for name in needing)
    loan = await ports.custody.lend(needing, purpose.name if purpose else None, now, make=make)
    keys = {name: loan.of(name) for name in needing}
    return Owners({name: None if name is None else Owner(name, keys.get(name)) for name in decided}, loan, needing)


def field_of(classes: frozenset[str]) -> str:
    """Name what stands at a place, for tokens to be bound to: its classes."""
    return "+".join(sorted(classes))
