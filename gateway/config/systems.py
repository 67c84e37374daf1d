"""`systems`: the systems behind the gateway, and the ways to them."""

from __future__ import annotations

from dataclasses import fields
from urllib.parse import urlsplit

from gateway.config.source import Source
from gateway.faults import Fault
from gateway.proxy.settings import Credential, Route, Timeouts, UpstreamTls
from gateway.yamlsource import Node, Section, Table

KEYS = ("at", "upstream", "keep_host", "upgrade", "also", "credential", "timeouts", "tls")
TLS = ("ca", "certificate", "key")
AT = ("host", "path")
CREDENTIAL = ("header", "environment")
TIMES = tuple(field.name for field in fields(Timeouts))


def read_routes(source: Source) -> tuple[Route, ...]:
    """Read every system."""
    return tuple(_route(source, name.text, node) for name, node in source.top.entries("systems"))


def _route(source: Source, system: str, node: Node) -> Route:
    """Read one system."""
    section = source.reader.section(node, KEYS, ("at", "upstream"))
    host, prefix = _at(source, section)
    tls, times, default = section.section("tls", TLS), section.section("timeouts", TIMES), Timeouts()
    return Route(
        system=system,
        upstream=_url(source, section.get("upstream")),
        prefix=prefix,
        host=host,
        keep_host=section.boolean("keep_host", default=False),
        upgrade=section.boolean("upgrade", default=False),
        also=section.texts("also"),
        credential=_credential(source, section),
        timeouts=Timeouts(*(float(times.integer(name, int(getattr(default, name)), minimum=1)) for name in TIMES)),
        tls=UpstreamTls(*(source.path_if(tls, key) for key in TLS)),
    )


def _at(source: Source, section: Section) -> tuple[str, str]:
    """Read where a system is reached: a host ("" for any) and a path prefix ("" for everything)."""
    node = section.get("at")
    if node is None:
        return "", ""
    if isinstance(node, Table):
        place = section.section("at", AT)
        return place.text("host", ""), _prefix(source, node, place.text("path", "/"))
    return "", _prefix(source, node, source.reader.text(node) or "/")


def _prefix(source: Source, node: Node, text: str) -> str:
    """Check a path prefix: `/` is everything, `/erp` what lies below."""
    if not text.startswith("/") or "//" in text or any(part in {".", ".."} for part in text.split("/")):
        message, hint = "a path prefix starts with / and has no empty or dotted parts", 'for example "/erp"'
        source.reader.fault(node, message, hint, code=Fault.BAD_PREFIX)
    return text.rstrip("/")


def _url(source: Source, node: Node | None) -> str:
    """Check a system's address."""
    text = source.reader.text(node) if node is not None else None
    if node is None or text is None:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
        good = good and not (parts.query or parts.fragment or parts.username)
    except ValueError:  # a port that is none
        good = False
    if not good:
        message, hint = "an upstream is http:// or https:// with a host", 'for example "http://127.0.0.1:9000"'
        source.reader.fault(node, message, hint, code=Fault.BAD_UPSTREAM)
    return text.rstrip("/")


def _credential(source: Source, section: Section) -> Credential | None:
    """Read the header that the gateway adds for a system; its value comes from the environment."""
    if "credential" not in section:
        return None
    found = section.section("credential", CREDENTIAL, CREDENTIAL)
    variable = found.text("environment")
    value = source.environment.get(variable, "")
    if variable and not value:
        message, hint = f"the environment has no {variable}", "set it where the gateway is started"
        source.reader.fault(source.at(found.get("environment")), message, hint, code=Fault.NOT_IN_ENVIRONMENT)
    if not (value.isascii() and value.isprintable()):
        message = f"{variable} holds what no header may hold"
        hint = "set it to visible ASCII characters, without a newline at its end"
        source.reader.fault(source.at(found.get("environment")), message, hint, code=Fault.BAD_SECRET)
    return Credential(source.header(found, ""), value)
