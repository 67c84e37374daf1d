"""The schema of a policy, with every treatment and its options."""

from __future__ import annotations

from gateway.policy.policies import KINDS as RULE_KINDS
from gateway.policy.policies import MODES
from gateway.policy.rules import DENY, PERMISSIONS, PLACEHOLDERS, PROTECT, WATERMARK, WRITE_BACK
from gateway.policy.schemas.conditions import conditions, unless
from gateway.policy.schemas.parts import (
    Schema,
    choice,
    described,
    document,
    flag,
    mapping,
    name,
    reference,
    several,
    some,
    text,
    version,
)
from gateway.policy.treated import options
from gateway.policy.when import SCOPE
from gateway.treatments.options import Option
from gateway.treatments.registry import TREATMENTS


def policy_schema() -> Schema:
    """Make the schema of a policy."""
    properties = {
        "version": version(),
        "policy": name("The policy's name, by which entries and reports call its rules."),
        "title": text("What it is for, for people."),
        "basis": some(text(), "What it rests on: articles of laws, contracts."),
        "scope": mapping(_some_of(SCOPE), description="What the whole policy is about; what is left out is any."),
        "allow": {"const": True, "description": "Allow what is in scope. What no policy allows is refused."},
        "deny": described(
            {"anyOf": [{"const": True}, several(reference("deny"), "")]},
            "Refuse what is in scope, whatever allows it; true, or what exactly.",
        ),
        "protect": several(reference("protect"), "What happens to data of some classes."),
        "watermark": several(reference("watermark"), "What documents and images carry."),
        "mode": choice(MODES, "enforce (the default), or observe: record what would happen, and change nothing."),
    }
    body = mapping(
        properties,
        ("version", "policy"),
        "What may be done with data.",
        anyOf=[{"required": [kind]} for kind in RULE_KINDS],
    )
    parts = {"deny": mapping(_some_of(DENY)), "protect": _protect(), "watermark": _watermark(), "unless": unless()}
    return document("Sovgate policy", "policy", body, parts)


def _some_of(keys: tuple[str, ...]) -> dict[str, Schema]:
    """Give the schemas of what every kind of rule may have."""
    shared = {
        **conditions(),
        "classes": some(reference("class"), "Which data: any field of one of these classes, or below them."),
        "unless": reference("unless"),
    }
    return {key: shared[key] for key in keys if key in shared}


def _protect() -> Schema:
    """Make the schema of a protect rule: each treatment brings its own options."""
    taken = {name_: {key: _option(option) for key, option in options(name_).items()} for name_ in TREATMENTS}
    properties = {
        **_some_of(PROTECT),
        "treatment": choice(TREATMENTS, "What happens to the data."),
        "write_back": choice(WRITE_BACK, "What a treated value meets when it is written back: refused, or left out."),
        **{key: {} for own in taken.values() for key in own},
    }
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
    return mapping(properties, ("classes", "treatment"), "What happens to data of some classes.", allOf=branches)


def _option(option: Option) -> Schema:
    """Make the schema of one option of a treatment."""
    bounds = {"minimum": option.minimum, "maximum": option.maximum}
    lengths = {"minLength": option.minimum, "maxLength": option.maximum}
    shapes: dict[str, Schema] = {
        "integer": {"type": "integer", **{key: bound for key, bound in bounds.items() if bound is not None}},
        "text": {"type": "string", **{key: bound for key, bound in lengths.items() if bound is not None}},
        "choice": {"enum": list(option.choices)},
        "scalar": {"type": ["string", "number", "boolean"]},
    }
    schema = shapes[option.type]
    if isinstance(option.default, str | int | bool):
        schema = {**schema, "default": option.default}
    return described(schema, option.help)


def _watermark() -> Schema:
    template = r"^(?=[\s\S]*\S)([^{}]|\{(" + "|".join(PLACEHOLDERS) + r")\})+$"
    words = f"What every page shows; in braces: {', '.join(PLACEHOLDERS)}."
    properties = {
        "visible": text(words, template),
        "hidden": flag("Whether a hidden mark is made as well; this version makes none."),
        "permissions": mapping(
            {key: flag("false forbids it") for key in PERMISSIONS},
            description="What readers of the document may do; viewers honour it, copying programs need not.",
        ),
        **_some_of(WATERMARK),
    }
    needed = [{"required": [key]} for key in ("visible", "hidden", "permissions")]
    return mapping(properties, description="What documents and images carry.", anyOf=needed)
