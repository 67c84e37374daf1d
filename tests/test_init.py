"""`sovgate init`: what it writes checks, tests and serves as it is, and nothing of anybody's is overwritten."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import example, given, settings
from hypothesis import strategies as st
from live import House, lines, running, system

from gateway.cases import load as load_cases
from gateway.cases.run import Runner
from gateway.cli.starter import QUESTIONS, Answers, check_together, checked, plan
from gateway.cli.starter.quoting import quoted
from gateway.config import load as load_config
from gateway.errors import FaultyFiles
from gateway.policy.load import load
from gateway.yamlsource import Reader

SOVGATE = Path(sys.executable).parent / "sovgate"
PROPOSED = {question.name: question.proposed for question in QUESTIONS}
ORDER = {
    "id": "1001",
    "customer": {"id": "C-017", "name": "Lin Wei", "email": "a@b.example", "phone": "+86 139 1234 5678"},
    "note": "call him after six",
}


def sovgate(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SOVGATE), *arguments], cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def policies_of(files: dict[str, str]) -> Any:
    """Load what `sovgate check` would load."""
    return load(
        {name.removeprefix("policies/"): text.encode() for name, text in files.items() if name.startswith("policies/")}
    )


def failures(files: dict[str, str]) -> list[str]:
    """Run what `sovgate test` would run; no cases at all are a failure."""
    policies = policies_of(files)
    written = {name.removeprefix("policies/"): text.encode() for name, text in files.items()}
    cases = [case for suite in load_cases(written, policies) for case in suite.cases]

    async def offload(function: Any, *arguments: Any) -> Any:
        return function(*arguments)

    async def run() -> list[str]:
        runner = Runner(policies, offload)
        results = [await runner.run(case) for case in cases]
        return [str(problem) for result in results for problem in (*result.failures, *result.doubts)]

    return asyncio.run(run()) if len(cases) > 1 else ["there are no cases"]


async def asked(url: str, **headers: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, json.loads(await response.read())


async def test_what_it_writes_checks_tests_and_serves_a_real_request(tmp_path):
    async def erp(_request: web.Request) -> web.Response:
        return web.json_response(ORDER)

    async with system(erp) as upstream:
        written = sovgate("init", "house", "--yes", "--upstream", upstream, cwd=tmp_path)
        assert (written.returncode, written.stderr) == (0, "")
        house = tmp_path / "house"
        checked_ = sovgate("check", cwd=house)
        assert (checked_.returncode, "warning" in checked_.stdout) == (0, False), checked_.stdout
        tested = sovgate("test", cwd=house)
        assert tested.returncode == 0, tested.stdout + tested.stderr
        # The ports are the machine's choice here; everything else is as written.
        config = house / "gateway.yaml"
        config.write_text(re.sub(r"port: 808\d", "port: 0", config.read_text()))
        path = re.search(r"http://127\.0\.0\.1:8080(\S+)", written.stdout)[1]
        with running(House(house)) as gateway:
            status, shown = await asked(f"{gateway.data}{path}", **{"X-Purpose": "order-fulfilment"})
            assert status == 200
            assert shown == {
                "id": "1001",
                "customer": {"id": "C-017", "name": "Lin Wei", "email": "*******mple", "phone": "*************5678"},
                "note": "[redacted]",
            }
            # Without a purpose nothing is granted: the starter doesn't open more than it says.
            assert (await asked(f"{gateway.data}{path}"))[0] == 403
            granted = sovgate("passport", "grant", "C-017", "contact", cwd=house)
            assert granted.returncode == 0, granted.stderr
            _, shown = await asked(f"{gateway.data}{path}", **{"X-Purpose": "order-fulfilment"})
            assert shown["customer"]["phone"] == ORDER["customer"]["phone"]
            assert all(line.get("event") != "internal" for line in lines(gateway.errors))


def test_the_next_steps_name_commands_that_work(tmp_path):
    said = sovgate("init", "a house", "--yes", cwd=tmp_path).stdout
    steps = [line.strip() for line in said.partition("Next:")[2].splitlines() if line.startswith("  ")]
    assert shlex.split(steps[0]) == ["cd", "a house"]
    assert steps[1:4] == ["sovgate check", "sovgate test", "sovgate serve"]
    assert shlex.split(steps[-1])[0] == "curl"


def test_it_says_that_callers_prove_nothing_yet(tmp_path):
    said = sovgate("init", "--yes", cwd=tmp_path).stdout
    config = (tmp_path / "gateway.yaml").read_text()
    assert "development mode" in said
    assert "DEVELOPMENT MODE" in config
    assert load_config(tmp_path / "gateway.yaml", {}).proxy.listener.host == "127.0.0.1"


def test_the_ways_to_real_proof_in_the_comments_load(tmp_path):
    """Whoever takes the comments' signs away gets a configuration that works."""
    sovgate("init", "--yes", cwd=tmp_path)
    config = tmp_path / "gateway.yaml"
    text = config.read_text().replace("  development: {system: crm}\n", "")
    jwt = re.sub(r"^  # (jwt:|  .*)$", r"  \1", text, flags=re.MULTILINE)
    config.write_text(jwt)
    assert load_config(config, {}).jwt is not None


