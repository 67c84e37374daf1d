"""What a log hands to a witness: a signed checkpoint with proof that it goes on from what the witness saw last.

The body of C2SP tlog-witness `add-checkpoint`, read strictly: what a witness signs must mean one thing to everyone.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST = 64 * 1024
"""Bytes of a body: a proof of 63 hashes, a checkpoint, and room for others' signatures."""

_SIZE = rb"(?:0|[1-9][0-9]{0,18})"
_HASH = rb"[A-Za-z0-9+/]{43}="
_BODY = re.compile(rb"old (%b)\n((?:%b\n){0,63})\n(.+)" % (_SIZE, _HASH), re.DOTALL)
_NOTE = re.compile(
    rb"([^\n]+)\n(%b)\n(%b)\n(?:[^\n]+\n)*\n(?:\xe2\x80\x94 [^ \n]+ [A-Za-z0-9+/]+={0,2}\n)+" % (_SIZE, _HASH)
)


class MalformedSubmission(ValueError):
    """A body is no submission; the text says what it lacks, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """From the tree of `old` entries, by the hashes of `proof`, to the checkpoint `note` of the log `origin`."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes
    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> bytes:
        """Give the note's text, with its last line feed: what is signed."""
        return self.note.rpartition(b"\n\n")[0] + b"\n"


def read_submission(body: bytes) -> Submission:
    """Read a body; raises `MalformedSubmission`. No signature and no proof is checked by that."""
    found = _BODY.fullmatch(body) if len(body) <= LONGEST else None
    if found is None:
        raise MalformedSubmission("the body is not an old size, a proof, an empty line and a checkpoint")
    note = _NOTE.fullmatch(found[3])
    try:
        origin = note[1].decode() if note is not None else ""
    except UnicodeDecodeError:
        origin = ""
    if note is None or not origin.isprintable():
        raise MalformedSubmission("the checkpoint is not written as one")
    proof = tuple(_hash(line) for line in found[2].splitlines())
    return Submission(int(found[1]), proof, found[3], origin, int(note[2]), _hash(note[3]))


def write_submission(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Give the body that submits a checkpoint."""
    lines = [f"old {old}", *(b64encode(node).decode() for node in proof), "", ""]
    return "\n".join(lines).encode() + note


def _hash(text: bytes) -> bytes:
    """Decode a hash; raises `MalformedSubmission` unless it is the one encoding of what it holds."""
    data = b64decode(text)
    if b64encode(data) != text:
        raise MalformedSubmission("a hash is not base64 in its only form")
    return data
