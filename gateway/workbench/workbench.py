"""A gate whose ports are in memory. The gate, the treatments and the entries are those of the proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gateway.audit.entry import Entry
from gateway.audit.pseudonym import Pseudonyms
from gateway.crypto import hkdf_sha256
from gateway.custody.memory import MemoryCustody
from gateway.errors import UpstreamFailed
from gateway.flow import STRANGER, CustomerFacts, Flow, Request, Response
from gateway.formats.limits import BodyLimits
from gateway.gate import Gate
from gateway.policy.model import PolicySet
from gateway.ports import Offload, Ports
from gateway.regime import Regime, establish
from gateway.steps.edit import Editor
from gateway.steps.sight import Sight
from gateway.storage.memory import MemoryLog
from gateway.workbench.parts import parted
from gateway.workbench.trial import Trial

Known = Callable[[str], CustomerFacts]
"""Tells what is known of a customer: consents and attributes."""

NOTHING_KNOWN: Known = CustomerFacts
"""Nobody has agreed to anything, and no attribute is known: what a gateway without passports sees."""

_SECRET = b"sovgate workbench: keys that protect nothing, so that runs repeat"


class Workbench:
    """Puts flows through the gate under one policy set, one after the other.

    `offload` opens documents (the sandbox, or a plain call for documents of one's own); `clock` tells nanoseconds since
    the epoch: give the time of the flow where the flow is old, so that time windows decide as they did. `custody` has
    the customers' keys, which protect nothing here.
    """

    def __init__(
        self,
        policies: PolicySet,
        offload: Offload,
        limits: BodyLimits | None = None,
        known: Known = NOTHING_KNOWN,
        custody: MemoryCustody | None = None,
    ) -> None:
        """Make the policies ready. Raises `FaultyFiles` for selectors that can't be used together."""
        self.regime: Regime = establish(policies)
        self.names = Pseudonyms(hkdf_sha256(_SECRET, b"pseudonyms"))
        self.known = known
        self.custody = custody or MemoryCustody(_SECRET)
        self._now = 0
        self._sights: list[Sight] = []
        self._alarms: list[Exception] = []
        self._log = MemoryLog()
        ports = Ports(
            facts=self._facts,
            append=self._append,
            offload=offload,
            clock=lambda: self._now,
            random=self._random,
            names=self.names,
            custody=self.custody,
            alarm=lambda _flow, error: self._alarms.append(error),
            marks=hkdf_sha256(_SECRET, b"marks"),
        )
        self._limits = limits or BodyLimits()
        self._gate = Gate(self.regime, ports, Editor(), self._limits, self._sights.append)
        self._codes = 0

    async def put(self, flow: Flow, answer: Response | None, known: Known | None = None) -> Trial:
        """Put a flow through, at the time when it began; `answer` is what the system gave, None where nobody knows.

        `known` tells of customers in the place of what the workbench was made with. An error that nobody foresaw is
        raised here, after the gate refused the flow: offline it is a bug to be seen, not to be hidden.
        """
        self._now = flow.started
        self._sights.clear()
        self._alarms.clear()
        self._log = MemoryLog()
        asked: list[Request] = []
        before, self.known = self.known, known or self.known

        async def send(request: Request, *, streamed: bool = False) -> Response:  # noqa: ARG001 - the port's form
            asked.append(request)
            if answer is None:
                raise UpstreamFailed("upstream-unreachable", "no answer was captured")
            return answer

        try:
            released = await self._gate.handle(flow, send)
        finally:
            self.known = before
        if self._alarms:
            raise self._alarms[0]
        forwarded = asked[0] if asked else None
        unanswered = forwarded is not None and answer is None
        entries = tuple(self._log.entries)
        trial = Trial(
            flow=flow,
            entries=tuple(entry for entry in entries if entry.kind != "outcome") if unanswered else entries,
            sights=tuple(self._sights),
            forwarded=forwarded,
            released=None if unanswered else released,
            answer=answer,
        )
        return parted(trial, self.regime, self._limits)

    async def _append(self, entry: Entry) -> int:
        return await self._log.append(entry)

    async def _facts(self, customers: Iterable[str], _now: int) -> Mapping[str | None, CustomerFacts]:
        return {None: STRANGER, **{customer: self.known(customer) for customer in customers}}

    def _random(self, size: int) -> bytes:
        """Give bytes that are the same in every run: marks and ids repeat, so that two runs can be compared."""
        self._codes += 1
        return hkdf_sha256(_SECRET, b"random", str(self._codes).encode(), length=size)
