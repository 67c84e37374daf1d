"""The schema of `systems`."""

from __future__ import annotations

from gateway.config.schema_parts import PEM, URL, header, seconds
from gateway.config.systems import AT, CREDENTIAL, KEYS, TIMES, TLS
from gateway.policy.schemas.parts import Schema, described, exactly, flag, mapping, some, text
from gateway.proxy.settings import Timeouts

_PREFIX = r"^(?!.*//)(?!.*/\.{1,2}(/|$))/"


def system_schema() -> Schema:
    """Make the schema of one system."""
    usual = Timeouts()
    at = {
        "host": text("The Host that callers name.", examples=["erp.internal"]),
        "path": text("The path prefix, which is cut off.", _PREFIX, ["/"]),
    }
    prefix = text("A path prefix, which is cut off.", _PREFIX, ["/erp"])
    credential = {
        "header": header("The header.", "Authorization"),
        "environment": text("The environment variable that holds its value.", examples=["ERP_TOKEN"]),
    }
    times = {
        "connect": seconds("To connect.", usual.connect),
        "answer": seconds("Until its answer begins.", usual.answer),
        "idle": seconds("Between two pieces of it.", usual.idle),
        "total": seconds("For all of it.", usual.total),
        "keepalive": seconds("How long an idle connection to it is kept.", usual.keepalive),
        "stream": seconds("Between two pieces of an answer that is passed on as it comes.", usual.stream),
    }
    tls = {
        "ca": text(f"Who issued its certificate; the machine's own store where it is left out. {PEM}"),
        "certificate": text(f"The certificate that the gateway shows it. {PEM}"),
        "key": text(f"The private key of that certificate. {PEM}"),
    }
    addresses = some(
        text(), "Other addresses by which it names itself in redirects and links.", ["https://erp.example.com"]
    )
    properties = {
        "at": described({"anyOf": [prefix, mapping(exactly(AT, at))]}, "Where callers reach it."),
        "upstream": text("Its address.", URL, ["https://erp.internal:8443/base"]),
        "keep_host": flag("true: it sees the Host that the caller named.", default=False),
        "upgrade": flag("true: operations with `upgrade: true` may leave HTTP, untreated.", default=False),
        "also": addresses,
        "credential": mapping(
            exactly(CREDENTIAL, credential), CREDENTIAL, "A header added to each request; never shown."
        ),
        "timeouts": mapping(exactly(TIMES, times), (), "How long it may take, in seconds."),
        "tls": mapping(exactly(TLS, tls), (), "How it proves itself, and what is shown to it."),
    }
    return mapping(exactly(KEYS, properties), ("at", "upstream"), "One system, and the way to it.")
