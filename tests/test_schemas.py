"""The JSON Schemas that ship for editors say what the loader says."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from gateway.catalog.load import load as load_catalogue
from gateway.errors import FaultyFiles
from gateway.policy.load import load
from gateway.policy.schemas import NAMES, made, shipped
from gateway.treatments.registry import TREATMENTS
from gateway.yamlsource import Leaf, Listing, Node, parse
from gateway.yamlsource.meaning import meaning

ROOT = Path(__file__).parent.parent
VALIDATORS = {name: Draft202012Validator(json.loads(shipped(name))) for name in NAMES}

WORLD = {
    "catalog/erp.yaml": b"version: 1\ncatalog: erp\noperations: {read: {request: GET /a}}",
    "consents.yaml": b"version: 1\nconsents: {contact: {wording: I agree}}",
}


def plain(node: Node) -> object:
    """Give what an editor's YAML 1.2 reader makes of a file."""
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    if not isinstance(node, Leaf):
        return {key.text: plain(value) for key, value in node.entries}
    value = meaning(node)
    return float(value) if isinstance(value, Decimal) else value


def schema_takes(name: str, data: bytes) -> bool:
    return VALIDATORS[name].is_valid(plain(parse("f.yaml", data)))


def loader_takes(name: str, data: bytes) -> bool:
    try:
        if name == "catalogue":
            load_catalogue("f.yaml", data)
        else:
            load({**WORLD, ("consents.yaml" if name == "consents" else "p.yaml"): data})
    except FaultyFiles:
        return False
    return True


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_schema_is_the_one_that_the_loader_makes(name):
    assert shipped(name) == made(name), f"python -m gateway.policy.schemas {name} makes it anew"


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_a_schema(name):
    Draft202012Validator.check_schema(json.loads(shipped(name)))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("policy" if path.parent.name == "policies" else "catalogue", path)
        for path in sorted((ROOT / "policies").glob("*.yaml")) + sorted((ROOT / "policies" / "catalog").glob("*.yaml"))
        if path.name != "consents.yaml"
    ]
    + [("consents", ROOT / "policies" / "consents.yaml")],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_shipped_files_fit_their_schemas(name, path):
    assert [error.message for error in VALIDATORS[name].iter_errors(plain(parse(path.name, path.read_bytes())))] == []


