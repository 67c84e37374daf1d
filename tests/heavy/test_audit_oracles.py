"""Sigstore's verifiers (for Python and for Node) and pymerkle accept our trees, proofs and checkpoints, and no others.

Needs `sigstore` and `pymerkle` in a place of their own (`AUDIT_ORACLES` names its python), and `@sigstore/verify` in
the folder that `SIGSTORE_MODULES` names; `tests/heavy/run.sh` installs both.
"""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from audit_stage import grown, shown, written

pytestmark = pytest.mark.heavy

SIGSTORE = """
import json, sys
from base64 import b64decode
from types import SimpleNamespace as Any
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint

told = json.load(open(sys.argv[1]))
key = load_pem_public_key(told["key"].encode())
ring = Any(verify=lambda key_id, signature, data: key.verify(signature, data))
signed = SignedCheckpoint.from_text(told["checkpoint"])
signed.signed_note.verify(ring, bytes.fromhex(told["key_id"]))
for proof in told["proofs"]:
    inclusion = Any(
        log_index=proof["index"], tree_size=signed.checkpoint.log_size,
        root_hash=bytes.fromhex(signed.checkpoint.log_hash), hashes=[bytes.fromhex(node) for node in proof["hashes"]],
    )
    entry = Any(inclusion_proof=inclusion, canonicalized_body=b64decode(told["entries"][proof["index"]]))
    verify_merkle_inclusion(Any(_inner=entry))
print("accepted", signed.checkpoint.origin, signed.checkpoint.log_size, len(told["proofs"]))
"""

NODE = """
const [modules, file] = process.argv.slice(1);
const { verifyCheckpoint } = require(`${modules}/node_modules/@sigstore/verify/dist/tlog/checkpoint.js`);
const { verifyMerkleInclusion } = require(`${modules}/node_modules/@sigstore/verify/dist/tlog/merkle.js`);
const told = JSON.parse(require("fs").readFileSync(file));
const log = {
  logID: Buffer.from(told.key_id, "hex"), baseURL: told.origin, publicKey: require("crypto").createPublicKey(told.key),
};
const checkpoint = verifyCheckpoint({ inclusionProof: { checkpoint: { envelope: told.checkpoint } } }, [log]);
for (const proof of told.proofs) {
  const hashes = proof.hashes.map((node) => Buffer.from(node, "hex"));
  const entry = {
    inclusionProof: { logIndex: String(proof.index), hashes },
    canonicalizedBody: Buffer.from(told.entries[proof.index], "base64"),
  };
  verifyMerkleInclusion(entry, checkpoint);
}
console.log("accepted", checkpoint.origin, String(checkpoint.logSize), told.proofs.length);
"""

PYMERKLE = """
import json, sys
from base64 import b64decode
from pymerkle import InmemoryTree, verify_consistency

told = json.load(open(sys.argv[1]))
tree = InmemoryTree(algorithm="sha256")
for entry in told["entries"]:
    tree.append_entry(b64decode(entry))
assert tree.get_root(told["size"]).hex() == told["root"]
assert tree.get_root(told["old"]["size"]).hex() == told["old"]["root"]
for proof in told["proofs"]:
    theirs = tree.prove_inclusion(proof["index"] + 1, told["size"]).serialize()["path"]
    leaf = tree.get_leaf(proof["index"] + 1).hex()
    assert sorted(theirs) == sorted([leaf, *proof["hashes"]])
theirs = tree.prove_consistency(told["old"]["size"], told["size"])
verify_consistency(bytes.fromhex(told["old"]["root"]), bytes.fromhex(told["root"]), theirs)
print("accepted", told["origin"], told["size"], len(told["proofs"]))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    return shown(folder, grown(folder, 700, kept_at=300))


def oracle(name: str) -> list[str]:
    """Give the command that runs a verifier, without the file that it is shown."""
    if name == "node":
        modules = os.environ.get("SIGSTORE_MODULES")
        if modules is None or shutil.which("node") is None:
            pytest.skip(
                "there is no @sigstore/verify: npm install @sigstore/verify, and SIGSTORE_MODULES names the folder"
            )
        return ["node", "-e", NODE, "--", modules]
    python = os.environ.get("AUDIT_ORACLES")
    if python is None:
        pytest.skip("there is no sigstore: pip install sigstore pymerkle, and AUDIT_ORACLES names the python")
    return [python, "-c", SIGSTORE if name == "sigstore" else PYMERKLE]


def run(name: str, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*oracle(name), str(file)], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("name", ["sigstore", "node", "pymerkle"])
def test_it_accepts_our_log_and_every_proof(name, told, tmp_path):
    found = run(name, written(tmp_path / "told", told))
    assert (found.returncode, found.stdout) == (
        0,
        f"accepted example.com/sovgate 700 {len(told['proofs'])}\n",
    ), found.stderr


def edited_entry(told):
    told["entries"][told["proofs"][3]["index"]] = "AAAA"


def edited_hash(told):
    told["proofs"][3]["hashes"][0] = "00" * 32


def edited_checkpoint(told):
    told["checkpoint"] = told["checkpoint"].replace("\n700\n", "\n701\n")


def another_place(told):
    told["proofs"][3]["index"] += 1
    told["entries"][told["proofs"][3]["index"]] = told["entries"][told["proofs"][3]["index"] - 1]


@pytest.mark.parametrize("name", ["sigstore", "node"])
@pytest.mark.parametrize("tamper", [edited_entry, edited_hash, edited_checkpoint, another_place])
def test_it_refuses_what_was_tampered_with(name, tamper, told, tmp_path):
    changed = copy.deepcopy(told)
    tamper(changed)
    assert run(name, written(tmp_path / "told", changed)).returncode != 0
