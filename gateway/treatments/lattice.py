"""How treatments add up: a join semilattice, so that their order means nothing and adding one never shows more.

    keep  <  generalise, mask, pseudonymise, tokenise, encrypt, seal, redact with a constant
          <  redact  <  remove  <  refuse

Two of one kind join inside their kind; two of the middle that can't be compared join to plain `redact`. So does a
redact with a constant and any other of the middle: were `mask` below every constant, `mask` and `pseudonymise` would
have no least treatment above both, and the result would hang on the order in which three are joined.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from gateway.treatments.contract import Treatment
from gateway.treatments.keep import Keep
from gateway.treatments.redact import Redact
from gateway.treatments.refuse import Refuse
from gateway.treatments.remove import Remove

KEEP: Treatment = Keep()


def join(a: Treatment, b: Treatment) -> Treatment:
    """Give the least treatment that hides what either hides."""
    if a is b:
        return a
    if _height(a) != _height(b):
        return a if _height(a) > _height(b) else b
    return a.join(b) if type(a) is type(b) else Redact()


def join_all(treatments: Iterable[Treatment]) -> Treatment:
    """Join any number of treatments; none at all is keep."""
    return reduce(join, treatments, KEEP)


def at_least(a: Treatment, b: Treatment) -> bool:
    """Tell whether `a` hides all that `b` hides."""
    return join(a, b) == a


def _height(treatment: Treatment) -> int:
    """Rank the floors of the lattice; only the middle one holds more than one treatment."""
    if isinstance(treatment, Keep):
        return 0
    if isinstance(treatment, Redact):
        return 1 if treatment.constant is not None else 2
    if isinstance(treatment, Remove):
        return 3
    return 4 if isinstance(treatment, Refuse) else 1
