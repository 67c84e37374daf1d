"""A proof bundle shows to a stranger that entries are in the log, and says so of nothing else."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from evidence_kit import VKEY, Evidence, made, run, sovgate, typed
from tamper_kit import WITNESS_KEY, cosigned
from witness_kit import Authority

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A log that nobody attested."""
    return made(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def attested(tmp_path_factory):
    """A log with a cosigned and stamped head, and entries after it."""
    folder = tmp_path_factory.mktemp("attested")
    evidence = made(folder / "gateway", 150)
    evidence.attest(folder)
    evidence.record(range(1000, 1010))
    return evidence


def prove(evidence: Evidence, out: Path, *words):
    return sovgate("audit", "prove", out, *words, "-c", evidence.folder / "gateway.yaml")


def test_an_entry_is_proven_by_its_number(plain, tmp_path):
    said = prove(plain, tmp_path / "proof", "--index", 3)
    assert (said.code, said.out) == (0, f"{tmp_path}/proof: proves entries 3\n")
    said = sovgate("audit", "verify-proof", tmp_path / "proof")
    assert said.code == 0
    assert said.out.startswith(
        f"{tmp_path}/proof: holds: 1 entries of the log sovgate, which had 11\n  entry 3\n  note: keys were"
    )
    assert "no witness" in said.out
    assert "no timestamp" in said.out


def test_all_entries_of_a_flow_or_of_a_mark(plain, tmp_path):
    assert "proves entries 5, 6\n" in prove(plain, tmp_path / "flow", "--flow", "f2").out
    said = json.loads(sovgate("audit", "verify-proof", tmp_path / "flow", "-o", "json").out)
    assert [entry["index"] for entry in said["entries"]] == [5, 6]
    assert prove(plain, tmp_path / "none", "--flow", "f99").code == 1
    assert prove(plain, tmp_path / "typo", "--mark", "ABCD-1234").code == 2
    assert not (tmp_path / "none").exists()


def test_a_zip_is_the_same_proof(plain, tmp_path):
    assert prove(plain, tmp_path / "p.zip", "--index", 3).code == 0
    assert prove(plain, tmp_path / "p", "--index", 3).code == 0
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        names = archive.namelist()
        for name in names:
            if name != "README.txt":  # it says when it was made
                assert archive.read(name) == (tmp_path / "p" / name).read_bytes()
    assert set(names) == {path.relative_to(tmp_path / "p").as_posix() for path in (tmp_path / "p").rglob("*.*")}
    assert sovgate("audit", "verify-proof", tmp_path / "p.zip").code == 0


def test_nothing_that_exists_is_overwritten(plain, tmp_path):
    for out in (tmp_path / "p", tmp_path / "p.zip"):
        assert prove(plain, out, "--index", 3).code == 0
        said = prove(plain, out, "--index", 4)
        assert (said.code, said.err) == (2, f"{out}: exists already, and is left as it is\n")
        assert "entry 3\n" in sovgate("audit", "verify-proof", out).out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p", "p.zip"]


@pytest.mark.parametrize("words", [[], ["--index", 1, "--flow", "f1"], ["--index", -1]])
def test_it_must_be_said_what_is_to_be_proven(plain, tmp_path, words):
    assert prove(plain, tmp_path / "p", *words).code == 2


def test_an_entry_that_is_not_there_is_not_proven(plain, tmp_path):
    said = prove(plain, tmp_path / "p", "--index", 11)
    assert (said.code, said.err) == (2, "entry 11 is not published yet: try again in a few seconds\n")


def test_witness_and_time_stamp_go_along(attested, tmp_path):
    assert prove(attested, tmp_path / "p", "--index", 100).code == 0
    roots = attested.folder.parent / "authority" / "root.pem"
    said = json.loads(sovgate("audit", "verify-proof", tmp_path / "p", "-o", "json").out)
    assert [one["witness"] for one in said["cosigned"]] == ["witness.example.com/w1"]
    assert said["entries"][0]["stamped"]["authority"] == "CN=Authority"
    assert (len(said["notes"]), said["size"]) == (1, 301)
    given = ["--vkey", (attested.log / "log.vkey").read_text(), "--jwks", attested.log / "keys.jwks"]
    said = sovgate("audit", "verify-proof", tmp_path / "p", *given, "--witness", VKEY, "--roots", roots)
    assert (said.code, "note" in said.out) == (0, False)


def test_a_stamp_of_another_authority_is_none(attested, tmp_path):
    """Roots of the same name, and another key; or of nobody at all."""
    assert prove(attested, tmp_path / "p", "--index", 100).code == 0
    (tmp_path / "empty.pem").write_bytes(b"")
    wrong = {Authority(tmp_path / "other").roots: "timestamps/301.tsr", tmp_path / "empty.pem": "are no PEM"}
    for roots, told in wrong.items():
        for words in (["verify-proof", tmp_path / "p"], ["verify", "--log", attested.log]):
            said = sovgate("audit", *words, "--roots", roots)
            assert (said.code, told in said.out + said.err) == (1, True)


def test_an_entry_after_the_cosigned_head_is_proven_by_the_newest(attested, tmp_path):
    assert prove(attested, tmp_path / "p", "--index", 310).code == 0
    said = json.loads(sovgate("audit", "verify-proof", tmp_path / "p", "-o", "json").out)
    assert (said["cosigned"], said["entries"][0]["stamped"], said["size"]) == ([], None, 322)


@pytest.mark.parametrize("index", [0, 100, 300, 310])
def test_the_commands_of_the_readme_work(attested, tmp_path, index):
    """A stranger with openssl and Python alone, offline."""
    assert prove(attested, tmp_path / "p", "--index", index).code == 0
    commands = typed((tmp_path / "p" / "README.txt").read_text())
    assert len(commands) == (6 if index < 301 else 3)
    for command in commands:
        done = run(command, tmp_path / "p")
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    entry = tmp_path / "p" / "entries" / f"{index}.jws"
    entry.write_bytes(entry.read_bytes()[:-1] + b"_")
    failed = [command for command in commands if run(command, tmp_path / "p").returncode]
    assert commands[0] in failed


def other(evidence, tmp_path, index):
    prove(evidence, tmp_path / f"other{index}", "--index", index)
    return tmp_path / f"other{index}"


def edit(path, before, after):
    data = path.read_bytes()
    assert before in data
    path.write_bytes(data.replace(before, after, 1))


def swap(name, there):
    return lambda p, o: (p / name).write_bytes((o / there).read_bytes())


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda p, o: edit(p / "entries/100.json", b"crm", b"erp"), "entries/100.json: it is not what was signed"),
        (lambda p, o: edit(p / "entries/100.jws", b".", b".A"), "entries/100.jws: "),
        (swap("entries/100.jws", "entries/101.jws"), "entries/100.jws: it says that it is another entry"),
        (swap("entries/100.tlog-proof", "entries/101.tlog-proof"), "it is the proof of another entry, 101"),
        (
            lambda p, o: edit(p / "entries/100.tlog-proof", b"index 100", b"index 36"),
            "it is the proof of another entry, 36",
        ),
        (lambda p, o: edit(p / "entries/100.tlog-proof", b"\n301\n", b"\n300\n"), "entries/100.tlog-proof"),
        (lambda p, o: (p / "entries/100.tlog-proof").write_bytes(b""), "the proof is not written as"),
        (lambda p, o: (p / "entries/100.tlog-proof").unlink(), "missing"),
        (lambda p, o: (p / "entries/100.jws").unlink(), "there is no entry here"),
        (lambda p, o: (p / "keys/keys.jwks").write_bytes(b'{"keys":[]}'), "public keys"),
        (lambda p, o: (p / "timestamps/301.tsr").write_bytes(b"0"), "timestamps/301.tsr: no timestamp"),
        (lambda p, o: (p / "timestamps/301.tsr").unlink(), "timestamps/301.tsr: missing"),
        (
            lambda p, o: (p / "entries/0100.jws").write_bytes((p / "entries/100.jws").read_bytes()),
            "something that is none",
        ),
        (swap("timestamps/100.tlog-proof", "timestamps/101.tlog-proof"), "it is the proof of another entry, 101"),
    ],
)
def test_a_bundle_that_was_tampered_with_does_not_hold(attested, tmp_path, harm, said):
    prove(attested, tmp_path / "p", "--index", 100)
    harm(tmp_path / "p", other(attested, tmp_path, 101))
    found = sovgate("audit", "verify-proof", tmp_path / "p")
    assert found.code == 1
    assert found.err.startswith(f"{tmp_path}/p: DOES NOT HOLD: ")
    assert said in found.err


