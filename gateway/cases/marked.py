"""What a case expects of a document's marks: words and their places, the hidden mark, what else marking asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.cases.outcome import Outcome
from gateway.errors import Place, Problem
from gateway.faults import Fault
from gateway.policy.marking import ATTACHMENTS, PDFA, SIGNED
from gateway.policy.schemas.cases import MARK
from gateway.policy.watermarks import PERMISSIONS, PLACEMENTS
from gateway.watermark.plan import Plan
from gateway.yamlsource import Leaf, Reader, Section, Table

_NOTHING = "nothing is expected here"


@dataclass(frozen=True, slots=True)
class Marked:
    """A document is marked with these texts, in these places, without these permissions; `none`: it is not marked.

    Of what is None or empty, nothing is expected. `ways` are the words for `attachments`, `signed` and `pdfa`.
    """

    place: Place
    none: bool = False
    visible: tuple[str, ...] = ()
    placement: tuple[str, ...] = ()
    hidden: bool | None = None
    view_only: bool | None = None
    bilevel: bool | None = None
    permissions: Mapping[str, bool] = field(default_factory=dict, hash=False)
    ways: Mapping[str, str] = field(default_factory=dict, hash=False)

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell how it is marked instead."""
        plan = outcome.plans[-1] if outcome.plans else None
        if plan is None or self.none:
            if (plan is None) is not self.none:
                yield self._told(
                    "no watermark, but there is one" if self.none else "a watermark, but nothing is marked"
                )
            return
        yield from self._words(plan)
        if self.hidden is not None and self.hidden is not bool(plan.hidden):
            yield self._told("a hidden mark, but there is none" if self.hidden else "no hidden mark, but there is one")
        if self.view_only is not None and self.view_only is not plan.view_only:
            words = ("stay what they are", "become pictures")
            yield self._told(f"that pages {words[self.view_only]}, but they {words[plan.view_only]}")
        if self.bilevel is not None and self.bilevel is not plan.bilevel:
            words = ("left alone", "marked")
            yield self._told(f"scans of two colours to be {words[self.bilevel]}, but they are {words[plan.bilevel]}")
        for name, allowed in self.permissions.items():
            if (name not in plan.permissions) is not allowed:
                words = ("forbidden", "left to the reader")
                yield self._told(f"`{name}` to be {words[allowed]}, but it is {words[not allowed]}")
        for name, way in self.ways.items():
            found: str = getattr(plan, name)
            if found != way:
                yield self._told(f"`{name}: {way}`, but it is `{found}`")

    def _words(self, plan: Plan) -> Iterator[Problem]:
        shown = " and ".join(f'"{found}"' for found in plan.texts) or "nothing that is seen"
        for text in self.visible:
            if text not in plan.texts:
                yield self._told(f'the watermark "{text}", but it is {shown}')
        among = [one for one in plan.visible if one.text in self.visible or not self.visible]
        found = {one.placement for one in among}
        if self.placement and among and found != {*self.placement}:
            wanted, places = (" and ".join(sorted(names)) for names in (self.placement, found))
            yield self._told(f"the text to be placed {wanted}, but it is {places}")
        elif self.placement and not plan.visible:
            yield self._told("a text that is seen, but there is none")

    def _told(self, words: str) -> Problem:
        return Problem(self.place, f"expected {words}", code=Fault.OTHER_WATERMARK)


def read_marked(reader: Reader, section: Section) -> Iterator[Marked]:
    """Read `watermark` of what a case expects."""
    node = section.get("watermark")
    if isinstance(node, Leaf):
        if reader.choice(node, ("none",), "watermark") is not None:
            yield Marked(node.place, none=True)
        return
    if node is None:
        return
    mark = reader.section(node, MARK)
    permissions = mark.section("permissions", PERMISSIONS)
    told = {key: permissions.boolean(key, default=False) for key in permissions.members}
    if any(isinstance(said, Table) and not said.entries for said in (node, permissions.node)):
        reader.fault(node, _NOTHING, "write `visible`, `hidden` or `permissions`", code=Fault.NO_VALUE)
    places = (reader.choice(one, PLACEMENTS, "placement") for one in mark.listing("placement"))
    known = (("attachments", ATTACHMENTS), ("signed", SIGNED), ("pdfa", PDFA))
    yield Marked(
        node.place,
        visible=mark.texts("visible"),
        placement=tuple(one for one in places if one is not None),
        permissions=told,
        ways={key: mark.choice(key, words, words[0]) for key, words in known if key in mark},
        **{key: mark.boolean(key, default=False) for key in ("hidden", "view_only", "bilevel") if key in mark},
    )
