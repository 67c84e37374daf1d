"""`identity.webauthn` and `identity.device`: whose authenticators and devices count."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.attestation.webauthn import AssertionRules
from gateway.config.evidence import need_urls
from gateway.config.settings import AssertionSettings, DeviceSettings, EatSettings, TpmSettings
from gateway.config.source import Source
from gateway.faults import Fault
from gateway.identity.jwks import ALGORITHMS
from gateway.yamlsource import Leaf, Node, Section

ASSERTION, DEVICE_HEADER = "Sovgate-Assertion", "Sovgate-Device"
WEBAUTHN = ("header", "credentials_file", "age", "leeway", "verified")
DEVICE = ("header", "eat", "tpm")
EAT = ("algorithms", "keys_file", "anchors_file", "profiles", "age", "leeway")
TPM = ("keys", "anchors_file", "registers")
EAT_USUAL = EatSettings(frozenset({"ES256", "ES384", "EdDSA"}))
REGISTERS = r"(?:sha(?:1|256|384|512):[0-9]+(?:,[0-9]+)*)(?:\+sha(?:1|256|384|512):[0-9]+(?:,[0-9]+)*)*"
_DIGEST = re.compile(r"[0-9a-f]{64}(?:[0-9a-f]{32}){0,2}")


def read_assertions(source: Source, identity: Section) -> AssertionSettings | None:
    """Read whose authenticators count."""
    if "webauthn" not in identity:
        return None
    section, usual = identity.section("webauthn", WEBAUTHN, ("credentials_file",)), AssertionRules()
    need_urls(source, identity, section.node, "an assertion")
    rules = AssertionRules(
        age=section.integer("age", usual.age, minimum=1, maximum=600),
        leeway=section.integer("leeway", usual.leeway, minimum=0, maximum=60),
        verified=section.boolean("verified", default=True),
    )
    return AssertionSettings(source.header(section, ASSERTION), source.path(section, "credentials_file"), rules)


def read_device(source: Source, identity: Section) -> DeviceSettings | None:
    """Read whose devices count."""
    if "device" not in identity:
        return None
    section = identity.section("device", DEVICE)
    eat = _eat(source, section) if "eat" in section else None
    tpm = _tpm(source, section) if "tpm" in section else None
    if eat is None and tpm is None:
        message, hint = "no device could attest itself", "write eat, tpm, or both"
        source.reader.fault(source.at(section.node), message, hint, code=Fault.BAD_ANCHOR)
    return DeviceSettings(source.header(section, DEVICE_HEADER), eat, tpm)


def _eat(source: Source, device: Section) -> EatSettings:
    section = device.section("eat", EAT)
    keys, anchors = source.path_if(section, "keys_file"), source.path_if(section, "anchors_file")
    if keys is None and anchors is None:
        message, hint = "nobody's attestations would count", "write keys_file or anchors_file"
        source.reader.fault(source.at(section.node), message, hint, code=Fault.BAD_ANCHOR)
    chosen = [source.reader.choice(node, ALGORITHMS, "algorithm") for node in section.listing("algorithms")]
    return EatSettings(
        algorithms=frozenset(filter(None, chosen)) or EAT_USUAL.algorithms,
        keys=keys,
        anchors=anchors,
        profiles=frozenset(section.texts("profiles")),
        age=section.integer("age", EAT_USUAL.age, minimum=1, maximum=86_400),
        leeway=section.integer("leeway", EAT_USUAL.leeway, minimum=0, maximum=600),
    )


def _tpm(source: Source, device: Section) -> TpmSettings:
    section = device.section("tpm", TPM)
    keys: dict[str, Path] = {name: source.folder / path for name, path in source.texts(section, "keys").items()}
    anchors = source.path_if(section, "anchors_file")
    if not keys and anchors is None:
        message, hint = "nobody's quotes would count", "write keys or anchors_file"
        source.reader.fault(source.at(section.node), message, hint, code=Fault.BAD_ANCHOR)
    registers = dict(_registers(source, name, node) for name, node in section.entries("registers"))
    return TpmSettings(keys, anchors, registers)


def _registers(source: Source, name: Leaf, node: Node) -> tuple[str, frozenset[str]]:
    """Read which digests of a selection of registers count."""
    if re.fullmatch(REGISTERS, name.text) is None:
        hint = "write it as tpm2_quote does, such as sha256:0,7"
        source.reader.fault(name, "this is no selection of registers", hint, code=Fault.BAD_ANCHOR)
    digests = source.reader.texts(node)
    if not all(_DIGEST.fullmatch(one) for one in digests):
        hint = "64, 96 or 128 hexadecimal digits, in small letters"
        source.reader.fault(node, "this is no digest of registers", hint, code=Fault.BAD_ANCHOR)
    return name.text, frozenset(digests)
