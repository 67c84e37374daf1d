"""Passports and customers' attributes in one SQLite file, shared by the gateway and the command line."""

from __future__ import annotations

import sqlite3
from collections import ChainMap, OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gateway.crypto import JwsSigner
from gateway.errors import FactsUnavailable
from gateway.flow import STRANGER, CustomerFacts
from gateway.passport import change
from gateway.passport.chain import append, head, verify
from gateway.passport.change import LONGEST_NAME, check_names
from gateway.passport.event import Change, Keys
from gateway.passport.known import Known, know
from gateway.policy.model import ConsentKind
from gateway.storage.shared_file import FileKind, SharedFile

_KIND = FileKind(
    "the file of the passports",
    0x536F7670,  # "Sovp"
    (
        (
            "CREATE TABLE events (customer TEXT NOT NULL, sequence INTEGER NOT NULL, jws BLOB NOT NULL, PRIMARY "
            "KEY (customer, sequence)) WITHOUT ROWID"
        ),
        (
            "CREATE TABLE attributes (customer TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY "
            "(customer, name)) WITHOUT ROWID"
        ),
    ),
    FactsUnavailable,
)
_EVENTS = "SELECT customer, CAST(jws AS BLOB) FROM events WHERE customer IN ({}) ORDER BY customer, sequence"
_ATTRIBUTES = "SELECT customer, name, CAST(value AS TEXT) FROM attributes WHERE customer IN ({})"
_CUSTOMERS = "SELECT customer FROM events UNION SELECT customer FROM attributes"
_AT_ONCE = 500  # customers asked for in one statement; SQLite takes 999 parameters at least


