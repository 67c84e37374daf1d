"""Who calls: what a request brings is put together to one identity, or to a refusal."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.errors import NotAuthenticated, Unreadable
from gateway.identity.bearer import DPOP, presented
from gateway.identity.dpop import HEADER as PROOF
from gateway.identity.dpop import Dpop
from gateway.identity.identified import Identified, combine, unproven
from gateway.identity.mtls import Certificates
from gateway.identity.purpose import purpose_of
from gateway.proxy.drive import Caller, Incoming
from gateway.proxy.evidence import Evidence

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
    dpop: Dpop | None = None
    evidence: Evidence | None = None

    async def identify(self, incoming: Incoming) -> Caller:
        """Give the operator and the purpose. Raises NotAuthenticated."""
        now = self.clock()
        found = unproven(self.development) if self.development else await self._proven(incoming, now)
        operator, body = found.operator, None
        if self.evidence is not None:
            operator, body = self.evidence.weigh(operator, incoming.headers, incoming.method, incoming.target, now)
        try:
            purpose = purpose_of(found.purpose, incoming.headers, self.purpose_header)
        except Unreadable as error:
            raise NotAuthenticated(error.refusal, str(error)) from None
        return Caller(operator, purpose, body)

    async def _proven(self, incoming: Incoming, now: int) -> Identified:
        """Check every proof of who calls that the request brings."""
        by_token = await self._by_token(self.tokens, incoming, now) if self.tokens else None
        der = incoming.certificate
        by_certificate = self.certificates.identify(der, now) if self.certificates and der is not None else None
        return combine(by_token, by_certificate, hashlib.sha256(der).hexdigest() if der is not None else "")

    async def _by_token(self, tokens: Tokens, incoming: Incoming, now: int) -> Identified | None:
        """Give who the request's token proves to call; None without one. A token that is bound to a key needs proof."""
        given = presented(incoming.headers, self.header)
        if given is None:
            return None
        scheme, token = given
        found = await tokens(token, now)
        if self.dpop is None:
            if found.key or scheme == DPOP:
                raise NotAuthenticated("identity-invalid", "no proof of possession is checked here")
            return found
        if scheme == DPOP:
            return self.dpop.held(token, found, incoming.headers, incoming.method, incoming.target, now)
        if found.key or any(name.lower().replace("_", "-") == PROOF for name, _ in incoming.headers):
            raise self.dpop.refused_bearer("a token that is bound to a key was presented as if anybody could")
        if self.dpop.rules.required and not found.certificate:
            raise self.dpop.refused_bearer("the token is bound to nothing")
        return found
