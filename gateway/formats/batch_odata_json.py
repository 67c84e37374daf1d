"""OData batches in JSON (OData JSON format 4.01 section 19): `requests` with ids, answered by `responses` in any order.

A request goes to a path, to an address that is relative to the batch's own, or to `$ID`, what another request makes.
`if`, annotations and whatever else is not in the standard's table are refused: what they ask nobody decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.flow import Request, Response
from gateway.formats.batch import Call, Reply, checked, inherited, sound
from gateway.formats.batch_json import Cell, JsonAnswered, JsonAsked, Text, malformed
from gateway.formats.batch_reference import References
from gateway.formats.batch_target import Base, escaped
from gateway.formats.json_spans import Span
from gateway.formats.limits import BodyLimits

_REQUEST = ("id", "method", "url", "headers", "body", "atomicityGroup", "dependsOn")
_RESPONSE = ("id", "status", "headers", "body", "atomicityGroup")
_FIRST_ERROR = 400


@dataclass(frozen=True, slots=True, eq=False)
class OdataJsonAsked(JsonAsked):
    """The requests; `ids` and `groups` are theirs, in order ("": in none)."""

    ids: Sequence[str]
    groups: Sequence[str]

    def answered(self, response: Response, limits: BodyLimits) -> JsonAnswered:
        """Match the answers by id; where some are missing, one must be an error, after which the system stopped.

        A group that failed may be answered by one error under the group's name.
        """
        text = Text.read(response, limits)
        around = text.members(text.whole, ("responses",), ("responses",))
        replies, cells = list[Reply](), list[Cell]()
        left = dict(enumerate(self.ids))
        for at in text.items(around["responses"], limits):
            found = text.members(at, _RESPONSE, ("id", "status"))
            cell, status = Cell.read(text, found, "body", "headers"), text.status(found["status"])
            name = text.name(found["id"])
            calls = tuple(index for index, known in left.items() if known == name)
            if not calls and status >= _FIRST_ERROR:
                calls = tuple(index for index in left if self.groups[index] == name)
            if not calls or ("atomicityGroup" in found and not self._fits(text.name(found["atomicityGroup"]), calls)):
                raise malformed("an answer in the batch is to no request of it, or to one that was answered")
            for index in calls:
                del left[index]
            replies.append(Reply(calls, Response(status, sound(cell.headers), cell.body)))
            cells.append(cell)
        if left and all(reply.response.status < _FIRST_ERROR for reply in replies):
            raise malformed("requests of the batch are not answered")
        return JsonAnswered(text, replies, cells)

    def _fits(self, group: str, calls: Sequence[int]) -> bool:
        return all(self.groups[index] == group for index in calls)


def asked(request: Request, base: Base, limits: BodyLimits) -> OdataJsonAsked:
    """Take a batch apart."""
    text = Text.read(request, limits)
    around = text.members(text.whole, ("requests",), ("requests",))
    calls, cells, ids, groups = list[Call](), list[Cell](), list[str](), list[str]()
    references = References(base)
    for at in text.items(around["requests"], limits):
        found = text.members(at, (*_REQUEST, "if"), ("id", "method", "url"))
        if "if" in found:
            raise Unreadable("batch-unsafe", "a request of the batch hangs on a condition")
        name, method = text.name(found["id"]), text.method(found["method"])
        group = text.name(found["atomicityGroup"]) if "atomicityGroup" in found else ""
        _check_names(text, found.get("dependsOn"), {*ids, *groups})
        if name in {*ids, *groups} or group in {name, *ids}:
            raise Unreadable("body-ambiguous", "two requests of the batch have the same id")
        address, refers = references.resolve(escaped(text.text(found["url"])))
        references.add(name, method, address, refers)
        cell = Cell.read(text, found, "body", "headers", "url").addressed(address)
        fields = checked(cell.headers, base)
        shared = inherited(request.headers, fields)
        calls.append(Call(method, address.target, fields, cell.body, shared, refers))
        cells.append(cell)
        ids.append(name)
        groups.append(group)
    return OdataJsonAsked(text, calls, cells, ids, groups)


def _check_names(text: Text, at: Span | None, known: set[str]) -> None:
    """Check that a list names requests or groups that stand before."""
    if at is None:
        return
    names = text.value(at)
    if not isinstance(names, list) or not all(isinstance(name, str) and name in known for name in names):
        raise malformed("a request of the batch depends on what does not stand before it")
