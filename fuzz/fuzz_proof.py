"""Any bytes as a signed note, a proof, verifier keys, or what a log hands to a witness: one form each, or refused."""

from __future__ import annotations

from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from harness import fuzz

from gateway.audit.cosignature import COSIGNATURE, WitnessKey, cosignatures, key_id
from gateway.audit.proof import check_consistency, check_inclusion, read_proof, write_proof
from gateway.audit.signatures import Checkpoint, EntryKeys, NoteKey, signed_checkpoint
from gateway.errors import BrokenLog
from gateway.witness.judging import admit, judge
from gateway.witness.submission import MalformedSubmission, read_submission, write_submission

LOG = Ed25519PrivateKey.from_private_bytes(b"c" * 32).public_key()
WITNESS = Ed25519PrivateKey.from_private_bytes(b"w" * 32).public_key()
NAME = "witness.example.com/w1"
KEYS = (NoteKey.of("example.com/sovgate", LOG),)
PUBLIC = WITNESS.public_bytes_raw()
COSIGNERS = (WitnessKey.read(f"{NAME}+{key_id(NAME, PUBLIC).hex()}+{b64encode(COSIGNATURE + PUBLIC).decode()}"),)
LOGS = {"example.com/sovgate": KEYS}


def target(data: bytes) -> None:
    head = signed(data)
    cosigned = cosignatures(data, COSIGNERS)
    assert len(cosigned) <= 1
    proof(data)
    submission(data)
    text = data.decode("latin-1")
    for read in (NoteKey.read, NoteKey.read_all, WitnessKey.read):
        try:
            read(text)
        except BrokenLog:
            continue
    for keys in (data, b'{"keys":[' + data + b"]}"):
        try:
            EntryKeys(keys)
        except BrokenLog:
            continue
    if head is not None:
        assert str(head).startswith("example.com/sovgate ")


def signed(data: bytes) -> Checkpoint | None:
    """Read a checkpoint; nobody but the log can have signed it."""
    try:
        return signed_checkpoint(data, KEYS, "note")[0]
    except BrokenLog:
        return None


def proof(data: bytes) -> None:
    """Read a proof; written again it is what it was."""
    try:
        read = read_proof(data)
    except BrokenLog:
        return
    assert write_proof(read) == data
    try:
        check_inclusion(b"\0" * 32, read.index, read.index + 1, read.path, b"\1" * 32)
    except BrokenLog:
        return
    raise AssertionError("no path leads there")


def submission(data: bytes) -> None:
    """Read a submission; written again it is what it was, and only the log's own is admitted."""
    try:
        read = read_submission(data)
    except MalformedSubmission:
        return
    assert write_submission(read.old, read.proof, read.note) == data
    if admit(read, LOGS) is None:
        assert signed(read.note) is not None
        for latest in (None, Checkpoint(read.origin, read.old, b"\2" * 32)):
            judge(read, latest)
    try:
        check_consistency(read.old, b"\0" * 32, read.size, read.root, read.proof)
    except BrokenLog:
        return
    assert read.old == read.size
    assert read.root == b"\0" * 32


if __name__ == "__main__":
    fuzz(target, "proof")
