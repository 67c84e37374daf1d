"""The schema of a policy, with every treatment and its options."""

from __future__ import annotations

from gateway.policy.policies import KEYS, MODES
from gateway.policy.policies import KINDS as RULE_KINDS
from gateway.policy.rules import DENY, PROTECT, REVEAL, WATERMARK, WRITE_BACK
from gateway.policy.schemas.conditions import condition_parts, conditions, pick, unless
from gateway.policy.schemas.parts import (
    Schema,
    described,
    document,
    exactly,
    mapping,
    name,
    reference,
    several,
    some,
    text,
    titled,
    version,
    words,
)
from gateway.policy.schemas.watermark import watermark
from gateway.policy.treated import options
from gateway.policy.watermarks import ASKS
from gateway.policy.when import SCOPE
from gateway.treatments.options import Option
from gateway.treatments.registry import TREATMENTS

_MODES = {
    "enforce": "The policy is in force.",
    "observe": "It is recorded what the policy would do, and nothing is changed. It grants nothing either.",
}
_TREATMENTS = {
    "keep": "Shows the value as it is.",
    "generalise": "Makes it coarser: a date its month, a number its band, a postcode its beginning, an IP its network.",
    "mask": "Shows some characters at the beginning or end, and * for each other one.",
    "pseudonymise": "Puts a code in its place: the same for the same customer and purpose, another for others.",
    "tokenise": "Puts a short random token in its place, which only authorised flows can have turned back.",
    "encrypt": "Encrypts it under the customer's own key; authorised flows can have it turned back.",
    "seal": "Encrypts it for the customer alone: not even the gateway can open it.",
    "redact": "Puts [redacted] in its place; null for a number, true or false.",
    "remove": "Takes it out, with its name.",
    "refuse": "Refuses the whole flow.",
}
_WRITE_BACK = {
    "refuse": "A request that would write a treated value over the true one is refused.",
    "drop": "Such a member is left out of the request, for systems where a missing member means: leave it as it is.",
}


def policy_schema() -> Schema:
    """Make the schema of a policy."""
    denied = {"anyOf": [{"const": True}, several(reference("deny"), "")]}
    rules = {
        "allow": described({"const": True}, "Allow what is in scope. What no policy allows is refused."),
        "deny": described(denied, "Refuse what is in scope, whatever allows it: true for all of it, or what exactly."),
        "protect": several(reference("protect"), "What happens to data of some classes."),
        "reveal": several(reference("reveal"), "Whose tokens are turned back, and for whom."),
        "watermark": several(reference("watermark"), "What documents and images carry."),
    }
    properties = {
        "version": version(),
        "policy": name("The policy's name, by which entries and reports call its rules.", ["sales-reads-orders"]),
        "title": text("What it is for, for people.", examples=["Sales reads orders"]),
        "basis": some(text(), "What it rests on: labels for articles of laws, contracts.", [["GDPR Art. 5(1)(c)"]]),
        "scope": reference("scope", "What the whole policy is about; what is left out is any."),
        **exactly(RULE_KINDS, rules),
        "mode": words(MODES, _MODES, "Whether it is in force, or only watched.", "enforce"),
    }
    needed = [{"required": [kind]} for kind in RULE_KINDS]
    body = mapping(exactly(KEYS, properties), ("version", "policy"), "What may be done with data.", anyOf=needed)
    scope = mapping(exactly(SCOPE, _some_of(SCOPE)), (), "What the whole policy is about; what is left out is any.")
    deny = mapping(exactly(DENY, _some_of(DENY)), (), "What is refused: whatever fits all of it.")
    reveal = mapping(exactly(REVEAL, _some_of(REVEAL)), ("classes",), "Whose tokens are turned back, and for whom.")
    parts = {
        "scope": titled("Scope", scope),
        "deny": titled("Denial", deny),
        "protect": titled("Protection", _protect()),
        "reveal": titled("Reveal", reveal),
        "watermark": titled("Watermark", watermark(_some_of(tuple(key for key in WATERMARK if key not in ASKS)))),
        "unless": unless(),
        **condition_parts(),
    }
    return document("Sovgate policy", "policy", body, parts)


def _some_of(keys: tuple[str, ...]) -> dict[str, Schema]:
    """Give the schemas of what every kind of rule may have."""
    shared = {
        **conditions(),
        "classes": some(reference("class"), "Which data: any field of one of these classes, or below them."),
        "unless": reference("unless", "What exempts from this rule; all that is written must hold."),
    }
    return pick(shared, keys)


def _protect() -> Schema:
    """Make the schema of a protect rule: each treatment brings its own options."""
    taken = {name_: {key: _option(option) for key, option in options(name_).items()} for name_ in TREATMENTS}
    properties = {
        **_some_of(PROTECT),
        "treatment": words(TREATMENTS, _TREATMENTS, "What happens to the data."),
        "write_back": words(WRITE_BACK, _WRITE_BACK, "What a treated value meets when it is written back.", "refuse"),
    }
    flat = {key: described({}, _whose(key)) for own in taken.values() for key in own}
    branches = [
        {
            "if": {"properties": {"treatment": {"const": name_}}},
            "then": {
                "properties": own,
                "propertyNames": {"enum": [*PROTECT, *own]},
                "required": [key for key, option in options(name_).items() if option.required],
            },
        }
        for name_, own in taken.items()
    ]
    return mapping(
        {**exactly(PROTECT, properties), **flat},
        ("classes", "treatment"),
        "What happens to data of some classes.",
        allOf=[*branches, *_narrower()],
    )


def _whose(key: str) -> str:
    """Say what an option is for, by the treatments that have it."""
    of = {name_: options(name_)[key].help for name_ in TREATMENTS if key in options(name_)}
    return "; ".join(f"{name_}: {help_}" for name_, help_ in of.items())


def _narrower() -> list[Schema]:
    """Tell which number goes with which way to generalise."""
    generalise = {"treatment": {"const": "generalise"}}
    return [
        {
            "if": {"properties": {**generalise, "into": {"const": into}}, "required": ["into"]},
            "then": {"required": [needed]},
            "else": {"if": {"properties": generalise}, "then": {"properties": {needed: False}}},
        }
        for into, needed in (("band", "band"), ("prefix", "keep"))
    ]


def _option(option: Option) -> Schema:
    """Make the schema of one option of a treatment."""
    bounds = {"minimum": option.minimum, "maximum": option.maximum}
    lengths = {"minLength": option.minimum, "maxLength": option.maximum}
    shapes: dict[str, Schema] = {
        "integer": {"type": "integer", **{key: bound for key, bound in bounds.items() if bound is not None}},
        "text": {
            "type": "string",
            "pattern": r"\S",
            **{key: bound for key, bound in lengths.items() if bound is not None},
        },
        "choice": {"enum": list(option.choices)},
        "scalar": {"type": ["string", "number", "boolean"], "minLength": 1},
    }
    schema = shapes[option.type]
    if isinstance(option.default, str | int | bool):
        schema = {**schema, "default": option.default}
    return described(schema, option.help)
