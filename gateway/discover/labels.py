"""The fields of a message: every place of its outline with a proposed class."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gateway.discover.classify import classify
from gateway.discover.draft import DraftField
from gateway.discover.name_reasons import BESIDE
from gateway.discover.outline import Outline
from gateway.discover.proposal import Confidence, Proposal, Reason
from gateway.discover.records import is_paging
from gateway.discover.spots import Spotted, written

MOST = 1500
"""Places of one message beyond which the whole is labelled: nobody reads so many lines."""

_FRAME = Proposal(
    "system.operations",
    Confidence.MEDIUM,
    (Reason("system.operations", "it is about the call or the answer, not a record", BESIDE),),
)

_TOLD = Proposal("system.operations", Confidence.HIGH, (Reason("system.operations", "it names the operation", BESIDE),))


def label(
    spots: Iterable[Spotted], subject: str, *, frame: bool = False, told: Collection[str] = ()
) -> tuple[DraftField, ...]:
    """Propose a class for each place; `subject` is what the message is about.

    `frame`: it stands around records. `told` are selectors that tell operations apart.
    """
    fields: dict[str, DraftField] = {}
    for spot in spots:
        selector = written(spot.steps)
        if selector not in fields:
            if selector in told:
                fields[selector] = DraftField(selector, _TOLD, spot.always)
            elif (frame or (told and len(spot.steps) == 1)) and spot.name and is_paging(spot.name, said=True):
                fields[selector] = DraftField(selector, _FRAME, spot.always)
            else:
                fields[selector] = _field(selector, spot, subject)
        if len(fields) > MOST:
            doubt = f"more than {MOST} places: name the parts that matter"
            return (DraftField("$", Proposal("user", Confidence.LOW, (), (doubt,))),)
    return tuple(fields.values())


def _field(selector: str, spot: Spotted, subject: str) -> DraftField:
    if spot.whole and (_nested(spot.place) or spot.place.cut):
        doubt = "all that lies below: name its members, if they are known"
        return DraftField(selector, Proposal("user", Confidence.LOW, (), (doubt,)), always=False)
    return DraftField(selector, classify(spot.name, (*spot.around, subject), spot.place), spot.always)


def _nested(place: Outline) -> bool:
    return bool(place.kinds & {"object", "array"})
