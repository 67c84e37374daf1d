"""What `sovgate trace` found, in words and as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.audit.issued import Issue
from gateway.cli.people import People
from gateway.cli.times import shown_time
from gateway.cli.tracing import Export, Hit, Likely, Traced
from gateway.watermark.hidden.seek import FALSE_FINDS
from gateway.watermark.leak.reading import Reading

_FALSE = f"read by chance in one of {1 / FALSE_FINDS:,.0f} pictures without a mark"
_COPIED = "text and metadata can be copied from one file to another; a hidden mark can't easily"
_WEAK = (
    "no code could be read: these exports' marks agree best with what is left. This is weaker than a reading: before "
    "each stands the chance that the best of as many wrong codes agrees so well"
)
_SURE = 0.01  # a chance that is told in full


def in_words(traced: Traced, people: People, name: str) -> str:
    """Tell people."""
    lines: list[str] = []
    for export in traced.exports:
        lines += _export(export, people, name)
    if not traced.exports:
        looked = f"; hidden ones were looked for on {_count(traced.looked, 'page')}" if traced.looked else ""
        lines.append(f"{name}: no mark of this log was found{looked}")
    if any(hit.reading and hit.reading.by != "hidden" for export in traced.exports for hit in export.hits):
        lines.append(f"  note: {_COPIED}")
    for reading in traced.unknown:
        lines.append(f"  page {reading.page}: {reading.code}, {_way(reading)}, is not in this log")
    if traced.compared and not traced.likely:
        lines.append(f"  none of the {traced.compared} codes in the log agrees better than chance would")
    if traced.likely:
        lines.append(f"{_WEAK}. {traced.compared} codes were compared.")
        lines += [f"  {_chance(one.chance)}  {_short(one, people)}" for one in traced.likely]
    return "\n".join(lines)


def as_data(traced: Traced, people: People, name: str) -> dict[str, Any]:
    """Tell programs. People are pseudonyms, with their `id` where it is known."""
    return {
        "leak": name,
        "kind": traced.leak.kind if traced.leak else "code",
        "pages": traced.leak.pages if traced.leak else None,
        "looked_for_hidden": traced.looked,
        "false_finds": FALSE_FINDS,
        "exports": [
            {**_entry(export.hits[0].issue, people), "pages": [_hit(hit) for hit in export.hits]}
            for export in traced.exports
        ],
        "unknown": [_reading(one) for one in traced.unknown],
        "likely": [
            {
                "chance": one.chance,
                "score": round(one.score, 2),
                "page": one.page,
                "mark": one.issue.code,
                **_entry(one.issue, people),
            }
            for one in traced.likely
        ],
        "compared": traced.compared,
    }


def _export(export: Export, people: People, name: str) -> Iterable[str]:
    said = export.payload
    way = f"{said['to']} -> {said['from']}" if said.get("to") and said.get("from") else ""
    what = f"{said.get('operation', '')} {way}".strip() or "a file marked outside a flow"
    yield f"{name}: comes from {what}, {shown_time(said['time'])}"
    yield f"  entry      {export.index} in {export.path}" + (f", flow {said['flow']}" if said.get("flow") else "")
    customers = _customers(said)
    shown = ", ".join(people.customer(one) for one in customers[:5])
    more = f" and {len(customers) - 5} more" if len(customers) > 5 else ""  # noqa: PLR2004 - a line's worth
    yield f"  customer   {shown or 'nobody named'}{more}"
    operator = said.get("operator", {})
    how = f", by {operator['authenticated']}" if operator.get("authenticated") else ""
    yield f"  operator   {people.operator(operator.get('pseudonym') or '-')}{how}"
    if said.get("recipient"):
        yield f"  recipient  {people.operator(said['recipient'])}"
    if said.get("purpose"):
        yield f"  purpose    {said['purpose']['name']} (from the {said['purpose']['source']})"
    ways: dict[tuple[int, str, int], list[str]] = {}
    for hit in export.hits:
        ways.setdefault((hit.reading.page if hit.reading else 0, hit.issue.code, hit.issue.page), []).extend(
            [_way(hit.reading)] if hit.reading else []
        )
    for (page, code, exported), read in ways.items():
        where = f"page {page} is page {exported} of the export: " if page else f"page {exported} of the export"
        yield f"  mark       {code}, {where}{'; '.join(read)}"


def _way(reading: Reading) -> str:
    """Say how a code was read, and how surely."""
    if reading.by != "hidden":
        return f"in its {reading.by}"
    turned = f", turned by {reading.turn:.0f} degrees" if abs(reading.turn) >= 1 else ""
    mirrored = ", mirrored" if reading.mirrored else ""
    return f"hidden in it, agreement {reading.agreement:.1f}{turned}{mirrored}, {_FALSE}"


def _chance(chance: float) -> str:
    return f"{chance:4.0%}" if chance >= _SURE else f"{chance:.0e}"


def _short(one: Likely, people: People) -> str:
    said = one.issue.payload
    customers = ", ".join(people.customer(name) for name in _customers(said)[:2])
    operator = people.operator(said.get("operator", {}).get("pseudonym") or "-")
    what = said.get("operation") or "a file marked outside a flow"
    when = shown_time(said["time"])
    return f"{one.issue.code}  {when}  {what}, page {one.issue.page}, entry {one.issue.index}: {customers}, {operator}"


def _entry(issue: Issue, people: People) -> dict[str, Any]:
    said = issue.payload
    operator = said.get("operator", {})
    return {
        "entry": issue.index,
        "file": issue.path,
        "time": shown_time(said["time"]),
        **{name: said[name] for name in ("kind", "flow", "from", "to", "operation", "purpose") if said.get(name)},
        "customers": [_person(one, people.customers) for one in _customers(said)],
        "operator": {**operator, **_person(operator.get("pseudonym", ""), people.operators)},
        **({"recipient": _person(said["recipient"], people.operators)} if said.get("recipient") else {}),
    }


def _person(pseudonym: str, known: Any) -> dict[str, str]:
    return {"pseudonym": pseudonym, **({"id": known[pseudonym]} if pseudonym in known else {})}


def _hit(hit: Hit) -> dict[str, Any]:
    return {"mark": hit.issue.code, "export_page": hit.issue.page, **(_reading(hit.reading) if hit.reading else {})}


def _reading(reading: Reading) -> dict[str, Any]:
    hidden = {"agreement": round(reading.agreement, 2), "turn": round(reading.turn, 1), "mirrored": reading.mirrored}
    return {"page": reading.page, "mark": reading.code, "by": reading.by, **(hidden if reading.by == "hidden" else {})}


def _customers(said: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for decision in said.get("decided", ()) for name in decision.get("customers", ())))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
