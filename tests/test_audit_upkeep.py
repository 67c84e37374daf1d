"""The log's upkeep as people do it: keys exchanged and bodies pruned by hand, and everything goes on after it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from audit_logs import grow
from evidence_kit import CONFIG, Evidence, Said, made, sovgate
from live import House, lines, make_house, running, until

from gateway.audit.reading import WIDTH
from gateway.cli.house import KEYS, log_settings, now, open_keys
from gateway.storage.ledger import Ledger
from gateway.storage.log_keys import FolderKeys

DAY = 86_400 * 10**9
RETENTION = "audit: {retention: {days: 30}}\n"


def old_entries(evidence: Evidence, count: int = WIDTH) -> None:
    """Begin the log forty days ago."""
    settings = evidence.settings
    kept = log_settings(settings, open_keys(settings).keyring.entries.public_key())
    then = now() - 40 * DAY
    log = Ledger.open(evidence.log, keys=FolderKeys(settings.state / KEYS), settings=kept, now=then)
    grow(log, count - 1)  # their time is older still
    log.close()


def house(folder: Path, config: str = CONFIG + RETENTION) -> Evidence:
    (folder / "gateway.yaml").write_text(config)
    evidence = Evidence(folder)
    old_entries(evidence)
    evidence.record(range(200, 205))
    return evidence


def audit(evidence: Evidence, *words: object) -> Said:
    return sovgate("audit", *words, "-c", evidence.folder / "gateway.yaml")


def sound(evidence: Evidence, *words: object) -> dict:
    said = audit(evidence, "verify", "-o", "json", *words)
    assert said.code == 0, said.out + said.err
    return json.loads(said.out)


@pytest.fixture
def place(tmp_path: Path) -> Evidence:
    return house(tmp_path)


def test_keys_are_exchanged_and_bodies_pruned_and_all_goes_on_for_who_has_the_oldest_keys(place, tmp_path):
    vkey = (place.log / "log.vkey").read_text().strip()
    jwks = Path(shutil.copy(place.log / "keys.jwks", tmp_path / "oldest.jwks"))
    checkpoint = Path(shutil.copy(place.log / "checkpoint", tmp_path / "checkpoint.kept"))
    for which in ("entries", "checkpoints"):
        said = audit(place, "rotate-key", which, "--reason", "yearly")
        assert said.code == 0, said.err
        assert f"the key of {which} has a successor; entry " in said.out
        place.record(range(210, 213))
    assert f"{WIDTH} entries would be removed" in audit(place, "prune", "--dry-run").out
    assert (place.log / "tile/entries/000").exists()
    said = audit(place, "prune", "--reason", "the contract ended")
    assert (said.code, said.out) == (0, f"entries 0 to {WIDTH - 1}: removed (30 days)\n{WIDTH} entries removed\n")
    assert not (place.log / "tile/entries/000").exists()
    place.record(range(220, 223))
    found = sound(place, "--vkey", vkey, "--jwks", jwks, "--remembered", checkpoint)
    assert found["removed"] == WIDTH
    assert [one["key"] for one in found["rotations"]] == ["entries", "checkpoints"]
    for flow in ("f202", "f211", "f221"):  # before, between and after
        proof = tmp_path / flow
        said = audit(place, "prove", proof, "--flow", flow)
        assert said.code == 0, said.err
        assert sovgate("audit", "verify-proof", proof).code == 0
        shown = [json.loads(line) for line in audit(place, "show", "--flow", flow, "-o", "json").out.splitlines()]
        assert {entry["kind"] for entry in shown} == {"intent", "outcome"}
    said = audit(place, "prove", tmp_path / "gone", "--index", 7)
    assert (said.code, "removed" in said.err) == (1, True)
    said = audit(place, "export", tmp_path / "export", "--customer", "C-202")
    assert said.code == 0, said.err
    said = audit(place, "show", "--kind", "prune", "-o", "json")
    assert json.loads(said.out)["prune"]["reason"] == "the contract ended"


@pytest.mark.parametrize(("which", "file"), [("entries", "entries.pem"), ("checkpoints", "checkpoints.pem")])
def test_a_lost_key_is_exchanged_at_rest_and_who_verifies_has_to_accept_it(tmp_path, which, file):
    place = made(tmp_path)
    vkey, jwks = (place.log / "log.vkey").read_text().strip(), shutil.copy(place.log / "keys.jwks", tmp_path / "j")
    (tmp_path / "state" / "keys" / file).unlink()
    said = audit(place, "rotate-key", which)
    assert said.code == 2
    assert "Traceback" not in said.err
    said = audit(place, "rotate-key", which, "--lost", "--reason", "the disk died")
    assert said.code == 0, said.err
    (shown,) = audit(place, "show", "--kind", "rotation", "-o", "json").out.splitlines()
    told = json.loads(shown)["rotation"]
    assert (told["key"], told["lost"], told["reason"]) == (which, True, "the disk died")
    place.record(range(20, 22))
    assert audit(place, "verify", "--vkey", vkey, "--jwks", jwks).code == 1
    new = sound(place)["rotations"][0]["new"]
    found = sound(place, "--vkey", vkey, "--jwks", jwks, "--accept-lost", new)
    assert found["rotations"][0]["lost"]


async def test_beside_a_running_gateway_keys_are_exchanged_and_bodies_pruned(tmp_path):
    policies = Path(shutil.copytree(Path(__file__).parent.parent / "policies", tmp_path / "policies"))
    running_house = make_house(tmp_path, policies, "http://127.0.0.1:1")
    old_entries(Evidence(tmp_path))
    with running(running_house) as gateway:
        for words in (("rotate-key", "entries"), ("rotate-key", "checkpoints"), ("rotate-key", "entries", "--lost")):
            said = running_house.sovgate("audit", *words)
            assert said.returncode == 0, said.stderr
        assert running_house.sovgate("audit", "prune").returncode == 2  # no retention is configured
        running_house.config.write_text(running_house.config.read_text() + RETENTION)
        said = running_house.sovgate("audit", "prune", "-o", "json")
        assert json.loads(said.stdout)["entries"] == WIDTH, said.stderr
        assert gateway.process.poll() is None
    said = running_house.sovgate("audit", "verify", "-o", "json")
    assert len(json.loads(said.stdout)["rotations"]) == 3


async def test_the_gateway_prunes_by_itself_and_says_so(tmp_path):
    policies = Path(shutil.copytree(Path(__file__).parent.parent / "policies", tmp_path / "policies"))
    running_house = make_house(tmp_path, policies, "http://127.0.0.1:1", RETENTION)
    old_entries(Evidence(tmp_path))
    with running(running_house) as gateway:
        await until(lambda: any(line["event"] == "pruned" for line in lines(gateway.errors)), 20)
    assert not (House(tmp_path).log / "tile/entries/000").exists()
    said = running_house.sovgate("audit", "show", "--kind", "prune", "-o", "json")
    assert json.loads(said.stdout)["prune"]["reason"] == "scheduled"
    assert json.loads(running_house.sovgate("audit", "verify", "-o", "json").stdout)["removed"] == WIDTH
