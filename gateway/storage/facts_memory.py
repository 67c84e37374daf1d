"""The twin of `storage.passports` that keeps everything in memory: for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.crypto import JwsSigner
from gateway.flow import STRANGER, CustomerFacts
from gateway.passport import change
from gateway.passport.chain import append, head, verify
from gateway.passport.change import check_names
from gateway.passport.event import Change
from gateway.passport.known import Known, know
from gateway.policy.model import ConsentKind


class PassportsInMemory:
    """The same as `Passports`, gone with the process. Each method does what its namesake there does."""

    def __init__(self, signer: JwsSigner, consents: Mapping[str, ConsentKind]) -> None:
        """Start without any passport."""
        self._signer = signer
        self._keys = {signer.kid: signer.key.public_key()}
        self._passports: dict[str, tuple[bytes, ...]] = {}
        self._attributes: dict[str, dict[str, str]] = {}
        self._known: dict[str, Known] = {}
        self.declare(consents)

    def declare(self, consents: Mapping[str, ConsentKind]) -> None:
        """Take other declarations of consents, after a reload."""
        self._versions = {name: kind.version for name, kind in consents.items()}
        self._known.clear()

    def facts(self, customers: Iterable[str | None], now: int) -> dict[str | None, CustomerFacts]:
        """Give what is known of each customer at `now` (nanoseconds since the epoch); None is a stranger."""
        return {customer: STRANGER if customer is None else self._learn(customer, now) for customer in customers}

    def history(self, customer: str) -> tuple[bytes, ...]:
        """Give the events of a customer's passport."""
        return self._passports.get(customer, ())

    def grant(self, customer: str, kind: ConsentKind, *, at: int, by: str, until: int | None = None) -> str:
        """Record a grant and give the new head."""
        return self._append(change.grant(customer, kind.name, kind.version, kind.days, at=at, until=until, by=by))

    def revoke(self, customer: str, consent: str, *, at: int, by: str) -> str:
        """Record a revocation and give the new head."""
        history = verify(self.history(customer), self._keys, customer=customer)
        return self._append(change.revoke(history, customer, consent, at=at, by=by))

    def set_attributes(self, customer: str, attributes: Mapping[str, str]) -> None:
        """Put a customer's attributes in the place of those before."""
        check_names(customer)
        self._attributes[customer] = dict(attributes)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _learn(self, customer: str, now: int) -> CustomerFacts:
        """Work out one customer's facts."""
        self._known[customer] = known = know(
            customer,
            self.history(customer),
            self._attributes.get(customer, {}),
            versions=self._versions,
            keys=self._keys,
            now=now,
            before=self._known.get(customer),
        )
        return known.facts

    def _append(self, made: Change) -> str:
        """Add one event."""
        history = self.history(made.customer)
        self._passports[made.customer] = (*history, append(history, made, self._signer))
        return head(self._passports[made.customer])
