"""Everything the officer wrote, from the bytes of its files to one policy set, or every fault of all of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum
from hashlib import sha256
from typing import Protocol, TypeVar

from gateway.catalog.load import read
from gateway.errors import Place, Second
from gateway.faults import Fault
from gateway.policy.consents import read_consents
from gateway.policy.doubts import doubts
from gateway.policy.model import PolicySet
from gateway.policy.named import gather
from gateway.policy.policies import read_policy
from gateway.yamlsource import Reader


class _HasPlace(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def place(self) -> Place: ...


T = TypeVar("T", bound=_HasPlace)


class Kind(Enum):
    """What a file is, by its name."""

    CATALOGUE = "catalogue"
    CONSENTS = "consents"
    POLICY = "policy"
    OTHER = "other"


def kind_of(name: str) -> Kind:
    """Tell what a file is by its relative name: `catalog/erp.yaml`, `consents.yaml`, `sales.yaml`; `.yml` as well.

    What lies under `tests/`, is hidden, or isn't YAML by its name is none of them.
    """
    folders, _, last = name.rpartition("/")
    parts = folders.split("/") if folders else []
    if last.rpartition(".")[2] not in {"yaml", "yml"} or any(part.startswith(".") for part in (*parts, last)):
        return Kind.OTHER
    if parts and parts[0] == "tests":
        return Kind.OTHER
    if parts and parts[0] == "catalog":
        return Kind.CATALOGUE
    return Kind.CONSENTS if name in {"consents.yaml", "consents.yml"} else Kind.POLICY


def load(files: Mapping[str, bytes]) -> PolicySet:
    """Load a folder's files, by their names relative to it. Raises FaultyFiles with every problem of every file.

    The order of the files means nothing. What is doubtful but usable is in the set's `warnings`.
    """
    reader = Reader()
    of = {kind: {name: files[name] for name in sorted(files) if kind_of(name) is kind} for kind in Kind}

    found = [read(reader, name, data) for name, data in of[Kind.CATALOGUE].items()]
    catalogues = _once(reader, "catalogue", (catalogue for catalogue in found if catalogue is not None))
    complete = None not in found
    systems = gather(catalogues.values(), (), complete=complete)
    declared = [read_consents(reader, name, data, systems) for name, data in of[Kind.CONSENTS].items()]
    consents = _once(reader, "consent", (kind for kinds in declared for kind in (kinds or {}).values()))
    named = gather(catalogues.values(), consents.values(), complete=complete, declared=None not in declared)
    policies = _once(
        reader,
        "policy",
        (
            p
            for p in (read_policy(reader, name, data, named) for name, data in of[Kind.POLICY].items())
            if p is not None
        ),
    )
    reader.finish()
    policy_set = PolicySet(
        catalogues=catalogues,
        policies=tuple(policies[name] for name in sorted(policies)),
        consents=consents,
        digest=digest({**of[Kind.CONSENTS], **of[Kind.POLICY]}),
        catalogue_digest=digest(of[Kind.CATALOGUE]),
    )
    return replace(policy_set, warnings=tuple(sorted({*reader.warnings, *doubts(policy_set, reader.roots)})))


def digest(files: Mapping[str, bytes]) -> str:
    """Give the SHA-256 (hex) over a list of the files as `sha256sum` prints it: digest, two spaces, name, newline.

    Anyone can repeat it: `sha256sum FILES | sha256sum`, with the files' names in the order of their bytes.
    """
    lines = (f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files, key=str.encode))
    return sha256("".join(lines).encode()).hexdigest()


def _once(reader: Reader, kind: str, things: Iterable[T]) -> dict[str, T]:
    """Give what was read by name, recording names that are given twice."""
    named: dict[str, T] = {}
    for thing in things:
        first = named.setdefault(thing.name, thing)
        if first is not thing:
            message = f'the {kind} "{thing.name}" is there twice; first at {first.place}'
            also = Second("first here", first.place)
            reader.fault(thing.place, message, "rename one of them, or delete it", code=Fault.NAME_TAKEN, also=also)
    return named
