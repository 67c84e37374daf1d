"""`sovgate check`: what it looks at, what it says in each form, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from live import SOVGATE
from lxml import etree
from test_cli import CONFIG, POLICY, sovgate, write

from gateway.faults import Fault
from gateway.storage.policy_folder import read_folder

KEYED = "protect: [{classes: user.name, leg: response, treatment: encrypt, unless: {consent: contact}}]\n"
FORMS = ("text", "json", "junit", "sarif", "github")
FAULTY = "version: 1\ncatalog: erp\nmesages: {}\n"
UNUSED = "policies/consents.yaml:4:3: warning: no rule asks for the consent"


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Policies with one warning, in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return write(tmp_path)


def put(name: str, text: str | bytes) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def no_doubt() -> None:
    """Take the one warning away."""
    text = Path("policies/consents.yaml").read_text()
    put("policies/consents.yaml", "".join(line for line in text.splitlines(keepends=True) if "unused" not in line))


# -- what it says


def test_a_folder_is_summed_up_in_a_line(house):
    no_doubt()
    said = sovgate("check")
    assert (said.code, said.err) == (0, "")
    assert said.out == "policies: fine: 2 systems, 1 operation, 1 policy with 2 rules, 1 consent\n"


def test_a_warning_is_shown_with_its_line_and_stands_in_nobodys_way(house):
    said = sovgate("check")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f'{UNUSED} "unused" [SG406]\n      unused: {{wording')
    assert said.out.endswith(
        "policies: fine: 2 systems, 1 operation, 1 policy with 2 rules, 2 consents, 1 warning\n"
        "`sovgate check --explain SG406` tells more about a code.\n"
    )


def test_every_error_of_every_folder_is_told_with_the_warnings(house):
    put("faulty/catalog/erp.yaml", FAULTY)
    said = sovgate("check", "policies", "faulty")
    assert (said.code, said.err) == (1, "")
    assert UNUSED in said.out
    assert (
        'faulty/catalog/erp.yaml:3:1: error: unknown key "mesages" [SG101]\n    mesages: {}\n    ^^^^^^^\n' in said.out
    )
    assert "faulty: 1 error; nothing can be put in force\n`sovgate check --explain SG101`" in said.out


def test_many_findings_are_counted_by_code(house):
    put("policies/sales.yaml", POLICY + "".join(f"k{number}: 1\n" for number in range(12)))
    assert "   12 x SG101  an unknown key\n" in sovgate("check").out


def test_selectors_that_can_not_be_used_together_are_errors(house):
    no_doubt()
    put(
        "policies/catalog/erp.yaml",
        """version: 1
catalog: erp
operations:
  list-customers: {request: GET /api/customers, response: customers}
messages:
  customers: {format: json, records: "$.value[*]", each: customer, fields: {"$.value[*].name": user.name}}
  customer: {format: json, customer: $.id, fields: {$.name: user.name}}
