"""Policies as written: rules with their conditions and places. Nothing here decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from ipaddress import IPv4Network, IPv6Network

from gateway.catalog.model import Catalogue
from gateway.errors import Place, Problem
from gateway.flow import Leg
from gateway.treatments.contract import Treatment
from gateway.watermark.plan import OPACITY, Attachments, Pdfa, Placement, Signed


@dataclass(frozen=True, slots=True)
class Window:
    """A time window: weekdays (0 is Monday), and from-to in the named zone; `until` before `since` spans midnight."""

    days: frozenset[int]
    since: time
    until: time
    zone: str


@dataclass(frozen=True, slots=True)
class Condition:
    """When something holds: every part that is written must hold; None (or empty) means not written.

    Parts that can't be told (a missing attribute, an untrusted purpose) are unknown: a grant then does not hold, a
    restriction does, an `unless` doesn't.
    """

    from_: frozenset[str] | None = None
    to: frozenset[str] | None = None
    operations: frozenset[str] | None = None  # full names, `erp.read-order`
    purposes: frozenset[str] | None = None
    purpose_from: frozenset[str] = frozenset({"claim"})  # which sources of the purpose are trusted
    leg: Leg | None = None
    operator: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)  # role, kind, assurance
    customer: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)  # region, tier, ...
    time: tuple[Window, ...] = ()
    network: tuple[IPv4Network | IPv6Network, ...] = ()
    consent: str | None = None  # only in `unless`


@dataclass(frozen=True, slots=True)
class Watermark:
    """What a marked page carries: `visible` is a template (`gateway.watermark.text.template`), None for the code alone.

    How it looks is told in `Visible`; `unseen` says that this rule asks for no visible text at all, and leaves it to
    the hidden mark. The last five are told in `Plan`.
    """

    visible: str | None
    hidden: bool = False
    permissions: Mapping[str, bool] = field(default_factory=dict, hash=False)  # print, copy, annotate: False forbids
    placement: Placement = "tiled"
    opacity: float = OPACITY
    colour: str = ""
    size: float = 0
    unseen: bool = False
    view_only: bool = False
    bilevel: bool = False
    attachments: Attachments = "remove"
    signed: Signed = "refuse"
    pdfa: Pdfa = "drop"


GRANTS = frozenset({"allow", "reveal"})
"""Kinds of rules that give something: they hold only where their conditions certainly do. The others restrict."""

ABOUT_FIELDS = frozenset({"protect", "reveal"})
"""Kinds of rules that are about fields; the others are about whole messages."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one policy; `id` is `policy/kind[index]` and is what entries and reports name.

    `kind` is `allow`, `deny`, `protect`, `reveal` or `watermark`. `scope` and `when` must both hold; `unless` exempts
    when it certainly holds. `enforced` is False in a policy whose mode is `observe`.
    """

    id: str
    kind: str
    place: Place
    scope: Condition
    when: Condition = Condition()
    unless: Condition | None = None
    classes: frozenset[str] = frozenset()  # protect, deny, reveal: empty means any
    treatment: Treatment | None = None  # protect
    write_back: str = "refuse"  # protect: what a treated value that is written back meets: refuse | drop
    watermark: Watermark | None = None
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy file."""

    name: str
    place: Place
    title: str = ""
    basis: tuple[str, ...] = ()
    observe: bool = False
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentKind:
    """A consent that customers can give, as declared in `consents.yaml`. Empty sets mean any; `days` None: no end."""

    name: str
    place: Place
    wording: str = ""
    version: int = 1
    purposes: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    days: int | None = None


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Everything the officer wrote, loaded and cross-checked.

    `digest` and `catalogue_digest` are SHA-256 hex over the files' names and bytes, in the order of their names.
    """

    catalogues: Mapping[str, Catalogue]
    policies: tuple[Policy, ...]
    consents: Mapping[str, ConsentKind]
    digest: str
    catalogue_digest: str
    warnings: tuple[Problem, ...] = ()
