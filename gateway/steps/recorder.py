"""Step 6 for legs in pieces: what is recorded before each piece goes on, and when a leg ends."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.audit.entry import Body
from gateway.flow import Flow, Leg, Response
from gateway.ports import Ports
from gateway.regime import Regime
from gateway.steps import note
from gateway.steps.find import Aim
from gateway.steps.note import Passage
from gateway.steps.stream import Close, Note


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records one flow after its intent, whose index in the log is `intent`."""

    flow: Flow
    aim: Aim
    intent: int
    regime: Regime
    ports: Ports

    def of_request(self) -> tuple[Note, Close]:
        """Give what records the pieces and the end of the request."""
        return self._recording(Leg.REQUEST, None)

    def of_response(self, answer: Response) -> tuple[Note, Close]:
        """Give what records the pieces and the end of the response."""
        return self._recording(Leg.RESPONSE, answer.status or None)

    async def began(self, answered: Passage) -> None:
        """Record the head or the first piece of a response, before anything of it is released. Raises `NotRecorded`."""
        number = 1 if answered.before else 0
        entry = note.piece(Leg.RESPONSE, self.flow, self.aim, answered, number, self.intent, self.regime, self.ports)
        await self.ports.append(entry)

    def _recording(self, leg: Leg, status: int | None) -> tuple[Note, Close]:
        async def piece(passage: Passage, number: int) -> None:
            entry = note.piece(leg, self.flow, self.aim, passage, number, self.intent, self.regime, self.ports)
            await self.ports.append(entry)

        async def closed(end: Passage, pieces: int, body: Body) -> None:
            entry = note.closed(
                leg, self.flow, self.aim, end, pieces, body, status, self.intent, self.regime, self.ports
            )
            await self.ports.append(entry)

        return piece, closed
