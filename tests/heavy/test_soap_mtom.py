"""SOAP with parts (MTOM, XOP): answers in the words of four stacks, and packages that node-soap sends."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

import pytest
from soap_stage import Client, Stage, prepare_node, staged

pytestmark = pytest.mark.heavy

SHEET = b"<sheet><email>lin.wei@example.com</email><note>12 holes, 8 mm</note></sheet>"
INCLUDED = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:scan-1@crm.example"/>'
SCAN = bytes(range(256)) * 5000 + b"\r\n\r\n--\r\n"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("mtom")) as made:
        yield made


@pytest.fixture(scope="module")
def zeep(stage: Stage) -> Iterator[Client]:
    with stage.client("zeep") as client:
        opened(stage, client)
        yield client


@pytest.fixture(scope="module")
def node(stage: Stage) -> Iterator[Client]:
    folder = prepare_node()
    if folder is None:
        pytest.skip("node-soap could not be installed: it needs Node.js and npm")
    with stage.driven(["node", str(folder / "asking.mjs")]) as client:
        opened(stage, client)
        yield client


def opened(stage: Stage, client: Client) -> None:
    said = client.tell(name="straight", wsdl=f"{stage.direct}/soap11/?wsdl")
    assert said == {"location": f"{stage.direct}/soap11/"}
    said = client.tell(name="gated", wsdl=f"{stage.through}/soap11/?wsdl", headers=stage.headers)
    assert said == {"location": f"{stage.through}/soap11/"}


def told(content: bytes) -> str:
    return f"{len(content)} bytes, {sha256(content).hexdigest()}"


@pytest.mark.parametrize("style", ["cxf", "metro", "wcf", "axis"])
def test_each_part_of_a_package_is_treated_and_zeep_puts_them_together_again(stage, zeep, style):
    asked = {"operation": "ReadOrder", "arguments": {"id": 3}}
    straight = zeep.tell(name="straight", at=f"{stage.direct}/parts/{style}", **asked)["result"]["body"]
    gated = zeep.tell(name="gated", at=f"{stage.through}/parts/{style}", **asked)["result"]["body"]
    order = straight["ReadOrderResult"]
    assert (order["email"], order["scan"]) == ("lin.wei@example.com", told(SHEET))
    hidden = {"email": "***************.com", "scan": told(SHEET.replace(b"lin.wei@example", b"*" * 15))}
    assert gated == {"ReadOrderResult": order | hidden}


@pytest.mark.parametrize("style", ["cxf", "metro", "wcf", "axis"])
def test_node_soap_reads_the_same_packages(stage, node, style):
    asked = {"operation": "ReadOrder", "arguments": {"id": 3}}
    straight = node.tell(name="straight", at=f"{stage.direct}/parts/{style}", **asked)
    gated = node.tell(name="gated", at=f"{stage.through}/parts/{style}", **asked)
    assert gated["result"]["ReadOrderResult"] == straight["result"]["ReadOrderResult"] | {
        "email": "***************.com"
    }
    ids, bodies = ([part[name] for part in gated["parts"]] for name in ("id", "body"))
    assert ids == [part["id"] for part in straight["parts"]]
    assert bodies == [told(SHEET.replace(b"lin.wei@example", b"*" * 15))]


def test_a_package_that_node_soap_sends_arrives_as_it_left(stage, node):
    parts = [part("scan-1@crm.example", SCAN)]
    said = sent(stage, node, parts)
    assert said["result"] == {"StoreScanResult": "stored for C-1"}
    assert stage.stored()[-1] == {"customer": "C-1", "size": len(SCAN), "scan": sha256(SCAN).hexdigest()}


def test_a_part_that_nobody_labelled_is_refused(stage, node):
    before = stage.stored()
    said = sent(stage, node, [part("scan-1@crm.example", SCAN), part("more@crm.example", b"x")])
    assert said["status"] == 422
    assert stage.stored() == before


def test_two_parts_with_one_name_are_refused(stage, node):
    before = stage.stored()
    said = sent(stage, node, [part("scan-1@crm.example", SCAN), part("scan-1@crm.example", b"x")])
    assert said["status"] == 400
    assert stage.stored() == before


@pytest.mark.parametrize("way", ["soap11", "packed"])
def test_node_soap_without_parts_too(stage, node, way):
    asked = {"operation": "ReadOrder", "arguments": {"id": 3}}
    straight = node.tell(name="straight", at=f"{stage.direct}/{way}/", **asked)["result"]["ReadOrderResult"]
    gated = node.tell(name="gated", at=f"{stage.through}/{way}/", **asked)["result"]["ReadOrderResult"]
    assert gated["total"] == straight["total"] == "12345678901234567.8900000010"
    assert gated["email"] == "***************.com"
    changed = {name for name in straight if straight[name] != gated.get(name)}
    assert changed == {"email", "phone", "tax_number", "born", "address", "scan"}


def test_node_soap_is_told_a_fault_without_its_words(stage, node):
    asked = {"operation": "ReadOrder", "arguments": {"id": 2_000_000}}
    said = node.tell(name="gated", at=f"{stage.through}/soap11/", **asked)
    fault = said["fault"]
    assert (said["status"], fault["faultcode"]) == (500, "soap11env:Client.NoSuchOrder")
    assert fault["faultstring"] == "[redacted]"
    assert "lin.wei" not in json.dumps(said)


def part(cid: str, content: bytes, name: str = "scan.bin") -> dict[str, str]:
    return {"type": "application/octet-stream", "id": cid, "name": name, "base64": b64encode(content).decode()}


def sent(stage: Stage, node: Client, parts: list[dict[str, str]]) -> dict[str, object]:
    arguments = {"customer": "C-1", "scan": {"$xml": INCLUDED}}
    at = f"{stage.through}/packages/"
    return node.tell(name="gated", operation="StoreScan", arguments=arguments, parts=parts, at=at)