# -- nothing is overwritten


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    refused = sovgate("init", "--yes", cwd=tmp_path)
    assert (refused.returncode, "not empty" in refused.stderr) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_force_adds_what_is_missing_and_changes_nothing(tmp_path):
    (tmp_path / "policies").mkdir()
    mine = {"gateway.yaml": "mine\n", "policies/consents.yaml": "mine too\n"}
    for name, text in mine.items():
        (tmp_path / name).write_text(text)
    done = sovgate("init", "--yes", "--force", cwd=tmp_path)
    assert done.returncode == 0
    assert {name: (tmp_path / name).read_text() for name in mine} == mine
    assert "kept   gateway.yaml" in done.stdout
    assert "wrote  README.md" in done.stdout


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "gateway.yaml").symlink_to(tmp_path / "elsewhere" / "made.yaml")
    assert sovgate("init", "house", "--yes", "--force", cwd=tmp_path).returncode == 0
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, force):
    (tmp_path / "house").write_text("mine")
    refused = sovgate("init", "house", "--yes", *force, cwd=tmp_path)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    assert (tmp_path / "house").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_a_refusal(tmp_path):
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "policies").write_text("a file, not a folder")
    refused = sovgate("init", "house", "--yes", "--force", cwd=tmp_path)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)


# -- answers

ODD = [
    ("caller", "CRM System", "no name"),
    ("caller", "crm; rm -rf", "no name"),
    ("caller", "客户", "no name"),
    ("caller", 'crm"', "no name"),
    ("caller", "../../etc", "no name"),
    ("caller", "no", "something else than text"),
    ("caller", "x" * 41, "at most 40"),
    ("caller", "erp", "two names"),
    ("system", "", "nothing was answered"),
    ("upstream", "127.0.0.1:9000", "http:// or https://"),
    ("upstream", "ftp://erp", "http:// or https://"),
    ("upstream", "http://erp:99999", "http:// or https://"),
    ("upstream", "http://[::1", "http:// or https://"),
    ("upstream", "http://erp/?q=1", "?, #"),
    ("upstream", "http://ann:secret@erp", "no place in the address"),
    ("upstream", "http://例子.cn", "beyond ASCII"),
    ("purpose", "Order Fulfilment", "no purpose"),
    ("purpose", "on", "something else than text"),
    ("region", "eu\u202ecentral", "does not show"),
    ("region", "e\nu", "does not show"),
    ("region", "x" * 301, "longer than"),
    ("path", "api/orders", "begins with /"),
    ("path", "/", "names something"),
    ("path", "/orders/{a}/{a}", "stands twice"),
    ("path", "/orders?id={a}", "ends before the ?"),
    ("customer", "customer.id", "a place in the record"),
    ("customer", "$..id", "a place in the record"),
    ("customer", "{buyer}", "no variable {buyer}"),
]


