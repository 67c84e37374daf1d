"""Bodies of every format become messages in the format's own words, which the gate then finds everything by."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest
from batch_kit import http, mixed, part
from discover_bodies import (
    answered,
    archive,
    book,
    called,
    edifact,
    encoded,
    events,
    field,
    form,
    lines,
    multipart,
    returned,
    sent,
    soap,
    struct,
    table,
    x12,
    xml,
)
from discover_kit import classes, drafted, exchange, message
from test_discover_properties import through
from xlsx_kit import KIND

from gateway.discover.draft import Draft, DraftMessage
from gateway.discover.existing import Existing
from gateway.discover.write import text_of
from gateway.policy.load import load
from gateway.regime import establish

ROWS = [
    {"Customer No": "C-1001", "E-mail": "ann@pumps.example", "Total": "37.50"},
    {"Customer No": "C-1002", "E-mail": "lin@flanges.example", "Total": "12.00"},
]
PEOPLE = [{"id": "C-1001", "email": "ann@pumps.example"}, {"id": "C-1002", "email": "lin@flanges.example"}]
ORDERS = [
    {"@id": "7", "CustomerNo": "C-1001", "Email": "ann@pumps.example"},
    {"@id": "8", "CustomerNo": "C-1002", "Email": "lin@flanges.example"},
]
CSV, XML, FORM = "text/csv", "application/xml", "application/x-www-form-urlencoded"
PARTY = ["BGM+220+PO-4711+9", "NAD+BY+C-017::9++Lin Wei+Hauptstr. 5+Bonn", "COM+?+49 221 5550:TE", "QTY+21:48:PCE"]
X_PARTY = ["BEG*00*SA*PO-4711**20260114", "N1*BY*Lin Wei*92*C-017", "N3*Hauptstr. 5"]


def draft(*exchanges) -> Draft:
    return drafted(exchanges).drafts[0]


def carried(found: Draft, leg: str = "response", name: str = "") -> DraftMessage:
    """Give the record that the first (or a named) operation carries."""
    operation = next(one for one in found.operations if name in {"", one.name})
    whole = message(found, getattr(operation, leg))
    return message(found, whole.each) if whole.each else whole


def customer(one: DraftMessage) -> str:
    return one.customer.name if one.customer is not None and one.customer.kind == "body" else ""


@pytest.mark.parametrize(
    ("seen", "leg", "format_", "whose", "email"),
    [
        (answered("/orders", table(ROWS), CSV), "response", "csv", "Customer No", "E-mail"),
        (answered("/events", lines(PEOPLE), "application/x-ndjson"), "response", "ndjson", "", "$.email"),
        (sent("/customers", form(PEOPLE[0]), FORM), "body", "form", "id", "email"),
        (answered("/orders", xml(ORDERS), XML), "response", "xml", "n1:CustomerNo", "n1:Email"),
        (answered("/people.xlsx", book(ROWS), KIND), "response", "xlsx", "Customer No", "E-mail"),
        (sent("/edi", edifact(PARTY), "application/edifact"), "body", "edifact", "NAD[1=BY]/2.1", "COM[1.2=TE]/1.1"),
        (sent("/edi", x12(X_PARTY), "application/edi-x12"), "body", "x12", "N1[1=BY]/4", "N3/1"),
        (answered("/rpc", returned(PEOPLE), "text/xml", asked=called("customer.list")), "response", "xmlrpc",
         "struct/member[name='id']", "struct/member[name='email']"),
        (answered("/ws", soap("<CustomerResponse><Customer><Id>C-1</Id><Email>a@b.example</Email></Customer>"
         "</CustomerResponse>"), "text/xml", asked=soap("<ReadCustomer><Id>C-1</Id></ReadCustomer>")),
         "response", "soap", "Id", "Email"),
    ],
)  # fmt: skip
def test_records_customers_and_classes_are_found_in_the_words_of_each_format(seen, leg, format_, whose, email):
    found = carried(draft(seen), leg)
    assert (found.format, customer(found)) == (format_, whose)
    assert classes(found)[email].startswith("user.contact")


SEEN = {
    "table": answered("/orders", table(ROWS, ";"), CSV),
    "table without a header": answered("/orders", table(ROWS).split(b"\n", 1)[1], CSV),
    "tabs": answered("/orders", table(ROWS, "\t"), "text/tab-separated-values"),
    "table as plain text": answered("/orders", table(ROWS), "text/plain"),
    "lines": answered("/events", lines(PEOPLE), "application/x-ndjson"),
    "form": sent("/orders", b"a%5Bx%5D%5B0%5D=1&a%5Bx%5D%5B1%5D=2&tags%5B%5D=x&tags%5B%5D=y&Lin+Wei=1", FORM),
    "form with JSON": sent("/orders", form({"customer": "C-1", "doc": json.dumps(PEOPLE[0])}), FORM),
    "parts": sent("/upload", multipart([
        field("customer", b"C-1"), field("order", b'{"id": 1}', "\r\nContent-Type: application/json"),
        field("scan", b"%PDF-1.7 x", '; filename="lin-wei.pdf"\r\nContent-Type: application/pdf'),
        field("Lin Wei", b"x"),
    ]), "multipart/form-data; boundary=b7"),
    "related parts": answered("/mtom", multipart([
        ("Content-Type: text/xml\r\nContent-ID: <root@x>", soap("<a>7</a>")),
        ("Content-Type: image/png\r\nContent-ID: <p@x>", b"\x89PNG\r\n\x1a\nx"),
        ("Content-Type: image/png\r\nContent-ID: <q@x>", b"\x89PNG\r\n\x1a\ny"),
    ]), 'multipart/related; boundary=b7; type="text/xml"'),
    "archive": answered("/export", archive({
        "orders/SO-1.json": b'{"id": 1, "email": "ann@pumps.example"}',
        "orders/SO-2.json": b'{"id": 2}', "Lin Wei/a.pdf": b"%PDF-1.7", "readme.txt": b"hello", "x.bin": b"\x00\x01",
    }), "application/zip"),
    "events": answered("/watch", events(PEOPLE) + b"data: [DONE]\n\n: ping\n\n", "text/event-stream"),
    "events of people": answered("/watch", events(PEOPLE, "lin-wei") + b"id: 7\ndata: x\n\n", "text/event-stream"),
    "xml": answered("/orders", xml(ORDERS), XML),
    "xml without namespace": answered("/orders", xml(ORDERS, ""), XML),
    "one order": answered("/orders/7", b'<Order id="7" xml:lang="en"><Total cur="EUR">1.5</Total><X/>a</Order>', XML),
    "two roots": answered("/orders/7", b"<Order><Id>7</Id></Order>", XML),
    "xml as plain text": answered("/orders", xml(ORDERS), "text/plain"),
    "xml in UTF-16": answered("/orders", xml(ORDERS).decode().encode("utf-16"), "application/xml; charset=utf-16"),
    "soap 1.2": answered("/ws", soap("<Result><n>1</n></Result>", "http://www.w3.org/2003/05/soap-envelope"),
                         "application/soap+xml", asked=soap("<ReadOrder><Id>7</Id></ReadOrder>",
                                                            "http://www.w3.org/2003/05/soap-envelope")),
    "xml-rpc": answered("/rpc", returned(PEOPLE), "text/xml", asked=called("party.read", struct(PEOPLE[0]),
                                                                           "<value><int>7</int></value>")),
    "xml-rpc fault": answered("/rpc", b"<methodResponse><fault><value><struct><member><name>faultCode</name><value>"
                              b"<int>4</int></value></member></struct></value></fault></methodResponse>", "text/xml",
                              asked=called("frobnicate")),
    "idoc": sent("/idoc", b'<ORDERS05><IDOC BEGIN="1"><E1EDKA1 SEGMENT="1"><PARVW>AG</PARVW><PARTN>C-17</PARTN>'
                 b'</E1EDKA1><E1EDKA1 SEGMENT="1"><PARVW>LF</PARVW><PARTN>V-1</PARTN></E1EDKA1></IDOC></ORDERS05>',
                 XML),
    "edifact": sent("/edi", edifact(PARTY), "application/edifact"),
    "edifact as plain text": sent("/edi", edifact(PARTY), "text/plain"),
    "x12": sent("/edi", x12(X_PARTY), "application/edi-x12"),
    "x12 that counts wrong": sent("/edi", x12(X_PARTY).replace(b"SE*5", b"SE*9"), "application/edi-x12"),
    "workbook": answered("/people.xlsx", book(ROWS), KIND),
    "held": answered("/docs/7", json.dumps({
        "VersionData": encoded(b"%PDF-1.7 abc"), "payload": json.dumps(PEOPLE[0]), "note": "{not json",
        "order": "<Order><Email>a@b.example</Email></Order>", "zip": encoded(archive({"a/report.json": b'{"x": 1}'})),
        "packed": encoded(gzip.compress(b'{"email": "a@b.example"}')), "html": "<p>hello</p>", "empty": "",
        "deep": json.dumps({"inner": json.dumps({"email": "a@b.example"})}),
    }).encode(), "application/json"),
    "heads": exchange("GET", "/api/customers/C-1?email=a%40b.example&page=2", {"id": "C-1"},
                      headers=(("X-Customer-Email", "a@b.example"),),
                      answer_headers=(("X-Customer-Phone", "+49 30 901820"),)),
    "queries": exchange("GET", "/odata/Orders?$filter=Email%20eq%20'x'&$top=1", {"value": [{"Id": 1, "Email": "x"}]}),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEN)
async def test_the_gate_finds_every_operation_and_every_place_by_the_draft(name):
    found = drafted([SEEN[name]])
    establish(load({"catalog/erp.yaml": text_of(found.drafts[0]).encode()}))
    operations, refusals, unlisted = await through([SEEN[name]], found)
    assert (unlisted, refusals) == (set(), {""})
    assert "" not in operations


async def test_all_of_them_together_are_one_draft():
    every = [SEEN[name] for name in SEEN]
    found = drafted(every)
    _, _, unlisted = await through(every, found)
    assert "body-wrong-type" not in {one.response for one in found.drafts[0].operations}
    assert all(leg for leg, _ in unlisted)


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (table(ROWS), {}),
        (table(ROWS, ";"), {"delimiter": ";"}),
        (table(ROWS, "\t"), {"delimiter": "tab"}),
        (table(ROWS, "|"), {"delimiter": "|"}),
        (b"Export of today\n" + table(ROWS, ";"), {"delimiter": ";", "skip": 1}),
        (b"sep=;\n" + table(ROWS, ";"), {"delimiter": ";"}),
        (b'Id;Text\n1;5" pipe\n2;x\n', {"delimiter": ";", "quote": "none"}),
        (b"C-1,ann@pumps.example\nC-2,lin@flanges.example\n", {"header": False}),
    ],
)
def test_how_a_table_is_written_is_found(body, options):
    assert dict(carried(draft(answered("/orders", body, CSV))).options) == options


def test_tables_that_are_written_in_another_way_than_most_are_told():
    seen = [answered("/orders", table(ROWS, ";"), CSV)] * 2 + [answered("/orders", table(ROWS), CSV)]
    assert (
        "1 of 3 answers are written in another way than the message says: refused" in draft(*seen).operations[0].notes
    )


def test_columns_whose_names_could_be_values_are_told_and_not_shown():
    found = carried(draft(answered("/stock", b"Product,Lin Wei,ann@pumps.example\nA,1,2\nB,3,4\n", CSV)))
    assert list(classes(found)) == ["Product"]
    assert "columns whose names could be values" in found.notes[0]


def test_namespaces_get_prefixes_that_say_nothing_of_anyone():
    bodies = [
        b'<so:Order xmlns:so="urn:a"><so:Email>x</so:Email></so:Order>',
        b'<linwei:Order xmlns:linwei="urn:b"><linwei:Email>x</linwei:Email></linwei:Order>',
    ]
    seen = [answered(f"/orders/{n}", body, XML) for n, body in enumerate(bodies)]
    found = carried(draft(*seen))
    assert dict(found.options)["namespaces"] == {"n1": "urn:b", "so": "urn:a"}
    assert sorted(classes(found)) == ["n1:Email", "so:Email"]


def test_one_path_of_soap_has_an_operation_for_each_element_that_is_called():
    seen = [
        answered("/ws", soap(f"<{name}Response><Order><Id>7</Id></Order></{name}Response>"), "text/xml",
                 asked=soap(f"<{name}><Id>7</Id></{name}>"))
        for name in ("ReadOrder", "CancelOrder")
    ]  # fmt: skip
    told = {one.name: one.told for one in draft(*seen).operations}
    assert told["read-order"] == (("name(/soap:Envelope/soap:Body/*)", "ReadOrder"),)
    assert set(told) == {"read-order", "cancel-order"}


def test_one_path_of_xml_rpc_has_an_operation_for_each_method():
    seen = [
        answered("/rpc", returned(PEOPLE), "text/xml", asked=called(name)) for name in ("party.read", "sale.search")
    ]
    assert {one.told for one in draft(*seen).operations} == {
        (("/methodCall/methodName", "party.read"),), (("/methodCall/methodName", "sale.search"),)
    }  # fmt: skip


def test_an_idoc_is_labelled_by_its_qualifiers():
    found = carried(draft(SEEN["idoc"]), "body")
    assert customer(found) == "IDOC/E1EDKA1[PARVW='AG']/PARTN"
    assert dict(found.options) == {"structure": ["//PARVW"]}


def test_what_values_hold_gets_messages_of_its_own():
    found = draft(SEEN["held"])
    held = {one.selector: (message(found, one.contains).format, one.encoded)
            for one in carried(found).fields if one.contains}  # fmt: skip
    assert held == {
        "$.VersionData": ("pdf", "base64"), "$.payload": ("json", "text"), "$.order": ("xml", "text"),
        "$.zip": ("zip", "base64"), "$.packed": ("json", "base64+gzip"), "$.deep": ("json", "text"),
    }  # fmt: skip


def test_values_that_do_not_all_hold_the_same_are_told_and_labelled_as_a_whole():
    rows = [{"payload": json.dumps(PEOPLE[0])}, {"payload": "by hand"}]
    found = carried(draft(exchange("GET", "/api/things", rows)))
    assert found.fields[0].contains == ""
    assert "1 of 2 values hold a message, and not all of them the same" in found.fields[0].proposal.doubts


def test_a_batch_is_an_operation_and_so_is_each_request_in_it():
    asked = mixed(part(http("GET Orders(7) HTTP/1.1")), part(http("GET Customers('C-1')?$top=1 HTTP/1.1")))
    reply = part(http("HTTP/1.1 200 OK", "Content-Type: application/json\r\n", b'{"Id": 7, "Email": "a@b.example"}'))
    replies = mixed(reply, reply)
    seen = answered("/odata/$batch", replies, "multipart/mixed; boundary=b", asked=asked)
    found = draft(seen)
    assert {f"{one.method} {one.path}": one.batch for one in found.operations} == {
        "POST /odata/$batch": "odata", "GET /odata/Orders({order})": "", "GET /odata/Customers('{customer}')": "",
    }  # fmt: skip
    establish(load({"catalog/erp.yaml": text_of(found).encode()}))


def test_a_list_of_calls_is_a_batch():
    calls = [
        {"jsonrpc": "2.0", "id": n, "method": name, "params": {"id": 7}}
        for n, name in enumerate(("party.read", "order.read"))
    ]
    replies = [{"jsonrpc": "2.0", "id": n, "result": {"email": "a@b.example"}} for n in range(2)]
    found = draft(exchange("POST", "/rpc", replies, calls))
    assert sorted((one.name, one.batch) for one in found.operations) == [
        ("batch", "json-rpc"), ("order-read", ""), ("party-read", "")
    ]  # fmt: skip


def test_what_carries_data_outside_of_bodies_is_labelled():
    labels = {
        (one.kind, one.name): one.language or one.proposal.class_ for one in draft(SEEN["heads"]).operations[0].head
    }
    assert labels == {
        ("path", "customer"): "user.unique_id", ("query", "email"): "user.contact.email",
        ("query", "page"): "system.operations", ("headers", "X-Customer-Email"): "user.contact.email",
        ("response_headers", "X-Customer-Phone"): "user.contact.phone_number",
    }  # fmt: skip
    odd = exchange("GET", "/api/customers/C-1?email=a%40b.example&Lin+Wei=1", {"id": "C-1"})
    assert draft(odd).operations[0].open_query  # a parameter called like a person
    assert "Wei" not in text_of(draft(odd))


def test_parameters_that_carry_nothing_of_anyone_need_no_label():
    assert draft(exchange("GET", "/api/orders?page=1&size=20", [{"id": 1}])).operations[0].head == ()


def test_queries_are_labelled_by_their_language():
    soql = exchange(
        "GET", "/services/data/v60.0/query?q=SELECT+Id+FROM+Contact", {"records": [{"Id": "1"}], "done": True}
    )
    assert [(one.name, one.language) for one in draft(soql).operations[0].head] == [("q", "soql")]
    assert [(one.name, one.language) for one in draft(SEEN["queries"]).operations[0].head] == [("$filter", "odata")]


def test_bodies_of_two_formats_at_one_place_are_told():
    notes = draft(answered("/orders", xml(ORDERS), XML), exchange("GET", "/orders", [{"id": 1}])).operations[0].notes
    assert "1 of 2 answers are xml, the others json: refused" in notes


def test_a_record_that_is_changed_in_part_leaves_the_customer_sure():
    seen = [
        exchange("GET", f"/api/orders/{n}", {"id": n, "customer": {"id": f"C-{n}"}, "status": "open"}) for n in range(3)
    ]
    seen += [exchange("PATCH", f"/api/orders/{n}", None, {"id": n, "status": "paid"}, status=204) for n in range(9)]
    assert customer(message(draft(*seen), "order")) == "$.customer.id"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"id": 1, "Smithson": 2}, False),
        ({"id": 1, "dela Cruz": 2}, False),
        ({"id": 1, "deLaCruzita": 2}, False),
        ({"OrderId": 1, "Zfreigabe": 2}, True),
        ({"orderId": 1, "zzFreigabeq": 2}, True),
    ],
)
def test_a_name_in_mixed_case_is_shown_only_beside_names_that_are_written_alike(answer, shown):
    assert ("[*]" not in " ".join(classes(carried(draft(exchange("GET", "/api/things/1", answer)))))) is shown


EXISTING = b"""
version: 1
catalog: erp
operations:
  export: {request: GET /orders, response: export}
  find:
    request: {method: POST, path: /ws, body: {"name(/soap:Envelope/soap:Body/*)": ReadCustomer}}
    body: ask
    response: ask
  list: {request: GET /list, response: all}