""",
    )
    put("policies/sales.yaml", POLICY.replace("read-customer", "list-customers"))
    said = sovgate("check")
    assert (said.code, said.err) == (1, "")
    assert said.out.startswith("policies/catalog/erp.yaml:6:3: error: a field of the list's envelope reaches into its")


def test_a_policy_that_only_observes_is_noted(house):
    no_doubt()
    put(
        "policies/trial.yaml",
        POLICY.replace("policy: sales", "policy: trial\nmode: observe").replace("allow: true\n", ""),
    )
    said = sovgate("check", "--strict")
    assert said.code == 0
    assert said.out.startswith(
        "policies/trial.yaml:2:9: note: trial only observes: nothing of it is in force [SG427]\n"
    )
    assert said.out.endswith("2 policies with 3 rules (1 only observes), 1 consent\n")


def test_strict_counts_warnings_as_errors_in_every_form(house):
    for form in FORMS:
        assert (sovgate("check", "-o", form).code, sovgate("check", "--strict", "-o", form).code) == (0, 1)
    (report,) = json.loads(sovgate("check", "--strict", "-o", "json").out)
    assert (report["ok"], len(report["errors"]), report["warnings"]) == (False, 1, [])


def test_cases_are_checked_with_the_policies(house):
    put("policies/tests/sales.yaml", "version: 1\ncases: sales\nrubbish: {}\n")
    said = sovgate("check")
    assert (said.code, said.err) == (1, "")
    assert 'policies/tests/sales.yaml:3:1: error: unknown key "rubbish" [SG101]' in said.out


def test_cases_that_could_not_be_looked_at_are_said_to_be(house):
    put("policies/tests/sales.yaml", "version: 1\ncases: sales\nrubbish: {}\n")
    put("policies/catalog/erp.yaml", FAULTY)
    said = sovgate("check")
    assert (said.code, "rubbish" in said.out) == (1, False)
    assert "nothing can be put in force; its cases were not looked at\n" in said.out


# -- the forms


def test_json_tells_everything(house):
    put("faulty/catalog/erp.yaml", FAULTY)
    said = sovgate("check", "policies", "faulty", "-o", "json")
    good, faulty = json.loads(said.out)
    assert said.code == 1
    assert (good["ok"], good["errors"], len(good["warnings"]), good["cases"]) == (True, [], 1, 0)
    assert re.fullmatch("[0-9a-f]{64}", good["digest"])
    assert (faulty["ok"], faulty["digest"]) == (False, None)
    (error,) = faulty["errors"]
    assert (error["file"], error["line"], error["column"], error["end_column"], error["code"]) == (
        "faulty/catalog/erp.yaml", 3, 1, 8, "SG101",
    )  # fmt: skip


def test_junit_has_a_case_for_each_file_the_good_ones_among_them(house):
    put("policies/catalog/erp.yaml", FAULTY)
    said = sovgate("check", "-o", "junit")
    root = etree.fromstring(said.out.encode())
    assert [(case.get("name"), [child.tag for child in case]) for case in root.iter("testcase")] == [
        ("policies/catalog/crm.yaml", []),
        ("policies/catalog/erp.yaml", ["failure"]),
        ("policies/consents.yaml", []),
        ("policies/sales.yaml", ["failure"]),
    ]


def test_sarif_brings_the_page_of_each_code_along(house):
    (run,) = json.loads(sovgate("check", "-o", "sarif").out)["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["shortDescription"]["text"]) == ("SG406", Fault.UNUSED_CONSENT.means)
    assert rule["help"]["markdown"].startswith("# SG406: ")
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "policies/consents.yaml"


def test_github_names_files_from_the_root_of_the_repository(house, tmp_path, monkeypatch):
    assert sovgate("check", "-o", "github").out.startswith("::warning file=policies/consents.yaml,line=4,col=3,")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path.parent))
    assert sovgate("check", "-o", "github").out.startswith(
        f"::warning file={tmp_path.name}/policies/consents.yaml,line=4"
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("broken", "code"), [("", 0), ("policies/sales.yaml", 1), ("policies/gone.yaml", 2), ("elsewhere", 2)]
)
def test_the_exit_code_is_the_same_in_every_form(house, form, broken, code):
    folder = "policies"
    if broken == "policies/sales.yaml":
        put(broken, POLICY.replace("allow", "alow"))
    elif broken == "policies/gone.yaml":
        Path(broken).symlink_to("nowhere")
    elif broken:
        folder = broken
    said = sovgate("check", folder, "-o", form)
    assert said.code == code
    assert (said.out == "", said.err == "") == ((True, False) if code == 2 else (False, True))


def test_a_process_says_the_same_and_shows_no_colour_in_a_pipe(house):
    environment = {**os.environ, "FORCE_COLOR": "1", "LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}
    put("policies/catalog/erp.yaml", "version: 1\ncatalog: erp\n客户: 1\n")
    for form in FORMS:
        run = subprocess.run(
            [SOVGATE, "check", "-o", form], capture_output=True, env=environment, timeout=60, check=False
        )
        assert (run.returncode, run.stderr, b"\x1b" in run.stdout) == (1, b"", False)
        if form != "text":
            assert "客户" in run.stdout.decode()


# -- what can't be read


def unreadable() -> str:
    put("x/a.yaml", "version: 1\n")
    Path("x/a.yaml").chmod(0)
    return "x"


def hidden() -> str:
    put("x/deep/a.yaml", "version: 1\n")
    Path("x/deep").chmod(0)
    return "x"


def loop() -> str:
    put("x/a.yaml", "version: 1\n")
    Path("x/again").symlink_to(".")
    return "x"


def round_about() -> str:
    put("x/a.yaml", "version: 1\n")
    Path("x/b.yaml").symlink_to("c.yaml")
    Path("x/c.yaml").symlink_to("b.yaml")
    return "x"


def dangling() -> str:
    put("x/a.yaml", "version: 1\n")
    Path("x/b.yaml").symlink_to("gone.yaml")
    return "x"


def pipe() -> str:
    put("x/a.yaml", "version: 1\n")
    os.mkfifo("x/b.yaml")
    return "x"


def lines():
    """A name that would be a command of its own to whoever reads what is printed line by line."""
    Path("x").mkdir()
    Path("x/a\n::error::b.yaml").touch()
    return "x"


def odd_name() -> str:
    put("x/a.yaml", "version: 1\n")
    Path(os.fsdecode(b"x/\xff.yaml")).write_text("version: 1\n")
    return "x"


def empty() -> str:
    Path("x").mkdir()
    return "x"


def a_file() -> str:
    put("x", "version: 1\n")
    return "x"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: "nowhere", "nowhere:1:1: can't be read: No such file or directory [SG001]"),
        (empty, "x:1:1: there are no policies here [SG002]"),
        (a_file, "'x' is a file"),
        (unreadable, "x/a.yaml:1:1: can't be read: Permission denied [SG001]"),
        (hidden, "x/deep:1:1: can't be read: Permission denied [SG001]"),
        (loop, "x/again:1:1: this folder contains itself, by a link [SG001]"),
        (round_about, "x/b.yaml:1:1: can't be read: Too many levels of symbolic links [SG001]"),
        (dangling, "x/b.yaml:1:1: can't be read: No such file or directory [SG001]"),
        (pipe, "x/b.yaml:1:1: can't be read: this is no file [SG001]"),
        (lines, "x/a\ufffd::error::b.yaml:1:1: can't be read: its name is no printable UTF-8 [SG001]"),
        (odd_name, "x/\ufffd.yaml:1:1: can't be read: its name is no printable UTF-8 [SG001]"),
    ],
)
def test_what_can_not_be_read_ends_with_2_and_says_why(house, make, told):
    folder = make()
    if make in {unreadable, hidden} and os.access(Path(folder) / ("a.yaml" if make is unreadable else "deep"), os.R_OK):
        pytest.skip("who runs this may read everything")
    for form in FORMS:
        said = sovgate("check", "policies", folder, "-o", form)
        assert (said.code, said.out, "Traceback" in said.err) == (2, "", False)
        assert told in said.err


def test_folders_are_found_behind_links_as_kubernetes_makes_them(house):
    shutil.move("policies", "..data")
    Path("policies").mkdir()
    for path in Path("..data").iterdir():
        Path("policies", path.name).symlink_to(Path("..") / path)
    assert set(read_folder(Path("policies"))) == {"catalog/crm.yaml", "catalog/erp.yaml", "consents.yaml", "sales.yaml"}
    assert sovgate("check").code == 0


@pytest.mark.parametrize("at", ["policies/other.yaml", "policies/catalog/other.yaml", "policies/deep"])
def test_a_link_that_leads_out_of_the_folder_is_refused_and_nothing_behind_it_is_quoted(house, at):
    put("elsewhere/secret.yaml", "root: hunter2\nversion: 1\n")
    Path(at).symlink_to(Path("elsewhere/secret.yaml" if at.endswith(".yaml") else "elsewhere").resolve())
    for form in FORMS:
        said = sovgate("check", "-o", form)
        assert (said.code, said.out) == (2, "")
        assert "leads out of the folder" in said.err
        assert "hunter2" not in said.err + said.out


def test_a_link_within_the_folder_is_followed(house):
    shutil.move("policies/sales.yaml", "policies/.kept.yaml")
    Path("policies/sales.yaml").symlink_to(".kept.yaml")
    assert sovgate("check").code == 0


CASE = """
version: 1
cases: c
list:
  - case: a
    flow: {from: crm, to: erp, request: GET /orders/7}
    response: {file: bodies/order.json}
    expect: {file: golden.json}
