"""`sovgate test`: what it prints, in which form, and the exit code that scripts rely on."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from gate_kit import SHIPPED

from gateway.cli.main import _sovgate

ROOT = SHIPPED.parent
FORMS = ["text", "json", "junit", "sarif", "github"]
PASSING = """version: 1
cases: c
list:
  - case: An order is read
    flow: {from: crm, to: erp, purpose: order-fulfilment, request: GET /api/orders/SO-1}
    response: {body: {id: SO-1, customer: {id: C-1, email: ann@pumps.example}}}
    expect: {fields: {$.customer.email: mask}}
"""
FAILING = PASSING.replace("mask", "keep")
DOUBTFUL = PASSING.replace("    expect", "    customers: {C-2: {consents: contact}}\n    expect")
FAULTY = PASSING.replace("mask", "hash")
GOLDEN = PASSING.replace("fields: {$.customer.email: mask}", "file: golden.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped policies, without their cases."""
    shutil.copytree(SHIPPED, tmp_path / "policies", ignore=shutil.ignore_patterns("tests"))
    (tmp_path / "policies" / "tests").mkdir()
    return tmp_path / "policies"


def write(folder: Path, text: str, name: str = "c.yaml") -> Path:
    (folder / "tests" / name).write_text(text, encoding="utf-8")
    return folder


def sovgate(*words: object) -> Result:
    return CliRunner().invoke(_sovgate, ["test", *map(str, words)])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (PASSING, (), 0),
        (DOUBTFUL, (), 0),
        (FAILING, (), 1),
        (FAULTY, (), 2),
        (None, (), 2),
        (PASSING, ("--only", "order"), 0),
        (PASSING, ("--only", "invoice"), 2),
        (PASSING, ("--coverage", "5"), 1),
        (PASSING, ("--coverage", "0"), 0),
        (GOLDEN, (), 1),
        (GOLDEN, ("--update-golden",), 0),
    ],
)
def test_the_exit_code_is_the_same_in_every_form(folder, form, text, options, code):
    if text is not None:
        write(folder, text)
    assert sovgate(folder, "-o", form, *options).exit_code == code


def test_a_folder_that_cannot_run_outweighs_one_that_fails(folder, tmp_path):
    write(folder, FAILING)
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    write(other, FAULTY)
    assert sovgate(folder, other).exit_code == 2


def test_the_cases_that_ship_pass_and_reach_everything(monkeypatch):
    monkeypatch.chdir(ROOT)
    result = sovgate("--coverage", 100)
    assert result.exit_code == 0, result.output
    assert re.search(r"^policies: \d+ cases: all passed \(\d+\.\d\d s\)$", result.output, re.MULTILINE)


def test_it_runs_as_a_process_in_its_own_right_with_documents_in_worker_processes():
    code = "from gateway.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "test", "policies", "--only", "documents:"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 cases: all passed" in done.stdout


def test_a_failure_is_printed_at_its_place_with_the_rule_that_decided(folder):
    write(folder, FAILING)
    told = "$.customer.email: expected keep, but /customer/email meets mask (keep_last: 4)"
    assert sovgate(folder, "--only", "order").output.startswith(f"""failed: An order is read
{folder}/tests/c.yaml:7:41: error: {told} [SG634]
        expect: {{fields: {{$.customer.email: keep}}}}
                                            ^^^^
    hint: by sales-reads-orders/protect[0] (sales-reads-orders.yaml:20:5; consent missing)
""")


def test_what_no_case_reaches_is_listed_where_it_is_little_or_asked_for(folder):
    write(folder, PASSING)
    quiet, loud = sovgate(folder).output, sovgate(folder, "--coverage", 100).output
    assert "places are reached by no case; `--coverage 100` lists them" in quiet
    assert re.search(
        rf"^{folder}/production.yaml:\d+:5: no case reaches production/protect\[1\] \[SG661\]$", loud, re.MULTILINE
    )
    assert re.search(r"the cases reach 2 of \d+ rules, 0 of 3 exceptions, 3 of 35 fields, 1 of 10 operations", loud)
    assert "coverage" not in sovgate(folder, "--only", "order").output


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("order", ["Carriers read orders", "Sales reads orders"]),
        ("SALES", ["Sales reads orders"]),
        ("sales*orders", ["Sales reads orders"]),
        ("*reads", []),
        ("c: sales*", ["Sales reads orders"]),
        ("[a]?", ["What about [a]?"]),
    ],
)
def test_only_takes_cases_by_a_part_of_their_names(folder, pattern, names):
    one = PASSING.partition("list:\n")[2]
    every = [
        one.replace("An order is read", name)
        for name in ("Sales reads orders", "Carriers read orders", '"What about [a]?"')
    ]
    write(folder, "version: 1\ncases: c\nlist:\n" + "".join(every))
    result = sovgate(folder, "--only", pattern, "-o", "json")
    assert sorted(case["name"] for case in json.loads(result.output)[0]["cases"]) == names


