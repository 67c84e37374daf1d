"""`sovgate discover`, as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from discover_kit import har, shop

from gateway.cli.main import _sovgate
from gateway.policy.load import load

SAMPLES = Path(__file__).parent.parent.parent / "shared" / "samples"


@pytest.fixture
def capture(tmp_path):
    path = tmp_path / "shop.har"
    path.write_bytes(har(shop()))
    return str(path)


def discover(*arguments: str):
    return CliRunner().invoke(_sovgate, ["discover", *arguments])


def test_the_draft_is_printed_with_what_there_is_to_decide(capture):
    result = discover(capture, "--system", "erp")
    assert result.exit_code == 0
    assert load({"catalog/erp.yaml": result.stdout.encode()}).catalogues["erp"].operations
    assert "# erp: 9 operations, 5 messages" in result.stdout
    assert "1: browsers' questions whether they may ask (OPTIONS)" in result.stdout


def test_the_same_traffic_gives_the_same_draft(capture):
    assert discover(capture).stdout == discover(capture).stdout


def test_json_says_as_much(capture):
    told = json.loads(discover(capture, "--system", "erp", "-o", "json").stdout)
    fields = {field["selector"]: field for one in told["systems"][0]["messages"] for field in one["fields"]}
    assert fields["$.customer.email"]["class"] == "user.contact.email"
    assert fields["$.customer.email"]["confidence"] == "high"
    assert [reason["detector"] for reason in fields["$.customer.email"]["reasons"]] == [None, "email"]


def test_files_are_written_and_never_overwritten_unasked(capture, tmp_path):
    out = tmp_path / "drafts"
    assert discover(capture, "--system", "erp", "--out", str(out)).exit_code == 0
    (out / "erp.yaml").write_text("mine")
    again = discover(capture, "--system", "erp", "--out", str(out))
    assert (again.exit_code, (out / "erp.yaml").read_text()) == (2, "mine")
    assert discover(capture, "--system", "erp", "--out", str(out), "--force").exit_code == 0
    assert (out / "erp.yaml").read_text() != "mine"


def test_additions_have_a_name_of_their_own(capture, tmp_path):
    folder = tmp_path / "policies" / "catalog"
    folder.mkdir(parents=True)
    (folder / "erp.yaml").write_text(
        "version: 1\ncatalog: erp\noperations:\n  o: {request: GET /api/orders, response: m}\n"
        "messages:\n  m: {format: json, fields: {$.count: business}}\n"
    )
    arguments = [capture, "--system", "erp", "--catalog", str(tmp_path / "policies"), "--out", str(folder)]
    assert discover(*arguments).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["erp.additions.yaml", "erp.yaml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a CAPTURE"),
        (["{capture}", "--system", "Not A Name"], "--system: a name is"),
        (["{capture}", "--system", "a", "--system", "b"], "one name alone"),
        (["{capture}", "--system", "a=ftp://x"], "--system: an address is"),
        (["{capture}", "--openapi", "{capture}"], "no OpenAPI"),
        (["{capture}", "--metadata", "{capture}"], "not XML"),
        (["{capture}", "--catalog", "{folder}/none"], "can't be read"),
        (["{folder}/none.har"], "does not exist"),
        (["{folder}/text.har"], "text.har: "),
        (["{capture}", "--system", "erp=https://nobody.example"], "nothing to draft"),
    ],
)
def test_what_cannot_run_says_why_and_ends_with_2(arguments, said, capture, tmp_path):
    (tmp_path / "text.har").write_text("no capture")
    result = discover(*(one.format(capture=capture, folder=tmp_path) for one in arguments))
    told = result.output + str(result.exception)
    assert result.exit_code == 2 or type(result.exception).__name__ in {"BadDocument", "BadCapture", "FaultyFiles"}
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "name", ["mitm_chrome", "mitm_firefox", "mitm_event_stream", "mitm_with-bom", "mitm_incomplete_log"]
)
def test_drafts_of_browsers_captures_load(name):
    path = SAMPLES / f"{name}.har"
    if not path.exists():
        pytest.skip("the shared samples aren't here")
    result = discover(str(path), "--system", "web")
    assert result.exit_code == 0
    assert load({"catalog/web.yaml": result.stdout.encode()}).catalogues
