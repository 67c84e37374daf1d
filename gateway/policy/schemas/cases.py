"""The schema of case files, `tests/*.yaml`. The loader reads by the same keys: `FLOW` and the others are its."""

from __future__ import annotations

from gateway.catalog.messages import UNLISTED
from gateway.catalog.requests import HEADER
from gateway.flow import Leg
from gateway.policy.marking import ATTACHMENTS, PDFA, SIGNED
from gateway.policy.schemas.conditions import OPERATOR_TOLD
from gateway.policy.schemas.parts import (
    Schema,
    choice,
    described,
    document,
    exactly,
    flag,
    integer,
    mapping,
    name,
    reference,
    some,
    table,
    text,
    titled,
    version,
)
from gateway.policy.situation import OPERATOR
from gateway.policy.treated import options
from gateway.policy.watermarks import PERMISSIONS, PLACEMENTS
from gateway.policy.when import SOURCES
from gateway.refusals import REFUSALS
from gateway.treatments.registry import TREATMENTS
from gateway.treatments.tokenise import Tokenise

TOP = ("version", "cases", "title", "defaults", "list")
DEFAULTS = ("flow", "customers", "tokens", "response")
CASE = ("case", *DEFAULTS, "expect", "table")
FLOW = ("from", "to", "request", "headers", "body", "file", "purpose", "purpose_from", "operator", "peer", "at")
ACTOR = (*OPERATOR, "subject")
CUSTOMER = ("consents", "attributes", "keys")
KEYS = ("some", "none")
"""Whether a customer has keys, or none that may be used: destroyed, or taken away."""
TOKEN = ("customer", "class", "value", "purpose", "treatment", "shape")
TOKEN_MADE = ("encrypt", "tokenise")
RESPONSE = ("status", "headers", "body", "file")
FORWARDED = ("fields", "records", "unlisted", "headers", "body", "file")
OBSERVED = ("verdict", "fields", "records", "rules")
REQUEST = ("verdict", "leg", "refusal", "operation", "rules", "status", *FORWARDED, "forwarded", "observed")
"""What can be expected of one request of a batch."""
EXPECT = (*REQUEST, "watermark", "requests")
MARK = ("visible", "placement", "hidden", "permissions", "view_only", "bilevel", "attachments", "signed", "pdfa")
TABLE = ("columns", "rows")
VERDICTS = ("allow", "refuse")
MET = (*TREATMENTS, "reveal", "drop")
"""What a place can meet: a treatment, a token turned back, or to be left out of a request (`write_back: drop`)."""
NEVER_ALIKE = ("tokenise", "encrypt", "seal")
"""Treatments that make something else of a value each time: no case can say what it becomes."""
EVERYONE = "*"
"""Stands for every customer whom a case doesn't name."""

CELLS = (
    "from", "to", "request", "headers", "body", "purpose", "purpose_from", *OPERATOR, "subject",
    "peer", "at", "consents", "region", "status", "response", "verdict", "leg", "refusal", "operation", "rules",
    "unlisted", "watermark",
)  # fmt: skip
"""The columns of a table that go by a word; others are `customer.NAME`, a place, or `forwarded` and a place."""

_METHOD_AND_TARGET = "^[A-Z][A-Z-]* /"
_JSON: Schema = {}
_STATUS = (100, 599)
_OPERATOR = {
    name: text(told) if among is None else choice(among, told)
    for name, told in OPERATOR_TOLD.items()
    for among in (OPERATOR[name],)
}


def cases_schema() -> Schema:
    """Make the schema of `tests/*.yaml`."""
    properties = {
        "version": version(),
        "cases": name("What these cases are called in reports."),
        "title": text("What they are about, for people."),
        "defaults": mapping(
            {
                "flow": reference("flow"),
                "customers": _customers(),
                "tokens": _tokens(),
                "response": reference("response"),
            },
            description="What every case takes where it doesn't say otherwise.",
        ),
        "list": described({"type": "array", "items": reference("case"), "minItems": 1}, "The cases."),
    }
    body = mapping(properties, ("version", "cases", "list"), "Made-up flows, and what is expected of them.")
    parts = {
        "flow": titled("Flow", _flow()),
        "response": titled("Answer", _response()),
        "case": titled("Case", _case()),
        "met": titled("Treatment met", _met()),
        "expect": titled("Expectation", _expect()),
        "table": titled("Table", _table()),
    }
    return document("Sovgate cases", "cases", body, parts)


