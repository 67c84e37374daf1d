"""What the file of customers' keys holds, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gateway.custody.provider import Wrapped
from gateway.tokens.keys import SealForm
from gateway.tokens.keyset import Kind, State

CustomerState = Literal["live", "destroyed"]


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer with the key that wraps their data keys, wrapped by a provider; None once it was destroyed.

    `thumbprint` is that of the key itself: a customer's next life has another one, a rewrap has not.
    """

    handle: str
    customer: str | None
    state: CustomerState
    provider: str
    wrapped: Wrapped | None
    thumbprint: str
    created: int
    changed: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of one data key, wrapped under the customer's key. `created` in nanoseconds since the epoch."""

    version: int
    kind: Kind
    purpose: str | None
    state: State
    wrapped: bytes = field(repr=False)
    thumbprint: str
    created: int


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """A public key that a customer gave: `key` as PEM."""

    version: int
    form: SealForm
    key: bytes
    thumbprint: str
    state: State
    created: int


@dataclass(frozen=True, slots=True)
class Request:
    """Something that waits for a second person: what, of whom, asked by which account, when."""

    number: int
    action: str
    customer: str
    asked_by: str
    at: int
