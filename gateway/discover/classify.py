"""The class of one field: what its name, its values and documents say, weighed against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.catalog.classes import covers
from gateway.discover.detector import Sure, prepared
from gateway.discover.detectors import Finding, look, look_inside
from gateway.discover.name_reasons import of_name
from gateway.discover.outline import Outline
from gateway.discover.proposal import Confidence, Proposal, Reason

_HIGH, _MEDIUM = 8, 5
_ENOUGH = 3
_CLOSE = 2
_LONG = 60
_TELLABLE = frozenset({"user.contact.email", "user.device.ip_address", "user.contact.phone_number"})
"""Classes whose values can be told by looking: where none fits, the name is doubted."""

_FORMATS = {
    "email": "user.contact.email", "idn-email": "user.contact.email", "ipv4": "user.device.ip_address",
    "ipv6": "user.device.ip_address", "password": "user.authorization.password", "tel": "user.contact.phone_number",
    "phone": "user.contact.phone_number", "uuid": "business.identifier", "guid": "business.identifier",
    "date": "business.schedule.date", "date-time": "business.schedule.date", "uri": "system.operations",
    "bday": "user.demographic.date_of_birth", "givenname": "user.name.first", "familyname": "user.name.last",
    "name": "user.name", "city": "user.contact.address.city", "street": "user.contact.address.street",
    "zip": "user.contact.address.postal_code", "country": "user.contact.address.country",
    "org": "user.contact.organization",
    "currency-code": "business.order", "url": "user.contact.url", "photo": "user.content.self_image",
}  # fmt: skip
"""What formats of JSON Schema and semantics of SAP's OData mean."""

_WEAK_FORMATS = frozenset({"uuid", "guid", "date", "date-time", "uri", "url", "currency-code"})
_OPAQUE = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9._:#/-]{2,64}")
_TEXT_ONLY = ("user.name", "user.contact.email", "user.contact.address.street", "user.contact.address.city",
              "user.contact.organization", "user.job_title")  # fmt: skip


def classify(name: str, around: Sequence[str], place: Outline, known: Sequence[Reason] = ()) -> Proposal:
    """Propose a class; `name` is "" where the place has none that may be shown; `around` as for `of_name`.

    `known` are reasons that neither name nor values give.
    """
    sample = place.values.sample
    findings = look(sample)
    reasons = [*known, *of_name(name, around), *(of_name(place.title, around) if place.title else ())]
    if place.declared in _FORMATS:
        weight = int(Sure.LOOSE if place.declared in _WEAK_FORMATS else Sure.PATTERN)
        reasons.append(Reason(_FORMATS[place.declared], f'a document says "{place.declared}"', weight))
    said = [reason.class_ for reason in reasons if reason.weight > 1]
    reasons = list(_plausible(reasons, place))
    reasons += [_of(finding) for finding in findings if _counts(finding, said)]
    doubts = list(_unfitting(reasons, findings, sample))
    if not reasons or not (scores := _scores(reasons)):
        return _unknown(place, doubts)
    ranked = sorted(scores, key=lambda class_: (-scores[class_], -class_.count("."), class_))
    best, score = ranked[0], scores[ranked[0]]
    if doubts:
        score = min(score, _MEDIUM)
    rival = next((class_ for class_ in ranked[1:] if not covers(class_, best) and not covers(best, class_)), None)
    if rival is not None and scores[rival] >= _MEDIUM and score - scores[rival] <= _CLOSE:
        doubts.append(f"it could be {rival} as well: {_told(reasons, rival)}")
    doubts += _partly(findings, best)
    doubts += _hidden(place, findings)
    secret = any(finding.detector.secret and finding.enough for finding in findings)
    if secret:
        doubts.insert(0, "this looks like a secret: refuse it")
    confidence = _confidence(score, doubted=rival is not None and len(doubts) > 0)
    mine = tuple(reason for reason in reasons if covers(reason.class_, best) or covers(best, reason.class_))
    return Proposal(best, confidence, mine, tuple(doubts), secret)


def _counts(finding: Finding, said: Sequence[str]) -> bool:
    """Tell whether a detector's findings are a reason: enough fit, and the name agrees where it must."""
    detector = finding.detector
    if not finding.enough:
        return False
    if not detector.asks:
        return True
    family = (
        detector.class_.rpartition(".")[0] if detector.class_.startswith("user.government_id.") else detector.class_
    )
    return any(covers(family, class_) or covers(class_, family) for class_ in said)


