"""A mapping that is being read by its known keys: what is absent takes its default, what is wrong is recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, overload

from gateway.faults import Fault
from gateway.yamlsource.node import Leaf, Node

if TYPE_CHECKING:
    from gateway.yamlsource.reader import Reader

D = TypeVar("D")


class Section:
    """One mapping's members. A value that is wrong is recorded with the reader and answered by the default.

    `node` is where the section stands; None if it is absent.
    """

    def __init__(self, reader: Reader, node: Node | None, members: Mapping[str, Node]) -> None:
        """Take the members whose keys are known; `Reader.section` makes sections."""
        self.reader = reader
        self.node = node
        self.members = members

    def __contains__(self, key: str) -> bool:
        return key in self.members

    def get(self, key: str) -> Node | None:
        """Give a member's node; None if it is absent."""
        return self.members.get(key)

    @overload
    def text(self, key: str) -> str: ...
    @overload
    def text(self, key: str, default: D) -> str | D: ...
    def text(self, key: str, default: object = "") -> object:
        """Read text."""
        node = self.members.get(key)
        value = None if node is None else self.reader.text(node)
        return default if value is None else value

    def integer(self, key: str, default: D, *, minimum: int | None = None, maximum: int | None = None) -> int | D:
        """Read a whole number within its bounds, both included."""
        node = self.members.get(key)
        value = None if node is None else self.reader.integer(node, minimum=minimum, maximum=maximum)
        return default if value is None else value

    def number(self, key: str, default: D, *, minimum: float | None = None, maximum: float | None = None) -> float | D:
        """Read a number within its bounds, both included."""
        node = self.members.get(key)
        value = None if node is None else self.reader.number(node, minimum=minimum, maximum=maximum)
        return default if value is None else value

    def boolean(self, key: str, *, default: bool) -> bool:
        """Read true or false."""
        node = self.members.get(key)
        value = None if node is None else self.reader.boolean(node)
        return default if value is None else value

    def choice(
        self,
        key: str,
        among: Collection[str],
        default: D,
        *,
        kind: str | None = None,
        code: Fault = Fault.UNKNOWN_WORD,
    ) -> str | D:
        """Read one of the texts that are known; `kind` says what they are, where the key doesn't."""
        node = self.members.get(key)
        value = None if node is None else self.reader.choice(node, among, kind or key, code=code)
        return default if value is None else value

    def listing(self, key: str) -> tuple[Node, ...]:
        """Read a list; a single value is a list of one, an absent one is empty."""
        node = self.members.get(key)
        return () if node is None else self.reader.listing(node)

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts."""
        node = self.members.get(key)
        return () if node is None else self.reader.texts(node)

    def entries(self, key: str) -> tuple[tuple[Leaf, Node], ...]:
        """Read a mapping whose keys are free, each key with its own place; an absent one is empty."""
        node = self.members.get(key)
        return () if node is None else self.reader.table(node)

    def section(
        self,
        key: str,
        keys: Collection[str],
        required: Iterable[str] = (),
        elsewhere: Mapping[str, str] = MappingProxyType({}),
    ) -> Section:
        """Read a mapping with known keys; an absent one has no members, and misses none."""
        return self.reader.section(self.members.get(key), keys, required, elsewhere)

    def sections(self, key: str, keys: Collection[str], required: Iterable[str] = ()) -> tuple[Section, ...]:
        """Read a list of mappings with known keys; a single mapping is a list of one."""
        required = tuple(required)
        return tuple(self.reader.section(node, keys, required) for node in self.listing(key))
