"""What the first policy makes of a catalogue: which operations may pass, and what is kept back of their data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.catalog.classes import covers
from gateway.catalog.model import Catalogue, Operation
from gateway.formats.documents import MARKABLE


@dataclass(frozen=True, slots=True)
class Protection:
    """A rule for some classes, with the words above it; `consents`: it has an `unless` that asks for one."""

    classes: tuple[str, ...]
    treatment: str
    says: str
    consents: bool = False

    def only(self, carried: frozenset[str]) -> Protection | None:
        """Give the rule for those of its classes that the data has; None where it has none of them."""
        there = tuple(root for root in self.classes if any(covers(root, class_) for class_ in carried))
        return Protection(there, self.treatment, self.says, self.consents) if there else None


_PROTECTIONS = (
    Protection(
        ("user.contact",),
        "treatment: mask, keep_last: 4",
        'A telephone number shows its last four digits, until the customer grants the consent "contact".',
        consents=True,
    ),
    Protection(
        ("user.government_id", "user.authorization"),
        "treatment: remove",
        "Identity numbers and credentials don't leave, whatever the customer agrees to.",
    ),
    Protection(
        (
            "user.biometric", "user.health_and_medical", "user.criminal_history", "user.childrens",
            "user.demographic.race_ethnicity", "user.demographic.religious_belief",
            "user.demographic.political_opinion", "user.demographic.sexual_orientation",
        ),
        "treatment: remove",
        "What is sensitive by its nature doesn't leave.",
    ),
    Protection(
        ("user.demographic.date_of_birth",),
        "treatment: generalise, into: year",
        "1988-04-12 becomes 1988.",
    ),
    Protection(
        ("user.financial", "user.payment"),
        "treatment: mask, keep_last: 4",
        "Account and card numbers show their last four characters.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sketch:
    """The first policy in short: operations that may pass and the others, protections, whether pages are marked."""

    allowed: tuple[Operation, ...]
    refused: tuple[Operation, ...]
    protections: tuple[Protection, ...]
    marks: bool

    @property
    def consents(self) -> bool:
        """Tell whether a rule asks for the consent "contact"."""
        return any(protection.consents for protection in self.protections)


def sketch(catalogue: Catalogue) -> Sketch:
    """Let those operations pass that only read (GET), and protect what is personal in their answers.

    Raises ValueError where no operation reads: which others may pass is not for a program to guess.
    """
    operations = tuple(catalogue.operations.values())
    allowed = tuple(operation for operation in operations if operation.request.method == "GET" and operation.response)
    if not allowed:
        raise ValueError(
            f'no operation of "{catalogue.name}" reads anything with GET: there is no policy to begin with'
        )
    carried = frozenset(_classes(catalogue, allowed))
    return Sketch(
        allowed=allowed,
        refused=tuple(operation for operation in operations if operation not in allowed),
        protections=tuple(rule for rule in (one.only(carried) for one in _PROTECTIONS) if rule is not None),
        marks=any(catalogue.messages[operation.response or ""].format in MARKABLE for operation in allowed),
    )


def _classes(catalogue: Catalogue, operations: tuple[Operation, ...]) -> Iterator[str]:
    """Give the class of everything that these operations answer with."""
    for operation in operations:
        message = catalogue.messages[operation.response or ""]
        for part in (message, catalogue.messages[message.each]) if message.each else (message,):
            yield from (field.class_ for field in part.fields)
            if part.class_:
                yield part.class_
