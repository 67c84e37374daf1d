"""Who calls: what a request brings is put together to one identity, or to a refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.errors import NotAuthenticated, Unreadable
from gateway.identity.bearer import bearer
from gateway.identity.identified import Identified, combine, unproven
from gateway.identity.mtls import Certificates
from gateway.identity.purpose import purpose_of
from gateway.proxy.drive import Caller, Incoming

Tokens = Callable[[str, int], Awaitable[Identified]]
"""Gives who a token proves to call at a time (nanoseconds since the epoch); raises NotAuthenticated."""


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Asks for what the configuration names: a token in a header, a client certificate, or (development) nothing."""

    clock: Callable[[], int]
    tokens: Tokens | None = None
    header: str = "authorization"
    certificates: Certificates | None = None
    development: str = ""
    purpose_header: str | None = None

    async def identify(self, incoming: Incoming) -> Caller:
        """Give the operator and the purpose. Raises NotAuthenticated."""
        found = unproven(self.development) if self.development else await self._proven(incoming)
        try:
            purpose = purpose_of(found.purpose, incoming.headers, self.purpose_header)
        except Unreadable as error:
            raise NotAuthenticated(error.refusal, str(error)) from None
        return Caller(found.operator, purpose)

    async def _proven(self, incoming: Incoming) -> Identified:
        """Check every proof that the request brings."""
        now = self.clock()
        token = bearer(incoming.headers, self.header) if self.tokens else None
        by_token = await self.tokens(token, now) if self.tokens and token is not None else None
        der = incoming.certificate
        by_certificate = self.certificates.identify(der, now) if self.certificates and der is not None else None
        return combine(by_token, by_certificate)