@pytest.mark.parametrize(("option", "answer", "reason"), ODD)
def test_an_odd_answer_is_refused_with_a_reason(option, answer, reason):
    question = next(question for question in QUESTIONS if question.name == option)
    with pytest.raises(ValueError, match=re.escape(reason)):
        check_together(Answers(**{**PROPOSED, option: checked(question, answer)}))


def test_an_odd_option_ends_it_and_writes_nothing(tmp_path):
    refused = sovgate("init", "house", "--yes", "--caller", "CRM System", cwd=tmp_path)
    assert (refused.returncode, "--caller" in refused.stderr, "crm-system" in refused.stderr) == (2, True, True)
    assert list(tmp_path.iterdir()) == []


def test_all_odd_options_are_told_at_once(tmp_path):
    odd = ("--caller", "CRM", "--purpose", "a b", "--path", "orders")
    refused = sovgate("init", "house", "--yes", *odd, cwd=tmp_path)
    assert refused.returncode == 2
    assert [f"--{name}:" in refused.stderr for name in ("caller", "purpose", "path")] == [True, True, True]
    assert not (tmp_path / "house").exists()


def test_all_that_answers_are_wrong_about_together_is_told_at_once(tmp_path):
    refused = sovgate("init", "house", "--yes", "--caller", "erp", "--customer", "{nobody}", cwd=tmp_path)
    assert refused.returncode == 2
    assert ("they need two names" in refused.stderr, "has no variable {nobody}" in refused.stderr) == (True, True)


def test_without_a_terminal_nobody_is_asked(tmp_path):
    refused = sovgate("init", "house", "--caller", "crm", cwd=tmp_path, stdin="erp\n")
    assert (refused.returncode, "--system" in refused.stderr, "--yes" in refused.stderr) == (2, True, True)
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_an_odd_answer_is_asked_again(tmp_path):
    answers = [
        "CRM!",
        "shop",
        "",
        "nonsense",
        "https://erp.example:8443/base",
        '中国 "华东"',
        "",
        "/v1/o/{no}",
        "$.客户.编号",
    ]
    said, code = _typed(["init", "house"], answers, tmp_path)
    assert code == 0, said
    assert "is no name" in said
    assert "an address is" in said
    erp = (tmp_path / "house" / "policies" / "catalog" / "erp.yaml").read_text()
    assert "$.客户.编号" in erp
    assert '"中国 \\"华东\\""' in erp
    assert 'upstream: "https://erp.example:8443/base"' in (tmp_path / "house" / "gateway.yaml").read_text()
    assert sovgate("check", "house/policies", cwd=tmp_path).returncode == 0


def _typed(arguments: list[str], answers: list[str], cwd: Path) -> tuple[str, int]:
    """Run a verb on a terminal of its own, and type."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([str(SOVGATE), *arguments], cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
        said = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            said += piece
        code = process.wait(30)
    os.close(ours)
    return said.decode(errors="replace"), code


@example("no")
@example("true")
@example("null")
@example('say "hi": {x}, [y] # z')
@example("- a")
@example("C:\\temp")
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_a_quoted_text_is_read_back_as_it_was(text):
    try:
        yaml = quoted(text)
    except ValueError:
        assert not text.isprintable()
        return
    for written in (f"key: {yaml}\n", f"{{key: {yaml}}}\n"):
        reader = Reader()
        section = reader.section(reader.parse("x.yaml", written.encode()), ("key",))
        assert (section.text("key"), reader.problems) == (text, []) if text.strip() else True


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
_SEGMENT = st.one_of(_TEXT, st.from_regex(r"[a-z]{1,4}\{[A-Za-z_][a-z0-9-]{0,4}\}", fullmatch=True))


def _answer(name: str) -> st.SearchStrategy[str]:
    """Answers of any kind, and such as are nearly right."""
    nearly = {
        "caller": st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True),
        "system": st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True),
        "upstream": _TEXT.map(lambda text: f"http://erp{text}"),
        "purpose": st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True),
        "region": _TEXT,
        "path": st.lists(_SEGMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts)),
        "customer": st.lists(_TEXT, min_size=1, max_size=3).map(lambda parts: "$." + ".".join(parts)),
    }[name]
    return st.one_of(st.just(PROPOSED[name]), nearly, _TEXT)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({name: _answer(name) for name in PROPOSED}))
def test_whatever_is_answered_what_is_written_is_right(tmp_path_factory, answers):
    """Promise: an answer is refused, or everything that is made of it loads without an error or a doubt."""
    good = {}
    for question in QUESTIONS:
        try:
            good[question.name] = checked(question, answers[question.name])
        except ValueError:
            good[question.name] = question.proposed
    try:
        check_together(Answers(**good))
    except ValueError:
        return
    files = dict(plan(Answers(**good)).files)
    policies = policies_of(files)
    assert (policies.warnings, len(policies.policies)) == ((), 1)
    assert failures(files) == []
    config = tmp_path_factory.mktemp("house") / "gateway.yaml"
    config.write_text(files["gateway.yaml"])
    assert load_config(config, {}, secrets=False).development == good["caller"]


# -- from a catalogue that is there already

DRAFT = """
version: 1
catalog: erp
operations:
  list: {request: GET /customers, response: customers}
  read: {request: "GET /customers/{customer}", response: customer}
  write: {request: "PUT /customers/{customer}", body: customer, response: customer}
  scan: {request: "GET /customers/{customer}/scan.png", response: scan}
