"""Where a record names its customer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from gateway.discover.draft import Suggestion
from gateway.discover.proposal import Confidence
from gateway.discover.spots import Spotted
from gateway.discover.words import record_of, records_named, spoken, words

IDS = frozenset(
    {"id", "no", "nr", "num", "number", "code", "key", "guid", "uuid", "nummer", "编号", "号", "代码", "bianhao"}
)
_WHOLE = frozenset({
    "kunnr", "kunag", "soldto", "soldtoparty", "customer", "kunde", "client", "客户编号", "客户号", "客户代码",
    "客户id", "kundennummer", "kundennr", "debitor", "debitorennummer", "kehubianhao", "kehuhao", "kehudaima",
    "customerid", "clientid", "buyerid", "accountid", "partyid", "partnerid", "partner", "businesspartner",
    "numeroclient", "codigocliente", "idclient", "idcliente", "party", "account", "buyer", "billtoparty",
    "payerparty", "customernumber", "customerno",
})  # fmt: skip
SURE = frozenset({"customer"})
_MOST_DEEP = 5
_MOSTLY = 0.95
_FEW = 3


def in_record(
    spots: Iterable[Spotted], records: int, subject: str, write: Callable[[Spotted], str]
) -> tuple[Suggestion, ...]:
    """Give the places of a record that may name its customer, the likeliest first.

    `records` is how many were seen; `subject` is what the record itself is about ("customer", "order" ...); `write`
    gives the selector of a place.
    """
    named = ((score, spot, write(spot)) for score, spot in _candidates(spots, records, subject))
    found = sorted((one for one in named if one[2]), key=lambda one: (-one[0], len(one[1].steps), one[2]))
    return tuple(suggested(score, spot, selector, records) for score, spot, selector in found[:_FEW])


def _candidates(spots: Iterable[Spotted], records: int, subject: str) -> Iterator[tuple[int, Spotted]]:
    for spot in spots:
        names = [step for step in spot.steps if isinstance(step, str)]
        if len(names) != len(spot.steps) or not 0 < len(names) <= _MOST_DEEP or spot.whole or spot.several:
            continue
        if not spot.place.kinds or not spot.place.kinds <= {"text", "number"} or spot.place.decimals:
            continue
        score = _score(spot, list(map(spoken, names)), records, subject)
        if score > 0:
            yield score, spot


def _score(spot: Spotted, names: Sequence[str], records: int, subject: str) -> int:
    """Weigh a candidate: 8 and more is sure, 4 and more is worth telling."""
    pieces = words(names[-1])
    kinds = [heard.meaning.of for heard in records_named(names[-1])]
    above = record_of(names[-2]) if len(names) > 1 else ""
    id_like = bool(pieces) and pieces[-1] in IDS
    whole = "".join(pieces) in _WHOLE
    score = 0
    if whole or (id_like and kinds[:1] in (["customer"], ["party"])):
        score = 8 if "customer" in kinds or not kinds else 6
    elif id_like and len(pieces) == 1 and above in {"customer", "party"}:
        score = 9 if above in SURE else 6
    elif id_like and len(pieces) == 1 and len(names) == 1 and subject in {"customer", "party"}:
        score = 9 if subject in SURE else 6
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


def suggested(score: int, spot: Spotted, selector: str, records: int) -> Suggestion:
    """Give a place as a suggestion; `score` as `_score` gives it."""
    confidence = Confidence.HIGH if score >= 8 else Confidence.MEDIUM if score >= 4 else Confidence.LOW  # noqa: PLR2004 - see `_score`
    reason = f"by its name; {spot.place.values.distinct} distinct in {records} records"
    if spot.place.scalars < records:
        reason += f", missing in {records - spot.place.scalars}"
    return Suggestion("body", selector, confidence, reason)
