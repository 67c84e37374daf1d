"""What no catalogue names: requests, fields, and addresses that are no known system's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.catalog.model import Catalogue
from gateway.dryrun.bounded import Bounded
from gateway.dryrun.judged import Judged, Met
from gateway.dryrun.report import Rows, UnnamedField, UnnamedOperation, Where
from gateway.dryrun.template import gathered, literals, method, template
from gateway.dryrun.unlisted import Gatherer, Members, pointers
from gateway.flow import Leg

_OPERATIONS, _SITES, _FIELDS = 1_000, 200, 2_000
_SITE = re.compile(r"(?:https?:)?//[a-z0-9._\[\]:-]{1,100}")


@dataclass(slots=True)
class _Count:
    first: Where | None = None
    count: int = 0


class Unnamed:
    """Adds up what nobody named; `values` lets paths and names of members be told as they came."""

    def __init__(self, catalogues: Mapping[str, Catalogue], *, values: bool = False) -> None:
        """Start at nothing."""
        self._known = literals(catalogues)
        self._values = values
        self._operations: Bounded[tuple[str, str, str], _Count] = Bounded(_OPERATIONS, _Count)
        self._sites: Bounded[str, _Count] = Bounded(_SITES, _Count)
        self._fields: dict[tuple[str, Leg, str], dict[str, Members]] = {}
        self._strays: Counter[tuple[str, Leg, str, str]] = Counter()
        self._gatherer = Gatherer()

    def add(self, one: Judged) -> None:
        """Take one flow."""
        if one.refusal == "unknown-operation":
            request = one.exchange.request
            path = (
                request.target.partition("?")[0][:300]
                if self._values
                else template(one.flow.request.target, self._known)
            )
            row = self._operations.row((one.flow.to, method(request.method), path))
            if row is not None:
                row.first = row.first or one.where
                row.count += 1
        gathered: dict[int, bool] = {}
        for met in one.met:
            if not met.seen.spot:
                self._field(one.operation, met, gathered)

    def pass_by(self, site: str) -> None:
        """Take an exchange whose address is no known system's."""
        row = self._sites.row(site if _SITE.fullmatch(site) else "?")
        if row is not None:
            row.count += 1

    def operations(self) -> Rows[UnnamedOperation]:
        """Give the requests, the most frequent first."""
        shown = self._shown({path for (_, _, path), _ in self._operations})
        counts: dict[tuple[str, str, str], _Count] = {}
        for (system, asked, path), row in self._operations:
            count = counts.setdefault((system, asked, shown[path]), _Count(row.first))
            count.count += row.count
        rows = [UnnamedOperation(*key, row.count, row.first) for key, row in counts.items() if row.first is not None]
        rows.sort(key=lambda row: (-row.count, row.system, row.template, row.method))
        return Rows(tuple(rows), self._operations.more)

    def fields(self) -> Rows[UnnamedField]:
        """Give the places, in the order of operations and pointers."""
        rows = [
            UnnamedField(operation, leg.value, pointer, treatment, count)
            for (operation, leg, treatment), seen in self._fields.items()
            for pointer, count in pointers(seen, raw=self._values)
        ]
        rows += [
            UnnamedField(operation, leg.value, pointer, treatment, count)
            for (operation, leg, treatment, pointer), count in self._strays.items()
        ]
        rows.sort(key=lambda row: (row.operation, row.leg, row.pointer))
        return Rows(tuple(rows[:_FIELDS]), max(len(rows) - _FIELDS, 0))

    def sites(self) -> Rows[tuple[str, int]]:
        """Give the addresses that no system claims: scheme, host and port, the most frequent first."""
        rows = sorted(((site, row.count) for site, row in self._sites), key=lambda one: (-one[1], one[0]))
        return Rows(tuple(rows), self._sites.more)

    def _shown(self, paths: set[str]) -> dict[str, str]:
        """Give what is shown of each path."""
        return {path: path for path in paths} if self._values else gathered(paths, self._known)

    def _field(self, operation: str, met: Met, gathered: dict[int, bool]) -> None:
        """Look for the names of unlisted members, once in a message; other formats only have their pointers."""
        leg, seen = met.sight.leg, met.seen
        if seen.pointer.endswith("/?") and seen.within is not None:
            case, before = seen.within
            if id(case) not in gathered:
                into = self._fields.setdefault((operation, leg, met.fate.name), {})
                gathered[id(case)] = self._gatherer.gather_in(case, into, before)
            if gathered[id(case)]:
                return
        # Something stands where the catalogue has an object or array, or there are no objects.
        self._strays[operation, leg, met.fate.name, seen.pointer] += seen.count
