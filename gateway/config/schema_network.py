"""The schema of `network`."""

from __future__ import annotations

from gateway.config.network import HEADERS, MOST_HOPS, NETWORK, TRUSTED
from gateway.policy.schemas.parts import Schema, choice, exactly, integer, mapping, some, text, words
from gateway.provenance.addresses import RECORDED

_RECORDED = {
    "shortened": "The network that they are in: /24, or /48 of IPv6.",
    "whole": "As they are: personal data, where people connect from their own devices.",
    "pseudonym": "Under a key of the gateway: the same address has the same name, and nobody else can tell whose.",
}


def network_schema() -> Schema:
    """Make the schema of where requests come from."""
    trusted = {
        "header": choice(HEADERS, "Which header they write."),
        "from": some(text(), "The networks that they are in.", ["10.20.0.0/16"]),
        "hops": integer("How many of them add an entry to each request.", 1, MOST_HOPS),
    }
    one_way = [{"required": ["from"]}, {"required": ["hops"]}]
    properties = {
        "proxy_protocol": some(text(), "Who must begin connections with a PROXY header.", ["10.0.0.7/32"]),
        "forwarded": mapping(exactly(TRUSTED, trusted), (), "Which proxies are believed about clients.", oneOf=one_way),
        "databases": some(text(), "Databases of networks and countries (MMDB), relative to this file.", ["asn.mmdb"]),
        "addresses": words(RECORDED, _RECORDED, "How addresses stand in the audit log.", RECORDED[0]),
    }
    return mapping(exactly(NETWORK, properties), (), "Where requests come from.")
