"""One YAML file says how the gateway runs; it becomes frozen settings, or every fault in it at once.

Paths in the file are relative to the file. Secrets stand in the environment, never in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from gateway.errors import FaultyFiles, Place, Problem
from gateway.identity.jwks import ALGORITHMS
from gateway.identity.mtls import CertificateRules
from gateway.proxy.settings import (
    Credential,
    Limits,
    Listener,
    ProxySettings,
    Route,
    Shutdown,
    Timeouts,
    Tls,
    UpstreamTls,
)
from gateway.steps.limits import BodyLimits
from gateway.yamlsource import Node, Reader, Section

_TOP = (
    "version", "listen", "admin", "policies", "state", "systems", "identity", "purpose", "audit", "limits", "marks",
    "shutdown", "logs",
)  # fmt: skip
_LEVELS = ("debug", "info", "warning", "error")
_CLAIMS = ("system", "subject", "role", "kind", "assurance", "purpose")


@dataclass(frozen=True, slots=True)
class JwtSettings:
    """Where tokens come in, what they must say, and where the issuer's keys are: a JWKS file or a URL.

    `systems` maps values of the system claim to systems; None: each system goes by its own name.
    """

    header: str
    issuers: frozenset[str]
    audiences: frozenset[str]
    algorithms: frozenset[str]
    keys_file: Path | None = None
    keys_url: str = ""
    systems: Mapping[str, str] | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    leeway: int = 30
    type: str | None = None


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The log's `origin` (the name in its checkpoints), and how often in seconds tiles and checkpoint are published."""

    origin: str = "sovgate"
    publish_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class MarkSettings:
    """The worker processes that open documents: how many, seconds a document may take, bytes of memory of each."""

    workers: int = 2
    seconds: float = 30.0
    memory: int = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the file says."""

    proxy: ProxySettings
    policies: Path
    state: Path
    jwt: JwtSettings | None = None
    mtls: CertificateRules | None = None
    development: str = ""
    purpose_header: str | None = None
    audit: AuditSettings = AuditSettings()
    marks: MarkSettings = MarkSettings()
    bodies: BodyLimits = field(default_factory=BodyLimits)
    log_level: str = "info"


def load(path: Path, environment: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> Settings:
    """Read the file. `overrides` are `listen` and `admin` as `host:port`, from flags or the environment.

    Raises `FaultyFiles` with every fault, an unreadable file included.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        place = Place(str(path), 1, 1)
        raise FaultyFiles([Problem(place, f"can't be read: {error.strerror}", "name the file with -c")]) from None
    reader = Reader()
    top = reader.section(
        reader.parse(str(path), data), _TOP, required=("version", "policies", "state", "systems", "identity")
    )
    settings = _Loader(reader, top, path.parent, environment).settings(overrides or {})
    reader.finish()
    return settings


