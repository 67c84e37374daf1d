"""The JSON Schema of gateway.yaml, made from the keys that the loader reads by and the defaults of the settings.

It ships beside those of the policies: `python -m gateway.config.schema > gateway/policy/schemas/config.schema.json`
makes it anew.
"""

from __future__ import annotations

import json
import sys

from gateway.config.capture import KEYS, MOST
from gateway.config.listener import LISTENER, TLS
from gateway.config.load import AUDIT, LIMITS, REQUIRED, SHUTDOWN, TOP
from gateway.config.marks import MARKS
from gateway.config.schema_attested import timestamps_schema, witness_schema
from gateway.config.schema_identity import identity_schema
from gateway.config.schema_keys import keys_schema
from gateway.config.schema_network import network_schema
from gateway.config.schema_parts import PEM, header, seconds
from gateway.config.schema_retention import retention_schema
from gateway.config.schema_systems import system_schema
from gateway.config.settings import AuditSettings, MarkSettings
from gateway.formats.limits import BodyLimits
from gateway.policy.schemas.parts import (
    Schema,
    document,
    exactly,
    flag,
    integer,
    mapping,
    reference,
    some,
    table,
    text,
    titled,
    version,
)
from gateway.proxy.settings import Limits, Listener
from gateway.storage.capture_folder import Bounds

_MIB = 1024 * 1024


def config_schema() -> Schema:
    """Make the schema of `gateway.yaml`."""
    properties = {
        "version": version(),
        "listen": reference("listener", "Where callers come in."),
        "admin": reference("listener", "Where /livez, /readyz and /metrics are; port 8081 where it is left out."),
        "policies": text("The folder that officers edit; it is watched.", examples=["policies"]),
        "state": text("The folder of the log, the gateway's keys and the passports: keep it.", examples=["state"]),
        "systems": table({}, reference("system"), "The systems behind the gateway, by their names in the catalogues."),
        "identity": reference("identity", "How callers prove who they are."),
        "purpose": _purpose(),
        "audit": _audit(),
        "limits": reference("limits", "What one client may take, and what a body may be."),
        "marks": _marks(),
        "shutdown": _shutdown(),
        "capture": reference("capture", "Keeps what crosses in sealed files, for the workbench."),
        "keys": reference("keys", "How customers' own keys are kept."),
        "network": network_schema(),
        "workers": integer("How many processes serve, sharing one audit log.", 1, 64, 1),
    }
    body = mapping(exactly(TOP, properties), REQUIRED, "How the gateway runs.", allOf=[_certificates_need_tls()])
    parts = {
        "listener": titled("Listener", _listener()),
        "system": titled("System", system_schema()),
        "identity": titled("Identity", identity_schema()),
        "limits": titled("Limits", _limits()),
        "capture": titled("Capture", _capture()),
        "keys": titled("Keys", keys_schema()),
    }
    return document("Sovgate configuration", "config", body, parts, classes=False)


