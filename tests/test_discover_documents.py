"""OpenAPI, Swagger and OData documents add what they name; broken and hostile ones are refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from discover_kit import classes, drafted, exchange, message, paths

from gateway.discover import odata, openapi
from gateway.discover.write import text_of
from gateway.errors import BadDocument
from gateway.policy.load import load

SAMPLES = Path(__file__).parent.parent.parent / "shared" / "samples"

API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: https://erp.example/base}]
paths:
  /zauftrag:
    get:
      responses:
        "200":
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/Zauftrag"}}
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Zauftrag"}}}}
      responses: {"201": {description: made}}
  /zauftrag/{zid}/bild.png:
    get:
      responses: {"200": {content: {image/png: {}}}}
components:
  schemas:
    Zauftrag:
      type: object
      properties:
        id: {type: integer, example: 4242424242}
        customerId: {type: string}
        kontakt: {type: string, format: email, default: zqx@planted.example}
        parent: {$ref: "#/components/schemas/Zauftrag"}
        labels: {type: object, additionalProperties: {type: string}}
        note: {anyOf: [{type: string}, {type: "null"}]}
"""

SWAGGER = {
    "swagger": "2.0",
    "basePath": "/v1",
    "paths": {
        "/orders/{orderId}": {
            "put": {
                "parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Order"}}],
                "responses": {"200": {"schema": {"$ref": "#/definitions/Order"}}},
            }
        }
    },
    "definitions": {
        "Order": {"type": "object", "properties": {"id": {"type": "integer"}, "email": {"type": "string"}}}
    },
}