def _flow() -> Schema:
    properties = {
        "from": name("Which system asks."),
        "to": name("Which system is asked."),
        "request": text("Method, path and query, such as GET /api/orders/7?lines=all.", _METHOD_AND_TARGET),
        "headers": _headers("Headers of the request."),
        **_body("of the request"),
        "purpose": text("What for."),
        "purpose_from": choice(SOURCES, "Where the purpose stands: in a signed claim (the default), or in a header."),
        "operator": mapping(
            {**exactly(OPERATOR, _OPERATOR), "subject": text("Who, by the id that tokens have.")},
            description="Who acts.",
        ),
        "peer": text("The address that the request comes from, such as 10.20.0.7."),
        "at": text("When, such as 2026-01-05T18:30+01:00; a Monday at noon (UTC) where it is left out."),
    }
    return mapping(properties, description="The request, and who sends it.")


def _response() -> Schema:
    properties = {
        "status": integer("The status; 200 where it is left out.", *_STATUS),
        "headers": _headers("Headers of the response."),
        **_body("of the response"),
    }
    return mapping(properties, description="What the system answers; 204 and no body where it is left out.")


def _body(of: str) -> dict[str, Schema]:
    """Give the two ways to give a body; that not both stand together is the loader's to say."""
    return {
        "body": described(_JSON, f"The body {of}, as YAML or JSON."),
        "file": text(f"A file with the body {of}, as seen from this file."),
    }


def _headers(description: str) -> Schema:
    return table(text("", f"^{HEADER}$"), some(text(), "The header's value, or several."), description)


def _customers() -> Schema:
    properties = {
        "consents": described(
            {"anyOf": [name(""), {"type": "array", "items": name(""), "uniqueItems": True}]}, "What they agreed to."
        ),
        "attributes": table(
            text(), text("The value.", examples=["eu-central"]), "What is known of them, such as region and tier."
        ),
        "keys": choice(KEYS, "none: theirs were destroyed, or taken away."),
    }
    return table(
        text(),
        mapping(properties, (), "One customer."),
        f'Customers by their ids; "{EVERYONE}" is everyone who isn\'t named.',
    )


def _tokens() -> Schema:
    value = described({"type": ["string", "integer"]}, "What it stands for.")
    properties = {
        "customer": text("Whose data it stands for."),
        "class": reference("class", "What it stands for."),
        "value": value,
        "purpose": text("What it was made for; the flow's own purpose where it is left out."),
        "treatment": choice(TOKEN_MADE, "What made it; `encrypt` where it is left out."),
        "shape": choice(Tokenise.OPTIONS["shape"].choices, "What it looks like, if `tokenise` made it."),
    }
    told = mapping(exactly(TOKEN, properties), ("customer", "class", "value"), "One token.")
    return table(name(""), told, "Tokens that are made for the case, and stand in it as token:NAME.")


def _case() -> Schema:
    properties = {
        "case": text("What is tried, as a sentence."),
        "flow": reference("flow"),
        "customers": _customers(),
        "tokens": _tokens(),
        "response": reference("response"),
        "expect": reference("expect"),
        "table": reference("table"),
    }
    return mapping(
        properties, ("case",), "One made-up flow.", anyOf=[{"required": ["expect"]}, {"required": ["table"]}]
    )


def _met() -> Schema:
    """Describe what a place meets: a treatment's name, or a mapping with its options and what the value becomes."""
    every = {key: described(_JSON, option.help) for name_ in TREATMENTS for key, option in options(name_).items()}
    becomes = described({"type": ["string", "number", "boolean", "null"]}, "What the value becomes.")
    branches = [
        {
            "if": {"properties": {"treatment": {"const": name_}}, "required": ["treatment"]},
            "then": {
                "propertyNames": {
                    "enum": [
                        "treatment",
                        *(() if name_ in NEVER_ALIKE else ("becomes",)),
                        *(options(name_) if name_ in TREATMENTS else ()),
                    ]
                }
            },
        }
        for name_ in MET
    ]
    told = mapping(
        {"treatment": choice(MET, "Which one."), "becomes": becomes, **every}, minProperties=1, allOf=branches
    )
    return described({"anyOf": [choice(MET), told]}, "What a place meets: a treatment, its options, what it becomes.")


