"""Every treatment by the name that policies use."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from gateway.treatments.contract import Treatment
from gateway.treatments.encrypt import Encrypt
from gateway.treatments.generalise import Generalise
from gateway.treatments.keep import Keep
from gateway.treatments.mask import Mask
from gateway.treatments.options import check_all
from gateway.treatments.pseudonymise import Pseudonymise
from gateway.treatments.redact import Redact
from gateway.treatments.refuse import Refuse
from gateway.treatments.remove import Remove
from gateway.treatments.seal import Seal
from gateway.treatments.tokenise import Tokenise

TREATMENTS: dict[str, Any] = {
    "keep": Keep,
    "generalise": Generalise,
    "mask": Mask,
    "pseudonymise": Pseudonymise,
    "tokenise": Tokenise,
    "encrypt": Encrypt,
    "seal": Seal,
    "redact": Redact,
    "remove": Remove,
    "refuse": Refuse,
}
"""The classes of `contract.Treatment`, each with its `OPTIONS`."""


def build(name: str, options: Mapping[str, object]) -> Treatment:
    """Make a treatment as a policy writes it; ValueError says in an officer's words what is wrong."""
    kind = TREATMENTS.get(name)
    if kind is None:
        near = get_close_matches(name, TREATMENTS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(TREATMENTS)}"
        raise ValueError(f"unknown treatment {name!r}; {hint}")
    treatment: Treatment = kind(**check_all(name, kind.OPTIONS, options))
    return treatment
