"""Turns the pseudonyms of the log back into ids, for who holds the key of the names: the same id, the same name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.audit.pseudonym import Pseudonyms


@dataclass(frozen=True, slots=True)
class People:
    """The ids of known customers and operators by their pseudonyms."""

    customers: Mapping[str, str]
    operators: Mapping[str, str]

    @classmethod
    def of(cls, names: Pseudonyms, customers: Iterable[str], others: Iterable[str]) -> People:
        """Work out the pseudonyms of customers, and of `others`, who may be either."""
        others = tuple(others)
        return cls(
            {names.customer(one): one for one in (*customers, *others)}, {names.operator(one): one for one in others}
        )

    def customer(self, pseudonym: str) -> str:
        """Give the id and the pseudonym, or the pseudonym alone."""
        return f"{self.customers[pseudonym]} ({pseudonym})" if pseudonym in self.customers else pseudonym

    def operator(self, pseudonym: str) -> str:
        """Give the same of an operator, or of a recipient."""
        return f"{self.operators[pseudonym]} ({pseudonym})" if pseudonym in self.operators else pseudonym


NOBODY = People({}, {})
"""Knows no one."""
