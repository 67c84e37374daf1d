"""What a catalogue says of a message besides its fields: each format has its own options."""

from __future__ import annotations

from typing import Any

from gateway.faults import Fault
from gateway.formats.format import Format, Option
from gateway.formats.registry import FORMATS
from gateway.yamlsource import Listing, Reader, Section

OPTIONS: dict[str, tuple[str, ...]] = {}
"""Every option, with the formats that take it."""
for _form in FORMATS.values():
    for _name in _form.OPTIONS:
        OPTIONS[_name] = (*OPTIONS.get(_name, ()), _form.NAME)


def read_options(reader: Reader, section: Section, form: Format | None) -> dict[str, Any]:
    """Read the options that are written; those of other formats are recorded as faults."""
    found: dict[str, Any] = {}
    for name, takers in OPTIONS.items():
        if name not in section or form is None:
            continue
        option = form.OPTIONS.get(name)
        if option is None:
            message = f'"{name}" is for {", ".join(takers)}; this message is {form.NAME}'
            reader.fault(section.members[name], message, "leave it out", code=Fault.NOT_JSON)
        else:
            found[name] = _value(section, name, option)
    return {**{name: option.default for name, option in form.OPTIONS.items()}, **found} if form else {}


def _value(section: Section, name: str, option: Option) -> Any:
    """Read one option; its default where it is faulty."""
    match option.type:
        case "text":
            return section.text(name, option.default)
        case "choice":
            return section.choice(name, option.choices, option.default)
        case "integer":
            return section.integer(name, option.default, minimum=option.minimum, maximum=option.maximum)
        case "flag":
            return section.boolean(name, default=bool(option.default))
        case "texts":
            node = section.members[name]
            none = option.minimum == 0 and isinstance(node, Listing) and not node.items
            return () if none else section.texts(name)
        case "names":
            return {key.text: section.reader.text(node) or "" for key, node in section.entries(name)}
