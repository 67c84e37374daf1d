"""OData clients of three makers against SAP's own framework (CAP), through the real gateway: both versions, pages."""

from __future__ import annotations

import os

import live
import pytest
from clients_kit import HERE, free_port, node_home, python_home, service, told

pytestmark = pytest.mark.heavy

MASKED = "*************1002"


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Run the clients once through the gateway, once against the service itself: everything that each was told."""
    if not (python_home() / "ready").exists() or not (node_home() / "ready").exists():
        pytest.skip("the clients or the service are not installed: tests/heavy/run.sh installs them")
    folder, port, own = tmp_path_factory.mktemp("shop"), free_port(), free_port()
    python = [python_home() / "bin" / "python", HERE / "clients" / "shop.py"]
    node = ["node", HERE / "clients" / "shop.js"]
    modules = {"NODE_PATH": str(node_home() / "node_modules")}
    environment = os.environ | {"PORT": str(port), "NODE_ENV": "development"}
    command = [node_home() / "node_modules" / ".bin" / "cds-serve"]
    with service(command, port, folder / "shop.log", cwd=node_home(), env=environment):
        house = live.make_house(folder, HERE / "shop", f"http://127.0.0.1:{port}")
        # The service takes `localhost` for its name, and the gateway's where that forwards: both are `also` its own.
        config = house.config.read_text().replace("port: 0", f"port: {own}", 1)
        also = f"also: ['http://localhost:{port}', 'http://localhost:{own}']"
        house.config.write_text(config.replace("at: /erp,", f"at: /erp, {also},"))
        granted = house.sovgate("passport", "grant", "C-001", "contact")
        assert granted.returncode == 0, granted.stderr
        with live.running(house) as gateway:
            place = {"SERVICE": f"http://localhost:{own}/erp", "TOKEN": live.token("crm"), "FRESH": "990", **modules}
            through = told(python, **place) | told(node, **place)
            errors = gateway.errors.read_text()
        place = {"SERVICE": f"http://localhost:{port}", "TOKEN": "none", "FRESH": "991", **modules}
        direct = told(python, **place) | told(node, **place)
        verified = house.sovgate("audit", "verify")
    root = f"http://localhost:{own}/erp"
    return {"through": through, "direct": direct, "errors": errors, "root": root, "log": verified}


@pytest.fixture
def through(said):
    """What the clients were given through the gateway, or what they raised."""
    return {name: step.get("gave", step) for name, step in said["through"].items()}


@pytest.fixture
def direct(said):
    """The same from the service itself."""
    return {name: step.get("gave", step) for name, step in said["direct"].items()}


def test_all_pages_are_followed_and_each_customer_is_treated_as_it_agreed(through, direct):
    mine, theirs = through["listed_over_pages"], direct["listed_over_pages"]
    assert [one["ID"] for one in mine] == [one["ID"] for one in theirs]
    assert len(mine) == 12
    assert mine[0] == theirs[0]
    assert (mine[1]["email"], mine[1]["phone"]) == ("*************mple", MASKED)
    assert [one["credit"] for one in mine] == [one["credit"] for one in theirs]
    assert through["next_page"]["value"][0]["ID"] == "C-006"
    assert through["page"]["value"][0]["born"] == "1961"


def test_queries_are_answered_unless_they_ask_by_what_is_hidden(through, direct):
    assert through["filtered"] == direct["filtered"] == ["C-002"]
    for step in ("filtered_by_a_hidden_property", "sorted_by_a_hidden_property"):
        assert through[step]["raised"] == "ODataError"
        assert "urn:sovgate:refusal:hidden-field-queried" in through[step]["text"]
    for step in ("token_made_up", "expanded_by_a_hidden_property", "lambda_by_a_hidden_property"):
        assert through[step] == 403


def test_what_is_expanded_is_treated_too(through):
    first = through["expanded"]["value"][0]["customer"]
    assert (first["name"], first["phone"], first["credit"]) == ("O'Neill & Söhne", MASKED, None)


def test_what_is_written_is_kept_and_comes_back_treated(through, direct):
    assert through["created"]["phone"] == "*************5678"
    assert through["changed"]["phone"] == "*************4321"
    assert direct["changed"]["phone"] == "+86 138 8765 4321"
    assert through["deleted"] == []


def test_a_mask_is_never_written_back_and_every_client_notices(through):
    assert through["written_back"]["raised"] == "ODataError"
    assert "masked-write-back" in through["written_back"]["text"]
    assert "422" in through["refused_in_version_2"]["text"]
    for step in ("js_written_back", "js_written_back_in_a_batch", "js_found_by_a_hidden_property"):
        assert through[step]["raised"] == "ODataServerError"  # it looks for `error` in the answer, and at no status
    assert through["js_after"]["phone"] == "********9876"


def test_version_2_pages_and_links_through_the_gateway(said, through, direct):
    mine, theirs = through["pages_of_version_2"], direct["pages_of_version_2"]
    root = f"{said['root']}/odata/v2/shop"
    assert [row[0] for row in mine["found"]] == [row[0] for row in theirs["found"]]
    assert mine["pages"][0].startswith(f"{root}/Customers?")
    assert (len(mine["pages"]), mine["pages"][-1]) == (3, None)
    assert mine["found"][1] == ["C-002", "*************mple", "1962-01-01 00:00:00+00:00", "20000000000000.02"]
    links = through["links_of_version_2"]
    assert (links["uri"], links["orders"]) == (f"{root}/Customers('C-001')", 3)
    assert links["deferred"] == f"{root}/Customers('C-001')/orders"


def test_a_batch_of_version_2_is_answered_part_by_part(through, direct):
    assert through["batch_of_version_2"] == ["*************1003", *direct["batch_of_version_2"][1:]]


def test_a_batch_in_json_is_answered_part_by_part_though_its_requests_repeat_the_token(through, direct):
    mine, theirs = through["js_batch_in_json"], direct["js_batch_in_json"]
    assert [one["status"] for one in mine] == [one["status"] for one in theirs] == [200, 200, 200]
    assert MASKED in mine[0]["body"]
    assert "********4321" in mine[1]["body"]
    assert mine[2] == theirs[2]


def test_the_other_client_reads_and_writes(through, direct):
    assert through["js_one"] == {**direct["js_one"], "born": "1961"}
    assert [one["ID"] for one in through["js_found"]] == [one["ID"] for one in direct["js_found"]] == ["C-004"]
    assert through["js_created"]["email"] == "***********mple"
    assert through["js_missing"] == {"raised": "ODataServerError", "text": "[redacted]"}


def test_the_log_verifies_and_nothing_else_went_wrong(said):
    assert said["log"].returncode == 0, said["log"].stdout + said["log"].stderr
    assert '"level":"error"' not in said["errors"]
    assert ".example" not in said["errors"]
