"""The treatment of a protect rule: its name, with its options flat beside it."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.faults import Fault
from gateway.treatments.contract import Treatment
from gateway.treatments.options import Option
from gateway.treatments.registry import TREATMENTS, build
from gateway.yamlsource import Leaf, Node, Section, Table

_ALL = tuple({key: None for treatment in TREATMENTS.values() for key in treatment.OPTIONS})


def options(treatment: str) -> Mapping[str, Option]:
    """Give a treatment's options by the keys that a policy has for them; none is called like a condition."""
    known: Mapping[str, Option] = TREATMENTS[treatment].OPTIONS
    return known


def option_keys(node: Node) -> tuple[str, ...]:
    """Give the keys that a protect rule may have for its treatment, by the treatment that it names."""
    name = _named(node)
    return _ALL if name is None else tuple(options(name))


def others_options(node: Node) -> dict[str, str]:
    """Give the options that a protect rule's treatment hasn't and others have, each with a hint."""
    name = _named(node)
    own = options(name) if name else {}
    has = f"has only: {', '.join(own)}" if own else "has no options"
    return {key: f"`{name}` {has}" for key in _ALL if key not in own} if name else {}


def read_treatment(section: Section) -> Treatment | None:
    """Read the treatment of a protect rule with its options; None, recorded, if something is wrong."""
    name = section.choice("treatment", TREATMENTS, None)
    if name is None:
        return None
    faults = len(section.reader.problems)
    known = options(name)
    given = {key: _value(section, key, option) for key, option in known.items() if key in section}
    for key, option in known.items():
        if option.required and key not in section:
            message = f'the treatment "{name}" needs "{key}": {option.help}'
            hint = f"write {key}: {' | '.join(option.choices)}" if option.choices else f"write {key} beside it"
            section.reader.fault(section.members["treatment"], message, hint, code=Fault.MISSING_OPTION)
    if len(section.reader.problems) > faults:
        return None
    try:
        return build(name, given)
    except ValueError as error:
        hint = "; ".join(f"{key}: {option.help}" for key, option in known.items() if repr(key) in str(error))
        section.reader.fault(section.members["treatment"], str(error), hint, code=Fault.BAD_OPTION)
        return None


def _named(node: Node) -> str | None:
    """Give the treatment that a rule names, if it is one."""
    for key, value in node.entries if isinstance(node, Table) else ():
        if key.text == "treatment" and isinstance(value, Leaf) and value.text in TREATMENTS:
            return value.text
    return None


def _value(section: Section, key: str, option: Option) -> object:
    """Read an option's value by its type."""
    node = section.members[key]
    if option.type == "integer":
        return section.reader.integer(node, minimum=option.minimum, maximum=option.maximum)
    if option.type == "choice":
        return section.reader.choice(node, option.choices, key)
    if option.type == "scalar":
        return section.reader.scalar(node)
    text = section.reader.text(node)
    if text is not None:
        try:
            option.check(key, text)
        except ValueError as error:
            section.reader.fault(node, str(error), option.help, code=Fault.BAD_OPTION)
    return text
