"""Each verb with good and with bad input: what it says, and with which code it ends (0 fine, 1 no, 2 could not run)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from live import SOVGATE, House, running
from tamper_kit import WITNESS_KEY, witness_vkey

from gateway.audit.tampering import LOOKS_LIKE, Kind
from gateway.cli.main import main
from gateway.storage.folder import Folder

CATALOGUE = """version: 1
catalog: erp
operations:
  read-customer: {request: "GET /api/customers/{customer}", response: customer}
messages:
  customer: {format: json, customer: {path: customer}, fields: {$.name: user.name}}
"""
POLICY = """version: 1
policy: sales
scope: {from: crm, to: erp, operations: read-customer}
allow: true
protect:
  - {classes: user.name, leg: response, treatment: mask, unless: {consent: contact}}
"""
CONSENTS = """version: 1
consents:
  contact: {wording: You may., version: 1, purposes: [sales], classes: [user.name], recipients: [crm], days: 30}
  unused: {wording: You may too., version: 1, purposes: [sales], classes: [user.name], recipients: [crm], days: 30}
"""
CONFIG = """version: 1
listen: {host: 127.0.0.1, port: 0}
admin: {host: 127.0.0.1, port: 0}
policies: policies
state: state
systems:
  erp: {at: /erp, upstream: "http://127.0.0.1:1"}
identity:
  development: {system: crm}