def made() -> str:
    """Make the schema as text, as it ships."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def _listener() -> Schema:
    usual = Listener()
    tls = {
        "certificate": text(f"The listener's certificate and its chain. {PEM}"),
        "key": text(f"Its private key. {PEM}"),
        "client_ca": text(f"Who issues client certificates; none count without it. {PEM}"),
        "client_required": flag("true: connections without a client certificate are refused.", default=False),
    }
    properties = {
        "host": text("The address to listen on; this machine alone by default.", examples=[usual.host, "0.0.0.0"]),  # noqa: S104 - an example
        "port": integer("The port; 0 takes any free one.", 0, 65535),
        "tls": mapping(exactly(TLS, tls), ("certificate", "key"), "Speak TLS here."),
    }
    return mapping(exactly(LISTENER, properties), (), "Where to listen, and how the gateway proves itself there.")


def _limits() -> Schema:
    client, body = Limits(), BodyLimits()
    properties = {
        "body_mib": integer("MiB of a body, as it comes and decoded.", 1, 1024, client.body // _MIB),
        "head_kib": integer("KiB of a request's head.", 4, 1024, client.head // 1024),
        "head_seconds": seconds("Until a request's head is complete.", client.head_seconds),
        "body_seconds": seconds("For a body, and more as it comes.", client.body_seconds),
        "keepalive_seconds": seconds("How long an idle connection is kept.", client.keepalive_seconds, 0),
        "in_flight": integer("Requests at the same time.", 1, None, client.in_flight),
        "connections": integer("Connections at the same time.", 1, None, client.connections),
        "expansion": integer("How many times a content coding may expand a body.", 1, None, body.ratio),
        "depth": integer("Levels of JSON.", 1, 500, body.depth),
        "values": integer("Values in one JSON body.", 1, None, body.values),
    }
    return mapping(exactly(LIMITS, properties), (), "What one client may take, and what a body may be.")


def _capture() -> Schema:
    usual = Bounds()
    properties = {
        "folder": text("Where the sealed files go.", examples=["captures"]),
        "key": text("The public key that they are sealed for: X25519, PEM, relative to this file."),
        "mib": integer("MiB in the folder, after which it stops.", 1, MOST, usual.size // _MIB),
        "minutes": integer("Minutes after which it stops.", 1, None, int(usual.seconds // 60)),
        "file_mib": integer("MiB after which the next file is begun.", 1, MOST, usual.file_size // _MIB),
        "free_mib": integer("MiB that must stay free on the disk.", 0, None, usual.free // _MIB),
        "systems": some(text(), "Which systems; all where it is left out.", ["erp"]),
        "operations": some(text(), "Which operations; all where it is left out.", ["erp.read-order"]),
    }
    told = "Keeps what crosses in sealed files, within bounds."
    return mapping(exactly(KEYS, properties), ("folder", "key"), told)


def _purpose() -> Schema:
    told = "Where the purpose stands if no token claims it; it counts only in policies with `purpose_from: header`."
    return mapping({"header": header("The header.", "X-Purpose")}, (), told)


def _audit() -> Schema:
    usual = AuditSettings()
    properties = {
        "origin": text("The log's name, in its checkpoints.", examples=["example.com/sovgate/eu-1"]),
        "publish_seconds": seconds("How often a checkpoint is published.", usual.publish_seconds),
        "serve": flag("true: the admin port gives out checkpoint and tiles, entries included.", default=False),
        "witness": witness_schema(),
        "timestamps": timestamps_schema(),
        "retention": retention_schema(),
    }
    return mapping(exactly(AUDIT, properties), (), "The audit log.")


def _marks() -> Schema:
    usual = MarkSettings()
    properties = {
        "workers": integer("How many processes.", 1, 64, usual.workers),
        "seconds": integer("How long a document may take.", 1, 600, int(usual.seconds)),
        "memory_mib": integer("MiB of memory of each.", 128, None, usual.memory // _MIB),
        "fonts": some(text(), "TrueType files that marks are set in first.", ["fonts/NotoSansJP-Regular.ttf"]),
    }
    return mapping(exactly(MARKS, properties), (), "The worker processes that open documents.")


def _shutdown() -> Schema:
    properties = {
        "delay": integer("Seconds in which it is not ready and still serves.", 0, None, 0),
        "limit": integer("Seconds to wait for flows in flight after that.", 1, None, 30),
    }
    return mapping(exactly(SHUTDOWN, properties), (), "How the gateway ends.")


def _certificates_need_tls() -> Schema:
    """Tell that `identity.mtls` needs a listener that asks for client certificates."""
    asked = {"required": ["tls"], "properties": {"tls": {"required": ["client_ca"]}}}
    return {
        "if": {"required": ["identity"], "properties": {"identity": {"required": ["mtls"]}}},
        "then": {"required": ["listen"], "properties": {"listen": asked}},
    }


if __name__ == "__main__":
    sys.stdout.write(made())