def test_coverage_of_some_cases_is_nobody_s_business(folder):
    result = sovgate(write(folder, PASSING), "--only", "order", "--coverage", "100")
    assert (result.exit_code, "--coverage needs all cases" in result.output) == (2, True)


def test_no_case_at_all_is_told_and_never_fine(folder):
    assert sovgate(folder).output == (
        f"{folder}/tests:1:1: error: there are no cases to run [SG601]\n"
        "    hint: write the first one: docs/testing.md\n\n"
        f"{folder}: 1 error; nothing was run\n"
    )


@pytest.mark.parametrize("name", ["nowhere", "policies/catalog"])
def test_a_folder_without_policies_is_told_by_its_name(folder, name):
    result = sovgate(folder.parent / name)
    assert (result.exit_code, str(folder.parent / name) in result.output, "Traceback" in result.output) == (
        2,
        True,
        False,
    )


def test_faulty_policies_keep_their_cases_from_running(folder):
    write(folder, PASSING)
    (folder / "production.yaml").write_text("version: 1\npolicy: production\nalow: true\n")
    result = sovgate(folder)
    assert (result.exit_code, f"{folder}/production.yaml:3:1: error: " in result.output) == (2, True)


# -- golden bodies ---------------------------------------------------------------------------------------------------


def test_a_golden_body_is_written_anew_and_what_changed_is_told(folder):
    write(folder, GOLDEN)
    golden = folder / "tests" / "golden.json"
    assert "golden.json: it is new" in sovgate(folder, "--update-golden").output
    assert json.loads(golden.read_text()) == {"id": "SO-1", "customer": {"id": "C-1", "email": "*************mple"}}
    assert sovgate(folder).exit_code == 0
    golden.write_text(golden.read_text().replace("C-1", "C-2"))
    assert '/customer/id: expected "C-2", but it is "C-1"' in sovgate(folder).output
    changed = sovgate(folder, "--update-golden")
    assert (changed.exit_code, 'golden.json: /customer/id: expected "C-2"' in changed.output) == (0, True)
    assert '"C-1"' in golden.read_text()


def test_a_golden_body_keeps_every_digit_and_is_not_touched_where_it_says_the_same(folder):
    write(folder, GOLDEN.replace("{id: SO-1,", "{id: SO-1, total: 12345678901234567.50,"))
    golden = folder / "tests" / "golden.json"
    sovgate(folder, "--update-golden")
    assert '"total": 12345678901234567.50' in golden.read_text()
    golden.write_text(
        json.dumps(json.loads(golden.read_text(), parse_float=str)).replace(
            '"12345678901234567.50"', "12345678901234567.5"
        )
    )
    before = golden.read_bytes()
    assert "wrote" not in sovgate(folder, "--update-golden").output
    assert golden.read_bytes() == before


def test_a_body_that_is_written_out_is_left_to_its_author_and_other_failures_stay(folder):
    wrong = PASSING.replace("{fields: {$.customer.email: mask}}", "{file: golden.json, fields: {$.id: mask}}")
    path = write(folder, PASSING.replace("fields: {$.customer.email: mask}", "body: {id: 1}")) / "tests" / "c.yaml"
    before = path.read_bytes()
    assert (sovgate(folder, "--update-golden").exit_code, path.read_bytes()) == (1, before)
    write(folder, wrong)
    assert sovgate(folder, "--update-golden").exit_code == 1
    assert (folder / "tests" / "golden.json").exists()


def test_a_golden_body_of_a_flow_that_is_refused_is_not_written(folder):
    write(folder, GOLDEN.replace("order-fulfilment", "marketing"))
    assert sovgate(folder, "--update-golden").exit_code == 1
    assert not (folder / "tests" / "golden.json").exists()


def test_one_golden_file_is_not_written_for_two_bodies(folder):
    more = GOLDEN.partition("list:\n")[2].replace("An order", "Another order").replace("id: SO-1,", "id: SO-2,")
    result = sovgate(write(folder, GOLDEN + more), "--update-golden")
    assert (result.exit_code, "SG640" in result.output) == (1, True)


