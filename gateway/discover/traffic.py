"""Exchanges, one after the other, sorted by the systems that they were meant for, in bounded memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.capture.exchange import Exchange, Unusable
from gateway.catalog.names import PATTERN
from gateway.catalog.path import parse
from gateway.discover.assemble import Seen
from gateway.discover.batches import kind_of, parts
from gateway.discover.existing import Existing
from gateway.discover.group import Group, read_request, walk
from gateway.discover.holding import look
from gateway.discover.leftout import left_out
from gateway.discover.narrow import told_by
from gateway.discover.outline import Purse
from gateway.discover.tree import Tree
from gateway.discover.views.registry import VIEWS
from gateway.dryrun.sites import Sites
from gateway.errors import Unreadable

_MOST_SITES = 100
_MOST_SEGMENTS = 32
_NAME = re.compile(PATTERN)


@dataclass(slots=True)
class Party:
    """Whoever requests were meant for: a system by its `name`, or the site of one that has no name yet."""

    name: str
    site: str
    tree: Tree
    count: int = 0
    api: int = 0  # exchanges with JSON in them: what business systems speak
    votes: Counter[str] = field(default_factory=Counter)  # systems of the existing catalogue that know its requests


class Traffic:
    """Sorts exchanges.

    `sites` are the systems' addresses where they were given; `literals` are words of paths that documents name;
    `existing` is the catalogue that is there already.
    """

    def __init__(self, sites: Sites, literals: frozenset[str] = frozenset(), existing: Existing | None = None) -> None:
        """Start with nothing seen."""
        self._sites = sites
        self._literals = literals
        self._existing = existing
        self.purse = Purse(look=look)
        self.parties: dict[tuple[str, str], Party] = {}
        self.left_out: Counter[str] = Counter()
        self.unusable: Counter[str] = Counter()
        self.count = 0

    def add(self, item: Exchange | Unusable) -> None:
        """Take one exchange, or count why it can't be used."""
        if isinstance(item, Unusable):
            self.unusable[item.reason] += 1
            return
        self.count += 1
        found = self._party(item)
        if isinstance(found, str):
            self.left_out[found] += 1
            return
        party, target = found
        self._take(item, party, target)

    def seen(self, party: Party) -> list[Seen]:
        """Give a party's operations, once everything was taken."""
        party.tree.settle(self.purse.echoes)
        return [
            Seen(steps, method, told, group)
            for steps, groups in party.tree.ends()
            for (method, told), group in groups.items()
        ]

    def _see(self, item: Exchange, party: Party, segments: tuple[str, ...], target: str) -> None:
        request = item.request
        asked = read_request(request.headers, request.body, self.purse)
        batch = kind_of(request, segments, asked.value)
        calls = list(parts(item, target, batch)) if batch else []
        group: Group | None = None
        if self._existing is not None:
            named = [party.name] if party.name else sorted(self._existing.systems)
            known = self._existing.find(named, request, segments, asked)
            if known is not None:
                party.votes[known.system] += 1
                group = known.group
        if group is None:
            told = () if batch else told_by(request.method, request.headers, asked.value, asked.told)
            group = party.tree.find(request.method, segments, told)
        if group is None:
            self.left_out["too-many-paths"] += 1
            return
        before = _api(group)
        walk(group, segments)
        if calls:
            group.batch, group.count = batch, group.count + 1
        else:
            group.add(item, asked, self.purse)
        party.count += 1
        party.api += bool(calls) or _api(group) > before
        for call in calls:
            self._take(call, party, call.request.target)

    def _take(self, item: Exchange, party: Party, target: str) -> None:
        """Take one request, or count why it is passed over."""
        try:
            segments = parse(target).segments
        except Unreadable:
            self.left_out["ambiguous-path"] += 1
            return
        reason = left_out(item, segments) or ("too-many-paths" if len(segments) > _MOST_SEGMENTS else "")
        if reason:
            self.left_out[reason] += 1
            return
        self._see(item, party, segments, target)

    def _party(self, item: Exchange) -> tuple[Party, str] | str:
        """Give whom an exchange was meant for and the target as they know it; or why it is passed over."""
        if item.said is not None and _NAME.fullmatch(item.said.to):
            return self._known(item.said.to, ""), item.request.target
        claimed = self._sites.find(item.site, item.request.target)
        if claimed is not None:
            return self._known(claimed[0], ""), claimed[1]
        if self._sites.claims:
            return "elsewhere"
        if ("", item.site) not in self.parties and len(self.parties) >= _MOST_SITES:
            return "too-many-sites"
        return self._known("", item.site), item.request.target

    def _known(self, name: str, site: str) -> Party:
        found = self.parties.get((name, site))
        if found is None:
            found = self.parties[name, site] = Party(name, site, Tree(self._literals))
        return found


def _api(group: Group) -> int:
    """Count the bodies that business systems speak, and web pages don't."""
    return sum(count for leg in (group.body, group.response) for kind, count in leg.kinds.items() if kind in VIEWS)


def named_parties(parties: Mapping[tuple[str, str], Party], name: str = "") -> tuple[dict[str, list[Party]], int]:
    """Choose whose drafts are wanted, by their system's names; and count the exchanges of those that aren't.

    Parties that have a name are wanted. Of the others those at the site that sends most of what is no web page, and at
    its sisters (the same domain; on a company's own network, any), under `name`, or what its host tells.
    """
    wanted: dict[str, list[Party]] = {}
    nameless = []
    for party in parties.values():
        if party.name:
            wanted.setdefault(party.name, []).append(party)
        else:
            nameless.append(party)
    nameless.sort(key=lambda party: (-party.api, -party.count, party.site))
    if not nameless:
        return wanted, 0
    main = nameless[0]
    near = [party for party in nameless if party is main or (party.count and _near(party.site, main.site))]
    if name:
        wanted.setdefault(name, []).extend(near)
    else:
        for party in near:
            voted = party.votes.most_common(1)
            wanted.setdefault(voted[0][0] if voted else _told(party.site, set(wanted)), []).append(party)
    return wanted, sum(party.count for party in nameless if party not in near)


_SYSTEMS = ("erp", "crm", "mes", "tms", "wms", "plm", "pim", "sap", "odoo", "salesforce", "tryton", "shop", "api")
_LOCAL = re.compile(r"[^.]*|.*\.(?:local|internal|lan|intranet|test|example|localhost|corp|home)|[0-9.]+|\[.*\]")
_SHORT = 3


def _host(site: str) -> str:
    authority = site.partition("//")[2] or site
    return authority if authority.startswith("[") else authority.partition(":")[0]


def _near(site: str, main: str) -> bool:
    one, other = _host(site), _host(main)
    if _LOCAL.fullmatch(one) and _LOCAL.fullmatch(other):
        return True
    return _domain(one) == _domain(other)


def _domain(host: str) -> str:
    """Give the part of a host that one owner has: two labels, or three below co.uk, com.cn and the like."""
    labels = host.split(".")
    size = 3 if len(labels) > 2 and len(labels[-2]) <= _SHORT and len(labels[-1]) == 2 else 2  # noqa: PLR2004 - as said
    return ".".join(labels[-size:])


def _told(site: str, used: set[str]) -> str:
    """Name a system by a word of its host; never by any other part of it, which could be a customer's name."""
    labels = re.split(r"[.-]", _host(site))
    name = next((word for word in _SYSTEMS if word in labels), "system")
    return (
        name if name not in used else next(f"{name}-{n}" for n in range(2, len(used) + 3) if f"{name}-{n}" not in used)
    )
