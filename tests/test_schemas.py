"""The JSON Schemas that ship for editors say what the loader says."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway.catalog.load import load as load_catalogue
from gateway.config import schema as config_schema
from gateway.config.load import read as read_config
from gateway.errors import FaultyFiles
from gateway.faults import Fault
from gateway.policy.load import load
from gateway.policy.schemas import MADE, NAMES, made, shipped
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
    return not faults(name, data)


def faults(name: str, data: bytes) -> set[Fault]:
    """Give the codes of everything that the loader finds wrong with a file."""
    try:
        if name == "catalogue":
            load_catalogue("f.yaml", data)
        elif name == "config":
            read_config(
                Path("gateway.yaml"), data, {"ERP_TOKEN": "secret", "SOVGATE_KEYS_PASSPHRASE": "a secret as well"}
            )
        else:
            load({**WORLD, ("consents.yaml" if name == "consents" else "p.yaml"): data})
    except FaultyFiles as faulty:
        return {problem.code for problem in faulty.problems}
    return set()


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_schema_is_the_one_that_the_loader_makes(name):
    if name in MADE:
        assert shipped(name) == made(name), f"python -m gateway.policy.schemas {name} makes it anew"
    else:
        assert shipped(name) == config_schema.made(), "python -m gateway.config.schema makes it anew"


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
    + [("consents", ROOT / "policies" / "consents.yaml")]
    + [("config", path) for path in sorted((ROOT / "examples").rglob("gateway.yaml"))],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_shipped_files_fit_their_schemas(name, path):
    assert [error.message for error in VALIDATORS[name].iter_errors(plain(parse(path.name, path.read_bytes())))] == []


SYSTEM = "policies: p\nstate: s\nsystems: {erp: {at: /erp, upstream: 'http://h'}}\n"
DEVELOPMENT = "identity: {development: {system: crm}}\n"
TLS = "listen: {tls: {certificate: c, key: k, client_ca: a}}\n"
PIN = "{environment: ERP_TOKEN}"
ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
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
        "operations: {a: {request: 'GET /a/{b}', path: {b: user}, query: {c: user, d: {class: user}}}}",
        "operations: {a: {request: GET /a, headers: {X-A: user}, response_headers: {X-B: user}, unlisted_query: keep}}",
        "operations: {a: {request: GET /a, unlisted_query: remove, unlisted_response_headers: refuse}}",
        "operations: {a: {request: GET /a, query: {q: {language: soql, of: m}}}}\nmessages: {m: {format: json}}",
        "operations: {a: {request: GET /a, query: {$filter: {language: odata, of: m}}}}\nmessages: {m: {format: json}}",
        "messages: {m: {format: json, fields: {$.a: {address: true}, $.b: {class: user, address: false}}}}",
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
    "config": [
        re.search(r"```yaml\nversion: 1\n(.*?)```", (ROOT / "docs" / "configuration.md").read_text(), re.DOTALL)[1],
        f"{SYSTEM}identity: {{development: {{system: crm}}}}",
        f"{SYSTEM}identity: {{jwt: {{issuer: [i], audience: a, algorithms: [ES256], keys_file: k}}}}",
        f"{SYSTEM}{TLS}identity: {{mtls: {{uris: {{a: crm}}, dns: {{b: crm}}, common_names: {{c: crm}}}}}}",
        f"{SYSTEM}{DEVELOPMENT}capture: {{folder: c, key: k, mib: 1, minutes: 1, systems: erp, operations: [erp.a]}}",
        f"{DEVELOPMENT}policies: p\nstate: s\nsystems: {{erp: {{at: {{host: h, path: /}}, upstream: https://h}}}}",
        f"{SYSTEM}{DEVELOPMENT}keys: {{tenant: t, cache_seconds: 1, capacity: 100, rotate_days: 0, rotate_uses: 1}}",
        f"{SYSTEM}{DEVELOPMENT}keys: {{provider_seconds: 60, provider: file, customers: {{C-1: file}}}}",
        *(
            f"{SYSTEM}{DEVELOPMENT}keys: {{provider: a, customers: {{C: a}}, providers: {{a: {one}}}}}"
            for one in (
                f"{{pkcs11: {{library: /l.so, token: t, key: k, older: j, pin: {PIN}}}}}",
                "{pkcs11: {library: l.so, token: t, key: k, pin: {file: pin}}}",
                f"{{aws-kms: {{key: '{ARN}', older: ['{ARN}'], endpoint: 'https://h', profile: p}}}}",
                f"{{vault: {{url: 'https://h:8200', key: k.1, token: {PIN}, mount: a/b, namespace: n, ca: c}}}}",
                f"{{vault: {{url: 'http://127.0.0.1:8200', key: k, older: [j], token: {PIN}}}}}",
            )
        ),
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
        "operations: {a: {request: {method: PUT, path: /a, body: {$.m: 1.5}}, body: m}}\nmessages: {m: {format: json}}",
        "operations: {a: {request: GET /a, upgrade: 1}}",
        "messages: {m: {}}",
        "messages: {m: {format: yaml}}",
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
    "config": [
        SYSTEM,
        f"{SYSTEM}identity: {{}}",
        f"{SYSTEM}identity: {{mtls: {{}}}}",
        f"{SYSTEM}identity: {{development: {{system: crm}}, mtls: {{}}}}",
        f"{SYSTEM}identity: {{jwt: {{issuer: i, audience: a, algorithms: HS256, keys_file: k}}}}",
        f"{SYSTEM}identity: {{jwt: {{issuer: i, audience: a, algorithms: ES256}}}}",
        f"{SYSTEM}identity: {{jwt: {{issuer: i, audience: a, algorithms: ES256, keys_file: k, keys_url: https://h}}}}",
        f"{SYSTEM}{DEVELOPMENT}listen: {{port: 70000}}",
        f"{SYSTEM}{DEVELOPMENT}listen: {{tls: {{key: k}}}}",
        f"{SYSTEM}{DEVELOPMENT}limits: {{depth: 501}}",
        f"{SYSTEM}{DEVELOPMENT}limits: {{head_seconds: 1.5}}",
        f"{SYSTEM}{DEVELOPMENT}purpose: {{header: X Purpose}}",
        f"{SYSTEM}{DEVELOPMENT}capture: {{folder: c}}",
        f"{DEVELOPMENT}policies: p\nstate: s\nsystems: {{erp: {{at: erp, upstream: http://h}}}}",
        f"{DEVELOPMENT}policies: p\nstate: s\nsystems: {{erp: {{at: /a/../b, upstream: http://h}}}}",
        f"{DEVELOPMENT}policies: p\nstate: s\nsystems: {{erp: {{at: /a, upstream: ftp://h}}}}",
        f"{SYSTEM}{DEVELOPMENT}keys: {{providers: [a]}}",
        f"{SYSTEM}{DEVELOPMENT}keys: {{provider_seconds: 61}}",
        f"{SYSTEM}{DEVELOPMENT}keys: {{cache_seconds: 0}}",
        f"{SYSTEM}{DEVELOPMENT}keys: {{approve: everything}}",
        f"{SYSTEM}{DEVELOPMENT}keys: {{customers: {{C-1: [file]}}}}",
        *(
            f"{SYSTEM}{DEVELOPMENT}keys: {{providers: {{{one}}}}}"
            for one in (
                f"file: {{aws-kms: {{key: '{ARN}'}}}}",
                f"A B: {{aws-kms: {{key: '{ARN}'}}}}",
                "a: {}",
                "a: {gcp-kms: {key: k}}",
                f"a: {{aws-kms: {{key: '{ARN}'}}, vault: {{url: 'https://h', key: k, token: {PIN}}}}}",
                "a: {aws-kms: {key: alias/a}}",
                f"a: {{aws-kms: {{key: '{ARN}', older: [x]}}}}",
                f"a: {{aws-kms: {{key: '{ARN}', endpoint: 'http://kms.example.com'}}}}",
                "a: {pkcs11: {library: l, token: t, key: k}}",
                "a: {pkcs11: {library: l, token: t, key: k, pin: '1234'}}",
                "a: {pkcs11: {library: l, token: t, key: k, pin: {}}}",
                "a: {pkcs11: {library: l, token: t, key: k, pin: {file: f, environment: ERP_TOKEN}}}",
                f"a: {{vault: {{url: 'http://vault.example.com', key: k, token: {PIN}}}}}",
                f"a: {{vault: {{url: 'https://me@h', key: k, token: {PIN}}}}}",
                f"a: {{vault: {{url: 'https://h', key: k/../j, token: {PIN}}}}}",
                f"a: {{vault: {{url: 'https://h', key: k, token: {PIN}, mount: ../sys}}}}",
                f"a: {{vault: {{url: 'https://h', key: k, token: {PIN}, mount: /transit}}}}",
            )
        ),
    ],
}
HEADS = {
    "policy": "version: 1\npolicy: p\n",
    "catalogue": "version: 1\ncatalog: erp\n",
    "consents": "version: 1\n",
    "config": "version: 1\n",
}


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


# -- a generated body ----------------------------------------------------------------------------------------------

SEEN = frozenset(
    {
        Fault.UNKNOWN_KEY, Fault.MISSING_KEY, Fault.WRONG_KIND, Fault.AMBIGUOUS_VALUE, Fault.NO_VALUE,
        Fault.OUT_OF_RANGE, Fault.UNKNOWN_WORD, Fault.EMPTY_LIST, Fault.TWICE_IN_LIST, Fault.BAD_NAME,
        Fault.BAD_HEADER, Fault.UNKNOWN_CLASS, Fault.NOT_JSON, Fault.CLASS_OF_JSON, Fault.RECORDS_AND_EACH,
        Fault.CUSTOMER_INSIDE, Fault.CUSTOMER_PLACES, Fault.BODY_VALUE, Fault.NO_RULE, Fault.ALLOW_FALSE,
        Fault.DENY_FALSE, Fault.NO_ATTRIBUTE, Fault.BAD_TIME, Fault.HALF_A_WINDOW, Fault.EMPTY_UNLESS,
        Fault.MISSING_OPTION, Fault.BAD_OPTION, Fault.EMPTY_WATERMARK, Fault.LONE_BRACE, Fault.UNKNOWN_PLACEHOLDER,
        Fault.NO_PROOF, Fault.DEVELOPMENT_BESIDE, Fault.MTLS_WITHOUT_TLS, Fault.KEYS_IN_ONE_PLACE, Fault.BAD_PREFIX,
        Fault.BAD_PROVIDER,
    }
)  # fmt: skip
"""What a schema can see, who sees one file and reads no selector, path template or time zone."""

BODY = [(name, plain(parse("f.yaml", data))) for name, data in cases(GOOD)]
KEYS = {
    name: sorted(set(re.findall(r'"([a-z_-]+)": \{', shipped(name))) | {"x", "$.a"}) for name in ("policy", "catalogue")
}
VALUES = [
    None, True, False, 0, 1, -1, 1.5, 10**9, "", " ", "x", "erp", "user", "mask", "json", "no", "1", "GET /a", "$.a",
    "08:00", "/a", "{mark}", "{x", [], ["x"], ["x", "x"], [1], [[]], {}, {"x": "y"}, {"x": 1}, [{}],
]  # fmt: skip


def places(value: object, at: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Give every place below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, member in items for place in ((*at, key), *places(member, (*at, key)))]


@st.composite
def mutants(draw) -> tuple[str, object]:
    """Draw a good file, and change it once or a few times: drop, misspell, add, replace, repeat."""
    name, good = draw(st.sampled_from(BODY))
    mutant = deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(mutant) or [("version",)]))
        parent = mutant
        for step in way:
            parent = parent[step]
        how = draw(st.sampled_from(["drop", "misspell", "add", "replace", "repeat"]))
        if how == "replace" or (isinstance(parent, list) and how in {"misspell", "add"}):
            parent[last] = deepcopy(draw(st.sampled_from(VALUES)))
        elif how == "repeat" and isinstance(parent, list):
            parent.append(deepcopy(parent[last]))
        elif how == "add" and isinstance(parent, dict):
            parent[draw(st.sampled_from(KEYS.get(name, KEYS["policy"])))] = deepcopy(draw(st.sampled_from(VALUES)))
        elif isinstance(parent, dict) and last not in parent:
            continue
        else:
            value = parent.pop(last)
            if how == "misspell":
                parent[f"{last}x"] = value
    return name, mutant


@settings(max_examples=800, deadline=None)
@given(mutants())
def test_schema_and_loader_agree_on_what_becomes_of_good_files(drawn):
    name, mutant = drawn
    data = json.dumps(mutant, ensure_ascii=False).encode()
    found, takes = faults(name, data), VALIDATORS[name].is_valid(mutant)
    if not found:
        assert takes, "the loader takes it"
    elif found <= SEEN:
        assert not takes, f"the loader tells {sorted(found)}"


# -- for people ----------------------------------------------------------------------------------------------------


def properties(schema: object, at: str = "") -> list[tuple[str, object]]:
    """Give every property of a schema, and what stands for free keys, with their places."""
    if isinstance(schema, list):
        return [found for number, member in enumerate(schema) for found in properties(member, f"{at}/{number}")]
    if not isinstance(schema, dict):
        return []
    own = [(f"{at}/{key}", told) for key, told in schema.get("properties", {}).items() if isinstance(told, dict)]
    free = schema.get("additionalProperties")
    own += [(f"{at}/*", free)] if isinstance(free, dict) else []
    conditional = ("if", "then", "else", "allOf", "enum", "examples", "oneOf")
    deeper = [
        found for key, member in schema.items() if key not in conditional for found in properties(member, f"{at}/{key}")
    ]
    return own + deeper


@pytest.mark.parametrize("name", NAMES)
def test_an_editor_can_explain_every_key(name):
    schema = json.loads(shipped(name))
    parts = schema["$defs"]

    def explained(told) -> bool:
        return "description" in told or "description" in parts.get(told.get("$ref", "").removeprefix("#/$defs/"), {})

    assert [place for place, told in properties(schema) if not explained(told)] == []
    assert [part for part, told in parts.items() if "title" not in told] == []
    assert schema["$id"] == f"urn:sovgate:schema:{name}:1"


MANY = {"policy": 20, "catalogue": 15, "consents": 4, "config": 15, "cases": 0}


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_in_the_schemas_fit_them(name):
    schema = json.loads(shipped(name))
    tried = 0
    for _, told in properties(schema):
        for shown in told.get("examples", ()):
            Draft202012Validator({**told, "$defs": schema["$defs"]}).validate(shown)
            tried += 1
    assert tried >= MANY[name]
