"""zeep and suds, unchanged, and a spyne service, straight and through the gateway: policies make the difference."""

from __future__ import annotations

import gzip
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from soap_stage import Client, Stage, staged

pytestmark = pytest.mark.heavy

SHEET = b"<sheet><email>lin.wei@example.com</email><note>12 holes, 8 mm</note></sheet>"
WRITTEN = {
    "id": 7, "currency": "EUR", "customer": "C-2", "email": "e.royer@example.org", "paid": True, "note": None,
    "total": {"decimal": "12345678901234567.8900000010"}, "born": {"date": "1988-04-12"},
    "lines": {"Line": [{"sku": "S <&> 1", "quantity": 2, "price": {"decimal": "0.0000000001"}}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("soap")) as made:
        yield made


@pytest.fixture(scope="module")
def zeep(stage: Stage) -> Iterator[Client]:
    with stage.client("zeep") as client:
        for name in ("soap11", "soap12"):
            client.tell(name=f"{name} straight", wsdl=f"{stage.direct}/{name}/?wsdl")
            client.tell(name=name, wsdl=f"{stage.through}/{name}/?wsdl", headers=stage.headers)
        yield client


@pytest.fixture(scope="module")
def suds(stage: Stage) -> Iterator[Client]:
    with stage.client("suds") as client:
        client.tell(name="soap11 straight", wsdl=f"{stage.direct}/soap11/?wsdl")
        client.tell(name="soap11", wsdl=f"{stage.through}/soap11/?wsdl", headers=stage.headers)
        yield client


@pytest.fixture
def agreed(stage: Stage) -> Iterator[None]:
    """Let C-1 agree to what sales asks, for as long as a test lasts."""
    assert stage.call("passport", "grant", "C-1", "contact") == 0
    yield
    assert stage.call("passport", "revoke", "C-1", "contact") == 0


def masked(text: str | None) -> str | None:
    return text and "*" * (len(text) - 4) + text[-4:]


def told(content: bytes) -> str:
    """Tell bytes as clients tell them."""
    return f"{len(content)} bytes, {sha256(content).hexdigest()}"


def hidden(order: dict[str, Any], open_: str = "") -> dict[str, Any]:
    """Give what sales sees of an order; `open_` is the customer who agreed."""
    seen = order | {"born": None, "tax_number": None}
    if order["customer"] == open_:
        return seen
    scan = order["scan"]
    assert scan in {None, told(SHEET)}
    return seen | {
        "email": masked(order["email"]),
        "phone": masked(order["phone"]),
        "address": {name: masked(text) for name, text in order["address"].items()},
        "scan": scan and told(SHEET.replace(b"lin.wei@example", b"*" * 15)),
    }


def read(client: Client, name: str, number: int = 3, **more: object) -> dict[str, Any]:
    result = client.tell(name=name, operation="ReadOrder", arguments={"id": number}, **more)["result"]
    order: dict[str, Any] = result.get("body", result)["ReadOrderResult"]
    return order


def listed(client: Client, name: str, count: int, **more: object) -> list[dict[str, Any]]:
    result = client.tell(name=name, operation="ListOrders", arguments={"start": 0, "count": count}, **more)["result"]
    orders: list[dict[str, Any]] = result["body"]["ListOrdersResult"]["Order"]
    return orders


@pytest.mark.parametrize("version", ["soap11", "soap12"])
def test_an_order_arrives_as_the_policies_say(zeep, version):
    straight = read(zeep, f"{version} straight")
    assert (straight["total"], straight["patience"]) == (
        "Decimal 12345678901234567.8900000010",
        "timedelta 2 days, 3:00:00",
    )
    assert read(zeep, version) == hidden(straight)


@pytest.mark.parametrize("way", ["late", "packed"])
def test_an_answer_in_chunks_or_in_gzip_arrives_alike(stage, zeep, way):
    seen = read(zeep, "soap11", at=f"{stage.through}/{way}/")
    assert seen == hidden(read(zeep, "soap11 straight", at=f"{stage.direct}/{way}/"))
    zeep.tell(name="soap11", operation="ReadOrder", arguments={"id": 3}, at=f"{stage.through}/soap11/")
    zeep.tell(name="soap11 straight", operation="ReadOrder", arguments={"id": 3}, at=f"{stage.direct}/soap11/")


def test_a_request_in_gzip_is_read_and_goes_on_in_gzip(stage):
    text = """<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:o="urn:example:orders:v1"><e:Body>
      <o:{}><o:id>3</o:id></o:{}></e:Body></e:Envelope>"""
    kind = {"Content-Type": "text/xml; charset=utf-8", "Content-Encoding": "gzip"}

    def asked(operation: str) -> urllib.request.Request:
        body = gzip.compress(text.format(operation, operation).encode())
        return urllib.request.Request(f"{stage.through}/packed/", body, stage.headers | kind)

    with urllib.request.urlopen(asked("ReadOrder"), timeout=20) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert b"***************.com</" in gzip.decompress(answer.read())
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(asked("DropOrder"), timeout=20)


@pytest.mark.parametrize("version", ["soap11", "soap12"])
def test_each_order_of_a_list_is_its_own_customers(zeep, agreed, version):
    straight = listed(zeep, f"{version} straight", 7)
    assert {order["customer"] for order in straight} == {"C-1", "C-2", "C-3"}
    assert {order["phone"] is None for order in straight} == {True, False}
    assert listed(zeep, version, 7) == [hidden(order, "C-1") for order in straight]


def test_a_list_of_several_megabytes_arrives(stage, zeep):
    straight = listed(zeep, "soap11 straight", 4000)
    assert listed(zeep, "soap11", 4000) == [hidden(order) for order in straight]
    for way in ("late", "packed"):
        assert listed(zeep, "soap11", 4000, at=f"{stage.through}/{way}/") == [hidden(order) for order in straight]
    zeep.tell(name="soap11", operation="ReadOrder", arguments={"id": 3}, at=f"{stage.through}/soap11/")


@pytest.mark.parametrize("version", ["soap11", "soap12"])
def test_headers_of_the_envelope_go_both_ways(zeep, version):
    said = zeep.tell(name=version, operation="ReadOrder", arguments={"id": 3}, user="ann")
    assert said["result"]["header"] == {"Session": {"user": "ann", "trace": "T-1"}}


@pytest.mark.parametrize(
    ("version", "code"), [("soap11", "soap11env:Client.NoSuchOrder"), ("soap12", "soap12env:Sender")]
)
def test_a_fault_keeps_its_code_and_loses_its_words_and_its_detail(zeep, version, code):
    asked = {"operation": "ReadOrder", "arguments": {"id": 2_000_000}}
    straight = zeep.tell(name=f"{version} straight", **asked)
    assert straight["detail"].count("lin.wei@example.com") == straight["fault"].count("lin.wei@example.com") == 1
    gated = zeep.tell(name=version, **asked)
    assert (gated["code"], gated["fault"]) == (code, "[redacted]") == (straight["code"], "[redacted]")
    assert "lin.wei" not in json.dumps(gated)


def test_a_fault_under_status_200_is_no_way_out(stage, zeep):
    gated = zeep.tell(name="soap11", operation="ReadOrder", arguments={"id": 2_000_000}, at=f"{stage.through}/ok/")
    zeep.tell(name="soap11", operation="ReadOrder", arguments={"id": 3}, at=f"{stage.through}/soap11/")
    assert (gated["code"], gated["fault"]) == ("soap11env:Client.NoSuchOrder", "[redacted]")
    assert "lin.wei" not in json.dumps(gated)


@pytest.mark.parametrize("version", ["soap11", "soap12"])
def test_what_is_written_arrives_to_the_last_digit(stage, zeep, version):
    order = WRITTEN | {"scan": None}
    said = zeep.tell(name=version, operation="WriteOrder", arguments={"order": order}, user="ann")
    assert said["result"]["body"]["WriteOrderResult"] == 7
    assert stage.stored()[-1] == {
        "customer": "C-2", "email": "e.royer@example.org", "total": "12345678901234567.8900000010",
        "born": "1988-04-12", "paid": True, "note": None, "scan": sha256(b"").hexdigest(), "user": "ann",
        "lines": [["S <&> 1", 2, "1E-10"]],
    }  # fmt: skip


def test_binary_in_base64_arrives_as_it_was(stage, zeep):
    zeep.tell(name="soap11", operation="StoreScan", arguments={"customer": "C-1", "scan": {"bytes": 4096}})
    scan = bytes(range(256)) * 4096
    assert stage.stored()[-1] == {"customer": "C-1", "size": len(scan), "scan": sha256(scan).hexdigest()}


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [("email", "****************.org", "masked-write-back"), ("phone", "***********5678", "masked-write-back")],
)
def test_what_sales_reads_hidden_is_never_written_over_the_truth(stage, zeep, field, value, refusal):
    before = stage.stored()
    said = zeep.tell(name="soap11", operation="WriteOrder", arguments={"order": WRITTEN | {field: value}})
    assert (said["error"], said["status"]) == ("TransportError", 422)
    assert refusal in said["content"]
    assert stage.stored() == before


def test_an_operation_that_nobody_named_is_refused(stage, zeep):
    before = stage.stored()
    said = zeep.tell(name="soap11", operation="DropOrder", arguments={"id": 3})
    assert said["status"] == 403
    assert "unknown-operation" in said["content"]
    assert stage.stored() == before


def test_suds_sees_the_same(zeep, suds, agreed):
    """suds leaves out what is nil, and gives numbers and base64 as text: so its two answers are compared."""
    for number in (3, 4, 5):
        straight, gated = read_bare(suds, "soap11 straight", number), read_bare(suds, "soap11", number)
        seen = hidden_bare(straight, "C-1")
        assert gated == seen
    fault = suds.tell(name="soap11", operation="ReadOrder", arguments={"id": 2_000_000})
    assert (fault["fault"], fault["code"]) == ("[redacted]", "soap11env:Client.NoSuchOrder")
    said = suds.tell(name="soap11", operation="ReadOrder", arguments={"id": 4}, user="ann")
    assert said["result"]["email"] == masked("etienne.royer@example.org")


def read_bare(client: Client, name: str, number: int) -> dict[str, Any]:
    order: dict[str, Any] = client.tell(name=name, operation="ReadOrder", arguments={"id": number})["result"]
    return order


def hidden_bare(order: dict[str, Any], open_: str) -> dict[str, Any]:
    seen = {name: value for name, value in order.items() if name not in {"born", "tax_number"}}
    if order["customer"] == open_:
        return seen
    changed = {name: masked(seen[name]) for name in ("email", "phone") if name in seen}
    return seen | changed | {"address": {name: masked(text) for name, text in seen["address"].items()}}


@pytest.mark.parametrize("version", ["soap11", "soap12"])
def test_a_description_leads_through_the_gateway_and_is_else_the_same(stage, zeep, suds, version):
    straight, gated = (
        urllib.request.urlopen(urllib.request.Request(f"{base}/{version}/?wsdl", headers=stage.headers), timeout=20)
        for base in (stage.direct, stage.through)
    )
    text, seen = straight.read().decode(), gated.read().decode()
    assert text.count(f'location="{stage.direct}/{version}/"') == 1
    assert seen == text.replace(f"{stage.direct}/{version}/", f"{stage.through}/{version}/")
    for client in (zeep, suds):
        opened = client.tell(name="again", wsdl=f"{stage.through}/{version}/?wsdl", headers=stage.headers)
        assert opened == {"location": f"{stage.through}/{version}/"}
    with urllib.request.urlopen(f"{stage.gateway.admin}/metrics", timeout=20) as metrics:
        left = re.findall(r"^sovgate_addresses_left_total\S* (\S+)$", metrics.read().decode(), re.MULTILINE)
    assert set(left) <= {"0.0"}


def test_a_caller_without_a_token_gets_no_description(stage):
    with stage.client("zeep") as stranger:
        said = stranger.tell(name="x", wsdl=f"{stage.through}/soap11/?wsdl")
    assert said["error"] == "HTTPError"
    assert "401" in said["content"]
