"""`identity`: what callers can prove beside who they are: that a token is theirs, and how surely they are known."""

from __future__ import annotations

from gateway.config.source import Source
from gateway.faults import Fault
from gateway.identity.assurance import Level, Way
from gateway.identity.dpop import DpopRules
from gateway.identity.jwks import ALGORITHMS
from gateway.identity.urls import OwnUrls
from gateway.yamlsource import Leaf, Node, Section

DPOP = ("algorithms", "age", "leeway", "required", "nonce")
WAY = ("acr", "amr")


def read_urls(source: Source, section: Section) -> tuple[str, ...]:
    """Read the addresses under which callers reach the gateway."""
    found: list[str] = []
    for node in section.listing("urls"):
        url = source.reader.text(node)
        try:
            OwnUrls([url or ""])
        except ValueError as error:
            hint = 'for example "https://gateway.example.com"'
            source.reader.fault(node, f"this is no address of the gateway: {error}", hint, code=Fault.OWN_ADDRESS)
        else:
            found.append(url or "")
    return tuple(found)


def need_urls(source: Source, section: Section, node: Node | None, what: str) -> None:
    """Make sure that the gateway's own addresses are there, where proofs name them."""
    if "urls" not in section:
        message = f"{what} names the address that it is for, and nothing says what the gateway's own is"
        hint = 'write it beside: urls: ["https://gateway.example.com"]'
        source.reader.fault(source.at(node), message, hint, code=Fault.OWN_ADDRESS)


def read_dpop(source: Source, identity: Section, jwt: Section) -> DpopRules | None:
    """Read which proofs of possession count."""
    if "dpop" not in jwt:
        return None
    section, usual = jwt.section("dpop", DPOP), DpopRules()
    need_urls(source, identity, section.node, "a proof of possession")
    chosen = [source.reader.choice(node, ALGORITHMS, "algorithm") for node in section.listing("algorithms")]
    return DpopRules(
        algorithms=frozenset(filter(None, chosen)) or usual.algorithms,
        age=section.integer("age", usual.age, minimum=1, maximum=600),
        leeway=section.integer("leeway", usual.leeway, minimum=0, maximum=60),
        required=section.boolean("required", default=False),
        nonce=section.boolean("nonce", default=False),
    )


def read_levels(source: Source, section: Section) -> tuple[Level, ...]:
    """Read the levels of assurance, in the order in which they are tried."""
    return tuple(_level(source, name, node) for name, node in section.entries("assurance"))


def _level(source: Source, name: Leaf, node: Node) -> Level:
    ways = []
    for item in source.reader.listing(node):
        way = source.reader.section(item, WAY)
        read = Way(frozenset(way.texts("acr")), frozenset(way.texts("amr")))
        if not read.acr and not read.amr:
            message, hint = "this level asks for nothing: everybody would reach it", "write acr, amr, or both"
            source.reader.fault(item, message, hint, code=Fault.EMPTY_LEVEL)
        ways.append(read)
    return Level(name.text, tuple(ways))