class Passports:
    """Writes grants and revocations, and tells the facts of customers.

    `facts` is called on the event loop: what didn't change is answered from memory, and whatever any process wrote is
    seen by the next call. At most `capacity` customers are remembered; the file is never read whole. `patience` is how
    long, in seconds, another process's lock is waited for.

    Everything raises `FactsUnavailable` when the file is gone, locked, full or damaged, and `BrokenPassport` (which is
    one) when a passport doesn't verify. `ValueError` is for names that can't be.
    """

    def __init__(
        self,
        path: Path,
        signer: JwsSigner,
        consents: Mapping[str, ConsentKind],
        *,
        older_keys: Keys | None = None,
        patience: float = 0.25,
        capacity: int = 100_000,
    ) -> None:
        """Open the file, or make it (mode 0600). `older_keys` are public keys that signed where `signer` did not."""
        self._signer = signer
        older = older_keys if older_keys is not None else {}  # one that is empty may fill: `public_keys.EverUsed`
        self._keys: Keys = ChainMap({signer.kid: signer.key.public_key()}, older)  # type: ignore[arg-type] # only read
        self._versions = {name: kind.version for name, kind in consents.items()}
        self._capacity = capacity
        self._known: OrderedDict[str, tuple[int, Known]] = OrderedDict()
        self._file = SharedFile(_KIND, path, patience)

    def declare(self, consents: Mapping[str, ConsentKind]) -> None:
        """Take other declarations of consents, after a reload."""
        self._versions = {name: kind.version for name, kind in consents.items()}
        self._known.clear()

    def facts(self, customers: Iterable[str | None], now: int) -> dict[str | None, CustomerFacts]:
        """Give what is known of each customer at `now` (nanoseconds since the epoch); None is a stranger."""
        try:
            return self._facts(customers, now)
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise _KIND.unavailable(error) from None

    def history(self, customer: str) -> tuple[bytes, ...]:
        """Give the events of a customer's passport as they are kept: each a compact JWS."""
        try:
            self._file.generation()
            return self._events(customer)
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise _KIND.unavailable(error) from None

    def customers(self) -> tuple[str, ...]:
        """Give everyone who has a passport or attributes."""
        try:
            return tuple(customer for (customer,) in self._file.connection.execute(_CUSTOMERS))
        except sqlite3.Error as error:
            raise _KIND.unavailable(error) from None

    def grant(self, customer: str, kind: ConsentKind, *, at: int, by: str, until: int | None = None) -> str:
        """Record that a customer grants a consent in its present wording, and give the new head of their passport.

        It ends at `until`, or after the days that the consent is declared for, whichever is first.
        """
        made = change.grant(customer, kind.name, kind.version, kind.days, at=at, until=until, by=by)
        with self._writing():
            history = self._events(customer)
            verify(history, self._keys, customer=customer)
            return self._append(history, made)

    def revoke(self, customer: str, consent: str, *, at: int, by: str) -> str:
        """Record that a customer revokes a consent, and give the new head of their passport."""
        with self._writing():
            history = self._events(customer)
            made = change.revoke(verify(history, self._keys, customer=customer), customer, consent, at=at, by=by)
            return self._append(history, made)

    def set_attributes(self, customer: str, attributes: Mapping[str, str]) -> None:
        """Put a customer's attributes (`region`, `tier`) in the place of those before. They are not signed."""
        check_names(customer)
        rows = [(customer, name, value) for name, value in attributes.items()]
        with self._writing():
            self._file.connection.execute("DELETE FROM attributes WHERE customer = ?", (customer,))
            self._file.connection.executemany("INSERT INTO attributes VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _facts(self, customers: Iterable[str | None], now: int) -> dict[str | None, CustomerFacts]:
        """Answer from memory, as far as nothing changed since."""
        generation = self._file.generation()
        remembered = self._known
        found: dict[str | None, CustomerFacts] = {}
        missing: list[str] = []
        for customer in customers:
            if customer is None:
                found[None] = STRANGER
                continue
            entry = remembered.get(customer)
            if entry is None or entry[0] != generation or now >= entry[1].until:
                missing.append(customer)
            else:
                remembered.move_to_end(customer)
                found[customer] = entry[1].facts
        if missing:
            self._learn(missing, generation, now, found)
        return found

    def _learn(
        self, customers: Iterable[str], generation: int, now: int, found: dict[str | None, CustomerFacts]
    ) -> None:
        """Read what isn't known any more from the file into `found`, and remember it."""
        events, attributes = self._read(list(dict.fromkeys(customers)))
        for customer in customers:
            entry = self._known.get(customer)
            known = know(
                customer,
                events.get(customer, ()),
                attributes.get(customer, {}),
                versions=self._versions,
                keys=self._keys,
                now=now,
                before=entry[1] if entry else None,
            )
            found[customer] = known.facts
            if len(customer) <= LONGEST_NAME:  # longer ones granted nothing, and would fill the memory
                self._known[customer] = (generation, known)
                self._known.move_to_end(customer)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)

    def _read(self, customers: Sequence[str]) -> tuple[dict[str, list[bytes]], dict[str, dict[str, str]]]:
        """Read events, in order, and attributes by customer; who has none isn't there."""
        events: dict[str, list[bytes]] = {}
        attributes: dict[str, dict[str, str]] = {}
        for start in range(0, len(customers), _AT_ONCE):
            some = customers[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            for customer, raw in self._file.connection.execute(_EVENTS.format(marks), some):
                events.setdefault(customer, []).append(raw)
            for customer, attribute, value in self._file.connection.execute(_ATTRIBUTES.format(marks), some):
                attributes.setdefault(customer, {})[attribute] = value
        return events, attributes

    def _events(self, customer: str) -> tuple[bytes, ...]:
        """Read the events of one customer, in order."""
        return tuple(self._read([customer])[0].get(customer, ()))

    def _append(self, history: tuple[bytes, ...], made: Change) -> str:
        """Write one more event, inside a transaction."""
        raw = append(history, made, self._signer)
        self._file.connection.execute("INSERT INTO events VALUES (?, ?, ?)", (made.customer, len(history) + 1, raw))
        return head((raw,))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the file's one write lock; what was written is durable at the end, or undone."""
        try:
            with self._file.transaction():
                yield
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise _KIND.unavailable(error) from None
