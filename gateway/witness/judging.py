"""Whether a witness may cosign a checkpoint: the rules of C2SP tlog-witness, apart from keeping and answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from gateway.audit.merkle import EMPTY
from gateway.audit.proof import check_consistency
from gateway.audit.signatures import Checkpoint, NoteKey, open_checkpoint
from gateway.errors import BrokenLog
from gateway.witness.submission import Submission

Logs = Mapping[str, Sequence[NoteKey]]
"""The public keys of each log that is witnessed, by its origin."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a checkpoint is not cosigned: the status, a few words, and the size that the client should go on from."""

    status: HTTPStatus
    why: str
    size: int | None = None


def admit(submitted: Submission, logs: Logs) -> Refused | None:
    """Tell why a submission is not looked at further: its log is unknown, or did not sign it."""
    keys = logs.get(submitted.origin)
    if keys is None:
        return Refused(HTTPStatus.NOT_FOUND, "unknown-origin")
    if not any(_opens(submitted.note, key) for key in keys):
        return Refused(HTTPStatus.FORBIDDEN, "not-signed")
    if submitted.old > submitted.size:
        return Refused(HTTPStatus.BAD_REQUEST, "old-is-larger")
    return None


def judge(submitted: Submission, latest: Checkpoint | None) -> Refused | None:
    """Tell why an admitted submission doesn't go on from the `latest` checkpoint that was cosigned, or None."""
    size, root = (latest.size, latest.root) if latest is not None else (0, EMPTY)
    if submitted.old != size:
        return Refused(HTTPStatus.CONFLICT, "other-size", size)
    if latest is not None and submitted.size == size and submitted.root != root:
        return Refused(HTTPStatus.CONFLICT, "other-root", size)
    try:
        check_consistency(size, root, submitted.size, submitted.root, submitted.proof)
    except BrokenLog:
        return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "proof-fails")
    return None


def _opens(note: bytes, key: NoteKey) -> bool:
    try:
        open_checkpoint(note, key, "checkpoint")
    except BrokenLog:
        return False
    return True