def _of(finding: Finding) -> Reason:
    detector = finding.detector
    weight = int(detector.sure)
    if detector.sure is Sure.CHECKSUM and finding.fitting >= _ENOUGH:
        weight += 2
    told = f"{finding.fitting} of {finding.looked_at} values are {detector.told}"
    return Reason(detector.class_, told, weight, detector.name, finding.fitting, finding.looked_at)


def _plausible(reasons: Sequence[Reason], place: Outline) -> Iterator[Reason]:
    """Leave out what a name says where the values are of a kind that can't be it."""
    kinds = place.kinds
    for reason in reasons:
        flag = kinds == {"boolean"} and not reason.class_.startswith("user.privacy_preferences")
        figure = kinds == {"number"} and reason.class_.startswith(_TEXT_ONLY)
        if not flag and not figure:
            yield reason


def _unfitting(reasons: Sequence[Reason], findings: Sequence[Finding], sample: Sequence[str]) -> Iterator[str]:
    """Doubt a name whose values are something else, where values can be told."""
    looked_at = sum(1 for text in sample if prepared(text))
    if looked_at < _ENOUGH:
        return
    fitting = {finding.detector.class_ for finding in findings}
    for class_ in sorted({reason.class_ for reason in reasons if not reason.detector and reason.weight > _ENOUGH}):
        if class_ in _TELLABLE and class_ not in fitting:
            yield f"the name speaks of {class_}, and none of {looked_at} values looks like it"


def _scores(reasons: Sequence[Reason]) -> dict[str, int]:
    """Add up, for each class, the best of its name's reasons and the best of its values' (a parent's count as well)."""
    scores: dict[str, int] = {}
    for class_ in {reason.class_ for reason in reasons}:
        mine = [reason for reason in reasons if covers(reason.class_, class_)]
        by_name = max((reason.weight for reason in mine if not reason.detector), default=0)
        by_value = max((reason.weight for reason in mine if reason.detector), default=0)
        scores[class_] = by_name + by_value
    return scores


def _told(reasons: Sequence[Reason], class_: str) -> str:
    return max((reason for reason in reasons if covers(reason.class_, class_)), key=lambda reason: reason.weight).told


def _partly(findings: Sequence[Finding], best: str) -> Iterator[str]:
    """Tell of values that are something else than the rest."""
    for finding in findings:
        detector = finding.detector
        if finding.enough or detector.asks or detector.sure is Sure.LOOSE or covers(best, detector.class_):
            continue
        yield f"{finding.fitting} of {finding.looked_at} values are {detector.told}"


def _hidden(place: Outline, findings: Sequence[Finding]) -> Iterator[str]:
    """Tell what stands within longer texts."""
    whole = {finding.detector.name for finding in findings}
    texts = [text for text in place.values.sample if " " in text or len(text) > _LONG or not text.isascii()]
    for finding in look_inside(texts):
        if finding.detector.name not in whole:
            yield f"{finding.fitting} of {finding.looked_at} texts hold {finding.detector.told}"


def _confidence(score: int, *, doubted: bool) -> Confidence:
    if score >= _HIGH and not doubted:
        return Confidence.HIGH
    return Confidence.MEDIUM if score >= _MEDIUM else Confidence.LOW


def _unknown(place: Outline, doubts: list[str]) -> Proposal:
    """Propose what errs on the safe side: a text that nothing is known of is taken for somebody's."""
    kinds, sample = place.kinds, place.values.sample
    few = place.strings >= 20 and place.values.distinct * 4 <= place.strings and place.values.distinct <= 12  # noqa: PLR2004 - a code
    doubts = [*doubts, *_hidden(place, ())]
    if not place.scalars:
        return Proposal("user", Confidence.LOW, (), ("it was always empty", *doubts))
    if kinds <= {"boolean", "number"} or few:
        return Proposal("business", Confidence.LOW, (), ("nothing tells what it is", *doubts))
    if sample and all(map(_OPAQUE.fullmatch, sample)):
        return Proposal(
            "business.identifier", Confidence.LOW, (), ("it looks like an id, of what is not known", *doubts)
        )
    return Proposal(
        "user", Confidence.LOW, (), ("nothing tells what it is: taken for somebody's until you say", *doubts)
    )