def _met_at(description: str) -> Schema:
    return described({**table(text(), reference("met"), ""), "minProperties": 1}, description)


def _places() -> dict[str, Schema]:
    return {
        "fields": _met_at("What each place meets: by selectors ($.customer.email), JSON Pointers, or classes."),
        "records": described(
            {**table(text(), _met_at("What each place of the record meets."), ""), "minProperties": 1},
            'The same for the records of one customer, or for the record (row, line, event) that "#2" counts: places '
            "as seen from the record.",
        ),
    }


def _passed(of: str) -> dict[str, Schema]:
    wanted = described({"anyOf": [text(), {"type": "null"}]}, "The header's value; nothing (~): it isn't there.")
    return {
        **_places(),
        "unlisted": choice(UNLISTED, "What every place meets that no field names."),
        "headers": described(
            {**table(text("", f"^{HEADER}$"), wanted, ""), "minProperties": 1}, "Headers; nothing (~): it isn't there."
        ),
        **_body(of),
    }


def _expect() -> Schema:
    rules = some(text(), "Rules (sales/protect[0]) or policies that have a say.")
    verdict = choice(VERDICTS, "Whether the flow passes.")
    mark = {
        "visible": some(text(), "What every page shows; {mark} stands for the code of the page."),
        "placement": some(choice(PLACEMENTS), "Where these texts stand; all texts, where none is named."),
        "hidden": flag("Whether there is a hidden mark."),
        "view_only": flag("Whether pages become pictures."),
        "bilevel": flag("Whether scans of two colours are marked in their strokes."),
        "attachments": choice(ATTACHMENTS, "What becomes of attachments."),
        "signed": choice(SIGNED, "What becomes of signed files."),
        "pdfa": choice(PDFA, "What becomes of a claim to be PDF/A."),
        "permissions": mapping(
            {key: flag("false: forbidden") for key in PERMISSIONS}, description="What readers may do.", minProperties=1
        ),
    }
    properties = {
        "verdict": verdict,
        "leg": choice(tuple(Leg), "Which leg is refused."),
        "refusal": choice(REFUSALS, "Why it is refused."),
        "operation": text("Which operation it is: read-order, or erp.read-order."),
        "rules": rules,
        "status": integer("The status that the caller gets.", *_STATUS),
        **_passed("that the caller gets"),
        "watermark": described(
            {"anyOf": [choice(["none"]), mapping(mark, minProperties=1)]}, "How a document is marked."
        ),
        "forwarded": mapping(
            _passed("that the system gets"), description="What goes on to the system.", minProperties=1
        ),
        "observed": mapping(
            {"verdict": verdict, **_places(), "rules": rules},
            description="What would be if the rules in observe mode were enforced.",
            minProperties=1,
        ),
    }
    of_one = {name_: properties[name_] for name_ in REQUEST}
    properties["requests"] = described(
        {
            **table(text("", "^#[1-9][0-9]{0,3}$"), mapping(of_one, (), "What is expected.", minProperties=1), ""),
            "minProperties": 1,
        },
        'The same of single requests of a batch, by their numbers: "#1" is the first.',
    )
    return mapping(properties, description="What is expected; only what is written is compared.", minProperties=1)


def _table() -> Schema:
    columns = described(
        {"type": "array", "items": text(), "minItems": 1, "uniqueItems": True},
        f"What each column says: {', '.join(CELLS)}; customer.NAME; a place; or `forwarded` and a place.",
    )
    rows = described(
        {"type": "array", "items": {"type": "array", "minItems": 1}, "minItems": 1},
        "The situations: a list each, a cell for each column; ~ says nothing.",
    )
    return mapping({"columns": columns, "rows": rows}, TABLE, "One flow in many situations; each row is a case.")
