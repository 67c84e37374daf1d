"""What would have to be otherwise for a refused flow to pass: the nearest first. For officers, never for callers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.dryrun.asking import otherwise, would
from gateway.dryrun.changes import Named
from gateway.dryrun.origin import within
from gateway.dryrun.words import WHOLE
from gateway.policy.explain import Account

if TYPE_CHECKING:
    from gateway.dryrun.explain import LegStory, Story

_MOST = 5
_PLACES = {
    "unlisted-field": "the catalogue named these places, or their message said `unlisted: keep`",
    "masked-write-back": "these places were left out, or held their true values, not what the gateway made of them",
    "customer-unknown": "the record named its customer, without whom these places can't be treated",
    "treatment-misfit": "the treatment's results fitted these places: another treatment, constant or mask character",
    "denied": "these places, which a rule refuses, were not there",
}


def advice(story: Story) -> tuple[tuple[str, Named | None], ...]:
    """Say what would have made the gate let a flow pass, each with the rule that it is about."""
    if not story.refusal:
        return ()
    if not story.legs and story.refusal == "unknown-operation":
        return tuple((f"it were {one.operation.name}: {one.why}", None) for one in story.nearby)
    leg = next((one for one in story.legs if one.leg is story.leg), None)
    return tuple(dict.fromkeys(_on(leg, story.folder))) if leg else ()


def _on(leg: LegStory, folder: str) -> Iterator[tuple[str, Named | None]]:
    """Say what would have let a leg pass."""
    for refusal in dict.fromkeys(refusal for _, refusal in leg.refused):
        places = ", ".join(pointer or WHOLE for pointer, why in leg.refused if why == refusal)
        yield f"{_PLACES[refusal]}: {places}", None
    for group in leg.groups:
        if group.decision.allowed:
            continue
        if group.decision.denials:
            yield from (_gives_way(one, folder) for one in group.accounts if one.rule.kind == "deny" and one.in_force)
        if not group.decision.grants:
            grants = sorted(
                (one for one in group.accounts if one.rule.kind == "allow"), key=lambda one: len(one.against)
            )
            yield from (_holds(one, folder) for one in grants[:_MOST])


def _holds(account: Account, folder: str) -> tuple[str, Named]:
    """Say what would make a grant hold."""
    if account.rule.enforced or account.against:
        return " and ".join(map(would, account.against)), _named(account, folder)
    return "its policy were enforced: it only observes", _named(account, folder)


def _gives_way(account: Account, folder: str) -> tuple[str, Named]:
    """Say what would make a restriction give way."""
    stands = [one for one in account.answers if one.where != "unless"]
    own = [one for one in stands if one.where == "rule" and one.part.key != "leg"]  # the scope made it this flow at all
    parts = [otherwise(one) for one in own or stands]
    unless = " and ".join(map(would, account.missing))
    ways = [*([unless] if unless else []), *parts]
    return " or ".join(ways) or "the rule were not there: it has no condition", _named(account, folder)


def gives_way(account: Account) -> str:
    """Say what would make a protection give way by its `unless`; "" where it has none."""
    return " and ".join(map(would, account.missing))


def _named(account: Account, folder: str) -> Named:
    return Named(account.rule.id, within(folder, account.rule.place))
