"""Where a record's customer may be named: in the record, in the path, in the query, in a header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gateway.discover.draft import Suggestion
from gateway.discover.group import Group
from gateway.discover.proposal import Confidence
from gateway.discover.spots import Spotted, written
from gateway.discover.words import record_of, records_named, words

_IDS = frozenset(
    {"id", "no", "nr", "num", "number", "code", "key", "guid", "uuid", "nummer", "编号", "号", "代码", "bianhao"}
)
_WHOLE = frozenset({
    "kunnr", "kunag", "soldto", "soldtoparty", "customer", "kunde", "client", "客户编号", "客户号", "客户代码",
    "客户id", "kundennummer", "kundennr", "debitor", "debitorennummer", "kehubianhao", "kehuhao", "kehudaima",
    "customerid", "clientid", "buyerid", "accountid", "partyid", "partnerid", "partner", "businesspartner",
    "numeroclient", "codigocliente", "idclient", "idcliente", "party", "account", "buyer", "billtoparty",
    "payerparty", "customernumber", "customerno",
})  # fmt: skip
_SURE = frozenset({"customer"})
_MOST_DEEP = 5
_MOSTLY = 0.95
_FEW = 3


def in_record(spots: Iterable[Spotted], records: int, subject: str) -> tuple[Suggestion, ...]:
    """Give the places of a record that may name its customer, the likeliest first.

    `records` is how many were seen; `subject` is what the record itself is about ("customer", "order" ...).
    """
    found = sorted(
        _candidates(spots, records, subject), key=lambda one: (-one[0], len(one[1].steps), written(one[1].steps))
    )
    return tuple(_suggested(score, spot, records) for score, spot in found[:_FEW])


def outside(group: Group, variables: Sequence[tuple[str, str]]) -> tuple[Suggestion, ...]:
    """Give the places around the body; `variables` are the path's, each with the literal segment before it."""
    found = []
    for variable, before in reversed(variables):
        record = record_of(before)
        if record in {"customer", "party"}:
            sure = Confidence.HIGH if record in _SURE else Confidence.MEDIUM
            found.append(Suggestion("path", variable, sure, f'the path names it after "{before}"'))
    for kind, counts in (
        ("response-header", group.response_headers), ("query", group.query), ("request-header", group.request_headers)
    ):  # fmt: skip
        for name, count in sorted(counts.items()):
            whole = count >= group.count and record_of(name) in _SURE and bool(_IDS & set(words(name)))
            sure = Confidence.HIGH if whole and kind == "response-header" else Confidence.MEDIUM
            found.append(Suggestion(kind, name, sure, f"{count} of {group.count} exchanges have it"))
    return tuple(found)


def _candidates(spots: Iterable[Spotted], records: int, subject: str) -> Iterator[tuple[int, Spotted]]:
    for spot in spots:
        names = [step for step in spot.steps if isinstance(step, str)]
        if len(names) != len(spot.steps) or not 0 < len(names) <= _MOST_DEEP or spot.whole:
            continue
        if not spot.place.kinds or not spot.place.kinds <= {"text", "number"} or spot.place.decimals:
            continue
        score = _score(spot, names, records, subject)
        if score > 0:
            yield score, spot


def _score(spot: Spotted, names: Sequence[str], records: int, subject: str) -> int:
    """Weigh a candidate: 8 and more is sure, 4 and more is worth telling."""
    pieces = words(names[-1])
    kinds = [heard.meaning.of for heard in records_named(names[-1])]
    above = record_of(names[-2]) if len(names) > 1 else ""
    id_like = bool(pieces) and pieces[-1] in _IDS
    whole = "".join(pieces) in _WHOLE
    score = 0
    if whole or (id_like and kinds[:1] in (["customer"], ["party"])):
        score = 8 if "customer" in kinds or not kinds else 6
    elif id_like and len(pieces) == 1 and above in {"customer", "party"}:
        score = 9 if above in _SURE else 6
    elif id_like and len(pieces) == 1 and len(names) == 1 and subject in {"customer", "party"}:
        score = 9 if subject in _SURE else 6
    if not score:
        return 0
    if pieces[:1] == ("client",):
        score = min(score, 7)  # it may be a program's: RFC 6749 section 2.2
    if spot.place.scalars < _MOSTLY * records:
        score -= 3
    if records >= 10 and spot.place.values.distinct * 2 <= records:  # noqa: PLR2004 - few distinct over many records
        score += 1
    if any(" " in text for text in spot.place.values.sample):
        score -= 5
    return score - (len(names) > 3)  # noqa: PLR2004 - deeper than a member of a member


def _suggested(score: int, spot: Spotted, records: int) -> Suggestion:
    confidence = Confidence.HIGH if score >= 8 else Confidence.MEDIUM if score >= 4 else Confidence.LOW  # noqa: PLR2004 - see `_score`
    reason = f"by its name; {spot.place.values.distinct} distinct in {records} records"
    if spot.place.scalars < records:
        reason += f", missing in {records - spot.place.scalars}"
    return Suggestion("body", written(spot.steps), confidence, reason)
