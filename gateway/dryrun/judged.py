"""One exchange after the dry run: what became of it, with every place of it that was found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from gateway.capture.exchange import Exchange
from gateway.dryrun.report import Where
from gateway.flow import Flow, Leg
from gateway.steps.sight import Sight
from gateway.workbench import Trial
from gateway.workbench.survey import Fate, Seen, Survey, fate


@dataclass(frozen=True, slots=True)
class Met:
    """A place of a leg and what it met; `passed` tells that the leg passed the gate."""

    sight: Sight
    seen: Seen
    fate: Fate
    passed: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A flow that the gate decided on. `failure` names the kind of an error that nobody foresaw: there is no trial.

    `parts` are the requests of a batch.
    """

    where: Where
    exchange: Exchange
    flow: Flow
    trial: Trial | None
    met: tuple[Met, ...] = ()
    failure: str = ""
    parts: tuple[Judged, ...] = ()

    @property
    def operation(self) -> str:
        """Name the operation; "" where no catalogue names it."""
        return self.trial.operation if self.trial else ""

    @property
    def refusal(self) -> str:
        """Name the refusal; "" where the flow passes."""
        return self.trial.refusal if self.trial else "internal"

    @property
    def leg(self) -> Leg | None:
        """Tell which leg was refused."""
        return self.trial.refused_leg if self.trial else Leg.REQUEST

    @property
    def treated(self) -> Counter[str]:
        """Count the values that are changed on their way, by treatment, as the audit log would."""
        counts: Counter[str] = Counter()
        for entry in self.trial.entries if self.trial else ():
            if not entry.refusal:
                for decided in entry.decided:
                    for field in decided.fields:
                        counts[field.treatment] += field.count
        return counts


@dataclass(frozen=True, slots=True)
class Passed:
    """What stands in a capture and is no flow: `reason` is a key of `UNUSABLE` or (`usable`) of `SKIPPED`."""

    where: Where
    reason: str
    exchange: Exchange | None = None

    @property
    def usable(self) -> bool:
        """Tell whether it could have been used, had more been known of it."""
        return self.exchange is not None


def judged(where: Where, exchange: Exchange, trial: Trial, survey: Survey) -> Judged:
    """Look at every place of a flow."""
    refused = trial.refused_leg
    met = tuple(
        Met(sight, seen, fate(seen, sight), sight.leg is not refused)
        for sight in trial.sights
        for seen in survey.places(sight)
    )
    parts = tuple(
        judged(
            replace(where, part=number),
            replace(exchange, request=part.flow.request, response=part.answer),
            part,
            survey,
        )
        for number, part in enumerate(trial.parts, 1)
    )
    return Judged(where, exchange, trial.flow, trial, met, parts=parts)
