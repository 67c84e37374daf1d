"""A leg whose body goes on in pieces: each is read, decided, treated and recorded before it is given on.

What goes wrong in the middle cuts the stream: what was given on is recorded, the rest never leaves, and the entry that
closes the leg says why. A body of a table that ends within one portion is no stream: it is read and given on whole.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from hashlib import sha256

from gateway.audit.entry import Body
from gateway.errors import NotRecorded, StreamCut, Unreadable, UpstreamFailed
from gateway.flow import Flow, Headers, Leg, header
from gateway.formats import media
from gateway.formats.charset import Transcoder
from gateway.formats.codings import Packer, Unpacker
from gateway.formats.format import Cutter, Piece
from gateway.formats.limits import BodyLimits
from gateway.regime import MessagePlan
from gateway.steps import source as sources
from gateway.steps.find import Aim
from gateway.steps.note import Passage
from gateway.steps.read import Reader, Whose
from gateway.steps.reading import Reading
from gateway.steps.source import LIVELY, PORTION

Judge = Callable[[Reading], Awaitable[Passage]]
"""Take a reading through steps 3 to 5; never raises."""
Note = Callable[[Passage, int], Awaitable[None]]
"""Record a piece by its number. Raises `NotRecorded`."""
Close = Callable[[Passage, int, Body], Awaitable[None]]
"""Record the end of a leg: its refusal or none, how many pieces there were, the whole body. Raises `NotRecorded`."""

_LEFT = {Leg.REQUEST: "upstream-broken", Leg.RESPONSE: "client-left"}
"""What it is called when whoever takes the pieces wants no more of them."""


class Stream:
    """One leg in pieces: `first` before anything is given on, then `recorded`; then it is what the other side reads.

    Reading raises `StreamCut` where it must end unfinished. Whoever stops reading calls `aclose`, so that the end is
    recorded. `refusal` tells by then why it was cut, "" where it was not.
    """

    def __init__(
        self,
        leg: Leg,
        plan: MessagePlan,
        cutter: Cutter,
        headers: Headers,
        held: bytes,
        source: AsyncIterator[bytes],
        limits: BodyLimits,
        reader: Reader,
        judge: Judge,
        alarm: Callable[[Exception], None],
    ) -> None:
        """Take a body of which only `held` was read yet. Raises `Unreadable` for its headers."""
        coding = header(headers, "content-encoding")
        self._kind = media.parse(header(headers, "content-type"))
        if plan.format.LIVE:
            plan.format.agree(self._kind, b"")  # the head won't wait for what the body looks like
        self._plan = plan
        self._cutter = cutter
        self._held = held
        self._source = source
        self._judge = judge
        self._alarm = alarm
        self._reader = reader
        self._unpacker, self._packer = Unpacker(coding, limits.ratio), Packer(coding)
        self._charset = Transcoder(self._kind.charset)
        self._began = False  # there was text
        self._came, self._gave = sha256(), sha256()
        self._came_size = self._gave_size = self._count = 0
        self._passages = self._treated()
        self._first: tuple[Passage, bytes] | None = None
        self._note: Note | None = None
        self._close: Close | None = None
        self._giving: AsyncGenerator[bytes, None] | None = None
        self._left = _LEFT[leg]
        self._ended = False
        self.refusal = ""

    @property
    def live(self) -> bool:
        """Tell whether the head of the message can't wait for the first piece."""
        return self._plan.format.LIVE

    @property
    def empty(self) -> bool:
        """Tell whether nothing came at all; to be asked once `first` has found no piece."""
        return not self._came_size

    async def first(self) -> Passage | None:
        """Give the first piece, treated; None where there is none. Its entry is the caller's to make."""
        self._first = await anext(self._passages, None)
        return self._first[0] if self._first else None

    def recorded(self, note: Note, close: Close) -> Stream:
        """Begin to give on: from now on each piece is recorded first, and so is the end."""
        self._note, self._close = note, close
        self._giving = self._given_on(note)
        return self

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> bytes:
        if self._giving is None:
            raise StopAsyncIteration
        return await anext(self._giving)

    async def aclose(self) -> None:
        """Stop, wherever it is. Raises `StreamCut` where the end can't be recorded. Not while it is being read."""
        if self._giving is not None:
            await self._giving.aclose()
        await self._end(self._left)

    def cut(self, refusal: str) -> None:
        """End it from aside, by this refusal, also where nothing comes and it is waited for."""
        self._left = refusal
        sources.cut(self._source, refusal)

    async def _given_on(self, note: Note) -> AsyncGenerator[bytes, None]:
        """Give on piece by piece what was recorded."""
        refusal: str | None = None  # as long as it is None, whoever reads this may leave
        tail = b""
        try:
            if self._first is not None:
                self._count, first, self._first = 1, self._first[1], None
                yield self._packed(first)
            async for passage, data in self._passages:
                if passage.refusal:
                    refusal = passage.refusal
                    break
                try:
                    await note(passage, self._count + 1)
                except NotRecorded:
                    refusal = "not-recorded"
                    break
                self._count += 1
                yield self._packed(data)
            else:
                tail, refusal = self._tail(), ""
        except Exception as error:  # noqa: BLE001 - fail closed: what nobody foresaw cuts the stream, and shows nothing
            self._alarm(error)
            refusal = "internal"
        finally:
            await self._end(self._left if refusal is None else refusal)
        if self.refusal:
            raise StreamCut(self.refusal)
        if tail:
            yield tail

    async def _end(self, refusal: str) -> None:
        """Let go of the source, and record the end, once."""
        if self._ended:
            return
        self._ended, self.refusal = True, refusal
        try:
            await self._passages.aclose()
            await sources.close(self._source)
        except Exception as error:  # noqa: BLE001 - the end is recorded whatever becomes of the source
            self._alarm(error)
        if self._close is None:
            return
        try:
            await self._close(Passage(refusal=refusal), self._count, self._body())
        except NotRecorded:
            self.refusal = "not-recorded"
            raise StreamCut("not-recorded") from None

    async def _treated(self) -> AsyncGenerator[tuple[Passage, bytes], None]:
        """Treat what comes, each piece with its bytes in the body's charset; a refusal is the last."""
        try:
            async with aclosing(self._gathered()) as gathered:
                async for data in gathered:
                    self._came.update(data)
                    self._came_size += len(data)
                    for plain in self._unpacker.feed(data):
                        for piece in self._cutter.feed(self._agreed(self._charset.feed(plain))):
                            yield await self._judged(piece)
            self._unpacker.end()
            for piece in (*self._cutter.feed(self._agreed(self._charset.end())), *self._cutter.end()):
                yield await self._judged(piece)
        except (Unreadable, UpstreamFailed, StreamCut) as error:
            yield Passage(refusal=error.refusal), b""
        except Exception as error:  # noqa: BLE001 - the same
            self._alarm(error)
            yield Passage(refusal="internal"), b""

    def _agreed(self, text: bytes) -> bytes:
        """Check that the body begins as its content type says."""
        if text and not self._began:
            self._began = True
            self._plan.format.agree(self._kind, text)
        return text

    async def _judged(self, piece: Piece) -> tuple[Passage, bytes]:
        """Take a piece through the steps; its bytes as they will be written, which may turn out to be impossible."""
        passage = await self._judge(self._reader.piece(self._plan, piece))
        return passage, b"" if passage.refusal else self._charset.back(passage.body)

    async def _gathered(self) -> AsyncGenerator[bytes, None]:
        """Give what comes: at once where it is live, else in portions that are worth an entry."""
        held, self._held = bytearray(self._held), b""
        if held:
            yield bytes(held)
            held.clear()
        async for data in self._source:
            if self._plan.format.LIVE:
                for start in range(0, len(data), LIVELY):
                    yield data[start : start + LIVELY]
                continue
            held += data
            if len(held) >= PORTION:
                yield bytes(held)
                held.clear()
        if held:
            yield bytes(held)

    def _packed(self, data: bytes) -> bytes:
        """Put the content coding on."""
        return self._count_given(self._packer.feed(data))

    def _tail(self) -> bytes:
        return self._count_given(self._packer.end())

    def _count_given(self, data: bytes) -> bytes:
        self._gave.update(data)
        self._gave_size += len(data)
        return data

    def _body(self) -> Body:
        """Digest all that came and all that was given on."""
        return Body(self._came.hexdigest(), self._came_size, self._gave.hexdigest(), self._gave_size)


