"""Ask one witness to cosign a checkpoint (C2SP tlog-witness), from the log's side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import aiohttp
from yarl import URL

from gateway.audit.cosignature import Cosigned, cosignatures
from gateway.audit.signatures import Checkpoint
from gateway.errors import SovgateError
from gateway.witness.settings import AskedWitness
from gateway.witness.submission import write_submission

Prove = Callable[[int], Sequence[bytes]]
"""Gives the consistency proof from a size to the checkpoint's; may raise `BrokenLog`."""

TIMEOUT = aiohttp.ClientTimeout(total=10)
_LARGEST = 16 * 1024
_AHEAD = 60
"""Seconds that a witness's clock may be ahead of ours."""


class Unwitnessed(SovgateError):
    """A witness did not cosign. `kind` is `unreachable`, `refused`, `invalid`, or `fork`: it remembers another past."""

    def __init__(self, kind: str, message: str) -> None:
        """Take the kind and a message."""
        self.kind = kind
        super().__init__(message)


async def submit(
    session: aiohttp.ClientSession,
    witness: AskedWitness,
    note: bytes,
    head: Checkpoint,
    old: int,
    prove: Prove,
    now: Callable[[], float],
) -> Cosigned:
    """Get a witness's cosignature of a checkpoint, from the size `old` that it is thought to remember.

    Where it remembers another one, goes on from that, once. Raises `Unwitnessed`, and `BrokenLog` where the log's own
    tiles don't give a proof.
    """
    for _ in range(2):
        body = write_submission(old, await asyncio.to_thread(prove, old), note)
        status, answer = await _post(session, f"{witness.url.rstrip('/')}/add-checkpoint", body)
        if status == 200:  # noqa: PLR2004 - OK
            return _taken(witness, note, answer, now())
        if status != 409:  # noqa: PLR2004 - the witness remembers another size
            break
        named = _size(answer)
        if named > head.size:
            raise Unwitnessed("fork", f"it remembers {named} entries, and the log has {head.size}: cut off")
        if named == old:
            raise Unwitnessed("fork", f"it remembers another head of {named} entries: the past was rewritten")
        old = named
    if status == 422:  # noqa: PLR2004 - the proof does not go on from what it remembers
        raise Unwitnessed("fork", f"the log does not go on from the {old} entries that it remembers: rewritten")
    raise Unwitnessed("refused", f"it answers with status {status}")


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> tuple[int, bytes]:
    """Send a body and give the answer, if it isn't too long."""
    try:
        async with session.post(URL(url), data=body, timeout=TIMEOUT, allow_redirects=False) as answer:
            return answer.status, await read_bounded(answer, _LARGEST)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unwitnessed("unreachable", f"it can't be reached: {type(error).__name__}") from None
    except ValueError:
        raise Unwitnessed("invalid", "its answer is too long") from None


async def read_bounded(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a body; `ValueError` where it is longer than `limit` bytes."""
    body = b""
    async for chunk in answer.content.iter_chunked(limit):
        body += chunk
        if len(body) > limit:
            raise ValueError("too long")
    return body


def _size(answer: bytes) -> int:
    """Read the size that a witness remembers."""
    text = answer.strip()
    if not (text.isdigit() and len(text) < 20):  # noqa: PLR2004 - digits of 2^63
        raise Unwitnessed("invalid", "it says that it remembers another size, and not which")
    return int(text)


def _taken(witness: AskedWitness, note: bytes, answer: bytes, now: float) -> Cosigned:
    """Take the witness's own line out of its answer, if it is right; others are passed over."""
    found = cosignatures(note.rpartition(b"\n\n")[0] + b"\n\n" + answer, [witness.key])
    if not found:
        raise Unwitnessed("invalid", "it answered without a valid cosignature of its key")
    if found[0].time > now + _AHEAD:
        raise Unwitnessed("invalid", "its cosignature is from the future: somebody's clock is wrong")
    return found[0]