messages:
  customer:
    format: json
    customer: {path: customer}
    fields:
      $.born: user.demographic.date_of_birth
      $.card: user.payment
      "$.papers[*].number": user.government_id.passport_number
      $.blood: user.health_and_medical
      $.mail: user.contact.email
  row: {format: json, customer: $.key, fields: {$.key: user.unique_id, $.mail: user.contact.email}}
  customers: {format: json, records: "$.rows[*]", each: row}
  scan: {format: png, customer: {path: customer}, class: user.government_id}
"""


def test_a_drafted_catalogue_is_taken_as_it_is(tmp_path):
    (tmp_path / "draft.yaml").write_text(DRAFT)
    done = sovgate("init", "house", "--yes", "--catalog", "draft.yaml", "--caller", "shop", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    house = tmp_path / "house"
    assert (house / "policies" / "catalog" / "erp.yaml").read_text() == DRAFT
    told = sovgate("check", cwd=house)
    # What only reads is allowed; that nobody may write yet is told, and nothing else is doubtful.
    assert (told.returncode, re.findall(r"warning: .* (SG[0-9]+|\[SG[0-9]+\])", told.stdout)) == (0, ["[SG421]"]), (
        told.stdout
    )
    tested = sovgate("test", cwd=house)
    assert tested.returncode == 0, tested.stdout


ODD_DRAFT = r"""
version: 1
catalog: erp
operations:
  listed: {request: GET /l, response: listed}
  tagged: {request: {method: GET, path: "/t/{n}/é", headers: {X-Kind: "a\"b"}}, response: tagged}
  asked: {request: GET /q, response: asked}
  bare: {request: GET /b, response: bare}
messages:
  listed: {format: json, records: "$[*].items[*]", each: row}
  row:
    format: json
    customer: $['客 户'].id
    fields:
      "$['客 户'].id": user.unique_id
      '$["a\u2028b"]': user.contact.email
      '$["😀"]': user.contact
      "$.deep[2].er": user.payment
      "$.many[*]": user.name
      "$.many[*].x": user.name.last
      "$..any": user.demographic.date_of_birth
      "$.far[99]": user.financial
      $.object: user.demographic.date_of_birth
      $.object.mail: user.contact.email
  tagged: {format: json, customer: {request-header: X-Who}, fields: {"$.born": user.demographic.date_of_birth}}
  asked: {format: json, customer: {query: who is}, fields: {$: user.government_id}}
  bare: {format: json, customer: {response-header: X-Who}, unlisted: refuse}