messages:
  export: {format: csv, customer: Customer No, fields: {Customer No: user.unique_id, Total: business.price}}
  ask: {format: soap, fields: {soap:Body/ReadCustomer/Id: user.unique_id}}
  all: {format: xml, namespaces: {o: "urn:example:orders"}, records: /o:Orders/o:Order, each: one}
  one:
    format: xml
    namespaces: {o: "urn:example:orders"}
    fields: {"@id": business.order, //o:Email: user.contact.email}
"""


def test_of_messages_that_exist_only_places_without_a_field_are_drafted_in_any_format():
    existing = Existing(dict(load({"catalog/erp.yaml": EXISTING}).catalogues))
    ask = soap("<ReadCustomer><Id>C-1</Id><Email>a@b.example</Email></ReadCustomer>")
    seen = [
        answered("/orders", table(ROWS), CSV),
        answered("/ws", soap("<x/>"), "text/xml", asked=ask),
        answered("/list", xml(ORDERS), XML),
    ]
    found = drafted(seen, existing=existing).drafts[0]
    assert found.amends == {"export", "ask", "one"}
    assert list(classes(message(found, "export"))) == ["E-mail"]
    assert "soap:Body/ReadCustomer/Email" in classes(message(found, "ask"))
    assert "soap:Body/ReadCustomer/Id" not in classes(message(found, "ask"))
    assert list(classes(message(found, "one"))) == ["n1:CustomerNo"]
    assert found.operations == ()


def test_answers_that_a_capture_does_not_hold_are_told():
    seen = exchange("GET", "/api/watch", {"id": 1})
    notes = draft(seen, replace(seen, response=None)).operations[0].notes
    assert notes == ("1 of 2 answers are not in the capture: what they carry is not known",)
