"""`identity`: how callers prove who they are."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from gateway.config.devices import read_assertions, read_device
from gateway.config.evidence import read_dpop, read_levels, read_urls
from gateway.config.settings import AssertionSettings, DeviceSettings, JwtSettings
from gateway.config.source import Source
from gateway.faults import Fault
from gateway.identity.jwks import ALGORITHMS
from gateway.identity.mtls import CertificateRules
from gateway.proxy.keys_url import check_keys_url
from gateway.proxy.settings import Listener
from gateway.yamlsource import Section

JWT = (
    "header", "issuer", "audience", "algorithms", "keys_file", "keys_url", "systems", "claims", "leeway", "type",
    "dpop", "assurance",
)  # fmt: skip
PROOFS = ("jwt", "mtls", "development")
IDENTITY = (*PROOFS, "urls", "webauthn", "device")
CLAIMS = ("system", "subject", "role", "kind", "assurance", "purpose", "device")
NAMES = ("uris", "dns", "common_names")


@dataclass(frozen=True, slots=True)
class Proofs:
    """What counts as a proof; `development` is the system that everyone is taken for, "" where proof is asked for."""

    jwt: JwtSettings | None
    mtls: CertificateRules | None
    development: str
    urls: tuple[str, ...] = ()
    assertions: AssertionSettings | None = None
    device: DeviceSettings | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Name the headers that prove something: they go no further."""
        token = (self.jwt.header, "DPoP") if self.jwt is not None else ()
        return (*token, *[one.header for one in (self.assertions, self.device) if one is not None])


def read_proofs(source: Source, listener: Listener) -> Proofs:
    """Read all of it."""
    section = source.top.section("identity", IDENTITY)
    if section.node is not None and section.members.keys().isdisjoint(PROOFS):
        message, hint = "nobody could prove who they are", "write jwt, mtls, or development"
        source.reader.fault(section.node, message, hint, code=Fault.NO_PROOF)
    return Proofs(
        _jwt(source, section) if "jwt" in section else None,
        _mtls(source, section, listener) if "mtls" in section else None,
        _development(source, section, listener) if "development" in section else "",
        read_urls(source, section),
        read_assertions(source, section),
        read_device(source, section),
    )


def _development(source: Source, section: Section, listener: Listener) -> str:
    """Read the mode that asks for no proof: only where nobody but this machine can call."""
    place = source.at(section.get("development"))
    if len(section.members) > 1:
        message = "development takes no other proof beside it"
        source.reader.fault(place, message, "take it out", code=Fault.DEVELOPMENT_BESIDE)
    if not _is_loopback(listener.host):
        message = "development mode asks for no proof"
        source.reader.fault(place, message, "listen on 127.0.0.1", code=Fault.DEVELOPMENT_OPEN)
    return section.section("development", ("system",), ("system",)).text("system")


def _mtls(source: Source, section: Section, listener: Listener) -> CertificateRules:
    """Read which certificates count."""
    mtls = section.section("mtls", NAMES)
    if listener.tls is None or listener.tls.client_ca is None:
        message, hint = "client certificates need TLS", "write listen.tls with client_ca"
        source.reader.fault(source.at(mtls.node), message, hint, code=Fault.MTLS_WITHOUT_TLS)
    return CertificateRules(*(source.texts(mtls, key) for key in NAMES))


def _jwt(source: Source, section: Section) -> JwtSettings:
    """Read which tokens count."""
    reader = source.reader
    jwt = section.section("jwt", JWT, ("issuer", "audience", "algorithms"))
    for node in jwt.listing("algorithms"):
        reader.choice(node, ALGORITHMS, "algorithm")
    if ("keys_file" in jwt) == ("keys_url" in jwt):
        message, hint = "the issuer's keys are in one place", "write keys_file or keys_url"
        reader.fault(source.at(jwt.node), message, hint, code=Fault.KEYS_IN_ONE_PLACE)
    keys_url = jwt.text("keys_url", "")
    complaint = check_keys_url(keys_url) if keys_url else None
    if complaint:
        hint = 'for example "https://login.example.com/keys"'
        reader.fault(source.at(jwt.get("keys_url")), complaint, hint, code=Fault.BAD_KEYS_URL)
    claims = jwt.section("claims", CLAIMS)
    return JwtSettings(
        header=source.header(jwt, "Authorization"),
        issuers=frozenset(jwt.texts("issuer")),
        audiences=frozenset(jwt.texts("audience")),
        algorithms=frozenset(jwt.texts("algorithms")),
        keys_file=source.path_if(jwt, "keys_file"),
        keys_url=keys_url,
        systems=source.texts(jwt, "systems") if "systems" in jwt else None,
        claims={name: claims.text(name) for name in claims.members},
        leeway=jwt.integer("leeway", 30, minimum=0, maximum=600),
        type=jwt.text("type", None),
        levels=read_levels(source, jwt),
        dpop=read_dpop(source, section, jwt),
    )


def _is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a listener."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
