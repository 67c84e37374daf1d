"""What a case expects, as officers write it; each line becomes an expectation with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from gateway.cases.answers import BodyIs, HeaderIs, StatusIs
from gateway.cases.bodies import as_json, read_body
from gateway.cases.fields import FieldMeets, UnlistedMeets
from gateway.cases.flows import Flows
from gateway.cases.marked import Marked, read_marked
from gateway.cases.meets import Want
from gateway.cases.model import Expectation
from gateway.cases.requests import RequestMeets
from gateway.cases.verdicts import NOWHERE, OperationIs, Passes, Refused, RuleSays, WouldBe
from gateway.cases.whereabouts import read_whereabouts
from gateway.catalog.messages import UNLISTED
from gateway.catalog.requests import HEADER
from gateway.errors import Place
from gateway.faults import Fault
from gateway.flow import Leg
from gateway.formats.document import Scalar
from gateway.policy.model import Rule
from gateway.policy.schemas.cases import FORWARDED, MET, NEVER_ALIKE, OBSERVED, REQUEST, VERDICTS
from gateway.policy.treated import options
from gateway.refusals import REFUSALS
from gateway.treatments.registry import TREATMENTS
from gateway.yamlsource import Leaf, Node, Reader, Section, Table
from gateway.yamlsource.meaning import meaning

_NOTHING = "nothing is expected here"
_NUMBER = re.compile(r"#([1-9][0-9]{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Expects:
    """Reads the expectations of the cases of one file.

    `rules` are all rules of the policies by their ids, `selectors` those of catalogues in other words than JSON's.
    """

    reader: Reader
    flows: Flows
    rules: Mapping[str, Rule]
    selectors: frozenset[str] = frozenset()

    def read(self, section: Section, request: Place, to: str) -> tuple[Expectation, ...]:
        """Read everything that is expected of a flow whose request stands at `request` and goes to the system `to`."""
        forwarded = self._said(section.section("forwarded", FORWARDED))
        observed = self._said(section.section("observed", OBSERVED))
        verdict = self._verdict(section)
        written: list[Expectation] = [
            *self._rules(section, observed=False),
            *self._status(section),
            *self._leg(section, Leg.RESPONSE),
            *self._leg(forwarded, Leg.REQUEST),
            *read_marked(self.reader, section),
            *self._observed(observed),
            *self._requests(section, to),
        ]
        if isinstance(verdict, Refused):
            self._passing(verdict, written)
        operation = self._operation(section, request, to)
        if isinstance(verdict, Refused) and verdict.refusal in NOWHERE and "operation" not in section:
            return (verdict, *written)
        implied = () if verdict else tuple(_implied(written))
        return (operation, *([verdict] if verdict else implied), *written)

    def _requests(self, section: Section, to: str) -> Iterator[RequestMeets]:
        """Read what is expected of single requests of a batch, by their numbers."""
        for key, node in self._entries(section.get("requests")):
            number = _NUMBER.fullmatch(key.text)
            if number is None:
                hint = 'write its number, in the order of the batch: "#1" is the first'
                self.reader.fault(key, f'"{key.text[:100]}" counts no request', hint, code=Fault.BAD_NUMBER)
                continue
            inner = self._said(self.reader.section(node, REQUEST))
            if inner.members:
                yield RequestMeets(key.place, int(number[1]), self.read(inner, key.place, to))

    def _said(self, section: Section) -> Section:
        """Record a mapping that says nothing."""
        if isinstance(section.node, Table) and not section.node.entries:
            self.reader.fault(section.node, _NOTHING, "write what, or leave the key out", code=Fault.NO_VALUE)
        return section

    def _verdict(self, section: Section) -> Passes | Refused | None:
        verdict = section.choice("verdict", VERDICTS, None)
        leg, refusal = section.choice("leg", tuple(Leg), None), section.choice("refusal", REFUSALS, None)
        more = section.get("refusal") or section.get("leg")
        node = section.get("verdict") or more
        if node is None:
            return None
        if verdict == "allow":
            if more is not None:
                message = "a flow that is allowed is refused on no leg and for no reason"
                self.reader.fault(more, message, "leave it out, or write `verdict: refuse`", code=Fault.CONTRADICTION)
            return Passes(node.place)
        return Refused((more or node).place, None if leg is None else Leg(leg), refusal)

    def _passing(self, verdict: Refused, written: list[Expectation]) -> None:
        """Record what can only be seen of a message that passes, beside a verdict that it doesn't."""
        for one in written:
            if isinstance(one, BodyIs) or (isinstance(one, Marked) and not one.none):
                leg = one.leg if isinstance(one, BodyIs) else Leg.RESPONSE
                gone = leg is Leg.RESPONSE or verdict.leg is Leg.REQUEST
            elif isinstance(one, FieldMeets | UnlistedMeets) and not getattr(one, "observed", False):
                wants = one.want if isinstance(one, UnlistedMeets) else one.want.name
                gone = one.leg is Leg.RESPONSE and (verdict.leg is Leg.REQUEST or not _of_refusal(written, wants))
            else:
                continue
            if gone:
                message = "the flow is expected to be refused: nothing of this is there to be seen"
                hint = "leave it out, or write `verdict: allow`"
                self.reader.fault(one.place, message, hint, code=Fault.CONTRADICTION)

    def _operation(self, section: Section, request: Place, to: str) -> OperationIs:
        node = section.get("operation")
        if node is None:
            return OperationIs(request)
        found = self.flows.named.resolve(self.reader, (node,), frozenset({to}) if to else None) or frozenset()
        if len(found) > 1:
            hint = f"write one of: {', '.join(sorted(found)[:8])}"
            self.reader.fault(node, "a flow is one operation", hint, code=Fault.CONTRADICTION)
        return OperationIs(node.place, next(iter(sorted(found)), None))

    def _rules(self, section: Section, *, observed: bool) -> Iterator[RuleSays]:
        known = {*self.rules, *(rule.partition("/")[0] for rule in self.rules)}
        for node in section.listing("rules"):
            text = self.reader.text(node)
            if text is not None and text not in known:
                self.reader.unknown(node, "rule", text, known, code=Fault.UNKNOWN_RULE)
            elif text is not None:
                yield RuleSays(node.place, text, observed)

    def _status(self, section: Section) -> Iterator[StatusIs]:
        status = section.integer("status", None, minimum=100, maximum=599)
        if status is not None:
            yield StatusIs(section.members["status"].place, status)

    def _leg(self, section: Section, leg: Leg) -> Iterator[Expectation]:
        """Read what is expected of the message that goes on in a leg."""
        yield from self._places(section, leg)
        unlisted = section.choice("unlisted", UNLISTED, None)
        if unlisted is not None:
            yield UnlistedMeets(section.members["unlisted"].place, leg, unlisted)
        for key, node in section.entries("headers"):
            if not re.fullmatch(HEADER, key.text):
                self.reader.fault(key, f'"{key.text[:100]}" is no name of a header', code=Fault.BAD_HEADER)
            absent = isinstance(node, Leaf) and meaning(node) is None
            yield HeaderIs(node.place, leg, key.text, None if absent else self.reader.text(node))
        body = self.flows.attach(read_body(self.reader, section, self.flows.file), needed=False)
        if body is not None:
            yield BodyIs(body.place, leg, body)

    def _places(self, section: Section, leg: Leg, *, observed: bool = False) -> Iterator[FieldMeets]:
        """Read what places meet, anywhere and in the records of one customer."""
        yield from self._fields(section.get("fields"), leg, None, observed=observed)
        for key, node in self._entries(section.get("records")):
            yield from self._fields(node, leg, key.text, observed=observed)

    def _fields(self, node: Node | None, leg: Leg, customer: str | None, *, observed: bool) -> Iterator[FieldMeets]:
        for key, value in self._entries(node):
            where, want = read_whereabouts(self.reader, key, self.selectors), self._want(value)
            if want is not None and want.becomes and observed:
                message = "what only would be becomes nothing"
                self.reader.fault(value, message, "name the treatment", code=Fault.CONTRADICTION)
            if where is not None and want is not None:
                yield FieldMeets(value.place, leg, where, want, customer, observed)

    def _entries(self, node: Node | None) -> tuple[tuple[Leaf, Node], ...]:
        """Read a mapping with free keys that says something."""
        entries = () if node is None else self.reader.table(node)
        if isinstance(node, Table) and not entries:
            self.reader.fault(node, _NOTHING, "name a place, or leave the key out", code=Fault.NO_VALUE)
        return entries

    def _want(self, node: Node) -> Want | None:
        """Read what a place meets: a treatment's name, or a mapping with its options and what the value becomes."""
        if isinstance(node, Leaf):
            name = self.reader.choice(node, MET, "treatment")
            return None if name is None else Want(name)
        named = (
            next((v.text for k, v in node.entries if k.text == "treatment" and isinstance(v, Leaf)), None)
            if isinstance(node, Table)
            else None
        )
        own = options(named) if named in TREATMENTS else {}
        section = self.reader.section(node, ("treatment", "becomes", *own))
        name = section.choice("treatment", MET, None)
        given: dict[str, Scalar] = {}
        for key in own:
            value = None if key not in section else self.reader.scalar(section.members[key])
            try:
                given |= {} if value is None else {key: own[key].check(key, value)}
            except ValueError as error:
                self.reader.fault(section.members[key], str(error), code=Fault.BAD_OPTION)
        becomes = section.get("becomes")
        if becomes is not None and name in NEVER_ALIKE:
            message, hint = f"`{name}` makes something else each time", "leave `becomes` out: the treatment says it all"
            self.reader.fault(becomes, message, hint, code=Fault.CONTRADICTION)
        if not section.members:
            if isinstance(node, Table) and not node.entries:
                self.reader.fault(node, _NOTHING, "name a treatment", code=Fault.NO_VALUE)
            return None
        return Want(name, given, () if becomes is None else tuple(self._value(becomes)))

    def _value(self, node: Node) -> Iterator[Scalar]:
        """Read one JSON value that is no object or list."""
        if not isinstance(node, Leaf):
            self.reader.scalar(node)
            return
        text = as_json(self.reader, node)
        if text is not None:
            yield json.loads(text, parse_float=Decimal)

    def _observed(self, section: Section) -> Iterator[Expectation]:
        verdict = section.choice("verdict", VERDICTS, None)
        if verdict is not None:
            yield WouldBe(section.members["verdict"].place, verdict == "allow")
        yield from self._places(section, Leg.RESPONSE, observed=True)
        yield from self._rules(section, observed=True)


def _of_refusal(written: list[Expectation], wants: str | None) -> bool:
    """Tell whether what a place meets can be looked at although the answer is refused: it, or another, is why."""
    named = (one.want if isinstance(one, UnlistedMeets) else one.want.name for one in written
             if isinstance(one, FieldMeets | UnlistedMeets) and one.leg is Leg.RESPONSE)  # fmt: skip
    return wants == "refuse" or "refuse" in named


def _implied(written: list[Expectation]) -> Iterator[Passes]:
    """Give the verdicts that are implied: a leg whose fields, body or headers are expected is one that passes."""
    refused = {one.leg for one in written if isinstance(one, FieldMeets) and one.want.name == "refuse"}
    refused |= {one.leg for one in written if isinstance(one, UnlistedMeets) and one.want == "refuse"}
    for leg in Leg:
        for one in written:
            seen = isinstance(one, FieldMeets | UnlistedMeets | BodyIs | HeaderIs) and one.leg is leg
            observed = isinstance(one, FieldMeets) and one.observed
            if ((seen and not observed) or (isinstance(one, Marked) and leg is Leg.RESPONSE)) and leg not in refused:
                yield Passes(one.place, leg, implied=True)
                break
