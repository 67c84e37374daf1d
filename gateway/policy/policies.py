"""One policy file: who may ask what of whom, for what, and what happens to the data on its way."""

from __future__ import annotations

from gateway.catalog.load import VERSION
from gateway.catalog.names import read_name
from gateway.faults import Fault
from gateway.policy.model import Policy
from gateway.policy.named import Named
from gateway.policy.rules import Rules
from gateway.policy.when import CONDITIONS, ELSEWHERE, SCOPE, When
from gateway.yamlsource import Reader

MODES = ("enforce", "observe")
KINDS = ("allow", "deny", "protect", "reveal", "watermark")
_ELSEWHERE = {
    **ELSEWHERE,
    **dict.fromkeys(CONDITIONS, "write it in `scope`, or beside a rule"),
    **dict.fromkeys(("classes", "treatment"), "write it in `protect`: protect: [{classes: ..., treatment: ...}]"),
    "unless": "write it within the rule that it softens",
}
KEYS = ("version", "policy", "title", "basis", "scope", *KINDS, "mode")


def read_policy(reader: Reader, name: str, data: bytes, named: Named) -> Policy | None:
    """Read one policy, recording faults and doubts; None if it has no name to be known by."""
    faults = len(reader.problems)
    node = reader.parse(name, data)
    if node is None:
        return None
    top = reader.section(node, KEYS, ("version", "policy"), _ELSEWHERE)
    if len(reader.problems) == faults and not any(kind in top for kind in KINDS):
        hint = f"write one of: {', '.join(KINDS)}"
        reader.fault(top.members["policy"], "this policy has no rule", hint, code=Fault.NO_RULE)
    top.integer("version", VERSION, minimum=VERSION, maximum=VERSION)
    title, basis = top.text("title"), top.texts("basis")
    policy = read_name(reader, top.get("policy"))
    observe = top.choice("mode", MODES, "enforce") == "observe"
    when = When(reader, named).read_scope(top.section("scope", SCOPE, elsewhere=ELSEWHERE))
    sound = len(reader.problems) == faults
    rules = tuple(Rules(reader, policy or "", when, enforced=not observe, sound=sound).read(top))
    return None if policy is None else Policy(policy, top.members["policy"].place, title, basis, observe, rules)
