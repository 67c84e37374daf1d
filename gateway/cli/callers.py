"""How callers are told apart, wired: the issuer's keys from a file or a URL, client certificates, development mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from gateway.cli.house import now
from gateway.cli.weighing import Weighing
from gateway.config import JwtSettings, Settings
from gateway.crypto import hkdf_sha256
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.identity.dpop import Dpop
from gateway.identity.identified import Identified
from gateway.identity.jwks import KeySet, read_key_set
from gateway.identity.jwt import JwtRules
from gateway.identity.mtls import Certificates
from gateway.identity.replay import Nonces
from gateway.identity.urls import OwnUrls
from gateway.identity.verifier import Verifier
from gateway.policy.model import PolicySet
from gateway.proxy.evidence import Evidence
from gateway.proxy.identify import Doorkeeper
from gateway.proxy.keys_url import KeysUrl
from gateway.storage.proofs import SharedProofs

PROOFS = "proofs.sqlite"


@dataclass(slots=True)
class Callers:
    """Who may call. `read` takes up what a reload brings: systems that are new, keys that were put in the file."""

    settings: Settings
    systems: dict[str, str] = field(default_factory=dict)
    verifier: Verifier | None = None
    url: KeysUrl | None = None
    weighing: Weighing | None = None
    evidence: Evidence = field(default_factory=Evidence)

    async def open(self, policies: PolicySet, stack: AsyncExitStack, secret: bytes) -> Doorkeeper:
        """Make ready what callers are identified with. Raises `FaultyFiles`, and `ProofsUnavailable` for their file.

        `secret` is a key of the gateway, the same in all its processes: the nonces that it gives come from it.
        """
        settings = self.settings
        jwt, mtls = settings.jwt, settings.mtls
        proofs, nonces = self._proofs(stack), Nonces(hkdf_sha256(secret, b"sovgate nonces"))
        self.weighing = Weighing(settings, nonces, proofs)
        if jwt is not None:
            self.systems.update(_systems(jwt, policies))
            self.verifier = Verifier(KeySet(), self._rules(jwt))
        self.read(policies)()
        if jwt is not None and jwt.keys_url and self.verifier is not None:
            jar = aiohttp.DummyCookieJar()
            session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar, trust_env=False))
            self.url = KeysUrl(jwt.keys_url, session, self.verifier)
            await self.url.start()
            stack.push_async_callback(self.url.close)
        rules = jwt.dpop if jwt is not None else None
        return Doorkeeper(
            clock=now,
            tokens=self._identify if jwt else None,
            header=jwt.header if jwt else "authorization",
            certificates=Certificates(mtls) if mtls else None,
            development=settings.development,
            purpose_header=settings.purpose_header,
            dpop=Dpop(rules, OwnUrls(settings.urls), proofs, nonces) if rules is not None and proofs else None,
            evidence=self.evidence,
        )

    def _proofs(self, stack: AsyncExitStack) -> SharedProofs | None:
        """Open the file of what counts once, where anything does."""
        jwt = self.settings.jwt
        if self.settings.assertions is None and (jwt is None or jwt.dpop is None):
            return None
        proofs = SharedProofs(self.settings.state / PROOFS, now)
        stack.callback(proofs.close)
        return proofs

    def read(self, policies: PolicySet) -> Callable[[], None]:
        """Read all files of keys anew, and give what takes them and these policies' systems. Raises `FaultyFiles`."""
        jwt, verifier = self.settings.jwt, self.verifier
        weigh = self.weighing.read(self.evidence) if self.weighing is not None else None
        keys = _keys_in(jwt.keys_file) if jwt is not None and jwt.keys_file is not None else None
        systems = _systems(jwt, policies) if jwt is not None else {}

        def take() -> None:
            if weigh is not None:
                weigh()
            if keys is not None and verifier is not None:
                verifier.replace(keys)
            self.systems.clear()
            self.systems.update(systems)

        return take

    async def _identify(self, token: str, at: int) -> Identified:
        """Give who a token proves to call."""
        if self.url is not None:
            return await self.url.identify(token, at)
        assert self.verifier is not None
        return self.verifier.identify(token, at)

    def _rules(self, jwt: JwtSettings) -> JwtRules:
        """Give which tokens count; `systems` stays the same mapping, so that reloads reach it."""
        claims: dict[str, Any] = {f"{name}_claim": claim for name, claim in jwt.claims.items()}
        return JwtRules(
            issuers=jwt.issuers,
            audiences=jwt.audiences,
            algorithms=jwt.algorithms,
            systems=self.systems,
            leeway=jwt.leeway,
            type=jwt.type,
            levels=jwt.levels,
            **claims,
        )


def _systems(jwt: JwtSettings, policies: PolicySet) -> Mapping[str, str]:
    """Give the systems by the values of their claim: as configured, or each by its own name."""
    return jwt.systems if jwt.systems is not None else {name: name for name in policies.catalogues}


def _keys_in(path: Path) -> KeySet:
    """Read a JWKS file."""
    try:
        return read_key_set(path.read_bytes(), str(path))
    except OSError as error:
        place, message = Place(str(path), 1, 1), f"can't be read: {error.strerror}"
        raise FaultyFiles([Problem(place, message, code=Fault.UNREADABLE)]) from None
