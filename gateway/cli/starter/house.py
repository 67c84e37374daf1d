"""The files of a new deployment, made of the answers and of a catalogue, before anything is written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from urllib.parse import quote

from gateway.catalog.load import load as load_catalogue
from gateway.catalog.model import Catalogue, Operation
from gateway.catalog.template import parse, variables
from gateway.cli.starter.answers import Answers
from gateway.cli.starter.cases import first_cases
from gateway.cli.starter.quoting import listed, quoted
from gateway.cli.starter.sample import target_of
from gateway.cli.starter.sketch import Protection, Sketch, sketch
from gateway.policy.load import load

_NOUN = 30


class _At(Template):
    """Templates whose places are written @{name}: YAML and shells use the dollar themselves."""

    delimiter = "@"


@dataclass(frozen=True, slots=True)
class Starter:
    """What is to be written: text by path below the new folder; and what to tell of it."""

    files: Mapping[str, str]
    policy: str
    curl: str
    refused: tuple[str, ...]


def plan(answers: Answers, drafted: tuple[str, str] | None = None) -> Starter:
    """Make every file. `drafted` is a catalogue that is there already: its file's name and text.

    Raises `FaultyFiles` for a catalogue that doesn't load, ValueError for one that nothing can be made of.
    """
    written = drafted[1] if drafted else _catalogue(answers)
    catalogue = load_catalogue(drafted[0] if drafted else f"catalog/{answers.system}.yaml", written.encode())
    if catalogue.name == answers.caller:
        raise ValueError(f'the caller and the system are both called "{answers.caller}"; they need two names')
    first = sketch(catalogue)
    said = _said(answers, catalogue, first, "your draft" if drafted else "a guess from a few answers")
    policies = {
        f"catalog/{catalogue.name}.yaml": written,
        f"catalog/{answers.caller}.yaml": _filled("caller.yaml", said),
        f"{said['policy']}.yaml": _filled("policy.yaml", said),
        "consents.yaml": _filled("consents.yaml" if first.consents else "consents-none.yaml", said),
    }
    loaded = load({name: text.encode() for name, text in policies.items()})
    cases = first_cases(loaded, catalogue, first, answers, said["policy"])
    return Starter(
        files={
            "gateway.yaml": _filled("gateway.yaml", said),
            **{f"policies/{name}": text for name, text in policies.items()},
            f"policies/tests/{said['policy']}.yaml": cases,
            ".gitignore": _filled("gitignore", said),
            "README.md": _filled("README.md", said),
        },
        policy=said["policy"],
        curl=said["curl"],
        refused=tuple(operation.name for operation in first.refused),
    )


def _filled(name: str, said: Mapping[str, str]) -> str:
    """Fill one template."""
    template = files("gateway.cli.starter").joinpath(f"{name}.template").read_text(encoding="utf-8")
    return _At(template).substitute(said)


def _said(answers: Answers, catalogue: Catalogue, first: Sketch, grounds: str) -> dict[str, str]:
    """Give what the templates name. What comes from an answer and is no plain name is quoted here."""
    caller, system = answers.caller, catalogue.name
    return {
        "caller": quoted(caller),
        "system": quoted(system),
        "prefix": quoted(f"/{system}"),
        "upstream": quoted(answers.upstream),
        "origin": quoted(f"sovgate-{system}"),
        "policy": f"{caller}-reads-{system}",
        "title": quoted(f"{caller} reads the data of {system}; contact data only where the customer agreed")
        if first.consents
        else quoted(f"{caller} reads the data of {system}"),
        "purpose": quoted(answers.purpose),
        "operations": "\n".join(f"    - {quoted(name.rpartition('.')[2])}" for name in (o.name for o in first.allowed)),
        "restrictions": _restrictions(first),
        "wording": quoted(
            f'The users of "{caller}" may see my e-mail address, telephone number and postal address '
            f"for this purpose: {answers.purpose}."
        ),
        "curl": _curl(catalogue, first.allowed[0], answers),
        "grounds": grounds,
    }


def _restrictions(first: Sketch) -> str:
    """Write the rules below the grant."""
    lines = []
    if first.protections:
        lines += [
            "",
            "# Each rule takes something away; one more never shows more. What no rule names stays.",
            "protect:",
        ]
        for one in first.protections:
            lines += [f"  # {one.says}", f"  - {_rule(one)}"]
    if first.marks:
        lines += [
            "",
            "# Every page and picture says who got it, when, and under which code it is in the audit log.",
            'watermark: {visible: "{customer} / {recipient} / {date} / {mark}"}',
        ]
    if first.refused:
        lines += ["", "# Refused until somebody decides to allow them:"]
        lines += [f"#   {operation.name.rpartition('.')[2]}" for operation in first.refused]
    return "\n".join(lines)


def _rule(one: Protection) -> str:
    unless = ", unless: {consent: contact}" if one.consents else ""
    return f"{{classes: {listed(one.classes)}, leg: response, {one.treatment}{unless}}}"


def _catalogue(answers: Answers) -> str:
    """Write a first catalogue: one operation that reads one record."""
    noun = _noun(answers.path)
    in_path = answers.customer.startswith("{")
    return _filled(
        "system.yaml",
        {
            "system": quoted(answers.system),
            "region": quoted(answers.region),
            "operation": f"read-{noun}",
            "request": quoted(f"GET {answers.path}"),
            "message": quoted(noun),
            "customer": f"{{path: {quoted(answers.customer[1:-1])}}}" if in_path else quoted(answers.customer),
            "fields": "\n".join(f"      {quoted(at)}: {class_}" for at, class_ in _fields(answers.customer).items()),
        },
    )


def _fields(customer: str) -> dict[str, str]:
    """Guess where a record holds what: beside the customer's id, or at its top where the id is in the path."""
    around = "$" if customer.startswith("{") else customer.rpartition(".")[0]
    known = {} if customer.startswith("{") else {customer: "user.unique_id"}
    guessed = {
        "$.id": "business.identifier",
        f"{around}.name": "user.name",
        f"{around}.email": "user.contact.email",
        f"{around}.phone": "user.contact.phone_number",
    }
    return {**{at: class_ for at, class_ in guessed.items() if at == "$.id" and at not in known}, **known,
            **{at: class_ for at, class_ in guessed.items() if at not in known and at != "$.id"}}  # fmt: skip


def _noun(path: str) -> str:
    """Name what a path reads: by its last variable, else by its last literal segment."""
    template = parse(path)
    words = [*reversed(list(variables(template))), *(segment.prefix for segment in reversed(template))]
    for word in words:
        name = re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-0123456789")[:_NOUN].strip("-")
        if name:
            return name
    return "record"


def _curl(catalogue: Catalogue, operation: Operation, answers: Answers) -> str:
    """Give a first request to try."""
    address = f"http://127.0.0.1:8080/{catalogue.name}{quote(target_of(catalogue, operation), safe='/')}"
    return f"curl -H {shlex.quote(f'X-Purpose: {answers.purpose}')} {shlex.quote(address)}"