def test_a_bundle_of_another_log_does_not_hold_under_this_one_s_keys(plain, tmp_path):
    """A forger's bundle is sound in itself: only keys from elsewhere tell."""
    foreign = made(tmp_path / "foreign")
    prove(foreign, tmp_path / "p", "--index", 3)
    assert sovgate("audit", "verify-proof", tmp_path / "p").code == 0
    for words in (["--jwks", plain.log / "keys.jwks"], ["--vkey", (plain.log / "log.vkey").read_text()]):
        assert sovgate("audit", "verify-proof", tmp_path / "p", *words).code == 1


def test_a_broken_log_gives_no_proof(tmp_path):
    evidence = made(tmp_path / "gateway")
    tile = evidence.log / "tile/0/000.p/11"
    data = bytearray(tile.read_bytes())
    data[40] ^= 1
    tile.write_bytes(data)
    assert prove(evidence, tmp_path / "p", "--index", 3).code == 1
    assert not (tmp_path / "p").exists()


def test_an_older_head_put_back_under_a_cosigned_one_gives_no_proof(tmp_path):
    evidence = made(tmp_path / "gateway", 2)
    older = (evidence.log / "checkpoint").read_bytes()
    evidence.record(range(2, 9))
    newer = cosigned((evidence.log / "checkpoint").read_bytes(), ("witness.example.com/w1", WITNESS_KEY))
    (evidence.log / "checkpoint.cosigned").write_bytes(newer)
    (evidence.log / "checkpoint").write_bytes(older)
    said = prove(evidence, tmp_path / "p", "--index", 7, "--witness", VKEY)
    assert (said.code, "20 entries were cosigned, and it names 5" in said.err) == (1, True), said.err


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all"])
def test_what_is_no_bundle_can_t_be_read(tmp_path, data):
    (tmp_path / "p.zip").write_bytes(data)
    assert sovgate("audit", "verify-proof", tmp_path / "p.zip").code == 2
    (tmp_path / "empty").mkdir()
    assert sovgate("audit", "verify-proof", tmp_path / "empty").code == 1
