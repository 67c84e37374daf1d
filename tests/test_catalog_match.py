"""Which operation a request is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog.load import load
from gateway.catalog.match import Matcher, choose
from gateway.catalog.path import parse
from gateway.errors import FaultyFiles, Unreadable


def matcher(operations: str) -> Matcher:
    catalogue = load(
        "erp.yaml", f"version: 1\ncatalog: erp\nmessages: {{m: {{format: json}}}}\noperations:\n{operations}".encode()
    )
    return Matcher({"erp": catalogue})


REST = matcher("""
  list: {request: GET /api/orders}
  list-slash: {request: GET /api/orders/}
  read: {request: "GET /api/orders/{order}"}
  export: {request: GET /api/orders/export}
  create: {request: POST /api/orders}
  lines: {request: "GET /api/orders/{order}/lines/{line}"}
  key: {request: "GET /api/Orders('{order}')"}
  pdf: {request: "GET /api/files/{name}.pdf"}
  draft: {request: "GET /api/files/draft-{name}.pdf"}
  file: {request: "GET /api/files/{name}"}
  probe: {request: "HEAD /api/files/{name}"}
  root: {request: GET /}
""")


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/api/orders", [("list", {})]),
        ("GET", "/api/orders/", [("list-slash", {})]),
        ("GET", "/api/orders/SO-1?x=1", [("read", {"order": "SO-1"})]),
        ("GET", "/api/orders/export", [("export", {}), ("read", {"order": "export"})]),
        ("GET", "/api/orders/a%20b/lines/2", [("lines", {"order": "a b", "line": "2"})]),
        ("GET", "/api/Orders('7')", [("key", {"order": "7"})]),
        ("GET", "/api/Orders('')", []),
        (
            "GET",
            "/api/files/draft-x.pdf",
            [("draft", {"name": "x"}), ("pdf", {"name": "draft-x"}), ("file", {"name": "draft-x.pdf"})],
        ),
        ("GET", "/api/files/.pdf", [("file", {"name": ".pdf"})]),
        ("GET", "/", [("root", {})]),
        ("HEAD", "/api/orders/SO-1", [("read", {"order": "SO-1"})]),
        ("HEAD", "/api/files/x", [("probe", {"name": "x"})]),
        ("POST", "/api/orders", [("create", {})]),
        ("POST", "/api/orders/SO-1", []),
        ("get", "/api/orders", []),
        ("GET", "/API/orders", []),
        ("GET", "/api/orders/SO-1/lines", []),
        ("GET", "/api", []),
    ],
)
def test_method_and_path_name_the_operation_the_most_precise_first(method, target, expected):
    found = REST.candidates("erp", method, parse(target).segments, ())
    assert [(m.operation.name.removeprefix("erp."), dict(m.variables)) for m in found] == expected


def test_a_system_that_nobody_catalogued_has_no_operations():
    assert REST.candidates("mes", "GET", ("api", "orders"), ()) == ()


SOAP = matcher("""
  read: {request: {method: POST, path: /soap, headers: {SOAPAction: "urn:read"}}}
  write: {request: {method: POST, path: /soap, headers: {SOAPAction: "urn:write"}}}
  any: {request: {method: POST, path: /soap}}
""")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("soapaction", '"urn:read"'),), ["read", "any"]),
        ((("SOAPAction", "urn:write"),), ["write", "any"]),
        ((("SOAPAction", "urn:other"),), ["any"]),
        ((("SOAPAction", "URN:READ"),), ["any"]),
        ((), ["any"]),
    ],
)
def test_headers_narrow_an_operation(headers, expected):
    found = SOAP.candidates("erp", "POST", ("soap",), headers)
    assert [match.operation.name.removeprefix("erp.") for match in found] == expected


def test_a_header_that_names_the_operation_twice_is_refused():
    with pytest.raises(Unreadable) as raised:
        SOAP.candidates("erp", "POST", ("soap",), (("SOAPAction", "urn:read"), ("soapaction", "urn:write")))
    assert raised.value.refusal == "ambiguous-request"


RPC = matcher("""
  party: {request: {method: POST, path: /rpc, body: {$.method: party.read}}, body: m}
  typed: {request: {method: POST, path: /rpc, body: {$.method: party.read, $.version: 1}}, body: m}
  sale: {request: {method: POST, path: /rpc, body: {$.method: sale.read}}, body: m}