"""


@dataclass(frozen=True)
class Said:
    """How the command ended."""

    code: int
    out: str
    err: str


def sovgate(*arguments: str) -> Said:
    """Run the command line in this process, as its script does; any error but an exit reaches the test."""
    out, err = (TextIOWrapper(BytesIO(), write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["sovgate", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    assert isinstance(code, int)
    return Said(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def write(folder: Path) -> House:
    """Write a configuration with its policies, with nothing recorded yet."""
    for name, text in (
        ("gateway.yaml", CONFIG),
        ("policies/sales.yaml", POLICY),
        ("policies/consents.yaml", CONSENTS),
        ("policies/catalog/erp.yaml", CATALOGUE),
        ("policies/catalog/crm.yaml", "version: 1\ncatalog: crm\n"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return House(folder)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A house in the working directory, so that paths are told as they were given."""
    monkeypatch.chdir(tmp_path)
    return write(tmp_path)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A house with a consent on record."""
    made = write(tmp_path_factory.mktemp("recorded"))
    assert sovgate("passport", "grant", "C-017", "contact", "--by", "ann", "-c", str(made.config)).code == 0
    return made


@pytest.fixture
def used(recorded, tmp_path, monkeypatch):
    """A copy of it, in the working directory."""
    shutil.copytree(recorded.folder, tmp_path / "house")
    monkeypatch.chdir(tmp_path / "house")
    return House(tmp_path / "house")


# -- what can't be run ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", "Exit codes: 0 fine; 1 the answer is no; 2 could not run."),
        ("chek", "No such command 'chek'"),
        ("check --wrong", "No such option '--wrong'"),
        ("check nowhere", "nowhere:1:1: can't be read: No such file or directory"),
        ("check gateway.yaml", "'gateway.yaml' is a file"),
        ("check empty", "hint: name the folder that holds catalog/"),
        ("serve -c nowhere.yaml", "nowhere.yaml:1:1: can't be read: No such file"),
        ("serve -c empty", "'empty' is a directory"),
        ("serve -c broken.yaml", "broken.yaml:2:1: a value is missing before this [SG007]"),
        ("serve --listen rubbish", "--listen is HOST:PORT"),
        ("serve --listen 0.0.0.0:8080", "development mode asks for no proof"),
        ("serve -c elsewhere.yaml", "empty:1:1: there are no policies here"),
        ("serve -c faulty.yaml", "faulty/p.yaml:3:1: unknown key"),
        ("audit", "Verify and search the audit log."),
        ("audit verify -c nowhere.yaml", "nowhere.yaml:1:1: can't be read"),
        ("audit verify --log gateway.yaml", "is a file"),
        ("audit verify --jwks nowhere", "No such file"),
        ("audit verify --jwks gateway.yaml", "--jwks: the entries' public keys are no JWK set"),
        ("audit verify --vkey rubbish", "--vkey: the verifier key of the checkpoints is no Ed25519 key"),
        ("audit verify --remembered nowhere", "No such file"),
        ("audit verify --witness rubbish", "--witness: this is no verifier key of a witness"),
        ("audit verify --quorum 2", "--quorum: 2 of 0 witnesses can't be had"),
        ("audit show", "state/audit: checkpoint: missing: there is no log here"),
        ("audit show --log nowhere", "nowhere: checkpoint: missing"),
        ("audit show --log nowhere --customer C-017", "nowhere: checkpoint: missing"),
        ("audit show --mark 2345", "its check character doesn't fit"),
        ("audit show --since yesterday", "does not match the formats"),
        ("audit show --kind entry", "is not one of"),
        ("passport show", "Missing argument 'CUSTOMER'"),
        ("passport show C-017 -c nowhere.yaml", "nowhere.yaml:1:1: can't be read"),
        ("passport show C-017 -c faulty.yaml", "faulty/p.yaml:3:1: unknown key"),
        ("passport grant C-017 contakt", "there are: contact, unused"),
        ("passport grant C-017 contact --until 2020-01-01", "would end before it begins"),
        ("passport grant C-017 contact --until soon", "does not match the formats"),
        ("passport revoke C-017 contakt", "there are: contact, unused"),
    ],
)
def test_what_could_not_run_ends_with_2_and_says_why(house, arguments, told):
    for name, text in (
        ("empty/readme.txt", ""),
        ("broken.yaml", "version: [\n"),
        ("elsewhere.yaml", CONFIG.replace("policies: policies", "policies: empty")),
        ("faulty.yaml", CONFIG.replace("policies: policies", "policies: faulty")),
        ("faulty/p.yaml", "version: 1\npolicy: p\nalow: true\n"),
    ):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    said = sovgate(*arguments.split())
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert not Path("state/audit").exists()


def test_looking_someone_up_makes_no_keys(house):
    assert sovgate("audit", "show", "--customer", "C-017").code == 2
    assert not Path("state").exists()


@pytest.mark.parametrize("verb", ["audit show", "audit show --customer C-017", "audit verify", "passport show C-017"])
def test_a_log_that_is_no_longer_one_is_not_taken_for_none(used, verb):
    for name in ("checkpoint", "log.vkey"):
        (used.log / name).unlink()
        (used.log / name).mkdir()
    said = sovgate(*verb.split())
    assert (said.code, said.out) == (1 if verb == "audit verify" else 2, "")
    assert re.search(r"(checkpoint|log.vkey): a folder, not a file$", said.err, re.MULTILINE)


@pytest.mark.parametrize("verb", ["serve", "audit show --operator ann", "passport show C-017"])
def test_keys_that_are_gone_are_not_made_anew_beside_a_log(used, verb):
    shutil.rmtree("state/keys")
    said = sovgate(*verb.split())
    assert (said.code, said.err) == (
        2,
        "state/keys: missing, though there is a log: restore the keys from the backup\n",
    )
    assert not Path("state/keys").exists()


def test_a_damaged_file_of_passports_is_told(used):
    Path("state/passports.sqlite").write_text("rubbish")
    said = sovgate("passport", "show", "C-017")
    assert (said.code, "damaged" in said.err) == (2, True)


# -- passport ------------------------------------------------------------------------------------------------------


def test_a_consent_is_granted_shown_and_revoked(used):
    said = sovgate("passport", "show", "C-017")
    assert re.fullmatch(r"\S+ \S+Z  grant   contact v1 until \S+ \S+Z, ann\nin force now: contact\n", said.out)
    assert sovgate("passport", "revoke", "C-017", "contact").out.startswith("C-017 revokes contact; passport head ")
    said = sovgate("passport", "show", "C-017", "-o", "json")
    shown = json.loads(said.out)
    assert (said.code, shown["in_force"], [event["action"] for event in shown["events"]]) == (
        0,
        [],
        ["grant", "revoke"],
    )
    assert sovgate("passport", "show", "C-018").out == "in force now: nothing\n"


def test_what_was_granted_can_be_revoked_when_it_is_declared_no_more(used):
    Path("policies/consents.yaml").write_text(CONSENTS.replace("  contact:", "  calls:"))
    Path("policies/sales.yaml").write_text(POLICY.replace("consent: contact", "consent: calls"))
    assert sovgate("passport", "revoke", "C-017", "contact").code == 0
    assert sovgate("passport", "revoke", "C-018", "contact").code == 2


# -- audit ---------------------------------------------------------------------------------------------------------


def test_a_sound_log_is_verified_with_keys_and_a_checkpoint_that_were_kept(used):
    shutil.copytree(used.log, "kept")
    kept = ("--vkey", Path("kept/log.vkey").read_text(), "--jwks", "kept/keys.jwks", "--remembered", "kept/checkpoint")
    assert sovgate("passport", "revoke", "C-017", "contact").code == 0
    said = sovgate("audit", "verify", "--log", "state/audit", *kept)
    assert said == Said(0, "state/audit: sound: 4 entries, 4 under the signed checkpoint\n", "")
    told = json.loads(sovgate("audit", "verify", *kept, "-o", "json").out)
    assert (told["ok"], told["entries"], told["notes"]) == (True, 4, [])
    assert len(json.loads(sovgate("audit", "verify", "-o", "json").out)["notes"]) == 2


def test_a_log_that_no_trusted_witness_cosigned_is_no_proof_for_who_asks_for_one(used):
    said = sovgate("audit", "verify", "--witness", witness_vkey("w.example/1", WITNESS_KEY), "-o", "json")
    told = json.loads(said.out)
    assert (said.code, told["kind"], told["place"]) == (1, "unwitnessed", "checkpoint")


def test_a_log_without_its_newest_entries_is_broken_for_who_remembers_them(used):
    shutil.copytree(used.log, "old")
    assert sovgate("passport", "revoke", "C-017", "contact").code == 0
    said = sovgate("audit", "verify", "--log", "old", "--remembered", "state/audit/checkpoint")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("old: BROKEN: truncated: 4 entries are remembered")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_that_was_edited_is_broken_in_either_form(used, form):
    bundle = next(path for path in (used.log / "tile" / "entries").rglob("*") if path.is_file())
    data = bytearray(bundle.read_bytes())
    data[-10] = ord("B" if data[-10] == ord("A") else "A")  # of the last signature, which is base64url still
    bundle.write_bytes(data)
    said = sovgate("audit", "verify", "-o", form)
    told = said.err if form == "text" else json.loads(said.out)["wrong"]
    assert (said.code, "edited after it was signed" in told) == (1, True)
    if form == "json":
        told = json.loads(said.out)
        assert (told["kind"], told["place"], told["entry"]) == ("edited-entry", "tile/entries/000.p/2", 1)
        assert told["looks_like"] == LOOKS_LIKE[Kind.EDITED_ENTRY]
    else:
        assert said.err.endswith(f"\n  edited-entry: {LOOKS_LIKE[Kind.EDITED_ENTRY]}\n")


def test_show_tells_whose_consent_an_entry_records_and_finds_it_by_the_id(used):
    said = sovgate("audit", "show", "--customer", "C-017")
    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(r"1  \S+ \S+Z  consent\n    c_\S+ granted contact\n", said.out)
    assert sovgate("audit", "show", "--log", "state/audit", "--kind", "consent").out == said.out
    assert json.loads(sovgate("audit", "show", "--kind", "consent", "-o", "json").out)["counter"] == 1


@pytest.mark.parametrize("asked", ["--customer C-018", "--kind refusal", "--until 2020-01-01", "--flow none"])
def test_show_ends_with_1_where_nothing_fits(used, asked):
    assert sovgate("audit", "show", *asked.split()) == Said(1, "", "")


# -- serve ---------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told(house, tmp_path):
    with running(house) as gateway:
        taken = gateway.data.removeprefix("http://")
        (tmp_path / "second").mkdir()
        second = write(tmp_path / "second").sovgate("serve", "--listen", taken)
        assert (second.returncode, second.stdout, "Traceback" in second.stderr) == (2, "", False)
        assert f"can't start: error while attempting to bind on address ('127.0.0.1', {taken[10:]})" in second.stderr


def test_the_environment_beats_the_file_and_flags_beat_the_environment(house):
    environment = {"SOVGATE_SERVE_LISTEN": "rubbish", "SOVGATE_SERVE_CONFIG_FILE": "gateway.yaml", "PATH": ""}
    for flags, told in (((), "--listen is HOST:PORT"), (("-c", "nowhere.yaml"), "nowhere.yaml:1:1: can't be read")):
        command = [str(SOVGATE), "serve", *flags]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, told in ended.stderr) == (2, True)


def test_a_folder_reads_what_is_there_and_nothing_where_nothing_is(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    folder = Folder(tmp_path)
    assert (folder.read("file"), folder.read("none"), folder.read("file/none")) == (b"x", None, None)
    assert (folder.list(""), folder.list("none"), folder.list("file")) == (["file"], [], [])


def test_a_fault_of_ours_is_shown_whole_and_does_not_look_like_an_answer(monkeypatch, capsys):
    def broken() -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr("gateway.cli.main._sovgate", broken)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert ("Traceback" in told.err, "nobody foresaw this" in told.err) == (True, True)
