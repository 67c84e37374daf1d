"""The fields of a message: every place of its outline with a proposed class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from gateway.discover.classify import classify
from gateway.discover.draft import DraftField
from gateway.discover.name_reasons import BESIDE
from gateway.discover.outline import Outline
from gateway.discover.proposal import Confidence, Proposal, Reason
from gateway.discover.records import is_paging
from gateway.discover.spots import Spotted
from gateway.discover.views.view import View

MOST = 1500
"""Places of one message beyond which the whole is labelled: nobody reads so many lines."""

_EVERYTHING = {"json": "$", "ndjson": "$", "xml": ".", "soap": ".", "xmlrpc": ".", "zip": "**"}
"""Selectors of everything; a format that has none is labelled as far as the bound goes."""

_PLAIN = frozenset({"business", "system.operations"})
"""What a format's own standard says of codes and the like: values say nothing more of them."""

_FRAME = Proposal(
    "system.operations",
    Confidence.MEDIUM,
    (Reason("system.operations", "it is about the call or the answer, not a record", BESIDE),),
)

_TOLD = Proposal("system.operations", Confidence.HIGH, (Reason("system.operations", "it names the operation", BESIDE),))


@dataclass(frozen=True, slots=True)
class Holding:
    """The message that the values of a place hold: its name, how they do, and what says so."""

    name: str
    coding: str
    reason: Reason

    def field(self, selector: str, spot: Spotted) -> DraftField:
        """Give the field of the place."""
        return DraftField(selector, Proposal("", Confidence.HIGH, (self.reason,)), spot.always, self.name, self.coding)


def label(
    spots: Iterable[Spotted],
    subject: str,
    view: View,
    *,
    frame: bool = False,
    told: Collection[str] = (),
    hold: Callable[[Outline, str], Holding | None] = lambda _place, _name: None,
) -> tuple[DraftField, ...]:
    """Propose a class for each place; `subject` is what the message is about.

    `frame`: it stands around records. `told` are selectors that tell operations apart. `hold` gives the
    message that all values of a place hold.
    """
    fields: dict[str, DraftField] = {}
    for spot in spots:
        selector = view.framed(spot) if frame else view.field(spot)
        if selector and selector not in fields:
            if selector in told:
                fields[selector] = DraftField(selector, _TOLD, spot.always)
            elif (
                (frame or (told and view.NAME == "json" and len(spot.steps) == 1))
                and spot.name
                and is_paging(spot.name, said=True)
            ):
                fields[selector] = DraftField(selector, _FRAME, spot.always)
            else:
                held = None if spot.whole or not spot.place.held else hold(spot.place, view.said(spot)[0])
                fields[selector] = _field(selector, spot, subject, view) if held is None else held.field(selector, spot)
        if len(fields) > MOST:
            doubt = f"more than {MOST} places: name the parts that matter"
            everything = _EVERYTHING.get(view.NAME)
            if everything is None:
                return tuple(fields.values())
            return (DraftField(everything, Proposal("user", Confidence.LOW, (), (doubt,))),)
    return tuple(fields.values())


def _field(selector: str, spot: Spotted, subject: str, view: View) -> DraftField:
    if spot.whole and (_nested(spot.place) or spot.place.cut):
        doubt = "all that lies below: name its members, if they are known"
        return DraftField(selector, Proposal("user", Confidence.LOW, (), (doubt,)), always=False)
    name, around = view.said(spot)
    known = view.known(spot)
    if known is not None and known.class_ in _PLAIN:
        return DraftField(selector, Proposal(known.class_, Confidence.MEDIUM, (known,)), spot.always)
    proposal = classify(name, (*around, subject), spot.place, (known,) if known is not None else ())
    if spot.place.held:
        doubt = f"{spot.place.holding} of {spot.place.strings} values hold a message, and not all of them the same"
        proposal = replace(proposal, doubts=(*proposal.doubts, doubt))
    return DraftField(selector, proposal, spot.always)


def _nested(place: Outline) -> bool:
    return bool(place.kinds & {"object", "array"})
