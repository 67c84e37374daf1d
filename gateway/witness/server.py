"""A witness's answers to `add-checkpoint` (C2SP tlog-witness), on the gateway's own HTTP server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from gateway.errors import Unreadable
from gateway.flow import Leg, Response
from gateway.proxy.incoming import Asked
from gateway.proxy.logs import Log
from gateway.refusals import problem
from gateway.witness.heads import Heads
from gateway.witness.judging import Logs, Refused, admit, judge
from gateway.witness.submission import LONGEST, MalformedSubmission, Submission, read_submission

PATH = "/add-checkpoint"
_SIZE = (("Content-Type", "text/x.tlog.size"),)
_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)


class Service:
    """Answers requests. To compare with what is remembered and to remember anew is one step, for one at a time."""

    def __init__(self, heads: Heads, logs: Logs, log: Log, wall: Callable[[], float]) -> None:
        """Take the memory, the logs' public keys, and the wall clock (seconds since the epoch)."""
        self._heads, self._logs, self._log, self._wall = heads, logs, log, wall
        self._one = asyncio.Lock()
        self._deciding: set[asyncio.Task[Response]] = set()

    async def serve(self, asked: Asked) -> Response:
        """Answer one request."""
        if asked.head.target != PATH:
            return _said(HTTPStatus.NOT_FOUND, "there is only /add-checkpoint here")
        if asked.head.method != "POST":
            status = HTTPStatus.METHOD_NOT_ALLOWED
            return Response(status, (*_TEXT, ("Allow", "POST")), b"only POST is answered here\n")
        try:
            submitted = read_submission(await asked.body(LONGEST))
        except MalformedSubmission as error:
            return _said(HTTPStatus.BAD_REQUEST, str(error))
        except Unreadable as error:
            return problem(error.refusal, Leg.REQUEST, "")
        refused = admit(submitted, self._logs)
        if refused is not None:
            self._log.info("not-witnessed", why=refused.why)  # whose origin it was is anybody's text
            return _said(refused.status, refused.why)
        deciding = asyncio.create_task(self._decide(submitted))  # to its end, even if the client leaves meanwhile
        self._deciding.add(deciding)
        deciding.add_done_callback(self._deciding.discard)
        return await asyncio.shield(deciding)

    async def close(self) -> None:
        """Wait for what is being remembered."""
        await asyncio.gather(*self._deciding, return_exceptions=True)

    async def _decide(self, submitted: Submission) -> Response:
        """Cosign what goes on from the newest head that was cosigned, and nothing else."""
        async with self._one:
            refused = judge(submitted, self._heads.latest(submitted.origin))
            if refused is not None:
                return self._refuse(submitted, refused)
            try:
                line = await asyncio.to_thread(self._heads.keep, submitted, int(self._wall()))
            except OSError as error:
                self._log.error("not-remembered", error=error.strerror)
                return _said(HTTPStatus.SERVICE_UNAVAILABLE, "the witness can't remember this now")
        self._log.info("witnessed", origin=submitted.origin, size=submitted.size)
        return Response(HTTPStatus.OK, _TEXT, line)

    def _refuse(self, submitted: Submission, refused: Refused) -> Response:
        """Answer as the protocol says. A log's signature on two pasts is proof against it: it is written down."""
        told = {"origin": submitted.origin, "old": submitted.old, "size": submitted.size, "latest": refused.size}
        if refused.why == "other-size":
            self._log.info("not-witnessed", why=refused.why, **told)
        else:
            self._log.error("not-witnessed", why=refused.why, note=submitted.note.decode(errors="replace"), **told)
        if refused.size is not None:
            return Response(refused.status, _SIZE, b"%d\n" % refused.size)
        return _said(refused.status, refused.why)


def _said(status: HTTPStatus, words: str) -> Response:
    return Response(status, _TEXT, words.encode() + b"\n")
