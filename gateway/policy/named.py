"""What policies refer to by name: systems, operations and classes of the catalogues, and consents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.catalog.model import Catalogue
from gateway.faults import Fault
from gateway.policy.model import ConsentKind
from gateway.yamlsource import Node, Reader


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """Everything that has a name.

    `complete` is False where a catalogue could not be read, and `declared` where consents could not be: what is unknown
    may then stand there.
    """

    operations: Mapping[str, frozenset[str]]  # system to short names
    consents: frozenset[str]
    complete: bool
    declared: bool

    def systems(self, reader: Reader, nodes: Iterable[Node]) -> frozenset[str] | None:
        """Read names of systems; None where there are none."""
        found = set()
        for node in nodes:
            text = reader.text(node)
            if text is not None and self.complete and text not in self.operations:
                reader.unknown(node, "system", text, self.operations, code=Fault.UNKNOWN_SYSTEM)
            elif text is not None:
                found.add(text)
        return frozenset(found) or None

    def consent(self, reader: Reader, node: Node) -> str | None:
        """Read the name of a consent."""
        text = reader.text(node)
        if text is None or not self.declared or text in self.consents:
            return text
        if self.consents:
            reader.unknown(node, "consent", text, self.consents, code=Fault.UNKNOWN_CONSENT)
        else:
            hint = "declare it in consents.yaml, which declares none yet"
            reader.fault(node, f'unknown consent "{text[:100]}"', hint, code=Fault.UNKNOWN_CONSENT)
        return None

    def resolve(self, reader: Reader, nodes: Iterable[Node], to: frozenset[str] | None) -> frozenset[str] | None:
        """Read operations: full names, short ones of any system in `to` (None: of all), and `*` for any part of one."""
        found: set[str] = set()
        for node in nodes:
            text = reader.text(node)
            if text is None:
                continue
            reached = frozenset(self._reached(text, to))
            if not reached and self.complete:
                self._unknown_operation(reader, node, text, to)
            found |= reached
        return frozenset(found) or None

    def _of(self, to: frozenset[str] | None) -> Iterable[str]:
        return self.operations.keys() if to is None else self.operations.keys() & to

    def _reached(self, text: str, to: frozenset[str] | None) -> Iterator[str]:
        system, dot, short = text.rpartition(".")
        for name in self._of(to):
            if dot and not _like(system, name):
                continue
            operations = self.operations[name]
            if "*" in short:
                yield from (f"{name}.{operation}" for operation in operations if _like(short, operation))
            elif short in operations:
                yield f"{name}.{short}"

    def _unknown_operation(self, reader: Reader, node: Node, text: str, to: frozenset[str] | None) -> None:
        elsewhere = sorted(self._reached(text, None))
        if elsewhere:
            hint = f"there is {', '.join(elsewhere[:3])}, which `to` leaves out"
            message = f'no operation "{text[:100]}" in {_told(to)}'
            reader.fault(node, message, hint, code=Fault.OPERATION_ELSEWHERE)
            return
        known = {
            f"{name}.{short}" if "." in text else short for name in self._of(to) for short in self.operations[name]
        }
        kind = f"operation in {_told(to)}:" if to else "operation"
        reader.unknown(node, kind, text, known, code=Fault.UNKNOWN_OPERATION)


def gather(
    catalogues: Iterable[Catalogue], consents: Iterable[ConsentKind], *, complete: bool = True, declared: bool = True
) -> Named:
    """Collect the names of everything that was read."""
    catalogues = tuple(catalogues)
    return Named(
        operations={catalogue.name: frozenset(catalogue.operations) for catalogue in catalogues},
        consents=frozenset(consent.name for consent in consents),
        complete=complete,
        declared=declared,
    )


def _like(pattern: str, name: str) -> bool:
    """Tell whether a name fits a pattern, in which * stands for anything; takes linear time."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == name
    *middle, last = rest
    at = len(first)
    if not name.startswith(first) or not name.endswith(last) or len(name) < at + len(last):
        return False
    for part in middle:
        found = name.find(part, at, len(name) - len(last))
        if found < 0:
            return False
        at = found + len(part)
    return True


def _told(to: frozenset[str] | None) -> str:
    return ", ".join(sorted(to)) if to else "any system"
