"""What one treatment shows of a value that another hides: the question that a change of policies is judged by.

The lattice answers it wherever it can compare. Beyond it: what stands for a hidden value (a mask's character, redact's
constant) shows nothing of it; and of two treatments that can't be compared, one that lets a part of the value through
shows something that the other hid.
"""

from __future__ import annotations

from enum import Enum

from gateway.treatments.contract import Treatment
from gateway.treatments.generalise import Generalise
from gateway.treatments.keep import Keep
from gateway.treatments.lattice import KEEP, at_least
from gateway.treatments.mask import Mask
from gateway.treatments.redact import Redact


class Shift(Enum):
    """What a treatment in another's place does: shows more of the value, hides more of it, or neither for certain."""

    MORE = "more"
    LESS = "less"
    OTHER = "other"


def shift(old: Treatment | None, new: Treatment | None) -> Shift:
    """Compare two treatments by what they let through, None being `keep`.

    Of masks, the ends that they show are compared. Which texts are so short that they are masked whole is left out:
    that hangs on the text.
    """
    if isinstance(old, Mask) and isinstance(new, Mask):
        return _ends(old, new)
    before, after = _bare(old), _bare(new)
    if before == after:
        return Shift.OTHER
    if at_least(after, before):
        return Shift.LESS
    # If nothing shows and nothing compares, nobody can say: a pseudonym, for one, still tells who is the same.
    return Shift.MORE if at_least(before, after) or shows(after) else Shift.OTHER


def shows(treatment: Treatment | None) -> bool:
    """Tell whether any part of a value comes through in clear."""
    if isinstance(treatment, Mask):
        return bool(treatment.keep_first or treatment.keep_last)
    return treatment is None or isinstance(treatment, Keep | Generalise)


def _ends(old: Mask, new: Mask) -> Shift:
    """Compare masks by the ends that they show."""
    if (new.keep_first, new.keep_last) == (old.keep_first, old.keep_last):
        return Shift.OTHER
    return Shift.LESS if new.keep_first <= old.keep_first and new.keep_last <= old.keep_last else Shift.MORE


def _bare(treatment: Treatment | None) -> Treatment:
    """Forget what stands for hidden values."""
    return KEEP if treatment is None else Redact() if isinstance(treatment, Redact) else treatment
