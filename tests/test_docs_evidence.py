"""What docs/evidence.md tells an expert to type works, and its configurations load."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from evidence_kit import CONFIG, VKEY, made, sovgate
from witness_kit import Log

from gateway.config import load
from gateway.config.attested import read_served

PAGE = (Path(__file__).parent.parent / "docs" / "evidence.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory):
    """What an expert got: a copy of the log, a proof, a package, and in `trusted` what came another way."""
    folder = tmp_path_factory.mktemp("evidence")
    laptop, trusted = folder / "laptop", folder / "laptop" / "trusted"
    evidence = made(folder / "gateway", 10)
    trusted.mkdir(parents=True)
    shutil.copy(evidence.log / "checkpoint", trusted / "checkpoint.before")
    evidence.record(range(10, 40))
    evidence.attest(folder)
    evidence.record(range(40, 45))
    config = ("-c", evidence.folder / "gateway.yaml")
    assert sovgate("audit", "prove", laptop / "proof.zip", "--flow", "f17", *config).code == 0
    assert sovgate("audit", "export", laptop / "package", "--customer", "C-17", *config).code == 0
    shutil.copytree(evidence.log, laptop / "audit")
    for name in ("log.vkey", "keys.jwks"):
        shutil.copy(evidence.log / name, trusted / name)
    (trusted / "witness.vkey").write_text(f"{VKEY}\n")
    shutil.copy(folder / "authority" / "root.pem", trusted / "authority.pem")
    return laptop


def typed(block: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Type a block's commands into a shell."""
    lines = block.splitlines()
    assert all(line.startswith("$ ") for line in lines), "a block is commands alone"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = "set -e\n" + "\n".join(line.removeprefix("$ ") for line in lines)
    return subprocess.run(
        ["sh", "-c", script], cwd=folder, env={**os.environ, "PATH": path},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_every_command_works_in_the_order_of_the_page(laptop, tmp_path):
    folder = Path(shutil.copytree(laptop, tmp_path / "laptop"))
    said = []
    for block in BLOCKS:
        done = typed(block, folder)
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        said.append(done.stdout)
    assert len(said) == 10
    assert said[0].startswith("audit: sound: 93 entries")
    assert "82 cosigned" in said[0]
    assert "Signature Verified Successfully" in said[1]
    assert "Signature Verified Successfully" in said[2]
    assert "flow f17" in said[4]
    assert "proof.zip: holds: 2 entries" in said[6]
    assert "package: holds: 2 entries" in said[9]
    assert "note" not in said[6] + said[9]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(
    ("path", "block"),
    [
        ("audit/checkpoint", 0),
        ("audit/checkpoint", 1),
        ("trusted/log.vkey", 1),
        ("audit/checkpoint.cosigned", 2),
        ("audit/timestamps/82.checkpoint", 3),
        ("package/data/entries/37.jws", 8),
    ],
)
def test_a_command_fails_on_what_was_tampered_with(laptop, tmp_path, path, block):
    folder = Path(shutil.copytree(laptop, tmp_path / "laptop"))
    data = (folder / path).read_bytes()
    (folder / path).write_bytes(data[:-9] + (b"A" if data[-9:-8] != b"A" else b"B") + data[-8:])
    assert typed(BLOCKS[block], folder).returncode != 0


def test_the_configurations_load(tmp_path):
    gateway, served = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "gateway.yaml").write_text(CONFIG + gateway.replace('vkey: "..."', f'vkey: "{VKEY}"'))
    audit = load(tmp_path / "gateway.yaml", {}).audit
    assert (len(audit.witness.asked), audit.timestamps is not None) == (1, True)
    vkey = Log(origin="example.com/sovgate/eu-1").signer.verifier_key()
    (tmp_path / "witness.yaml").write_text(served.replace("example.com/sovgate/eu-1+...", vkey))
    settings = read_served(tmp_path / "witness.yaml", {}, {})
    assert (settings.name, list(settings.logs)) == ("witness.example.org/w1", ["example.com/sovgate/eu-1"])


def test_the_statuses_of_a_witness_are_those_of_the_page():
    """Each is tried in test_witness.py."""
    told = set(re.findall(r"\b[245]\d\d\b", " ".join(re.findall(r"^\| ([\d, ]+) \|", PAGE, re.MULTILINE))))
    assert told == {"200", "400", "403", "404", "408", "409", "413", "422", "503"}