GOOD = {
    "policy": [
        "allow: true",
        "deny: true",
        "deny: {classes: user}",
        "deny: [{}]",
        "title: x\nbasis: a\nmode: observe\nallow: true",
        "scope: {from: erp, to: [erp], operations: read, purposes: [a], purpose_from: [claim, header]}\nallow: true",
        "scope: {operator: {role: a, kind: [human, agent], assurance: high}, customer: {tier: gold}}\nallow: true",
        "deny: [{leg: request, network: [10.0.0.0/8], time: {zone: UTC}}]",
        "deny: [{time: [{days: [mon], from: '08:00', until: '24:00', zone: UTC}, {zone: UTC}]}]",
        "protect: {classes: user, treatment: redact}",
        "protect: [{classes: [user], treatment: mask, keep_first: 1, keep_last: 2, character: x, hide_up_to: 3}]",
        "protect: [{classes: user, treatment: generalise, into: year, to: erp}]",
        "protect: [{classes: user, treatment: generalise, into: band, band: 10}]",
        "protect: [{classes: user, treatment: redact, constant: 0.5}]",
        "protect: [{classes: user, treatment: keep, write_back: drop, unless: {consent: contact, region: EU}}]",
        "watermark: {visible: 'for {recipient}', hidden: false}",
        "watermark: [{permissions: {print: false, copy: true, annotate: false}, unless: {purposes: a}}]",
    ],
    "catalogue": [
        "title: x\nregion: y",
        "operations: {a: {request: GET /a}}",
        "operations: {a: {request: {method: GET, path: /a, headers: {X-A: b}}, upgrade: true}}",
        "operations: {a: {request: GET /a, body: m, response: m, errors: m}}\nmessages: {m: {format: json}}",
        "operations: {a: {request: {method: PUT, path: /a, body: {$.m: 1}}, body: m}}\nmessages: {m: {format: json}}",
        "messages: {m: {format: json, customer: $.id, unlisted: keep, fields: {$.a: user, $.b: {class: user}}}}",
        "messages: {m: {format: json, fields: {$.a: {class: user, collected_for: x, shared_with: [y], deletion: z}}}}",
        "messages: {m: {format: json, records: '$[*]', each: n}, n: {format: json, customer: {query: c}}}",
        "messages: {m: {format: pdf, class: business.invoice, customer: {response-header: X}}}",
    ],
    "consents": [
        "consents: {}",
        "consents: {a: {wording: x}}",
        "consents: {a: {wording: x, version: 2, purposes: p, classes: [user], recipients: erp, days: 30}}",
    ],
}
BAD = {
    "policy": [
        "title: x",
        "alow: true",
        "allow: false",
        "allow: yes",
        "allow: 'true'",
        "deny: false",
        "deny: []",
        "title: 1\nallow: true",
        "title: ''\nallow: true",
        "mode: audit\nallow: true",
        "scope: []\nallow: true",
        "scope: {leg: request}\nallow: true",
        "scope: {from: []}\nallow: true",
        "scope: {from: [erp, erp]}\nallow: true",
        "scope: {from: {a: b}}\nallow: true",
        "scope: {purpose_from: body}\nallow: true",
        "scope: {operator: {}}\nallow: true",
        "scope: {operator: {name: a}}\nallow: true",
        "scope: {operator: {kind: robot}}\nallow: true",
        "scope: {customer: {}}\nallow: true",
        "scope: {customer: {tier: 1}}\nallow: true",
        "deny: [{unless: {}}]",
        "deny: [{leg: both}]",
        "deny: [{consent: contact}]",
        "deny: [{time: {days: mon}}]",
        "deny: [{time: {from: '08:00', zone: UTC}}]",
        "deny: [{time: {from: '8:00', until: '25:00', zone: UTC}}]",
        "protect: []",
        "protect: [x]",
        "protect: [{classes: user}]",
        "protect: [{treatment: keep}]",
        "protect: [{classes: user.emial, treatment: keep}]",
        "protect: [{classes: user, treatment: hash}]",
        "protect: [{classes: user, treatment: mask, keep_last: -1}]",
        "protect: [{classes: user, treatment: mask, keep_last: '4'}]",
        "protect: [{classes: user, treatment: mask, character: xx}]",
        "protect: [{classes: user, treatment: remove, keep_last: 4}]",
        "protect: [{classes: user, treatment: generalise}]",
        "protect: [{classes: user, treatment: generalise, into: week}]",
        "protect: [{classes: user, treatment: redact, constant: [1]}]",
        "protect: [{classes: user, treatment: keep, write_back: keep}]",
        "watermark: {}",
        "watermark: {leg: response}",
        "watermark: {visible: '{who}'}",
        "watermark: {visible: 'a } b'}",
        "watermark: {visible: x, permissions: {edit: false}}",
        "watermark: {visible: x, permissions: {print: 0}}",
    ],
    "catalogue": [
        "titel: x",
        "operations: []",
        "operations: {a: {}}",
        "operations: {A B: {request: GET /a}}",
        "operations: {a: {request: /a}}",
        "operations: {a: {request: get /a}}",
        "operations: {a: {request: {method: GET}}}",
        "operations: {a: {request: {method: GET, path: a}}}",
        "operations: {a: {request: {method: GET, path: /a, headers: {'A B': c}}}}",
        "operations: {a: {request: {method: POST, path: /a, body: {m: 1}}, body: m}}\nmessages: {m: {format: json}}",
        "operations: {a: {request: {method: PUT, path: /a, body: {$.m: 1.5}}, body: m}}\nmessages: {m: {format: json}}",
        "operations: {a: {request: GET /a, upgrade: 1}}",
        "messages: {m: {}}",
        "messages: {m: {format: xml}}",
        "messages: {m: {format: json, unlisted: mask}}",
        "messages: {m: {format: json, class: user}}",
        "messages: {m: {format: pdf, unlisted: keep}}",
        "messages: {m: {format: pdf, customer: $.id}}",
        "messages: {m: {format: json, customer: id}}",
        "messages: {m: {format: json, customer: {header: x}}}",
        "messages: {m: {format: json, customer: {path: x, query: y}}}",
        "messages: {m: {format: json, records: '$[*]'}}",
        "messages: {m: {format: json, fields: {a: user}}}",
        "messages: {m: {format: json, fields: {$.a: user.emial}}}",
        "messages: {m: {format: json, fields: {$.a: {retention: x}}}}",
        "messages: {m: {format: json, fields: {$.a: {class: user, kept: x}}}}",
    ],
    "consents": [
        "{}",
        "consents: []",
        "consents: {a: {}}",
        "consents: {a: {wording: ''}}",
        "consents: {a b: {wording: x}}",
        "consents: {a: {wording: x, version: 0}}",
        "consents: {a: {wording: x, days: 0}}",
        "consents: {a: {wording: x, days: 99999}}",
        "consents: {a: {wording: x, classes: [user.emial]}}",
        "consents: {a: {wording: x, purpose: p}}",
    ],
}
HEADS = {"policy": "version: 1\npolicy: p\n", "catalogue": "version: 1\ncatalog: erp\n", "consents": "version: 1\n"}


def cases(table) -> list[tuple[str, bytes]]:
    return [
        (name, (HEADS[name] + ("" if text == "{}" else text)).encode())
        for name, texts in table.items()
        for text in texts
    ]


@pytest.mark.parametrize(("name", "data"), cases(GOOD))
def test_what_the_loader_takes_the_schema_takes(name, data):
    assert (loader_takes(name, data), schema_takes(name, data)) == (True, True)


@pytest.mark.parametrize(("name", "data"), cases(BAD))
def test_what_the_schema_refuses_the_loader_refuses(name, data):
    assert (loader_takes(name, data), schema_takes(name, data)) == (False, False)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("policy", b"version: 2\npolicy: p\nallow: true"),
        ("policy", b"policy: p\nallow: true"),
        ("policy", b"version: 1\nallow: true"),
        ("policy", b"version: 1\npolicy: P\nallow: true"),
        ("catalogue", b"version: 1"),
        ("consents", b"version: 1\nconsents: {}\nextra: 1"),
    ],
)
def test_both_ask_for_the_same_heads(name, data):
    assert (loader_takes(name, data), schema_takes(name, data)) == (False, False)


def test_every_treatment_and_every_option_is_in_the_schema():
    written = shipped("policy")
    for name, kind in TREATMENTS.items():
        assert f'"{name}"' in written
        for option in kind.OPTIONS.values():
            assert json.dumps(option.help, ensure_ascii=False) in written
