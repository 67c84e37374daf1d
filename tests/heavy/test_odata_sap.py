"""`pyodata` against a SAP Gateway (mock-sap: CSRF tokens, ETags, $batch, deferred links), through the real gateway."""

from __future__ import annotations

import live
import pytest
from clients_kit import HERE, free_port, python_home, service, told

pytestmark = pytest.mark.heavy

PATH = "/sap/opu/odata/IWBEP/GWSAMPLE_BASIC/"
SAP, NEILL, LIN = "0100000000", "0199999999", "0199999998"


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Run the client once through the gateway, once against the service itself: everything that each was told."""
    if not (python_home() / "ready").exists():
        pytest.skip("the clients are not installed: tests/heavy/run.sh installs them")
    programs, folder, port = python_home() / "bin", tmp_path_factory.mktemp("sap"), free_port()
    command = [programs / "mock-sap", "--port", str(port), "--quiet", "--clock", "2026-11-23T09:00"]
    client = [programs / "python", HERE / "clients" / "sap.py"]
    found = {}
    with service(command, port, folder / "sap.log") as upstream:
        house = live.make_house(folder, HERE / "sap", upstream)
        granted = house.sovgate("passport", "grant", SAP, "contact")
        assert granted.returncode == 0, granted.stderr
        with live.running(house) as gateway:
            found["gateway"] = gateway.data
            found["through"] = told(client, SERVICE=f"{gateway.data}/erp{PATH}", TOKEN=live.token("crm"))
            found["errors"] = gateway.errors.read_text()
        found["direct"] = told(client, SERVICE=f"{upstream}{PATH}", TOKEN="")
        verified = house.sovgate("audit", "verify")
        found["verified"] = verified.returncode, verified.stdout + verified.stderr
    return found


@pytest.fixture
def through(said):
    """What the client was given through the gateway; asking for a step that raised is an error."""
    return {name: step.get("gave", step) for name, step in said["through"].items()}


@pytest.fixture
def direct(said):
    """The same from the service itself."""
    return {name: step.get("gave", step) for name, step in said["direct"].items()}


def shown(partner):
    return partner["EmailAddress"], partner["PhoneNumber"], partner["Address"]["City"]


def test_each_partner_is_treated_as_it_agreed(through, direct):
    for mine, theirs in zip(through["listed"], direct["listed"], strict=True):
        if mine["BusinessPartnerID"] == SAP:
            assert shown(mine) == shown(theirs)
        else:
            for masked, plain in zip(shown(mine), shown(theirs), strict=True):
                assert masked == "*" * (len(plain) - len(masked.lstrip("*"))) + plain[-len(masked.lstrip("*")) :]
                assert masked != plain
    assert len(through["listed"]) == 8
    assert shown(through["one"]) == shown(direct["one"])


def test_what_nobody_named_is_redacted_and_the_rest_is_as_it_was(through, direct):
    mine, theirs = through["listed"][3], direct["listed"][3]
    assert {name for name in mine if mine[name] != theirs[name]} == {
        "EmailAddress", "PhoneNumber", "FaxNumber", "Address"
    }  # fmt: skip
    assert mine["Address"]["Building"] == "[redacted]"


def test_addresses_lead_back_through_the_gateway(said, through):
    found, root = through["addresses"], f"{said['gateway']}/erp{PATH}"
    assert found["uri"] == f"{root}BusinessPartnerSet('{SAP}')"
    assert found["deferred"] == f"{root}BusinessPartnerSet('{SAP}')/ToContacts"
    assert (found["same"], found["contacts"]) == (True, 2)


def test_the_token_and_the_session_of_sap_work(through):
    assert through["token"]["token"]
    assert "SAP_SESSIONID_MCK_100" in through["token"]["cookies"]


def test_queries_are_answered_unless_they_ask_by_what_is_hidden(through, direct):
    for step in ("filtered", "filtered_by_a_constant_that_is_data", "counted"):
        assert through[step] == direct[step]
    assert through["filtered_by_a_hidden_property"]["raised"] == "HttpError"
    assert "403" in through["filtered_by_a_hidden_property"]["text"]
    assert direct["filtered_by_a_hidden_property"] == 1
    assert through["selected"] == [SAP, "do.not.reply@sap.example"]


@pytest.mark.parametrize("step", ["expanded", "navigated"])
def test_a_date_of_birth_stays_a_date_of_odata(through, direct, step):
    assert [birth for _, _, birth in direct[step]] == ["1988-06-15 00:00:00+00:00", "1964-07-15 00:00:00+00:00"]
    assert [birth for _, _, birth in through[step]] == ["1988-01-01 00:00:00+00:00", "1964-01-01 00:00:00+00:00"]
    assert [row[:2] for row in through[step]] == [row[:2] for row in direct[step]]


def test_a_link_to_one_is_followed(through, direct):
    mine, theirs = through["navigated_to_one"], direct["navigated_to_one"]
    assert (mine["customer"], mine["partner"]) == (theirs["customer"], theirs["partner"])
    assert mine["email"] == "*" * (len(theirs["email"]) - 4) + theirs["email"][-4:]


def test_a_property_that_was_removed_is_not_fetched_behind_its_back(through, direct):
    assert through["amounts"]["raised"] == "HttpError"  # pyodata asks for what is missing: no operation fits
    assert "GrossAmount" in through["amounts"]["text"]
    assert direct["amounts"]["gross"] == "'631.890'"


def test_what_is_written_is_kept_and_comes_back_treated(through, direct):
    for step in ("created", "changed"):
        assert shown(direct[step])[0] == "o@neill.example"
        assert shown(through[step])[0] == "***********mple"
        assert through[step]["CompanyName"] == "O'Neill & Söhne"
    assert through["changed"]["PhoneNumber"] == "************9999"
    assert (through["merged"], through["changed_with_an_etag"]["stale"]) == ("Inc.", 412)
    assert through["deleted"] == []


def test_a_mask_is_never_written_back(through):
    assert through["written_back"]["raised"] == "HttpError"
    assert "422" in through["written_back"]["text"]
    assert through["changed_with_an_etag"] != through["written_back"]
    assert through["batched_write_back"]["raised"] == "HttpError"
    assert through["after_the_refused_batch"] == "SE"  # nothing of the batch was done


def test_a_batch_is_answered_part_by_part(through, direct):
    mine, theirs = through["batched"], direct["batched"]
    assert shown(mine["before"])[:2] == ("***********mple", "************9999")
    assert mine["changed"] == theirs["changed"] == [None, None]
    assert [one["FaxNumber"] for one in mine["found"]] == ["************5678"]
    assert through["batched_create"]["CompanyName"] == "林业有限公司"
    assert through["batched_create"]["EmailAddress"] == "**************mple"
    assert through["batched_failure"] == direct["batched_failure"]


def test_nothing_is_asked_in_a_batch_that_may_not_be_asked_by_itself(through, direct):
    assert "403" in through["batched_question"]["text"]
    assert len(direct["batched_question"][0]) == 8


def test_errors_are_those_of_the_service_without_its_words(through):
    assert through["missing"]["raised"] == "HttpError"
    error = through["missing_in_json"]["error"]
    assert error["code"] == "/IWBEP/CX_MGW_RESOURCE_NOT_FOUND"
    assert error["message"] == {"lang": "en", "value": "[redacted]"}


def test_the_log_verifies_and_nothing_else_went_wrong(said):
    assert said["verified"][0] == 0, said["verified"][1]
    assert '"level":"error"' not in said["errors"]
    assert "neill.example" not in said["errors"]