@dataclass(frozen=True, slots=True)
class _Loader:
    """What the parts of the file are read with."""

    reader: Reader
    top: Section
    folder: Path
    environment: Mapping[str, str]

    def settings(self, overrides: Mapping[str, str]) -> Settings:
        """Read every part."""
        top = self.top
        top.integer("version", 1, minimum=1, maximum=1)
        listener = self._listener("listen", Listener(), overrides.get("listen"))
        jwt, mtls, development = self._identity(listener)
        purpose = top.section("purpose", ("header",)).text("header", None)
        limits = self._limits()
        marks = top.section("marks", ("workers", "seconds", "memory_mib"))
        audit = top.section("audit", ("origin", "publish_seconds"))
        bodies = top.section("limits", _LIMIT_KEYS)
        return Settings(
            proxy=ProxySettings(
                listener=listener,
                routes=self._routes(),
                admin=self._listener("admin", Listener(port=8081), overrides.get("admin")),
                limits=limits,
                shutdown=self._shutdown(),
                strip=frozenset({jwt.header.lower()} if jwt else ()) | frozenset({purpose.lower()} if purpose else ()),
            ),
            policies=self._path(top.text("policies")),
            state=self._path(top.text("state")),
            jwt=jwt,
            mtls=mtls,
            development=development,
            purpose_header=purpose,
            audit=AuditSettings(audit.text("origin", "sovgate"), float(audit.integer("publish_seconds", 1, minimum=1))),
            marks=MarkSettings(
                marks.integer("workers", 2, minimum=1, maximum=64),
                float(marks.integer("seconds", 30, minimum=1, maximum=600)),
                marks.integer("memory_mib", 1024, minimum=128) * 1024 * 1024,
            ),
            bodies=BodyLimits(
                size=limits.body,
                ratio=bodies.integer("expansion", BodyLimits().ratio, minimum=1),
                depth=bodies.integer("depth", BodyLimits().depth, minimum=1, maximum=500),
            ),
            log_level=top.section("logs", ("level",)).choice("level", _LEVELS, "info"),
        )

    def _path(self, text: str) -> Path:
        """Take a path as relative to the config file."""
        return self.folder / text

    def _listener(self, key: str, default: Listener, override: str | None) -> Listener:
        """Read where to listen."""
        section = self.top.section(key, ("host", "port", "tls"))
        host = section.text("host", default.host)
        port = section.integer("port", default.port, minimum=0, maximum=65535)
        if override:
            host, _, number = override.rpartition(":")
            host, port = host.strip("[]") or default.host, int(number) if number.isdigit() else port
        tls = section.section("tls", ("certificate", "key", "client_ca", "client_required"), ("certificate", "key"))
        return Listener(host, port, self._tls(tls) if "tls" in section else None)

    def _tls(self, section: Section) -> Tls:
        """Read how the listener proves itself."""
        return Tls(
            certificate=self._path(section.text("certificate")),
            key=self._path(section.text("key")),
            client_ca=self._path(section.text("client_ca")) if "client_ca" in section else None,
            client_required=section.boolean("client_required", default=False),
        )

    def _routes(self) -> tuple[Route, ...]:
        """Read the systems and the ways to them."""
        routes = []
        for name, node in self.top.entries("systems"):
            keys = ("at", "upstream", "keep_host", "upgrade", "also", "credential", "timeouts", "tls")
            section = self.reader.section(node, keys, ("at", "upstream"))
            host, prefix = self._at(section)
            tls = section.section("tls", ("ca", "certificate", "key"))
            routes.append(
                Route(
                    system=name.text,
                    upstream=self._url(section.get("upstream")),
                    prefix=prefix,
                    host=host,
                    keep_host=section.boolean("keep_host", default=False),
                    upgrade=section.boolean("upgrade", default=False),
                    also=section.texts("also"),
                    credential=self._credential(section),
                    timeouts=_seconds(section.section("timeouts", _names(Timeouts)), Timeouts()),
                    tls=UpstreamTls(
                        *(self._path(tls.text(key)) if key in tls else None for key in ("ca", "certificate", "key"))
                    ),
                )
            )
        return tuple(routes)

    def _at(self, section: Section) -> tuple[str, str]:
        """Read where a system is reached: a path prefix, a host, or both."""
        node = section.get("at")
        if node is None:
            return "", ""
        if "at" in section and hasattr(node, "entries"):
            place = section.section("at", ("host", "path"))
            return place.text("host", ""), self._prefix(node, place.text("path", "/"))
        return "", self._prefix(node, self.reader.text(node) or "/")

    def _prefix(self, node: Node, text: str) -> str:
        """Check a path prefix: `/` is everything, `/erp` what lies below."""
        if not text.startswith("/") or "//" in text or any(part in {".", ".."} for part in text.split("/")):
            self.reader.fault(
                node, "a path prefix starts with / and has no empty or dotted parts", 'for example "/erp"'
            )
        return text.rstrip("/")

    def _url(self, node: Node | None) -> str:
        """Check an upstream's address."""
        text = self.reader.text(node) if node is not None else None
        if node is None or text is None:
            return ""
        parts = urlsplit(text)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            self.reader.fault(
                node, "an upstream is http:// or https:// with a host", 'for example "http://127.0.0.1:9000"'
            )
        return text.rstrip("/")

    def _credential(self, section: Section) -> Credential | None:
        """Read the header that the gateway adds for a system; its value comes from the environment."""
        if "credential" not in section:
            return None
        found = section.section("credential", ("header", "environment"), ("header", "environment"))
        variable = found.text("environment")
        value = self.environment.get(variable, "")
        node = found.get("environment")
        if node is not None and variable and not value:
            self.reader.fault(node, f"the environment has no {variable}", "set it, or take the credential out")
        return Credential(found.text("header"), value)

    def _identity(self, listener: Listener) -> tuple[JwtSettings | None, CertificateRules | None, str]:
        """Read how callers prove themselves."""
        section = self.top.section("identity", ("jwt", "mtls", "development"))
        node = self.top.get("identity")
        development = section.section("development", ("system",), ("system",))
        if node is not None and not section.members:
            self.reader.fault(node, "nobody could prove who they are", "write jwt, mtls, or development")
        if "development" in section:
            if len(section.members) > 1:
                self.reader.fault(node or listener_place(self.top), "development takes no other proof beside it")
            if not _is_loopback(listener.host):
                at = section.get("development")
                self.reader.fault(
                    at or listener_place(self.top), "development mode asks for no proof", "listen on 127.0.0.1"
                )
        mtls = section.section("mtls", ("uris", "dns", "common_names"))
        if "mtls" in section and (listener.tls is None or listener.tls.client_ca is None):
            self.reader.fault(
                section.members["mtls"], "client certificates need TLS", "write listen.tls with client_ca"
            )
        return (
            self._jwt(section) if "jwt" in section else None,
            CertificateRules(*(self._texts(mtls, key) for key in ("uris", "dns", "common_names")))
            if "mtls" in section
            else None,
            development.text("system", ""),
        )

    def _jwt(self, section: Section) -> JwtSettings:
        """Read which tokens count."""
        keys = (
            "header",
            "issuer",
            "audience",
            "algorithms",
            "keys_file",
            "keys_url",
            "systems",
            "claims",
            "leeway",
            "type",
        )
        jwt = section.section("jwt", keys, ("issuer", "audience", "algorithms"))
        for node in jwt.listing("algorithms"):
            self.reader.choice(node, ALGORITHMS, "algorithm")
        if ("keys_file" in jwt) == ("keys_url" in jwt) and jwt.node is not None:
            self.reader.fault(jwt.node, "the issuer's keys are in one place", "write keys_file or keys_url")
        claims = jwt.section("claims", _CLAIMS)
        return JwtSettings(
            header=jwt.text("header", "Authorization"),
            issuers=frozenset(jwt.texts("issuer")),
            audiences=frozenset(jwt.texts("audience")),
            algorithms=frozenset(jwt.texts("algorithms")),
            keys_file=self._path(jwt.text("keys_file")) if "keys_file" in jwt else None,
            keys_url=jwt.text("keys_url", ""),
            systems=self._texts(jwt, "systems") if "systems" in jwt else None,
            claims={name: claims.text(name) for name in claims.members},
            leeway=jwt.integer("leeway", 30, minimum=0, maximum=600),
            type=jwt.text("type", None),
        )

    def _texts(self, section: Section, key: str) -> dict[str, str]:
        """Read a mapping of free keys to texts."""
        return {name.text: self.reader.text(node) or "" for name, node in section.entries(key)}

    def _limits(self) -> Limits:
        """Read what one client may take."""
        section, default = self.top.section("limits", _LIMIT_KEYS), Limits()
        return Limits(
            body=section.integer("body_mib", default.body // _MIB, minimum=1, maximum=1024) * _MIB,
            head=section.integer("head_kib", default.head // 1024, minimum=4, maximum=1024) * 1024,
            head_seconds=float(section.integer("head_seconds", int(default.head_seconds), minimum=1)),
            body_seconds=float(section.integer("body_seconds", int(default.body_seconds), minimum=1)),
            keepalive_seconds=float(section.integer("keepalive_seconds", int(default.keepalive_seconds), minimum=0)),
            in_flight=section.integer("in_flight", default.in_flight, minimum=1),
            connections=section.integer("connections", default.connections, minimum=1),
        )

    def _shutdown(self) -> Shutdown:
        """Read how the gateway stops."""
        section = self.top.section("shutdown", ("delay", "limit"))
        return Shutdown(float(section.integer("delay", 0, minimum=0)), float(section.integer("limit", 30, minimum=1)))


_MIB = 1024 * 1024
_LIMIT_KEYS = (
    "body_mib", "head_kib", "head_seconds", "body_seconds", "keepalive_seconds", "in_flight", "connections",
    "expansion", "depth",
)  # fmt: skip


def listener_place(top: Section) -> Place:
    """Give a place to complain at where a part is absent."""
    return top.node.place if top.node is not None else Place("", 1, 1)


def _is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a listener."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _names(kind: type[Timeouts]) -> tuple[str, ...]:
    """Give the names of a settings class's fields."""
    return tuple(kind.__dataclass_fields__)


def _seconds(section: Section, default: Timeouts) -> Timeouts:
    """Read timeouts in whole seconds."""
    return Timeouts(
        **{name: float(section.integer(name, int(getattr(default, name)), minimum=1)) for name in _names(Timeouts)}
    )
