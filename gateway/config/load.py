"""gateway.yaml, read whole. Paths in it are relative to it; secrets stand in the environment, never in the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.config.capture import read_capture
from gateway.config.identity import read_proofs
from gateway.config.keys import read_keys
from gateway.config.marks import read_marks
from gateway.config.settings import AuditSettings, Settings
from gateway.config.source import Source
from gateway.config.systems import read_routes
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.formats.limits import BodyLimits
from gateway.proxy.settings import Limits, Listener, ProxySettings, Shutdown, Tls
from gateway.yamlsource import Reader

TOP = (
    "version", "listen", "admin", "policies", "state", "systems", "identity", "purpose", "audit", "limits", "marks",
    "shutdown", "capture", "keys",
)  # fmt: skip
REQUIRED = ("version", "policies", "state", "systems", "identity")
LIMITS = (
    "body_mib", "head_kib", "head_seconds", "body_seconds", "keepalive_seconds", "in_flight", "connections",
    "expansion", "depth", "values",
)  # fmt: skip
LISTENER = ("host", "port", "tls")
TLS = ("certificate", "key", "client_ca", "client_required")
AUDIT = ("origin", "publish_seconds")
SHUTDOWN = ("delay", "limit")
_MIB = 1024 * 1024


def load(
    path: Path, environment: Mapping[str, str], overrides: Mapping[str, str] | None = None, *, secrets: bool = True
) -> Settings:
    """Read the file. `overrides` are `listen` and `admin` as `host:port`, from flags or the environment.

    Where not `secrets`, the file is only checked: what protects customers' keys needn't be there.
    Raises `FaultyFiles` with every fault, an unreadable file included.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        place, message = Place(str(path), 1, 1), f"can't be read: {error.strerror}"
        raise FaultyFiles([Problem(place, message, "name the file with -c", code=Fault.UNREADABLE)]) from None
    return read(path, data, environment, overrides, secrets=secrets)


def read(
    path: Path,
    data: bytes,
    environment: Mapping[str, str],
    overrides: Mapping[str, str] | None = None,
    *,
    secrets: bool = True,
) -> Settings:
    """Read what a file holds; paths in it are relative to its own. Raises `FaultyFiles` with every fault."""
    reader = Reader()
    top = reader.section(reader.parse(str(path), data), TOP, REQUIRED)
    settings = _settings(Source(reader, top, path.parent, environment, secrets), overrides or {})
    reader.finish()
    return settings


def _settings(source: Source, overrides: Mapping[str, str]) -> Settings:
    """Read every part."""
    top = source.top
    top.integer("version", 1, minimum=1, maximum=1)
    listener = _listener(source, "listen", Listener(), overrides)
    proofs = read_proofs(source, listener)
    purpose = source.header(top.section("purpose", ("header",)), None)
    limits, bodies = _limits(source)
    audit = top.section("audit", AUDIT)
    shutdown = top.section("shutdown", SHUTDOWN)
    return Settings(
        proxy=ProxySettings(
            listener=listener,
            routes=read_routes(source),
            admin=_listener(source, "admin", Listener(port=8081), overrides),
            limits=limits,
            shutdown=Shutdown(
                float(shutdown.integer("delay", 0, minimum=0)), float(shutdown.integer("limit", 30, minimum=1))
            ),
            strip=frozenset(name.lower() for name in (proofs.jwt and proofs.jwt.header, purpose) if name),
        ),
        policies=source.path(top, "policies"),
        state=source.path(top, "state"),
        jwt=proofs.jwt,
        mtls=proofs.mtls,
        development=proofs.development,
        purpose_header=purpose,
        audit=AuditSettings(audit.text("origin", "sovgate"), float(audit.integer("publish_seconds", 1, minimum=1))),
        marks=read_marks(source),
        bodies=bodies,
        capture=read_capture(source),
        keys=read_keys(source),
    )


def _listener(source: Source, key: str, default: Listener, overrides: Mapping[str, str]) -> Listener:
    """Read where to listen, and how a listener proves itself."""
    section = source.top.section(key, LISTENER)
    host = section.text("host", default.host)
    port = section.integer("port", default.port, minimum=0, maximum=65535)
    if key in overrides:
        host, _, number = overrides[key].rpartition(":")
        if not host or not number.isdigit():
            message, hint = f"--{key} is HOST:PORT", "for example 127.0.0.1:8080"
            source.reader.fault(source.at(None), message, hint, code=Fault.BAD_LISTENER)
        host, port = host.strip("[]"), int(number) if number.isdigit() else port
    if "tls" not in section:
        return Listener(host, port)
    tls = section.section("tls", TLS, ("certificate", "key"))
    required = tls.boolean("client_required", default=False)
    return Listener(
        host,
        port,
        Tls(source.path(tls, "certificate"), source.path(tls, "key"), source.path_if(tls, "client_ca"), required),
    )


def _limits(source: Source) -> tuple[Limits, BodyLimits]:
    """Read what one client may take, and what a body may be."""
    section, client, body = source.top.section("limits", LIMITS), Limits(), BodyLimits()
    size = section.integer("body_mib", client.body // _MIB, minimum=1, maximum=1024) * _MIB
    limits = Limits(
        body=size,
        head=section.integer("head_kib", client.head // 1024, minimum=4, maximum=1024) * 1024,
        head_seconds=float(section.integer("head_seconds", int(client.head_seconds), minimum=1)),
        body_seconds=float(section.integer("body_seconds", int(client.body_seconds), minimum=1)),
        keepalive_seconds=float(section.integer("keepalive_seconds", int(client.keepalive_seconds), minimum=0)),
        in_flight=section.integer("in_flight", client.in_flight, minimum=1),
        connections=section.integer("connections", client.connections, minimum=1),
    )
    return limits, BodyLimits(
        size=size,
        ratio=section.integer("expansion", body.ratio, minimum=1),
        depth=section.integer("depth", body.depth, minimum=1, maximum=500),
        values=section.integer("values", body.values, minimum=1),
    )
