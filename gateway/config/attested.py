"""`audit.witness` and `audit.timestamps`: who outside attests the log's heads; and a witness's own file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from gateway.audit.cosignature import WitnessKey
from gateway.audit.signatures import NoteKey
from gateway.config.listener import read_listener
from gateway.config.source import Source
from gateway.errors import BrokenLog, FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.witness.settings import EVERY, AskedWitness, ServedSettings, TimestampSettings, WitnessSettings
from gateway.yamlsource import Node, Reader, Section

WITNESS = ("servers", "quorum", "every_seconds", "required", "oldest_seconds")
SERVER = ("url", "vkey")
TIMESTAMPS = ("url", "roots", "every_seconds", "required", "oldest_seconds")
FILE = ("version", "name", "state", "listen", "logs")
MOST = 86_400 * 31
URL = r"https?://[^/?#@\s]+(/[^?#\s]*)?"
NAME = r"[^\s+]{1,200}"

K = TypeVar("K")


def read_witnesses(source: Source, audit: Section) -> WitnessSettings:
    """Read who cosigns the log's heads; nobody, where it is left out."""
    section, usual = audit.section("witness", WITNESS, ("servers",)), WitnessSettings()
    asked = [one for node in section.listing("servers") if (one := _server(source, node)) is not None]
    told = WitnessSettings(
        tuple(asked),
        section.integer("quorum", usual.quorum, minimum=1, maximum=64),
        float(section.integer("every_seconds", int(usual.every), minimum=1, maximum=MOST)),
        section.boolean("required", default=usual.required),
        float(section.integer("oldest_seconds", int(usual.oldest), minimum=2, maximum=MOST)),
    )
    if section.node is not None and told.quorum > len(section.listing("servers")):
        message, hint = "the quorum is more than there are witnesses", "name more of them, or ask for fewer"
        source.reader.fault(section.get("quorum") or section.node, message, hint, code=Fault.NEVER_ATTESTED)
    names = [one.key.name for one in asked]
    if len(set(names)) < len(names):
        message, hint = "two witnesses have the same name", "a witness counts once, however often it is named"
        source.reader.fault(source.at(section.get("servers")), message, hint, code=Fault.NAME_TAKEN)
    _soon_enough(source, section, told.every, told.oldest)
    return told


def read_timestamps(source: Source, audit: Section) -> TimestampSettings | None:
    """Read who stamps the log's heads; None where nobody does."""
    if "timestamps" not in audit:
        return None
    section, every = audit.section("timestamps", TIMESTAMPS, ("url", "roots")), int(EVERY)
    told = TimestampSettings(
        _url(source, section),
        source.path(section, "roots"),
        float(section.integer("every_seconds", every, minimum=10, maximum=MOST)),
        section.boolean("required", default=False),
        float(section.integer("oldest_seconds", 2 * every, minimum=11, maximum=MOST)),
    )
    _soon_enough(source, section, told.every, told.oldest)
    return told


def read_served(path: Path, environment: Mapping[str, str], overrides: Mapping[str, str]) -> ServedSettings:
    """Read `witness.yaml`; paths in it are relative to it. Raises `FaultyFiles` with every fault."""
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = Problem(Place(str(path), 1, 1), f"can't be read: {error.strerror}", code=Fault.UNREADABLE)
        raise FaultyFiles([problem]) from None
    reader = Reader()
    top = reader.section(reader.parse(str(path), data), FILE, ("version", "name", "state", "logs"))
    source = Source(reader, top, path.parent, environment)
    top.integer("version", 1, minimum=1, maximum=1)
    logs: dict[str, list[NoteKey]] = {}
    for node in top.listing("logs"):
        if (key := _key(source, node, NoteKey.read)) is not None:
            logs.setdefault(key.name, []).append(key)
    usual = ServedSettings("", Path(), {})
    served = ServedSettings(
        _name(source),
        source.path(top, "state"),
        {origin: tuple(keys) for origin, keys in logs.items()},
        read_listener(source, "listen", usual.listener, overrides),
    )
    reader.finish()
    return served


def _name(source: Source) -> str:
    """Read a witness's name, which stands in every line that it signs."""
    name = source.top.text("name")
    if name and (re.fullmatch(NAME, name) is None or not name.isprintable()):
        message, hint = "no witness can have this name", "one word without + such as witness.example.com/w1"
        source.reader.fault(source.at(source.top.get("name")), message, hint, code=Fault.BAD_WITNESS)
    return name


def _server(source: Source, node: Node) -> AskedWitness | None:
    """Read one witness."""
    section = source.reader.section(node, SERVER, SERVER)
    vkey = section.get("vkey")
    key = _key(source, vkey, WitnessKey.read) if vkey is not None else None
    url = _url(source, section)
    return AskedWitness(url, key) if key is not None and url else None


def _key(source: Source, node: Node, read: Callable[[str], K]) -> K | None:
    """Read a verifier key."""
    text = source.reader.text(node)
    try:
        return read(text) if text is not None else None
    except (BrokenLog, ValueError):
        message, hint = "this is no verifier key of the kind that is needed here", "name+id+key, as its owner prints it"
        source.reader.fault(node, message, hint, code=Fault.BAD_WITNESS)
    return None


def _url(source: Source, section: Section) -> str:
    """Read where somebody is asked. What they answer is signed, so that it may come over http as well."""
    url = section.text("url", "")
    if url and re.fullmatch(URL, url) is None:
        message, hint = "this is no http or https address", 'for example "https://witness.example.com/"'
        source.reader.fault(source.at(section.get("url")), message, hint, code=Fault.BAD_WITNESS)
    return url


def _soon_enough(source: Source, section: Section, every: float, oldest: float) -> None:
    """See to it that a head is attested anew before it is too old."""
    if oldest <= every and section.node is not None:
        message, hint = "a head is too old before the next one is attested", "raise oldest_seconds, or ask more often"
        source.reader.fault(section.get("oldest_seconds") or section.node, message, hint, code=Fault.NEVER_ATTESTED)
