"""Case files, from their bytes to cases, or every fault of all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.cases.expects import Expects
from gateway.cases.flows import Flows
from gateway.cases.model import Attached, Case, Suite
from gateway.cases.overlay import overlay
from gateway.cases.tables import read_rows
from gateway.cases.tokens import read_tokens
from gateway.catalog.load import VERSION
from gateway.catalog.names import read_name
from gateway.errors import Second
from gateway.faults import Fault
from gateway.policy.model import PolicySet, Rule
from gateway.policy.named import Named, gather
from gateway.policy.schemas.cases import CASE, DEFAULTS, EXPECT, FLOW, RESPONSE, TOP
from gateway.yamlsource import Listing, Node, Reader, Section, Table


def load(files: Mapping[str, bytes], policies: PolicySet, attached: Attached | None = None) -> tuple[Suite, ...]:
    """Load the cases among a folder's files: `tests/*.yaml`, by their names relative to the folder.

    `attached` gives the bodies that cases keep in files of their own; without it they are not looked for, and the cases
    that have them can be checked but not run. Raises FaultyFiles with every problem of every file.
    """
    reader = Reader()
    named = gather(policies.catalogues.values(), policies.consents.values())
    rules, selectors = rules_of(policies), _selectors_of(policies)
    suites: dict[str, Suite] = {}
    for name in sorted(filter(is_cases, files)):
        before = len(reader.warnings)
        flows = Flows(reader, named, name, attached)
        suite = _File(reader, named, flows, Expects(reader, flows, rules, selectors)).read(name, files[name])
        if suite is None:
            continue
        first = suites.get(suite.name)
        if first is not None:
            message = f'the cases "{suite.name}" are there twice; first at {first.place}'
            reader.fault(suite.place, message, code=Fault.NAME_TAKEN, also=Second("first here", first.place))
        suites[suite.name] = Suite(
            suite.name, name, suite.place, suite.title, suite.cases, tuple(sorted(set(reader.warnings[before:])))
        )
    reader.finish()
    return tuple(sorted(suites.values(), key=lambda suite: suite.file))


def is_cases(name: str) -> bool:
    """Tell whether a file of a policies' folder holds cases, by its relative name: `tests/sales.yaml`, or `.yml`."""
    folders, _, last = name.rpartition("/")
    hidden = any(part.startswith(".") for part in name.split("/"))
    return folders.split("/")[0] == "tests" and last.rpartition(".")[2] in {"yaml", "yml"} and not hidden


def rules_of(policies: PolicySet) -> dict[str, Rule]:
    """Give every rule by its id."""
    return {rule.id: rule for policy in policies.policies for rule in policy.rules}


def _selectors_of(policies: PolicySet) -> frozenset[str]:
    """Give the selectors of messages that aren't JSON, in the words of their formats, and those of names."""
    messages = (message for catalogue in policies.catalogues.values() for message in catalogue.messages.values())
    fields = ((message, field) for message in messages for field in message.fields)
    return frozenset(field.written for message, field in fields if field.names or message.format != "json")


class _File:
    """Reads one file."""

    def __init__(self, reader: Reader, named: Named, flows: Flows, expects: Expects) -> None:
        self.reader, self.named, self.flows, self.expects = reader, named, flows, expects
        self.names: dict[str, Node] = {}
        self.suite = ""

    def read(self, file: str, data: bytes) -> Suite | None:
        """Read the cases of a file; None if it has no name to be known by."""
        node = self.reader.parse(file, data)
        if node is None:
            return None
        top = self.reader.section(node, TOP, required=("version", "cases", "list"))
        top.integer("version", VERSION, minimum=VERSION, maximum=VERSION)
        title = top.text("title")
        self.suite = read_name(self.reader, top.get("cases")) or ""
        listed = top.get("list")
        if listed is not None and not (isinstance(listed, Listing) and listed.items):
            hint = "write what is tried: - case: Sales sees no price"
            self.reader.fault(listed, "there is no case in this list", hint, code=Fault.NO_CASES)
        defaults = top.section("defaults", DEFAULTS)
        shared = defaults.node if isinstance(defaults.node, Table) else None
        if shared is not None:
            self._check_defaults(defaults)
        items = listed.items if isinstance(listed, Listing) else ()
        cases = tuple(case for item in items for case in self._cases(item, shared))
        return Suite(self.suite, file, top.members["cases"].place, title, cases) if self.suite else None

    def _check_defaults(self, defaults: Section) -> None:
        """Find what is wrong with defaults where they stand, even if every case says otherwise."""
        for key, keys in (("flow", FLOW), ("response", RESPONSE)):
            defaults.section(key, keys)

    def _cases(self, item: Node, defaults: Table | None) -> Iterator[Case]:
        """Read one case of the list: one flow, or one for each row of its table."""
        section = self.reader.section(item, CASE, required=("case",))
        if not isinstance(item, Table):
            return
        name = section.text("case")
        if "table" not in section:
            yield from self._case(section.get("case") or item, overlay(defaults, _only(item)), name)
            return
        for row in read_rows(self.reader, section, self.expects.selectors):
            whole = overlay(overlay(defaults, _only(item)), row.said)
            yield from self._case(row.node, whole, f"{name}: {row.name}")

    def _case(self, at: Node, whole: Table | None, name: str) -> Iterator[Case]:
        """Read one situation, with all that it takes from elsewhere laid together."""
        section = self.reader.section(whole, CASE)
        asked = section.section("flow", FLOW, required=("from", "to", "request"))
        if "flow" not in section:
            self.reader.fault(
                at, "the case has no flow", "write who asks what: flow: {from: crm, ...}", code=Fault.MISSING_KEY
            )
        flow = self.flows.flow(asked)
        customers, answer = self.flows.customers(section), self.flows.response(section.section("response", RESPONSE))
        expect = section.section("expect", EXPECT)
        if isinstance(expect.node, Table | None) and not (expect.node and expect.node.entries):
            hint = "write what should happen: expect: {verdict: allow}"
            self.reader.fault(
                at, "this case expects nothing, so it would always pass", hint, code=Fault.EXPECTS_NOTHING
            )
        request = asked.get("request") or at
        expected = self.expects.read(expect, request.place, flow.to)
        first = self.names.setdefault(name, at)
        if first is not at and name:
            message = f'the case "{name[:100]}" is there twice; first on line {first.line + 1}'
            self.reader.fault(at, message, code=Fault.NAME_TAKEN, also=Second("first here", first.place))
        purpose = flow.purpose.name if flow.purpose else None
        tokens = read_tokens(self.reader, section, purpose)
        yield Case(self.suite, name, at.place, flow, answer, customers, expected, tokens)


def _only(item: Table) -> Table:
    """Leave the name and the table of a case out."""
    kept = tuple((key, value) for key, value in item.entries if key.text not in {"case", "table"})
    return Table(item.source, item.line, item.column, item.end, kept)
