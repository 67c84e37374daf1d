"""How entries of the audit log are shown to people."""

from __future__ import annotations

from typing import Any

from gateway.audit.show import Shown
from gateway.cli.audit_callers import callers
from gateway.cli.times import shown_time


def lines(entry: Shown) -> str:
    """Show an entry in a few lines: who, whose, what, under which rules."""
    said = entry.payload
    time = shown_time(said["time"])
    way = f"{said['from']} -> {said['to']}" if said.get("to") else ""
    parts = [str(entry.index), time, said["kind"], way, said.get("operation", ""), said.get("verdict", "")]
    parts += [said.get("refusal", ""), f"({said['why']})" if said.get("why") else ""]
    lines = ["  ".join(part for part in parts if part)]
    if leg := said.get("leg"):
        lines.append(f"    {_piece(leg, said)}")
    if said.get("flow"):
        lines.append(f"    flow {said['flow']}" + ("" if said.get("operator") else "  operator -"))
    lines += [f"    {line}" for line in callers(said)]
    if consent := said.get("consent"):
        lines.append(f"    {consent['customer']} {consent['action']} {consent['name']}")
    if key := said.get("key"):
        lines.append(f"    {_change(key)}")
    if rotation := said.get("rotation"):
        lines.append(f"    {_rotated(rotation)}")
    if prune := said.get("prune"):
        lines.append(f"    {_pruned(prune)}")
    if start := said.get("start"):
        lines.append(f"    {_started(start)}")
    for decision in said.get("decided", ()):
        customers = decision.get("customers", ())
        shown = ", ".join(customers[:3]) + (f" and {len(customers) - 3} more" if len(customers) > 3 else "")  # noqa: PLR2004 - a line's worth
        lines.append(f"    {decision.get('records', 0)} records of {shown or 'nobody named'}")
        lines += [
            f"      {field['pointer'] or '(whole)'}  {', '.join(field.get('classes', ('unlisted',)))}"
            f"  {field.get('treatment', '')} x{field.get('count', 0)}  by {', '.join(field.get('rules', ()))}"
            for field in decision.get("fields", ())
        ]
    lines += [f"    {_used(use)}" for use in said.get("keys", ())]
    if said.get("marks"):
        lines.append("    marks " + ", ".join(f"{mark['code']} (page {mark.get('page', 1)})" for mark in said["marks"]))
    if said.get("recipient"):
        lines.append(f"    for {said['recipient']}")
    if said.get("lost"):
        lines.append("    goes without " + ", ".join(said["lost"]))
    return "\n".join(lines)


def _rotated(rotation: dict[str, Any]) -> str:
    """Say which of the log's own keys was replaced, and why."""
    what = "lost, and replaced" if rotation.get("lost") else "replaced"
    reason = f": {rotation['reason']}" if rotation.get("reason") else ""
    endorsed = ", endorsed by the old one" if rotation.get("endorsed") else ""
    new = f" by one with x {rotation['new']['x']}"
    return f"the log's key of {rotation['key']} {rotation['old']} was {what}{new}{endorsed}{reason}"


def _pruned(prune: dict[str, Any]) -> str:
    """Say which bodies were removed, by what rule and why."""
    before = f", older than {shown_time(prune['before'])}" if prune.get("before") else ""
    told = "".join(f", {prune[name]}" for name in ("rule", "reason") if prune.get(name))
    return f"bodies of entries {prune['first']} to {prune['end'] - 1} removed{before}{told}"


def _started(start: dict[str, Any]) -> str:
    """Say what the log found when it was opened."""
    torn = f", {start['torn']} bytes of an unfinished write cut off" if start.get("torn") else ""
    count = start.get("dangling_count", 0)
    dangling = f", {count} flows without an outcome: {' '.join(start.get('dangling', ())[:3])}" if count else ""
    more = " ..." if count > 3 else ""  # noqa: PLR2004 - a line's worth
    return f"opened by version {start.get('version', '?')}{torn}{dangling}{more}"


def _change(key: dict[str, Any]) -> str:
    """Say what happened to a customer's keys, by whose hand."""
    versions = key.get("thumbprints", ())
    purpose = f" for {key['purpose']}" if "purpose" in key else ""
    which = f": {len(versions)} versions{purpose}" if versions else ""
    approved = f", approved by {key['approved']}" if "approved" in key else ""
    return f"keys of {key.get('customer', 'all customers')} {key['action']}{which}, by {key.get('by', '-')}{approved}"


def _used(use: dict[str, Any]) -> str:
    """Say what was done with a customer's keys."""
    did = ((use.get("made", 0), "made"), (use.get("opened", 0), "opened"), (use.get("refused", 0), "not opened"))
    told = ", ".join(f"{count} {what}" for count, what in did if count) or "used"
    return f"keys of {use['customer']}: {told}, {len(use.get('keys', ()))} versions"


def _piece(leg: str, said: dict[str, Any]) -> str:
    """Say which part of a body in pieces an entry tells of."""
    if "pieces" in said:
        return f"end of the {leg}, after {said['pieces']} pieces"
    return f"piece {said['piece']} of the {leg}" if said.get("piece") else f"head of the {leg}"