"""


def test_files_that_cases_name_are_looked_for(house):
    put("policies/tests/c.yaml", CASE)
    said = sovgate("check")
    assert (said.code, "there is no file tests/bodies/order.json" in said.out) == (1, True)
    assert "golden.json" not in said.out.replace("{file: golden.json}", "")  # `sovgate test --update-golden` makes it
    put("policies/tests/bodies/order.json", "{}")
    assert sovgate("check").code == 0


def test_of_a_file_that_nobody_wrote_only_the_beginning_is_read(house):
    with Path("policies/huge.yaml").open("wb") as file:
        file.truncate(1 << 40)
    said = sovgate("check")
    assert (said.code, "policies/huge.yaml:1:1: error: the file is larger than" in said.out) == (1, True)


# -- the configuration


def test_a_configuration_is_checked_with_its_policies_and_without_its_secrets(house):
    no_doubt()
    secret = "erp: {at: /erp, credential: {header: Authorization, environment: ERP_TOKEN}, "
    put("gateway.yaml", CONFIG.replace("erp: {at: /erp, ", secret))
    said = sovgate("check", "-c", "gateway.yaml")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == "gateway.yaml: fine"
    assert said.out.splitlines()[1].startswith("policies: fine")


@pytest.mark.parametrize(
    ("keys", "environment", "told"),
    [
        ("", "", True),  # nobody can say what the gateway's own environment will have
        ("", "a passphrase", False),
        ("keys: {passphrase: {environment: SOMEWHERE_ELSE}}\n", "", False),
        ("keys: {passphrase: {environment: SOVGATE_KEYS_PASSPHRASE}}\n", "", False),
        ("keys: {passphrase: {file: not-on-this-machine}}\n", "", False),
        ("keys: {cache_seconds: 60}\n", "", True),
    ],
)
def test_rules_that_need_keys_are_doubtful_where_nothing_protects_any(house, monkeypatch, keys, environment, told):
    no_doubt()
    monkeypatch.setenv("SOVGATE_KEYS_PASSPHRASE", environment)
    put("gateway.yaml", CONFIG + keys)
    put("policies/keyed.yaml", "version: 1\npolicy: keyed\nscope: {from: crm, to: erp}\n" + KEYED)
    said = sovgate("check", "-c", "gateway.yaml")
    assert (said.code, said.out.count("warning: this needs customers' keys, and nothing protects them [SG514]")) == (
        0,
        int(told),
    )
    assert "SG514" not in sovgate("check").out  # which gateway it is for is not known


def test_a_passphrase_that_is_there_is_looked_at(house):
    put("gateway.yaml", CONFIG + "keys: {passphrase: {file: words}}\n")
    put("words", "")
    Path("words").chmod(0o600)
    said = sovgate("check", "-c", "gateway.yaml", "policies")
    assert (said.code, "the passphrase of the keys is empty [SG513]" in said.out) == (1, True)
    both = CONFIG + "keys: {passphrase: {file: words, environment: WORDS}}\n"
    put("gateway.yaml", both)
    assert "the passphrase stands in exactly one place [SG513]" in sovgate("check", "-c", "gateway.yaml").out


def test_faults_of_a_configuration_are_told_like_others(house):
    put("gateway.yaml", CONFIG.replace("state: state", "sate: state"))
    for form in FORMS:
        said = sovgate("check", "-c", "gateway.yaml", "policies", "-o", form)
        assert (said.code, said.err, "gateway.yaml" in said.out) == (1, "", True)
    assert sovgate("check", "-c", "gateway.yaml").out.count("error:") == 2


def test_a_configuration_that_is_not_there_is_no_answer(house):
    said = sovgate("check", "-c", "nowhere.yaml")
    assert (said.code, said.out) == (2, "")
    assert "nowhere.yaml:1:1: can't be read" in said.err


# -- pages and schemas


@pytest.mark.parametrize("code", ["SG101", "sg101"])
def test_a_code_is_explained_by_its_page(code):
    said = sovgate("check", "--explain", code)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("# SG101: an unknown key\n")


def test_every_code_that_there_is_a_page_for_can_be_explained_from_the_package():
    pages = {path.stem for path in (Path(__file__).parent.parent / "docs" / "checks").glob("SG*.md")}
    assert pages <= {fault.value for fault in Fault}
    assert all(sovgate("check", "--explain", code).out.count("\n## ") == 3 for code in sorted(pages)[:5])


@pytest.mark.parametrize(
    ("words", "told"),
    [("--explain SG10l", 'there is no code "SG10l"; did you mean "SG'), ("--schema x", 'there is no schema "x"')],
)
def test_a_code_or_a_schema_that_there_is_none_of_is_told(words, told):
    said = sovgate("check", *words.split())
    assert (said.code, said.out, told in said.err) == (2, "", True)


@pytest.mark.parametrize("name", ["catalogue", "policy", "consents"])
def test_a_schema_is_printed_for_editors(name):
    said = sovgate("check", "--schema", name)
    assert (said.code, json.loads(said.out)["$schema"]) == (0, "https://json-schema.org/draft/2020-12/schema")
