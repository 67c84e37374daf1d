"""What an operation labels outside of bodies: variables of the path, parameters of the query, header fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.catalog.messages import read_class
from gateway.catalog.model import HeadField, Message, RequestPattern
from gateway.catalog.requests import HEADER, bad_header
from gateway.catalog.selectors import read_selector
from gateway.catalog.template import parse, variables
from gateway.errors import Second
from gateway.faults import Fault
from gateway.formats.head import WIRING, HeadLayout, Parameter, Variable, compared
from gateway.formats.languages import IN_BODIES, LANGUAGES, odata_option, read_by, takes
from gateway.formats.query_language import Asking, Fields
from gateway.formats.query_ways import NAMED
from gateway.formats.registry import FORMATS
from gateway.formats.tally import step
from gateway.yamlsource import Leaf, Node, Reader, Section, Table

KINDS = ("path", "query", "headers", "response_headers", "body_queries")
UNLISTED = ("keep", "remove", "refuse")
HEAD = (*KINDS, "unlisted_query", "unlisted_response_headers")
PARAMETER = ("class", "language", "of")


def read_head(
    reader: Reader, section: Section, request: RequestPattern, messages: Mapping[str, Message]
) -> tuple[HeadField, ...]:
    """Read the labels of an operation; what is wrong with them is recorded."""
    names = tuple(variables(parse(request.path)))
    response, body = section.text("response", None), messages.get(section.text("body"))
    found = []
    for kind in KINDS:
        for key, node in section.entries(kind):
            found.append(_field(reader, kind, key, node, messages, response))
            _check(reader, found[-1], key, names)
            if kind == "body_queries":
                _check_body(reader, key, body)
    _check_twice(reader, found)
    of = {one.of or response: one for one in found if one.language}
    if len(of) > 1:
        first, other = tuple(of.values())[:2]
        told, hint = (
            "two queries of an operation name the fields of two messages",
            "let all of them name the same: of: order",
        )
        also = Second("the other is here", first.place)
        reader.fault(other.place, told, hint, code=Fault.TWO_MESSAGES, also=also)
    return tuple(found)


def _field(
    reader: Reader, kind: str, key: Leaf, node: Node, messages: Mapping[str, Message], response: str | None
) -> HeadField:
    """Read one label: a class, or the query language that a parameter is in."""
    within = kind == "body_queries"
    if not within and (not isinstance(node, Table) or kind != "query"):
        return HeadField(kind, key.text, read_class(reader, node), key.place)
    section = reader.section(node, PARAMETER[1:] if within else PARAMETER, required=("language",) if within else ())
    if not within and ("class" in section) == ("language" in section):
        hint = "write {language: odata} for a query, or the class alone"
        reader.fault(key, "a parameter has a class or a language", hint, code=Fault.CLASS_OR_LANGUAGE)
        return HeadField(kind, key.text, "", key.place)
    if "class" in section:
        return HeadField(kind, key.text, read_class(reader, section.members["class"]), key.place)
    language = section.choice("language", IN_BODIES if within else LANGUAGES, "")
    of = section.choice("of", messages, None, kind="message", code=Fault.UNKNOWN_MESSAGE)
    if language and not within and not takes(language, key.text):
        hint = "such as $filter, $orderby or $expand; naming one of them reads all of them"
        told = f'"{key.text[:100]}" is no option of OData'
        reader.fault(key, told, hint, code=Fault.NOT_OF_LANGUAGE)
    named = of or response
    message = messages.get(named or "")
    if "of" not in section and message is None:
        hint = "name the message whose fields it names: of: order"
        reader.fault(key, "nothing says what this query's names are", hint, code=Fault.LANGUAGE_OF_NOTHING)
    elif message is not None and message.format not in NAMED:
        also = Second("the message is here", message.place)
        told = f'a query names fields of JSON, XML or tables; "{message.name}" is {message.format}'
        hint = "name the message that says what the same fields are in one of these: of: order"
        reader.fault(key, told, hint, code=Fault.LANGUAGE_OF_NOTHING, also=also)
    return HeadField(kind, key.text, "", key.place, language, of)


def _check_body(reader: Reader, key: Leaf, body: Message | None) -> None:
    """Check that the query is one place of a body that can be read."""
    form = FORMATS.get(body.format) if body is not None else None
    if form is None or not form.BY_FIELDS:
        hint = "name the body's message, in a format that is labelled by fields: body: job"
        reader.fault(key, "a query stands in the body, and the operation names none", hint, code=Fault.TOLD_BY_NO_BODY)
    else:
        read_selector(reader, key, key.text, form, singular=True)


def _check(reader: Reader, one: HeadField, key: Leaf, names: tuple[str, ...]) -> None:
    """Check that a label can find what it is about."""
    if one.kind == "path" and one.name not in names:
        hint = f"the path has {', '.join(f'{{{name}}}' for name in names)}" if names else "the path has no variables"
        reader.fault(key, f"{{{one.name[:100]}}} is not in the path", hint, code=Fault.NO_VARIABLE)
    elif one.kind.endswith("headers") and not re.fullmatch(HEADER, one.name):
        bad_header(reader, key, one.name)
    elif one.kind.endswith("headers") and compared(one.name) in WIRING:
        hint = "leave it out: it says how the message is sent, not what is in it"
        reader.fault(key, f'"{one.name}" is not treated', hint, code=Fault.WIRING_HEADER)


def _check_twice(reader: Reader, found: Iterable[HeadField]) -> None:
    """Check that nothing is labelled twice under names that systems take for the same."""
    seen: dict[tuple[str, str], HeadField] = {}
    for one in found:
        name = one.name if one.kind == "path" else one.name.casefold() if one.kind == "query" else compared(one.name)
        first = seen.setdefault((one.kind, name), one)
        if first is not one:
            also = Second("the other is here", first.place)
            told, hint = f'"{one.name}" and "{first.name}" are the same to systems', "leave one of them out"
            reader.fault(one.place, told, hint, code=Fault.LABELLED_TWICE, also=also)


def layout(path: str, fields: Sequence[HeadField], named: Fields, *, query: bool, headers: bool) -> HeadLayout:
    """Compile the labels of one leg; `named` are the fields that queries name.

    `query` and `headers` tell whether unlisted parameters, or unlisted fields, are looked at.
    """
    template = parse(path)
    at = {segment.variable: number for number, segment in enumerate(template)}
    variables_, parameters, labelled = list[Variable](), dict[str, Parameter](), dict[str, tuple[str, int]]()
    within, odata = dict[str, Asking](), False
    for index, one in enumerate(fields):
        if one.kind == "path":
            number = at[one.name]
            variables_.append(Variable(one.name, number, template[number].prefix, template[number].suffix, index))
        elif one.kind == "body_queries":
            within[one.name] = Asking(read_by(one.language, ""), named)
        elif one.kind == "query":
            asking = Asking(read_by(one.language, one.name), named) if one.language else None
            odata = odata or one.language == "odata"
            name = _called(one)
            parameters[one.name.casefold()] = Parameter(name, index, asking)
        else:
            labelled[compared(one.name)] = (one.name, index)
    return HeadLayout(
        variables=tuple(variables_),
        parameters=parameters,
        options=_Options(named).find if odata else None,
        fields=labelled,
        strict=query,
        fields_strict=headers,
        within=within,
    )


def parameter_pointer(field: HeadField) -> str:
    """Give the pointer under which a labelled parameter is recorded."""
    return f"#query{step(_called(field))}"


def _called(field: HeadField) -> str:
    """Name a parameter: options of OData as OData does."""
    return (odata_option(field.name) if field.language == "odata" else None) or field.name


@dataclass(frozen=True, slots=True)
class _Options:
    """The system query options of OData: where one is labelled, all of them are read, by any of their names."""

    named: Fields

    def find(self, name: str) -> Parameter | None:
        """Give what reads a parameter; None where it is no option."""
        option = odata_option(name)
        return None if option is None else Parameter(option, asking=Asking(read_by("odata", option), self.named))
