"""From exchanges and documents to drafts: the whole way, in order."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.discover.assemble import Seen, assemble
from gateway.discover.declared import Declared, combine
from gateway.discover.draft import Discovery, Draft
from gateway.discover.existing import Existing
from gateway.discover.traffic import Traffic, named_parties


def draft(
    traffic: Traffic, documents: Sequence[Declared] = (), existing: Existing | None = None, name: str = ""
) -> Discovery:
    """Draft a catalogue for each system, once `traffic` has taken everything; it is used up.

    Documents are about the system that `name` names, else about the one with the most traffic. Of systems that
    `existing` knows only what is new is drafted.
    """
    wanted, elsewhere = named_parties(traffic.parties, name)
    main = name or max(wanted, key=lambda system: sum(party.count for party in wanted[system]), default="system")
    if documents:
        wanted.setdefault(main, [])
    drafts = []
    for system, parties in wanted.items():
        seen = _united([one for party in parties for one in traffic.seen(party)])
        if documents and system == main:
            seen = combine(seen, documents)
        if existing is not None and system in existing.catalogues:
            seen = _unnamed(seen, existing, system)
        drafts.append(_system(system, seen, traffic, existing))
    left = traffic.left_out
    if elsewhere:
        left["elsewhere"] += elsewhere
    kept = tuple(one for one in drafts if one.operations or one.messages)
    return Discovery(kept, dict(sorted(left.items())), dict(sorted(traffic.unusable.items())), traffic.count)


def _system(system: str, seen: Sequence[Seen], traffic: Traffic, existing: Existing | None) -> Draft:
    known = existing.catalogues.get(system) if existing is not None else None
    used = known.operations if known else ()
    made = assemble(system, seen, traffic.purse, used=used, taken=known.messages if known else ())
    notes = list(made.notes)
    if traffic.purse.lost:
        notes.append("the messages have more places than are kept: some parts are labelled as a whole")
    amends = existing.amended(system, traffic.purse.echoes) if existing is not None and known is not None else ()
    return Draft(
        system,
        made.operations,
        (*made.messages, *amends),
        made.exchanges,
        frozenset(message.name for message in amends),
        tuple(notes),
    )


def _united(seen: Sequence[Seen]) -> list[Seen]:
    """Unite what was seen at several sites of one system."""
    found: dict[object, Seen] = {}
    for one in seen:
        key = (one.steps, one.method, one.told)
        known = found.setdefault(key, one)
        if known is not one:
            known.group.absorb(one.group)
    return list(found.values())


def _unnamed(seen: Sequence[Seen], existing: Existing, system: str) -> list[Seen]:
    """Leave out what documents name and the catalogue does as well."""
    return [
        one
        for one in seen
        if not (one.group.declared and not one.group.count and existing.names(system, one.method, one.steps))
    ]