def test_a_golden_file_that_cannot_be_written_is_told(folder):
    write(folder, GOLDEN)
    (folder / "tests" / "golden.json").mkdir()
    result = sovgate(folder, "--update-golden")
    assert (result.exit_code, result.exception) == (
        2,
        result.exception if isinstance(result.exception, SystemExit) else None,
    )
    assert f"{folder}/tests/golden.json:1:1: error: can't be written" in result.output


def test_no_link_leads_a_golden_body_out_of_its_folder(folder, tmp_path):
    write(folder, GOLDEN)
    (folder / "tests" / "golden.json").symlink_to(tmp_path / "outside.json")
    assert sovgate(folder, "--update-golden").exit_code == 2
    assert not (tmp_path / "outside.json").exists()


# -- forms -------------------------------------------------------------------------------------------------------------

TABLE = """version: 1
cases: c
list:
  - case: An order is read
    flow: {to: erp, purpose: order-fulfilment, request: GET /api/orders/SO-1}
    response: {body: {id: SO-1, customer: {id: C-1, email: ann@pumps.example}}}
    table:
      columns: [from, consents, $.customer.email]
      rows:
        - [crm, ~, mask]
        - [crm, contact, mask]
"""


def test_each_row_is_a_case_of_its_own_in_junit(folder):
    result = sovgate(write(folder, TABLE), "-o", "junit")
    suite = ET.fromstring(result.output).find(f"testsuite[@name='{folder}/tests/c.yaml']")
    cases = {case.get("name"): case.find("failure") is not None for case in suite.iter("testcase")}
    assert cases == {"An order is read: from crm": False, "An order is read: from crm, consents contact": True}


def test_json_tells_every_case_with_its_line_and_the_coverage(folder):
    (report,) = json.loads(sovgate(write(folder, TABLE), "-o", "json").output)
    assert (report["folder"], report["ok"]) == (str(folder), False)
    assert [(case["line"], case["ok"], [f["code"] for f in case["findings"]]) for case in report["cases"]] == [
        (10, True, []),
        (11, False, ["SG634"]),
    ]
    assert report["coverage"]["operations"] == {"reached": 1, "all": 10, "percent": 10.0}
    assert {"SG661", "SG662", "SG663", "SG664"} == {finding["code"] for finding in report["findings"]}


def test_sarif_and_github_point_at_the_cell(folder):
    write(folder, TABLE)
    results = json.loads(sovgate(folder, "-o", "sarif").output)["runs"][0]["results"]
    (failed,) = [result for result in results if result["level"] == "error"]
    region = failed["locations"][0]["physicalLocation"]["region"]
    assert (failed["ruleId"], region["startLine"], region["startColumn"], region["endColumn"]) == ("SG634", 11, 26, 30)
    lines = sovgate(folder, "-o", "github").output.splitlines()
    assert [
        line.partition("file=")[2].partition(",")[2].partition("::")[0] for line in lines if line.startswith("::error")
    ] == ["line=11,col=26,endColumn=30,title=SG634"]


def test_a_thousand_rows_run_in_seconds(folder):
    rows = "".join(
        f"        - [role{n}, {('~', 'contact')[n % 2]}, allow, {('mask', 'keep')[n % 2]}]\n" for n in range(1000)
    )
    table = TABLE.partition("      columns")[0].replace("{to:", "{from: crm, to:")
    write(folder, f"{table}      columns: [role, consents, verdict, user.contact]\n      rows:\n{rows}")
    result = sovgate(folder)
    assert (result.exit_code, f"{folder}: 1,000 cases: all passed" in result.output) == (0, True)


GUIDE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


def test_the_guide_s_first_case_runs_as_the_guide_shows(folder, monkeypatch):
    write(folder, re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[1], "first.yaml")
    monkeypatch.chdir(folder.parent)
    passed = sovgate("policies", "--only", "first")
    assert re.sub(r"\d\.\d\d", "0.01", passed.output) == "policies: 1 case: all passed (0.01 s)\n"
    assert "$ sovgate test policies --only first\npolicies: 1 case: all passed (0.01 s)\n" in GUIDE


def test_the_options_of_the_guide_exist():
    helped = sovgate("--help").output
    for option in re.findall(r"sovgate test[^\n`]*?(--[a-z-]+)", GUIDE):
        assert option in helped
