"""The requests of a batch after the gate, each as a trial by itself: what it was, what went on, what came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from gateway.errors import Unreadable
from gateway.flow import Flow, Request, Response, header
from gateway.formats import codings
from gateway.formats.batch import Asked
from gateway.formats.batch_target import Base
from gateway.formats.batches import BATCHES
from gateway.formats.limits import BodyLimits
from gateway.regime import Regime
from gateway.steps.sight import Sight
from gateway.workbench.trial import Trial


def parted(trial: Trial, regime: Regime, limits: BodyLimits) -> Trial:
    """Take what belongs to a batch's requests out of its trial; any other trial stays as it is."""
    operation = regime.operations.get(trial.operation)
    if operation is None or not operation.operation.batch:
        return trial
    own = trial.flow.id
    parts = tuple(_parts(trial, operation.operation.batch, limits))
    return replace(
        trial,
        entries=tuple(entry for entry in trial.entries if entry.flow == own),
        sights=tuple(sight for sight in trial.sights if sight.flow.id == own),
        parts=parts,
    )


def _parts(trial: Trial, kind: str, limits: BodyLimits) -> Iterator[Trial]:
    """Give a trial for each request that was recorded."""
    came = _asked(trial.flow.request, trial.flow, kind, limits)
    went = _asked(trial.forwarded, trial.flow, kind, limits)
    answers = _answers(came, trial.answer, limits)
    released = _answers(went, trial.released, limits)
    sights: dict[str, list[Sight]] = defaultdict(list)
    for sight in trial.sights:
        sights[sight.flow.id].append(sight)
    for index, call in enumerate(came.calls if came else ()):
        name = f"{trial.flow.id}.{index + 1}"
        entries = tuple(entry for entry in trial.entries if entry.flow == name)
        if entries:
            yield Trial(
                flow=replace(trial.flow, id=name, request=call.request, batch=trial.flow.id),
                entries=entries,
                sights=tuple(sights[name]),
                forwarded=went.calls[index].request if went else None,
                released=trial.released if trial.refusal else released.get(index),
                answer=answers.get(index),
            )


def _asked(request: Request | None, flow: Flow, kind: str, limits: BodyLimits) -> Asked | None:
    """Take a batch apart; None where it can't be: the gate refused it then."""
    if request is None:
        return None
    try:
        plain = replace(request, body=_plain(request, limits))
        return BATCHES[kind].asked(plain, Base.of(flow), limits)
    except Unreadable:
        return None


def _answers(asked: Asked | None, answer: Response | None, limits: BodyLimits) -> dict[int, Response]:
    """Give what each request was answered, by its index."""
    if asked is None or answer is None:
        return {}
    try:
        replies = asked.answered(replace(answer, body=_plain(answer, limits)), limits).replies
    except Unreadable:
        return {}
    return {index: reply.response for reply in replies for index in reply.calls}


def _plain(message: Request | Response, limits: BodyLimits) -> bytes:
    return codings.decode(message.body, header(message.headers, "content-encoding"), limits.size, limits.ratio)
