"""A leg whose body goes on in pieces: each is read, decided, treated and recorded before it is given on.

What goes wrong in the middle cuts the stream: what was given on is recorded, the rest never leaves, and the entry that
closes the leg says why.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from hashlib import sha256

from gateway.audit.entry import Body
from gateway.errors import NotRecorded, StreamCut, Unreadable, UpstreamFailed
from gateway.flow import Flow, Headers, Leg, header
from gateway.formats import media
from gateway.formats.charset import Transcoder
from gateway.formats.codings import Packer, Unpacker
from gateway.formats.format import Cutter
from gateway.formats.limits import BodyLimits
from gateway.regime import MessagePlan
from gateway.steps.find import Aim
from gateway.steps.note import Passage
from gateway.steps.read import Reader
from gateway.steps.reading import Reading

_AT_ONCE = 256 * 1024
"""How many bytes of a table are waited for before they are treated and recorded together."""

Judge = Callable[[Reading], Awaitable[Passage]]
"""Take a reading through steps 3 to 5; never raises."""
Note = Callable[[Passage, int], Awaitable[None]]
"""Record a piece by its number. Raises `NotRecorded`."""
Close = Callable[[Passage, int, Body], Awaitable[None]]
"""Record the end of a leg: its refusal or none, how many pieces there were, the whole body. Raises `NotRecorded`."""


class Stream:
    """One leg in pieces. `first` before anything is given on; then `rest`, once."""

    def __init__(
        self,
        plan: MessagePlan,
        cutter: Cutter,
        headers: Headers,
        source: AsyncIterator[bytes],
        limits: BodyLimits,
        reader: Reader,
        judge: Judge,
        alarm: Callable[[Exception], None],
    ) -> None:
        """Take a body that nobody has read yet. Raises `Unreadable` for its headers."""
        coding = header(headers, "content-encoding")
        kind = media.parse(header(headers, "content-type"))
        plan.format.agree(kind, b"")
        self._plan = plan
        self._cutter = cutter
        self._source = source
        self._judge = judge
        self._alarm = alarm
        self._reader = reader
        self._unpacker, self._packer = Unpacker(coding, limits.ratio), Packer(coding)
        self._charset = Transcoder(kind.charset)
        self._came, self._gave = sha256(), sha256()
        self._came_size = self._gave_size = self._count = 0
        self._passages = self._treated()
        self._first: Passage | None = None

    @property
    def live(self) -> bool:
        """Tell whether the head of the message can't wait for the first piece."""
        return self._plan.format.LIVE

    async def first(self) -> Passage | None:
        """Give the first piece, treated; None where the body is empty."""
        self._first = await anext(self._passages, None)
        return self._first

    async def rest(self, note: Note, close: Close) -> AsyncIterator[bytes]:
        """Give on piece by piece what was recorded; raises `StreamCut` where it must end unfinished.

        Where `first` was asked for, the entry of that piece is the caller's to make before.
        """
        end = Passage(refusal="client-left")  # unless this comes to another end
        try:
            if self._first is not None:
                self._count = 1
                yield self._given(self._first)
            async for passage in self._passages:
                if passage.refusal:
                    end = passage
                    raise StreamCut(passage.refusal)
                self._count += 1
                try:
                    await note(passage, self._count)
                except NotRecorded:
                    end = Passage(refusal="not-recorded")
                    raise StreamCut("not-recorded") from None
                yield self._given(passage)
            end = Passage()
        finally:
            tail = b"" if end.refusal else self._tail()
            await self._leave()
            try:
                await close(end, self._count, self._body())
            except NotRecorded:
                raise StreamCut("not-recorded") from None
        if tail:
            yield tail

    async def _treated(self) -> AsyncGenerator[Passage, None]:
        """Treat what comes; a refusal is the last."""
        try:
            async for data in self._gathered():
                self._came.update(data)
                self._came_size += len(data)
                for plain in self._unpacker.feed(data):
                    for piece in self._cutter.feed(self._charset.feed(plain)):
                        yield await self._judge(self._reader.piece(self._plan, piece))
            self._unpacker.end()
            for piece in (*self._cutter.feed(self._charset.end()), *self._cutter.end()):
                yield await self._judge(self._reader.piece(self._plan, piece))
        except (Unreadable, UpstreamFailed) as error:
            yield Passage(refusal=error.refusal)
        except Exception as error:  # noqa: BLE001 - fail closed: what nobody foresaw cuts the stream, and shows nothing
            self._alarm(error)
            yield Passage(refusal="internal")

    async def _leave(self) -> None:
        """Let go of a source that is not read to its end."""
        await self._passages.aclose()
        await close(self._source)

    async def _gathered(self) -> AsyncIterator[bytes]:
        """Give what comes: at once where it is live, else in portions that are worth an entry."""
        held = bytearray()
        async for data in self._source:
            held += data
            if self._plan.format.LIVE or len(held) >= _AT_ONCE:
                yield bytes(held)
                held.clear()
        if held:
            yield bytes(held)

    def _given(self, passage: Passage) -> bytes:
        """Wrap a piece as the body came."""
        data = self._packer.feed(self._charset.back(passage.body))
        self._gave.update(data)
        self._gave_size += len(data)
        return data

    def _tail(self) -> bytes:
        tail = self._packer.end()
        self._gave.update(tail)
        self._gave_size += len(tail)
        return tail

    def _body(self) -> Body:
        """Digest all that came and all that was given on."""
        return Body(self._came.hexdigest(), self._came_size, self._gave.hexdigest(), self._gave_size)


def streamable(plan: MessagePlan | None, limits: BodyLimits) -> bool:
    """Tell whether bodies of a message can go on in pieces."""
    return plan is not None and plan.format.cutter(plan.layout, limits) is not None


def opened(
    leg: Leg,
    flow: Flow,
    aim: Aim,
    plan: MessagePlan | None,
    headers: Headers,
    source: AsyncIterator[bytes],
    limits: BodyLimits,
    *,
    judge: Judge,
    alarm: Callable[[Exception], None],
) -> Stream | None:
    """Begin with a body that comes in pieces; None where it has to be read whole. Raises `Unreadable`."""
    cutter = plan.format.cutter(plan.layout, limits) if plan is not None else None
    if plan is None or cutter is None:
        return None
    reader = Reader(flow, aim, headers if leg is Leg.RESPONSE else (), limits)
    return Stream(plan, cutter, headers, source, limits, reader, judge, alarm)


async def whole(source: AsyncIterator[bytes], limit: int) -> bytes:
    """Read all of a body that can't go on in pieces. Raises `Unreadable`: body-too-large, and the source's errors."""
    parts, size = [], 0
    try:
        async for data in source:
            size += len(data)
            if size > limit:
                raise Unreadable("body-too-large", "more than the limit")
            parts.append(data)
    finally:
        await close(source)
    return b"".join(parts)


async def close(source: AsyncIterator[bytes]) -> None:
    """Let go of a source: a generator is closed, and with it what it reads from."""
    leave = getattr(source, "aclose", None)
    if leave is not None:
        await leave()