""")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"$.method": "party.read"}, "erp.party"),
        ({"$.method": "party.read", "$.version": 1}, "erp.typed"),
        ({"$.method": "party.read", "$.version": "1"}, "erp.party"),
        ({"$.method": "party.read", "$.version": True}, "erp.party"),
        ({"$.method": "sale.read"}, "erp.sale"),
        ({"$.method": "other"}, None),
        ({}, None),
    ],
)
def test_values_of_the_body_choose_among_candidates(body, expected):
    found = RPC.candidates("erp", "POST", ("rpc",), ())
    assert set(found[0].operation.request.body) == {"$.method", "$.version"}
    match = choose(found, lambda _, selector: body.get(selector))
    assert (match and match.operation.name) == expected


SEVERAL = matcher("""
  fields: {request: {method: POST, path: /rpc, body: {$.method: [party.fields, sale.fields, 7]}}, body: m}
  typed: {request: {method: POST, path: /rpc, body: {$.method: sale.fields, $.version: 1}}, body: m}
  sale: {request: {method: POST, path: /rpc, body: {$.method: [sale.read]}}, body: m}
""")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"$.method": "party.fields"}, "erp.fields"),
        ({"$.method": 7}, "erp.fields"),
        ({"$.method": "7"}, None),
        ({"$.method": "sale.fields", "$.version": 1}, "erp.typed"),
        ({"$.method": "sale.fields", "$.version": 2}, "erp.fields"),
        ({"$.method": "sale.read"}, "erp.sale"),
        ({"$.method": "party"}, None),
    ],
)
def test_a_value_of_the_body_may_be_one_of_several(body, expected):
    match = choose(SEVERAL.candidates("erp", "POST", ("rpc",), ()), lambda _, selector: body.get(selector))
    assert (match and match.operation.name) == expected


def test_the_first_candidate_that_needs_no_value_is_chosen_without_looking():
    found = REST.candidates("erp", "GET", ("api", "orders"), ())
    assert not found[0].operation.request.body
    assert choose(found, lambda *_: pytest.fail("looked into the body")) is found[0]


# -- clashes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET /a/{x}", "GET /a/{y}"),
        ("GET /a", "GET /a"),
        ("GET /a/{x}/c", "GET /a/b/{y}"),
        ("GET /a/{x}.pdf", "GET /a/draft-{x}"),
        ("{method: POST, path: /a, headers: {A: x}}", "{method: POST, path: /a, headers: {B: y}}"),
        ("{method: POST, path: /a, headers: {A: x}}", "{method: POST, path: /a, headers: {a: '\"x\"'}}"),
        ("{method: POST, path: /a, body: {$.m: x}}", "{method: POST, path: /a, body: {$.n: x}}"),
        ("{method: POST, path: /a, body: {$.m: x}}", "{method: POST, path: /a, headers: {A: x}}"),
        ("{method: POST, path: /a, body: {$.m: [x, y]}}", "{method: POST, path: /a, body: {$.m: [y, z]}}"),
        ("{method: POST, path: /a, body: {$.m: [x, y]}}", "{method: POST, path: /a, body: {$.m: x}}"),
        ("{method: POST, path: /a, body: {$.m: [x, y]}}", "{method: POST, path: /a, body: {$.m: [x, z], $.n: 1}}"),
    ],
)
def test_operations_that_one_request_could_be_equally_well_are_refused(one, other):
    with pytest.raises(FaultyFiles) as raised:
        matcher(f"  one: {{request: {quoted(one)}, body: m}}\n  other: {{request: {quoted(other)}, body: m}}")
    assert 'a request could be "erp.other" as well as "erp.one" on line 5' in str(raised.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET /a/{x}", "GET /a/b"),
        ("GET /a/{x}", "POST /a/{x}"),
        ("GET /a/{x}", "GET /a/{x}/"),
        ("GET /a/{x}", "GET /a/x{x}"),
        ("GET /a/{x}.pdf", "GET /a/{x}.png"),
        ("{method: POST, path: /a, headers: {A: x}}", "{method: POST, path: /a, headers: {A: y}}"),
        ("{method: POST, path: /a, headers: {A: x}}", "{method: POST, path: /a, headers: {A: x, B: y}}"),
        ("{method: POST, path: /a, headers: {A: x}}", "{method: POST, path: /a}"),
        ("{method: POST, path: /a, body: {$.m: 1}}", "{method: POST, path: /a, body: {$.m: '1'}}"),
        ("{method: POST, path: /a, body: {$.m: [x, y]}}", "{method: POST, path: /a, body: {$.m: z}}"),
        ("{method: POST, path: /a, body: {$.m: [x, y]}}", "{method: POST, path: /a, body: {$.m: x, $.n: 1}}"),
        ("{method: POST, path: /a, body: {$.m: [x, 1]}}", "{method: POST, path: /a, body: {$.m: ['1']}}"),
        ("{method: POST, path: '/a/{x}', body: {$.m: 1}}", "{method: POST, path: /a/b, headers: {A: x}}"),
    ],
)
def test_operations_that_can_be_told_apart_stand_side_by_side(one, other):
    matcher(f"  one: {{request: {quoted(one)}, body: m}}\n  other: {{request: {quoted(other)}, body: m}}")


def test_paths_that_cross_are_told_apart_by_naming_where_they_meet():
    crossing = '  one: {request: "GET /a/{x}/c"}\n  other: {request: "GET /a/b/{y}"}\n'
    with pytest.raises(FaultyFiles) as raised:
        matcher(crossing)
    assert "name the path that fits both, /a/b/c, as an operation of its own" in str(raised.value)
    both = matcher(f"{crossing}  both: {{request: GET /a/b/c}}\n")
    assert both.candidates("erp", "GET", ("a", "b", "c"), ())[0].operation.name == "erp.both"


def quoted(request: str) -> str:
    return request if request.startswith("{") else f'"{request}"'


SEGMENTS = st.sampled_from(["a", "b", "ab", "{v}", "a{v}", "{v}b"])


@given(st.lists(st.lists(SEGMENTS, min_size=1, max_size=3).map(tuple), unique=True, max_size=5), st.data())
def test_the_tree_finds_what_looking_at_every_template_finds(paths, data):
    named = {f"o{n}": "/" + "/".join(s.replace("v", f"v{k}") for k, s in enumerate(p)) for n, p in enumerate(paths)}
    try:
        tree = matcher("".join(f'  {name}: {{request: "GET {path}"}}\n' for name, path in named.items()) or "  {}")
    except FaultyFiles:
        return  # they clash
    request = data.draw(st.lists(st.sampled_from(["a", "b", "ab", "aab", "c"]), min_size=1, max_size=3))
    found = {match.operation.name for match in tree.candidates("erp", "GET", request, ())}
    fitting = {f"erp.{name}" for name, path in named.items() if _fits(path[1:].split("/"), request)}
    assert found == fitting


def _fits(template, request):
    def one(pattern, text):
        before, brace, after = pattern.partition("{")
        if not brace:
            return pattern == text
        end = after.partition("}")[2]
        return text.startswith(before) and text.endswith(end) and len(text) > len(before) + len(end)

    return len(template) == len(request) and all(map(one, template, request))