def streamable(plan: MessagePlan | None, limits: BodyLimits) -> bool:
    """Tell whether bodies of a message can go on in pieces."""
    return plan is not None and plan.format.cutter(plan.layout, limits) is not None


async def opened(
    leg: Leg,
    flow: Flow,
    aim: Aim,
    plan: MessagePlan | None,
    headers: Headers,
    source: AsyncIterator[bytes],
    limits: BodyLimits,
    whose: Whose,
    *,
    judge: Judge,
    alarm: Callable[[Exception], None],
) -> Stream | bytes:
    """Begin with a body that comes in pieces; where it has to be, or can be, read whole: read it.

    Raises `Unreadable`, `UpstreamFailed`, `StreamCut`; the source is closed then.
    """
    going: Stream | bytes | None = None
    try:
        cutter = plan.format.cutter(plan.layout, limits) if plan is not None else None
        if plan is None or cutter is None:
            return await sources.whole(source, limits.size)
        held, ended = (b"", False) if plan.format.LIVE else await sources.ahead(source)
        if ended:
            return held
        reader = Reader(flow, aim, headers if leg is Leg.RESPONSE else (), limits, whose)
        going = Stream(leg, plan, cutter, headers, held, source, limits, reader, judge, alarm)
        return going
    finally:
        if going is None:
            await sources.close(source)
