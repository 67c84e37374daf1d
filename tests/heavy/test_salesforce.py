"""`simple-salesforce` against a stand-in for Salesforce, through the real gateway, over TLS and with a certificate."""

from __future__ import annotations

import sys
from pathlib import Path

import live
import pytest
import trustme
from clients_kit import HERE, free_port, python_home, service, told
from pdf_kit import add_page, blank, differ, rendered, saved, texts, unstamped

pytestmark = pytest.mark.heavy

HOST = "company.my.salesforce.com"
LIN, ANA, BO = "001A00000000001AAA", "001A00000000002AAA", "001A00000000003AAA"
CONFIG = """version: 1
listen:
  host: 127.0.0.1
  port: 0
  tls: {{certificate: server.pem, key: server.key, client_ca: ca.pem, client_required: true}}
admin: {{host: 127.0.0.1, port: 0}}
policies: {policies}
state: state
systems:
  crm:
    at: {{host: {host}, path: /}}
    upstream: {upstream}
    also: ["https://na139.my.salesforce.com", "https://login.salesforce.com"]
identity: {{mtls: {{dns: {{erp.test: erp}}}}}}
purpose: {{header: X-Purpose}}
"""


def make_house(folder: Path, upstream: str) -> live.House:
    """Write the configuration, and certificates of an authority of the test's own."""
    authority = trustme.CA()
    server, client = authority.issue_cert(HOST), authority.issue_cert("erp.test")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for leaf, name in ((server, "server"), (client, "client")):
        leaf.private_key_pem.write_to_path(folder / f"{name}.key")
        (folder / f"{name}.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    client.private_key_and_cert_chain_pem.write_to_path(folder / "client-all.pem")
    (folder / "gateway.yaml").write_text(CONFIG.format(policies=HERE / "salesforce", host=HOST, upstream=upstream))
    return live.House(folder)


def a_drawing(folder: Path) -> Path:
    pdf = blank()
    add_page(pdf)
    file = folder / "drawing.pdf"
    file.write_bytes(saved(pdf))
    return file


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Run the client through the gateway: everything that it was told."""
    if not (python_home() / "ready").exists():
        pytest.skip("the clients are not installed: tests/heavy/run.sh installs them")
    folder, port = tmp_path_factory.mktemp("salesforce"), free_port()
    pdf = a_drawing(folder)
    with service([sys.executable, HERE / "salesforce_stub.py", str(port)], port, folder / "stub.log") as upstream:
        house = make_house(folder, upstream)
        granted = house.sovgate("passport", "grant", LIN, "contact")
        assert granted.returncode == 0, granted.stderr
        with live.running(house) as gateway:
            found = told(
                [python_home() / "bin" / "python", HERE / "clients" / "salesforce.py"],
                HOST=HOST,
                PORT=gateway.data.rpartition(":")[2],
                CA=str(folder / "ca.pem"),
                CERTIFICATE=str(folder / "client-all.pem"),
                PDF=str(pdf),
                FORGET=f"{upstream}/forget",
            )
            errors = gateway.errors.read_text()
        verified = house.sovgate("audit", "verify")
    return {"said": found, "errors": errors, "pdf": pdf, "verified": verified}


@pytest.fixture
def given(said):
    """What each step gave, or what it raised."""
    return {name: step.get("gave", step) for name, step in said["said"].items()}


def test_the_client_talks_to_nobody_but_the_gateway(given):
    assert given["instance"] == HOST
    assert given["logged_in_by_oauth"] == {"instance": HOST, "total": 8}
    assert given["hosts"] == [HOST]
    assert given["without_a_certificate"]["raised"] in {"ConnectionError", "SSLError"}


def test_a_login_that_fails_says_so_without_the_words_of_salesforce(given):
    assert given["wrong_password"]["raised"] == "SalesforceAuthenticationFailed"
    assert "INVALID_LOGIN" in given["wrong_password"]["text"]
    assert "locked out" not in given["wrong_password"]["text"]


def test_each_contact_is_treated_as_its_account_agreed_on_every_page(given):
    found = {row["AccountId"]: row for row in given["all_pages"]}
    assert len(given["all_pages"]) == 8
    assert found[LIN]["Email"].endswith("@c0.example")
    assert (found[ANA]["Email"], found[ANA]["Phone"]) == ("**********mple", "*************1007")
    assert {row["Birthdate"] for row in given["all_pages"]} == {"[redacted]"}
    assert given["first_page"] == {
        "total": 8, "done": False, "next": "/services/data/v59.0/query/01g000000000001-3", "type": "Contact"
    }  # fmt: skip
    assert given["by_name"] == [{"Id": "003A00000000004AAA", "Email": "**********mple"}]


@pytest.mark.parametrize(
    "step",
    ["by_a_hidden_field", "counted_by_a_hidden_field", "sorted_by_a_hidden_field", "bulk_query_by_a_hidden_field"],
)
def test_nobody_asks_by_what_is_hidden_and_the_client_is_told_in_its_own_form(given, step):
    assert given[step]["raised"] == "SalesforceRefusedRequest"
    assert "'errorCode': 'urn:sovgate:refusal:hidden-field-queried'" in given[step]["text"]


def test_what_the_catalogue_does_not_know_is_refused(given):
    assert "unknown-operation" in given["searched"]["text"]
    assert given["described"] == [3, 11]


def test_a_contact_is_made_changed_and_deleted(given):
    made = given["created"]
    assert (made["success"], made["read"]["FirstName"], made["read"]["Email"]) == (True, "Ömer", "***********mple")
    assert made["read"]["attributes"]["url"] == f"/services/data/v59.0/sobjects/Contact/{made['id']}"
    assert "AnnualValue__c" not in given["one"]
    assert given["one"]["Description"] == "[redacted]"
    assert given["changed"] == [204, "********9876"]
    assert (given["upserted"], given["deleted"]) == ([200, 201], 204)


@pytest.mark.parametrize("step", ["written_back", "composite_write_back", "bulk_write_back"])
def test_a_mask_is_never_written_back(given, step):
    assert given[step]["raised"] == "SalesforceGeneralError"
    assert "urn:sovgate:refusal:masked-write-back" in given[step]["text"]
    assert given["after_the_refusal"] == "Ömer"


def test_errors_keep_their_codes_and_lose_their_words(given):
    assert given["missing"]["raised"] == "SalesforceResourceNotFound"
    assert "[{'message': '[redacted]', 'errorCode': 'NOT_FOUND'}]" in given["missing"]["text"]
    assert given["incomplete"]["raised"] == "SalesforceMalformedRequest"
    assert "'fields': ['LastName']" in given["incomplete"]["text"]


def test_each_part_of_a_composite_is_treated_as_what_it_answers(given):
    new, read, listed, none = given["composite"]["compositeResponse"]
    assert (new["httpStatusCode"], new["body"]["success"], read["body"]["Email"]) == (201, True, "**********mple")
    assert [row["Email"] for row in listed["body"]["records"]] == ["lin@c0.example", "**********mple"]
    assert none["body"] == [{"message": "[redacted]", "errorCode": "NOT_FOUND"}]


def test_a_file_in_base64_is_looked_into_and_comes_back_marked(given, said):
    got = Path(f"{said['pdf']}.got").read_bytes()
    assert given["a_file"]["same"] is False
    before, below = rendered(said["pdf"].read_bytes()), rendered(unstamped(got))
    assert [differ(one, other) for one, other in zip(before, below, strict=True)] == [0] * len(before)
    assert ["erp" in text for text in texts(got)] == [True] * len(before)
    assert "body-wrong-type" in given["no_file"]["text"]


def test_bulk_tables_are_treated_row_by_row_and_read_by_pandas(given):
    found = given["bulk_query"]
    assert found["pages"] > 2
    by_account = {row["AccountId"]: row["Email"] for row in found["rows"][:8]}
    assert by_account[LIN].endswith(".example")
    assert {by_account[ANA], by_account[BO]} == {"**********mple"}
    assert found["raw"].startswith('"Id","AccountId","Name","Email","Phone","Birthdate"\n"003A00000000000AAA","')
    told = given["bulk_insert"]["told"]
    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (4, 1)
    assert [row["LastName"] for row in given["bulk_insert"]["good"]] == ['Löwe, "Leo"'] * 3
    assert [row["Email"] for row in given["bulk_insert"]["good"]] == ["b1@bulk.example"] + ["***********mple"] * 2
    assert '"[redacted]"' in given["bulk_insert"]["bad"]


def test_a_session_that_ended_is_made_anew_by_the_client(given):
    assert given["after_a_lost_session"] == {"total": 1, "again": True}


def test_the_log_verifies_and_nothing_else_went_wrong(said):
    assert said["verified"].returncode == 0, said["verified"].stdout + said["verified"].stderr
    assert '"level":"error"' not in said["errors"]
    assert "example" not in said["errors"].replace("erp.example", "")
