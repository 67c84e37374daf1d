"""Where something listens, and how it proves itself there."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.config.source import Source
from gateway.faults import Fault
from gateway.proxy.settings import Listener, Tls

LISTENER = ("host", "port", "tls")
TLS = ("certificate", "key", "client_ca", "client_required")


def read_listener(source: Source, key: str, default: Listener, overrides: Mapping[str, str]) -> Listener:
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
