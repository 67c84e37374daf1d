"""The rules of a policy as officers write them: what it allows, denies, protects and marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.catalog.messages import read_class
from gateway.faults import Fault
from gateway.policy.model import Rule
from gateway.policy.treated import option_keys, others_options, read_treatment
from gateway.policy.watermarks import ASKS, read_watermark
from gateway.policy.when import ANY, CONDITIONS, ELSEWHERE, When
from gateway.yamlsource import Leaf, Node, Reader, Section

WRITE_BACK = ("refuse", "drop")
DENY = ("classes", *CONDITIONS, "unless")
PROTECT = ("classes", "treatment", "write_back", *CONDITIONS, "unless")
REVEAL = ("classes", *CONDITIONS)
WATERMARK = (*ASKS, *CONDITIONS, "unless")

_REVEAL_ELSEWHERE = {**ELSEWHERE, "unless": "a reveal is a grant: write beside it when it holds"}


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Reads the rules of one policy, which share its name, its scope and its mode.

    `sound` is False where something was wrong before the rules: the scope may then be meant narrower than it was read.
    """

    reader: Reader
    policy: str
    when: When
    enforced: bool
    sound: bool

    def read(self, top: Section) -> Iterator[Rule]:
        """Read every rule, kind after kind."""
        yield from self._allow(top)
        yield from self._deny(top)
        for index, node in enumerate(top.listing("protect")):
            yield self._protect(index, node)
        for index, node in enumerate(top.listing("reveal")):
            yield self._reveal(index, node)
        for index, node in enumerate(top.listing("watermark")):
            yield self._watermark(index, node)

    def _allow(self, top: Section) -> Iterator[Rule]:
        node = top.get("allow")
        if node is None:
            return
        if not top.boolean("allow", default=True):
            hint = "what no policy allows is refused anyway; to forbid what another one allows, write `deny: true`"
            message = "`allow: false` grants nothing and forbids nothing"
            self.reader.fault(node, message, hint, code=Fault.ALLOW_FALSE)
        if self.sound and not (self.when.scope.from_ or self.when.scope.to or self.when.scope.operations):
            hint = "write `from`, `to` or `operations` in its `scope`"
            message = "this allows every operation from every system to every other"
            self.reader.warn(node, message, hint, code=Fault.ALLOWS_EVERYTHING)
        yield self._rule("allow", 0, node)

    def _deny(self, top: Section) -> Iterator[Rule]:
        node = top.get("deny")
        if isinstance(node, Leaf):
            if not top.boolean("deny", default=True):
                self.reader.fault(node, "`deny: false` forbids nothing", "leave it out", code=Fault.DENY_FALSE)
            yield self._rule("deny", 0, node)
            return
        for index, item in enumerate(top.listing("deny")):
            section = self.reader.section(item, DENY, elsewhere=ELSEWHERE)
            yield replace(self._rule("deny", index, item, section), classes=self._classes(section))

    def _protect(self, index: int, node: Node) -> Rule:
        keys = (*PROTECT, *option_keys(node))
        elsewhere = {**ELSEWHERE, **others_options(node)}
        section = self.reader.section(node, keys, required=("classes", "treatment"), elsewhere=elsewhere)
        return replace(
            self._rule("protect", index, node, section),
            classes=self._classes(section),
            treatment=read_treatment(section),
            write_back=section.choice("write_back", WRITE_BACK, "refuse"),
        )

    def _reveal(self, index: int, node: Node) -> Rule:
        section = self.reader.section(node, REVEAL, required=("classes",), elsewhere=_REVEAL_ELSEWHERE)
        return replace(self._rule("reveal", index, node, section), classes=self._classes(section))

    def _watermark(self, index: int, node: Node) -> Rule:
        section = self.reader.section(node, WATERMARK, elsewhere=ELSEWHERE)
        return replace(self._rule("watermark", index, node, section), watermark=read_watermark(node, section))

    def _rule(self, kind: str, index: int, node: Node, section: Section | None = None) -> Rule:
        """Give a rule with what all kinds have in common."""
        return Rule(
            f"{self.policy}/{kind}[{index}]",
            kind,
            node.place,
            self.when.scope,
            when=ANY if section is None else self.when.read_rule(section),
            unless=None if section is None else self.when.read_unless(section),
            enforced=self.enforced,
        )

    def _classes(self, section: Section) -> frozenset[str]:
        """Read classes."""
        return frozenset(read_class(self.reader, node) for node in section.listing("classes"))
