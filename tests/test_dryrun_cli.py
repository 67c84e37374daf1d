"""`sovgate dry-run` as officers and CI run it: real processes on real files."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from dryrun_kit import PLANTED, Traffic, listed, order, written
from gate_kit import JSON, SHIPPED, answering
from live import SOVGATE
from pdf_kit import add_page, blank, saved

from gateway.cli.main import _sovgate, main
from gateway.flow import Response

SAMPLES = Path(__file__).parent.parent.parent / "shared" / "samples"
SAID = (
    "--policies",
    str(SHIPPED),
    "--system",
    "erp=https://erp.example",
    "--from",
    "crm",
    "--purpose",
    "order-fulfilment",
)


def traffic() -> Traffic:
    return (
        Traffic()
        .ask(answer=listed(order(), order()))
        .ask("/api/orders/O-PLANTED/nothing", answering({}))
        .ask("/api/orders", method="POST", body=b'{"x_unknown": "Zephyrine"}')
        .ask("/api/orders/O-PLANTED", answering(b"Geheimweg", headers=JSON))
    )


@pytest.fixture
def week(tmp_path):
    return written(tmp_path / "week.har", traffic().items)


def run(*arguments, **more):
    """Run it as a process of its own."""
    words = [str(SOVGATE), "dry-run", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, timeout=120, check=False, **more)


def called(*arguments):
    """Run it in this process, which costs no start."""
    return CliRunner().invoke(_sovgate, ["dry-run", *map(str, arguments)])


def test_it_tells_what_would_happen(week):
    done = run(week, *SAID)
    assert (done.returncode, done.stderr) == (0, b"")
    said = done.stdout.decode()
    assert "Of 4 flows, 1 would pass and 3 would be refused." in said
    assert "GET /api/orders/{id}/nothing" in said
    assert [value for value in PLANTED if value.lower() in said.lower()] == []


@pytest.mark.parametrize("form", ["text", "json", "junit", "sarif", "github", "html"])
def test_no_form_shows_a_value_and_none_changes_the_exit_code(week, form, tmp_path):
    for more, code in (((), 0), (("--fail-on", "refused"), 1)):
        result = CliRunner().invoke(_sovgate, ["dry-run", str(week), *SAID, "-o", form, *more])
        assert result.exit_code == code, result.output
        assert [value for value in PLANTED if value.lower() in result.output.lower()] == []
        if form in {"json", "sarif"}:
            json.loads(result.stdout)


def test_files_beside_what_is_printed(week, tmp_path):
    done = called(
        week, *SAID, "--html", tmp_path / "r.html", "--flows", tmp_path / "f.jsonl", "-o", "json", "-o", "text", "-v"
    )
    assert done.exit_code == 0
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")
    lines = [json.loads(line) for line in (tmp_path / "f.jsonl").read_text().splitlines()]
    assert [(line["number"], line["verdict"], line["refusal"]) for line in lines] == [
        (1, "allow", ""),
        (2, "refuse", "unknown-operation"),
        (3, "refuse", "unlisted-field"),
        (4, "refuse", "body-not-json"),
    ]
    assert f"{week}#3  crm -> erp  erp.create-order  refuse: unlisted-field, request" in done.stdout


def test_values_only_where_they_were_asked_for(week):
    said = called(week, *SAID, "--show-values", "-o", "json").stdout
    assert "zephyrine@planted.example" in said
    assert "C-PLANTED-17" in said


def test_what_customers_agreed_to_comes_from_a_file(week, tmp_path):
    (tmp_path / "c.yaml").write_text("version: 1\ncustomers: {C-PLANTED-17: {consents: contact}}\n")
    said = json.loads(called(week, *SAID, "--customers", tmp_path / "c.yaml", "-o", "json").stdout)
    fields = {row["pointer"]: row["treatment"] for row in said["fields"]["rows"]}
    assert fields["/value/*/customer/email"] == "keep"
    assert said["facts"] == f"as {tmp_path / 'c.yaml'} lists them"
    (tmp_path / "c.yaml").write_text("version: 1\ncustomers: {C-PLANTED-17: {consents: contatc}}\n")
    done = run(week, *SAID, "--customers", tmp_path / "c.yaml")
    assert (done.returncode, 'did you mean "contact"?' in done.stderr.decode()) == (2, True)


def looser(tmp_path: Path) -> Path:
    """Copy the policies, and let government ids through."""
    folder = shutil.copytree(SHIPPED, tmp_path / "looser")
    sales = folder / "sales-reads-orders.yaml"
    lines = [line for line in sales.read_text().splitlines() if "user.government_id" not in line]
    sales.write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("form", ["text", "json", "junit", "sarif", "github", "html"])
def test_newly_exposed_makes_the_answer_no_in_every_form(week, tmp_path, form):
    new = looser(tmp_path)
    words = ["dry-run", str(week), *SAID, "--policies", str(new), "--against", str(SHIPPED), "-o", form]
    result = CliRunner().invoke(_sovgate, words)
    assert result.exit_code == 1, result.output
    assert re.search("newly[ _-]exposed", result.output, re.IGNORECASE)
    assert [value for value in PLANTED if value.lower() in result.output.lower()] == []
    same = CliRunner().invoke(_sovgate, ["dry-run", str(week), *SAID, "--against", str(SHIPPED), "-o", form])
    assert same.exit_code == 0, same.output


def test_hiding_more_is_fine(week, tmp_path):
    words = ["dry-run", str(week), *SAID, "--against", str(looser(tmp_path)), "-o", "json"]
    result = CliRunner().invoke(_sovgate, words)
    assert (result.exit_code, json.loads(result.stdout)["changes"]["exposed"]) == (0, False)


def test_standard_input_and_folders_are_captures_too(week, tmp_path):
    done = run("-", *SAID, "-o", "json", input=week.read_bytes())
    assert (done.returncode, json.loads(done.stdout)["flows"]) == (0, 4)
    folder = tmp_path / "captures"
    folder.mkdir()
    for name in ("a.har", "b.har", ".hidden"):
        (folder / name).write_bytes(week.read_bytes())
    said = json.loads(called(folder, *SAID, "-o", "json").stdout)
    assert [Path(one["name"]).name for one in said["captures"]] == ["a.har", "b.har"]
    assert said["flows"] == 8


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere.har", *SAID), "does not exist"),
        (("week.har", *SAID[:2], "--from", "crn"), 'no catalogue is called "crn"; did you mean "crm"?'),
        (("week.har", *SAID, "--system", "erb=https://x.example"), 'did you mean "erp"?'),
        (("week.har", *SAID, "--system", "erp=x.example"), "--system: an address is https://host"),
        (("week.har", *SAID, "--purpose", "Order Fulfilment"), "--purpose"),
        (("week.har", *SAID, "--peer", "x"), "--peer"),
        (("week.har", *SAID, "--passports"), "name it with -c"),
        (("week.har", *SAID, "--gateway", "https://x.example"), "name it with -c"),
        (("week.har", *SAID, "-v", "-o", "json"), "--flows"),
        (("week.har", *SAID, "--html", "no/where/r.html"), "No such file"),
        (("week.har", "--policies", "empty"), "empty"),
        (("empty", *SAID), "no capture"),
        (("week.har", *SAID[:2]), "No flow was judged"),
        (("broken.har", *SAID), "broken.har could not be read to its end"),
        (("none.har", *SAID), "none.har could not be read to its end"),
        (("week.har", "broken.har", *SAID), "broken.har could not be read to its end"),
    ],
)
def test_what_could_not_run_says_why_and_exits_with_2(week, words, told, monkeypatch, capsys):
    folder = week.parent
    (folder / "empty").mkdir()
    (folder / "broken.har").write_bytes(week.read_bytes()[:-200] + b"}}}}")
    (folder / "none.har").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", ["sovgate", "dry-run", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = "".join(capsys.readouterr())
    assert (ended.value.code, told in said) == (2, True), said


def test_a_capture_that_goes_on_after_its_end_is_no_success(week, tmp_path):
    more = tmp_path / "more.har"
    more.write_bytes(week.read_bytes() + b'{"log": {}}')
    done = called(more, *SAID)
    assert done.exit_code == 2
    assert "something follows the capture's end" in done.output


def test_what_was_found_before_a_break_is_told(week, tmp_path):
    cut = tmp_path / "cut.har"
    cut.write_bytes(week.read_bytes()[:-300])
    done = called(cut, *SAID)
    assert done.exit_code == 2
    assert "erp.list-orders" in done.stdout


def test_the_first_interrupt_tells_what_was_found(tmp_path):
    words = [str(SOVGATE), "dry-run", "-", *SAID, "-o", "json", "--flows", str(tmp_path / "f.jsonl")]
    data = written(tmp_path / "some.har", traffic().items * 400).read_bytes()
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(data[: len(data) * 3 // 4])
        process.stdin.flush()
        while not (tmp_path / "f.jsonl").exists() or (tmp_path / "f.jsonl").stat().st_size == 0:
            assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(data[len(data) * 3 // 4 :], timeout=60)
    assert process.returncode == 2, err
    said = json.loads(out)
    assert said["interrupted"] is True
    assert said["flows"] > 0


def test_the_configuration_knows_the_addresses(week, tmp_path):
    (tmp_path / "gateway.yaml").write_text(
        f"version: 1\nlisten: {{host: 127.0.0.1, port: 8080}}\npolicies: {SHIPPED}\nstate: state\n"
        "identity: {development: {system: crm}}\npurpose: {header: X-Purpose}\nsystems:\n"
        "  erp: {at: /erp, upstream: 'https://erp.example', credential: {header: X-Key, environment: NOT_SET}}\n"
    )
    done = run(week, "-c", tmp_path / "gateway.yaml", "-o", "json")
    assert json.loads(done.stdout)["flows"] == 4, done.stderr
    front = Traffic()
    for site in ("http://127.0.0.1:8080", "https://gw.example", "https://other.example"):
        front.ask("/erp/api/orders", listed(order()), site=site, headers=(("X-Purpose", "order-fulfilment"),))
    before = written(tmp_path / "front.har", front.items)
    said = json.loads(run(before, "-o", "json", "--gateway", "https://gw.example", cwd=tmp_path).stdout)
    assert (said["flows"], said["refused"], said["skipped"]) == (2, 0, {"no-system": 1})
    assert said["callers"]["rows"][0]["source"] == "header"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.har")))
def test_captures_of_real_tools_are_told_without_a_traceback(name):
    result = CliRunner().invoke(
        _sovgate, ["dry-run", str(SAMPLES / name), *SAID[:2], "--system=erp", "--from=crm", "-o", "json"]
    )
    said = json.loads(result.stdout)
    assert result.exit_code in {0, 2}
    assert said["entries"] == sum(said["unusable"].values()) + sum(said["skipped"].values()) + said["flows"]
    assert said["failures"] == {}


def test_documents_are_opened_in_a_process_of_their_own_and_marked(tmp_path):
    traffic, pdf = Traffic(), blank()
    add_page(pdf)
    for body in (saved(pdf), b"%PDF-1.7 broken"):
        headers = (("Content-Type", "application/pdf"), ("X-Customer-Id", "C-PLANTED-17"))
        traffic.ask("/api/orders/1/invoice.pdf", Response(200, headers, body))
    result = called(written(tmp_path / "week.har", traffic.items), *SAID, "-o", "json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["flows"], said["marks"]) == (0, 2, 2)
    assert [row["refusal"] for row in said["refusals"]["rows"]] == ["body-unmarkable"]
    rules = {row["rule"]: row["values"] for row in said["rules"]}
    assert rules["sales-reads-orders/watermark[0]"] == 2


@pytest.mark.parametrize("option", ["--html", "--flows"])
def test_a_capture_is_never_written_over(week, tmp_path, option):
    before = week.read_bytes()
    (tmp_path / "link.html").symlink_to(week)
    for path in (week, tmp_path / "link.html", f"{tmp_path}/../{tmp_path.name}/week.har"):
        said = called(week, *SAID, option, path)
        assert (said.exit_code, "would be written over" in said.output) == (2, True)
    assert week.read_bytes() == before


def test_two_reports_do_not_share_a_file(week, tmp_path):
    said = called(week, *SAID, "--html", tmp_path / "x", "--flows", tmp_path / "x")
    assert (said.exit_code, "would be written over" in said.output) == (2, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk to offer")
def test_a_full_disk_is_no_answer(week):
    for arguments in (("--html", "/dev/full"), ("--flows", "/dev/full")):
        said = run(week, *SAID, *arguments, text=True)
        assert (said.returncode, said.stderr) == (2, "Error: No space left on device\n")
    with Path("/dev/full").open("w") as full:
        words = [str(SOVGATE), "dry-run", str(week), *SAID]
        printed = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, timeout=120, check=False)
    assert (printed.returncode, printed.stderr) == (2, b"Error: No space left on device\n")


def test_a_capture_may_be_called_anything(week, tmp_path):
    odd = tmp_path / "odd"
    odd.mkdir()
    for name in (b"\xff.har", b"a\n::error::b.har", b"<script>.har"):
        (odd / os.fsdecode(name)).write_bytes(week.read_bytes())
    page, flows = tmp_path / "page.html", tmp_path / "flows.jsonl"
    for form in ("text", "json", "junit", "sarif", "github", "html"):
        said = run(odd, *SAID, "-o", form, "--html", page, "--flows", flows, "--fail-on", "refused")
        assert (said.returncode, said.stderr) == (1, b"")
        printed = said.stdout + page.read_bytes() + flows.read_bytes()
        assert [line for line in printed.splitlines() if line.startswith(b"::error::b")] == []
        assert b"<script" not in page.read_bytes()
    assert len(flows.read_bytes().splitlines()) == 3 * len(traffic().items)
