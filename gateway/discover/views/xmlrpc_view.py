"""XML-RPC: members of structs by their names, parameters by their position."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar

from gateway.discover.narrow import called
from gateway.discover.outline import Outline, Purse, Several, Told
from gateway.discover.records import Carried
from gateway.discover.shown import Show, show
from gateway.discover.spots import Spotted, tidy
from gateway.discover.views.view import Viewed
from gateway.discover.views.xml_view import XmlView
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.selector import ANY, Step

_LIST = "array/data/value"
_ODD = "*"


class XmlRpcView(XmlView):
    """See above."""

    NAME: ClassVar[str] = "xmlrpc"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:
        """See `View`."""
        seen = super().see(text, kind, purse, limits)
        return Viewed((_message(seen.trees[0]),), told=seen.told, remarks=seen.remarks)

    def _told(self, root: str, value: object) -> Told:
        name = _one(value.get("methodName")) if root == "methodCall" and isinstance(value, dict) else None
        return (("/methodCall/methodName", str(name)),) if called(name) else ()

    def tidy(self, outline: Outline, subject: str, echoes: AbstractSet[int]) -> None:
        """Settle the names of members; those of parameters are their numbers."""
        for inner in outline.members.values():
            tidy(inner, subject, echoes, maps=False)

    def carried(self, outline: Outline, subject: str) -> Carried:  # noqa: ARG002 - the protocol's
        """See `View`: a list of structs is a list of records."""
        first = outline.members.get("params/param[1]")
        alone = len(outline.members) == 1 and outline.rest is None
        each = first.elements if first is not None and alone and first.kinds == {"array"} else None
        if each is not None and each.kinds == {"object"}:
            return Carried(("params/param[1]", ANY), each, listed=True)
        return Carried(None, outline, listed=False)

    def records(self, steps: tuple[Step, ...]) -> str:
        """See `View`."""
        return f"/*/{_path(steps, inside=False)}"

    def framed(self, spot: Spotted) -> str:
        """See `XmlView`."""
        return _path(spot.steps, inside=False)

    def field(self, spot: Spotted) -> str:
        """See `View`."""
        inside = not (spot.steps and str(spot.steps[0]).startswith(("params/", "fault")))
        return _path(spot.steps, inside=inside) or "."


def _path(steps: tuple[Step, ...], *, inside: bool) -> str:
    """Write the way to a value; `inside`: it begins in the element `value`."""
    parts = list[str]()
    for number, step in enumerate(steps):
        if number == 0 and not inside:
            parts.append(str(step))
            continue
        if step is ANY:
            parts.append(_LIST if inside else f"value/{_LIST}")
            inside = True
            continue
        member = "struct/member" if step == _ODD else f"struct/member[name='{step}']"
        parts.append(member if inside else f"value/{member}")
        inside = False
    return "/".join(parts)


def _message(tree: object) -> dict[str, object]:
    """Lay out a call or an answer by parameters."""
    (root,) = tree.values() if isinstance(tree, dict) else (None,)
    made: dict[str, object] = {}
    params = _one(root.get("params")) if isinstance(root, dict) else None
    each = params.get("param") if isinstance(params, dict) else None
    for number, param in enumerate(each if isinstance(each, Several) else (), 1):
        made[f"params/param[{number}]"] = _value(_one(param.get("value")) if isinstance(param, dict) else None)
    fault = _one(root.get("fault")) if isinstance(root, dict) else None
    if fault is not None:
        made["fault"] = _value(_one(fault.get("value")) if isinstance(fault, dict) else None)
    return made


def _value(value: object) -> object:
    """Give what an element `value` says."""
    if not isinstance(value, dict):
        return value
    struct, array = _one(value.get("struct")), _one(value.get("array"))
    if isinstance(struct, dict):
        return dict(_members(struct.get("member")))
    if isinstance(array, dict):
        data = _one(array.get("data"))
        each = data.get("value") if isinstance(data, dict) else None
        return [_value(one) for one in each] if isinstance(each, Several) else []
    inner = next((one for name, one in value.items() if not name.startswith("@")), None)
    return _one(inner)


def _members(found: object) -> Iterator[tuple[str, object]]:
    odd = Several()
    for member in found if isinstance(found, Several) else ():
        if isinstance(member, dict):
            name, value = str(_one(member.get("name"))), _value(_one(member.get("value")))
            if show(name) is Show.ODD or "'" in name:
                odd.append(value)
            else:
                yield name, value
    if odd:
        yield _ODD, odd


def _one(found: Any) -> Any:
    """Give the one element of a name; None where there is none."""
    return found[0] if isinstance(found, Several) and found else None
