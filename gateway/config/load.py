"""gateway.yaml, read whole. Paths in it are relative to it; secrets stand in the environment, never in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gateway.config.attested import read_timestamps, read_witnesses
from gateway.config.capture import read_capture
from gateway.config.identity import read_proofs
from gateway.config.keys import read_keys
from gateway.config.listener import read_listener
from gateway.config.marks import read_marks
from gateway.config.network import read_network
from gateway.config.retention import read_retention
from gateway.config.settings import AuditSettings, Settings
from gateway.config.source import Source
from gateway.config.systems import read_routes
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.formats.limits import BodyLimits
from gateway.proxy.settings import Limits, Listener, ProxySettings, Shutdown
from gateway.yamlsource import Reader

TOP = (
    "version", "listen", "admin", "policies", "state", "systems", "identity", "purpose", "audit", "limits", "marks",
    "shutdown", "capture", "keys", "network", "workers",
)  # fmt: skip
REQUIRED = ("version", "policies", "state", "systems", "identity")
LIMITS = (
    "body_mib", "head_kib", "head_seconds", "body_seconds", "keepalive_seconds", "in_flight", "connections",
    "expansion", "depth", "values",
)  # fmt: skip
AUDIT = ("origin", "publish_seconds", "serve", "witness", "timestamps", "retention")
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
    listener = read_listener(source, "listen", Listener(), overrides)
    proofs = read_proofs(source, listener)
    proxies, network = read_network(source)
    purpose = source.header(top.section("purpose", ("header",)), None)
    limits, bodies = _limits(source)
    audit = top.section("audit", AUDIT)
    shutdown = top.section("shutdown", SHUTDOWN)
    return Settings(
        proxy=ProxySettings(
            listener=replace(listener, proxies=proxies),
            routes=read_routes(source),
            admin=read_listener(source, "admin", Listener(port=8081), overrides),
            limits=limits,
            shutdown=Shutdown(
                float(shutdown.integer("delay", 0, minimum=0)), float(shutdown.integer("limit", 30, minimum=1))
            ),
            strip=frozenset(name.lower() for name in (*proofs.headers, purpose) if name),
        ),
        policies=source.path(top, "policies"),
        state=source.path(top, "state"),
        jwt=proofs.jwt,
        mtls=proofs.mtls,
        development=proofs.development,
        urls=proofs.urls,
        assertions=proofs.assertions,
        device=proofs.device,
        network=network,
        purpose_header=purpose,
        audit=AuditSettings(
            audit.text("origin", "sovgate"),
            float(audit.integer("publish_seconds", 1, minimum=1)),
            read_witnesses(source, audit),
            read_timestamps(source, audit),
            *read_retention(audit),
            serve=audit.boolean("serve", default=False),
        ),
        marks=read_marks(source),
        bodies=bodies,
        capture=read_capture(source),
        keys=read_keys(source),
        workers=top.integer("workers", 1, minimum=1, maximum=64),
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