"""


def test_cases_hold_whatever_a_catalogue_looks_like():
    assert failures(dict(plan(Answers(**PROPOSED), ("draft.yaml", ODD_DRAFT)).files)) == []


def test_of_a_drafted_catalogue_only_what_reads_is_allowed():
    files = plan(Answers(**{**PROPOSED, "caller": "shop"}), ("draft.yaml", DRAFT)).files
    policies = policies_of(dict(files))
    [policy] = policies.policies
    allow = next(rule for rule in policy.rules if rule.kind == "allow")
    assert allow.scope.operations == {"erp.list", "erp.read", "erp.scan"}
    treated = {class_: rule.treatment.NAME for rule in policy.rules if rule.treatment for class_ in rule.classes}
    assert treated == {
        "user.contact": "mask",
        "user.payment": "mask",
        "user.government_id": "remove",
        "user.health_and_medical": "remove",
        "user.demographic.date_of_birth": "generalise",
    }
    assert any(rule.kind == "watermark" for rule in policy.rules)


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (
            "version: 1\ncatalog: crm\noperations: {a: {request: GET /a, response: m}}\nmessages: {m: {format: json}}",
            "two names",
        ),
        ("version: 1\ncatalog: erp\n", "no operation"),
    ],
)
def test_a_draft_that_nothing_can_be_made_of_is_refused(draft, reason):
    with pytest.raises(ValueError, match=reason):
        plan(Answers(**PROPOSED), ("draft.yaml", draft))


def test_a_broken_draft_is_told_with_its_places(tmp_path):
    (tmp_path / "draft.yaml").write_text("version: 1\ncatalog: erp\nmessages: {m: {format: jsn}}\n")
    refused = sovgate("init", "house", "--yes", "--catalog", "draft.yaml", cwd=tmp_path)
    assert (refused.returncode, "draft.yaml:3:" in refused.stderr) == (2, True)
    with pytest.raises(FaultyFiles):
        plan(Answers(**PROPOSED), ("draft.yaml", "{"))


@pytest.mark.parametrize("data", [b"\xff\xfe", None])
def test_a_draft_that_is_no_text_is_refused(tmp_path, data):
    if data is not None:
        (tmp_path / "draft.yaml").write_bytes(data)
    refused = sovgate("init", "house", "--yes", "--catalog", "draft.yaml", cwd=tmp_path)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)


def test_what_the_catalogue_says_is_not_asked_again(tmp_path):
    (tmp_path / "draft.yaml").write_text(DRAFT)
    refused = sovgate("init", "h", "--yes", "--catalog", "draft.yaml", "--path", "/x", cwd=tmp_path)
    assert (refused.returncode, "--path" in refused.stderr) == (2, True)


HOLDS = """
version: 1
catalog: erp
operations: {read-doc: {request: "GET /docs/{doc}", response: doc}}
messages:
  doc:
    format: json
    fields: {$.id: business.order, $.payload: {contains: inner}, $.scan: {contains: scan, encoded: base64}}
  inner: {format: json, fields: {$.email: user.contact.email}}
  scan: {format: pdf, class: business.document}
"""


def test_of_a_draft_whose_values_hold_messages_the_first_cases_hold(tmp_path):
    (tmp_path / "erp.yaml").write_text(HOLDS)
    assert sovgate("init", "house", "--yes", "--catalog", "erp.yaml", cwd=tmp_path).returncode == 0
    ran = sovgate("test", cwd=tmp_path / "house")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "verdict: allow" in (tmp_path / "house/policies/tests/crm-reads-erp.yaml").read_text()


def test_customers_keys_are_protected_from_the_start_by_words_that_nobody_knows(tmp_path):
    for name in ("one", "other"):
        assert sovgate("init", name, "--yes", cwd=tmp_path).returncode == 0
    files = [tmp_path / name / "keys.passphrase" for name in ("one", "other")]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600] * 2
    one, other = (path.read_text() for path in files)
    assert one != other
    assert len(one.strip()) >= 43  # 256 bits
    assert "/keys.passphrase\n" in (tmp_path / "one" / ".gitignore").read_text()
    assert one.strip() not in "".join(
        path.read_text() for path in (tmp_path / "one").rglob("*") if path.is_file() and path != files[0]
    )
    assert sovgate("keys", "create", "C-017", cwd=tmp_path / "one").stdout == "C-017: 3 keys made\n"
    assert sovgate("init", "one", "--yes", "--force", cwd=tmp_path).returncode == 0
    assert files[0].read_text() == one