V4 = b"""<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>
<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="N">
<ComplexType Name="Anschrift"><Property Name="PLZ" Type="Edm.String"/></ComplexType>
<EntityType Name="Kunde"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32"/>
<Property Name="Mail" Type="Edm.String"/><Property Name="Anschriften" Type="Collection(N.Anschrift)"/></EntityType>
<EntityContainer Name="C"><EntitySet Name="Zkunden" EntityType="N.Kunde"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def loads(found):
    return load({"catalog/crm.yaml": b"version: 1\ncatalog: crm\n", "catalog/erp.yaml": text_of(found).encode()})


def test_openapi_alone_makes_a_draft_that_loads():
    found = drafted([], [openapi.read("api.yaml", API.encode())]).drafts[0]
    assert paths(found) == {
        "list-zauftrags": "GET /base/zauftrag",
        "create-zauftrag": "POST /base/zauftrag",
        "read-bild": "GET /base/zauftrag/{zauftrag}/bild.png",
    }
    assert classes(message(found, "zauftrag"))["$.kontakt"] == "user.contact.email"
    assert message(found, "zauftrag").customer is not None
    assert "$.labels[*]" in classes(message(found, "zauftrag"))
    assert "erp.create-zauftrag" in {o.name for o in loads(found).catalogues["erp"].operations.values()}


def test_no_example_and_no_default_of_a_document_is_in_the_draft():
    text = text_of(drafted([], [openapi.read("api.yaml", API.encode())]).drafts[0])
    assert "zqx" not in text
    assert "4242424242" not in text


def test_what_was_seen_and_what_a_document_names_are_one_operation():
    seen = [exchange("GET", f"/base/zauftrag/{n}/bild.png", b"\x89PNG\r\n\x1a\nx", kind="image/png") for n in (1, 2)]
    found = drafted(seen, [openapi.read("api.yaml", API.encode())]).drafts[0]
    assert {one.path: one.count for one in found.operations}["/base/zauftrag/{zauftrag}/bild.png"] == 2
    assert len(found.operations) == 3


def test_swagger_in_json():
    found = drafted([], [openapi.read("api.json", json.dumps(SWAGGER).encode())]).drafts[0]
    assert paths(found) == {"replace-order": "PUT /v1/orders/{order}"}
    assert classes(message(found, "order")) == {"$.id": "business.order", "$.email": "user.contact.email"}


def test_odata_v4_finds_its_root_in_the_traffic():
    seen = [exchange("GET", "/svc/odata4/x/Zkunden(7)", {"@odata.context": "c", "ID": 7, "Mail": "a@b.example"})]
    found = drafted(seen, [odata.read("m.xml", V4)]).drafts[0]
    assert {one.path for one in found.operations} == {"/svc/odata4/x/Zkunden", "/svc/odata4/x/Zkunden({zkunden})"}
    record = next(one for one in found.messages if "$.Mail" in classes(one))
    assert classes(record)["$.Anschriften[*].PLZ"] == "user.contact.address.postal_code"


def test_odata_v2_of_sap():
    path = SAMPLES / "odata_v2_sap_metadata.xml"
    if not path.exists():
        pytest.skip("the shared samples aren't here")
    found = drafted([], [odata.read(path.name, path.read_bytes())]).drafts[0]
    assert paths(found)["read-employee"] == "GET /Employees({employee})"
    assert message(found, "employees").records == "$.d.results[*]"
    loads(found)


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nopenapi: 3.0.0\npaths: {}\n"
ENTITY = (
    b'<!DOCTYPE x [<!ENTITY a "zqx"><!ENTITY f SYSTEM "file:///etc/passwd">]><edmx:Edmx xmlns:edmx="e">&f;</edmx:Edmx>'
)


@pytest.mark.parametrize(
    ("read", "data", "said"),
    [
        (openapi.read, b"", "no OpenAPI"),
        (openapi.read, b"[1]", "no OpenAPI"),
        (openapi.read, b'{"openapi": "3.0.0"}', "no OpenAPI"),
        (openapi.read, b'{"openapi": "3.0.0", "paths": {', "not JSON"),
        (openapi.read, b"a: [", "not YAML"),
        (openapi.read, b"\xff\xfe", "not UTF-8"),
        (openapi.read, BOMB, "aliases"),
        (openapi.read, b"a: " + b"[" * 200 + b"]" * 200, "nested"),
        (openapi.read, b'{"a":' * 100_000, "not JSON"),
        (openapi.read, b"x" * (16 * 1024 * 1024 + 1), "larger"),
        (odata.read, b"", "not XML"),
        (odata.read, b"<a>", "not XML"),
        (odata.read, b"<a/>", "no OData"),
        (odata.read, ENTITY, "DOCTYPE"),
        (odata.read, b'<edmx:Edmx xmlns:edmx="e"/>', "no entity sets"),
        (odata.read, b"<a>" * 100_000, "not XML"),
        (odata.read, b" " * (16 * 1024 * 1024 + 1), "larger"),
    ],
)
def test_what_is_no_document_is_refused_in_words(read, data, said):
    with pytest.raises(BadDocument, match=said) as refused:
        read("doc.file", data)
    assert str(refused.value).startswith("doc.file: ")


@pytest.mark.parametrize(
    "document",
    [
        {
            "openapi": "3.0.0",
            "paths": {"/a b": {"get": {}}, "no-slash": 7, "/x{a}{b}": {"get": None}, "/ok": {"get": {}}},
        },
        {"openapi": "3.0.0", "paths": {"/ok": {"get": {"responses": [], "requestBody": 7, "parameters": {}}}}},
        {"openapi": "3.0.0", "paths": {"/ok": {"get": {"responses": {"200": {"content": {"application/json": 3}}}}}}},
        {"openapi": "3.0.0", "servers": [{"url": "http://[bad"}], "paths": {"/ok": {"$ref": "#/x"}, "/b": {"get": {}}}},
        {"openapi": "3.0.0", "paths": {"/ok": {"$ref": "http://evil.example/x"}}, "x": {"$ref": "#/x"}},
    ],
)
def test_documents_that_are_odd_inside_are_read_as_far_as_they_go(document):
    found = drafted([], [openapi.read("x.json", json.dumps(document).encode())])
    for one in found.drafts:
        loads(one)


OWN = """
openapi: 3.0.0
info: {title: t, version: '1'}
paths:
  /employees/{id}:
    get:
      responses:
        200: {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/Employee'}}}}
    post:
      requestBody:
        content: {application/x-www-form-urlencoded: {schema: {properties: {email: {type: string}}, type: object}}}
      responses: {204: {description: x}}
components:
  schemas:
    Employee:
      type: object
      properties:
        email: {type: string}
        contact: {$ref: '#/components/schemas/Employee'}
        reports: {type: array, items: {$ref: '#/components/schemas/Employee'}}
"""


def test_a_schema_within_itself_is_labelled_as_a_whole_and_to_be_reviewed():
    found = drafted([], [openapi.read("own.yaml", OWN.encode())]).drafts[0]
    within = {one.selector: one.proposal for one in message(found, found.operations[0].response or "").fields}
    assert (within["$.contact"].confidence.value, within["$.contact"].review) == ("low", True)
    assert within["$.reports[*]"].review


def test_forms_of_a_document_are_drafted_by_their_fields():
    found = drafted([], [openapi.read("own.yaml", OWN.encode())]).drafts[0]
    posted = next(one for one in found.operations if one.method == "POST")
    form = message(found, posted.body or "")
    assert (form.format, classes(form)) == ("form", {"email": "user.contact.email"})
