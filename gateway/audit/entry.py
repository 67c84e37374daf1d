"""What an entry of the audit log says, and its payload bytes.

No value of anyone's data is in here: people are pseudonyms (`audit.pseudonym`), bodies are digests, fields are JSON
Pointers and classes. The entries are msgspec structs rather than dataclasses, because they are made twice a flow: a
frozen struct is built and encoded several times faster, and leaves out members that are empty by itself.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.audit.upkeep import Prune, Rotation
from gateway.flow import Purpose

Kind = Literal["start", "intent", "piece", "outcome", "refusal", "mark", "consent", "key", "rotation", "prune"]
"""What an entry tells of: `intent`, before a request is forwarded; `piece`, before a part of a streamed body goes on;
`outcome`, before a response is released, or before the end of a streamed one is; `refusal`, a flow that ended before it
had an intent; `mark`, a file marked outside a flow; `consent`, one that was granted or revoked; `key`, keys of a
customer that changed; `start`, the log was opened; `rotation`, one of the log's own keys has a successor; `prune`, the
bodies of old entries are removed."""


class Piece(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The base of all that entries are made of: immutable, and silent about members that are empty."""


class Actor(Piece, frozen=True, omit_defaults=True, gc=False):
    """Who acted, as a pseudonym (`o_...`), and how that was proven. `evidence` are (kind, SHA-256 hex) pairs.

    `acr` and `amr` are what the issuer of the token claims (RFC 8176). `holder` (the token is theirs) and `presence`
    (they were there themselves) are `attested` or `claimed`; left out, there is no evidence of it at all.
    """

    pseudonym: str = ""
    role: str | None = None
    kind: str | None = None
    assurance: str | None = None
    authenticated: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    acr: str | None = None
    amr: tuple[str, ...] = ()
    holder: str = ""
    presence: str = ""


class DeviceUsed(Piece, frozen=True, omit_defaults=True, gc=False):
    """With what they acted: a pseudonym (`d_...`) where the device has a name, and what is known of it.

    `evidence` is `attested` or `claimed`, `how` is `eat`, `tpm` or `claim`. `measured` is the digest (hex) of what it
    measured when it started.
    """

    evidence: str
    how: str
    pseudonym: str = ""
    profile: str = ""
    boot: str | None = None
    debug: str | None = None
    measured: str = ""


class Network(Piece, frozen=True, omit_defaults=True, gc=False):
    """Where a request came from. `peer` is the other end of the TCP connection; addresses may be shortened.

    `client` is the address that counts, where it is another: proven by `proxy` (the version of the PROXY protocol) or
    by the last `trusted` addresses in `forwarded`, which proxies of ours added; those before them are only claimed.
    It is `unknown` where it can't be told. `asn` and `country` are the client's, by a database of the date `mmdb`.
    """

    peer: str = ""
    client: str = ""
    proxy: str = ""
    tls: str = ""
    forwarded: tuple[str, ...] = ()
    trusted: int = 0
    asn: int | None = None
    country: str = ""
    mmdb: str = ""


class FieldTreated(Piece, frozen=True, omit_defaults=True, gc=False):
    """What happened to one place of a message.

    `pointer` is a JSON Pointer (`*` for list indexes, `?` for unlisted names), `classes` are the catalogue's, `rules`
    those that asked for the treatment, and `count` says how often the place was met.
    """

    pointer: str
    classes: tuple[str, ...] = ()
    treatment: str = ""
    rules: tuple[str, ...] = ()
    count: int = 0


class Decided(Piece, frozen=True, omit_defaults=True, gc=False):
    """One decision and the records that it covers.

    `customers` are pseudonyms (`c_...`), `passports` their passport heads in the same order (or none at all). `number`
    is only there when the decision is spread over several pieces: its place among the entry's decisions, from 0.
    """

    customers: tuple[str, ...] = ()
    passports: tuple[str, ...] = ()
    records: int = 0
    fields: tuple[FieldTreated, ...] = ()
    number: int | None = None


class Body(Piece, frozen=True, omit_defaults=True, gc=False):
    """A body before and after its treatment: SHA-256 in hex and sizes in bytes.

    `after` is left out where nothing changed or nothing was released.
    """

    before: str = ""
    before_size: int = 0
    after: str = ""
    after_size: int = 0


class KeysUsed(Piece, frozen=True, omit_defaults=True, gc=False):
    """What was done with the keys of one customer (a pseudonym).

    `keys` are the thumbprints (RFC 7638) of the key versions; `made` counts the tokens that were made, and `digest` is
    SHA-256 (hex) over them, sorted, each followed by a line feed. `opened` were turned back, `refused` were not.
    """

    customer: str
    keys: tuple[str, ...] = ()
    made: int = 0
    digest: str = ""
    opened: int = 0
    refused: int = 0


class KeyChange(Piece, frozen=True, omit_defaults=True, gc=False):
    """What happened to keys of one customer (a pseudonym; "" for all), and by whose hand.

    `thumbprints` are those of the versions concerned; `purpose` is told where it was about one. `by` and `approved` are
    pseudonyms of people.
    """

    action: Literal["created", "imported", "rotated", "rewrapped", "revoked", "destroyed", "exported"]
    customer: str = ""
    purpose: str | None = None
    thumbprints: tuple[str, ...] = ()
    provider: str = ""
    by: str = ""
    approved: str = ""


class Mark(Piece, frozen=True, omit_defaults=True, gc=False):
    """A mark that was issued: its code and the page that carries it, counted from 1 (an image is page 1)."""

    code: str
    page: int = 1


class Observed(Piece, frozen=True, omit_defaults=True, gc=False):
    """What a rule in observe mode would have done: `effect` is `deny`, `watermark` or a treatment's name."""

    rule: str
    effect: str
    pointer: str = ""
    count: int = 0


class Consent(Piece, frozen=True, omit_defaults=True, gc=False):
    """A consent by its name, `granted` or `revoked` by a customer (a pseudonym); `passport` is the new head."""

    customer: str
    name: str
    action: Literal["granted", "revoked"]
    passport: str = ""


class Start(Piece, frozen=True, omit_defaults=True, gc=False):
    """What the log found when it opened.

    `torn` are bytes of an unfinished write that were cut off; `dangling` the flows that were forwarded and never
    finished (the first hundreds of `dangling_count`, by id).
    """

    version: str = ""
    torn: int = 0
    dangling: tuple[str, ...] = ()
    dangling_count: int = 0


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, kw_only=True, rename={"from_": "from"}):
    """One entry. `time` is in nanoseconds since the epoch, UTC; `duration` in nanoseconds.

    `policies` and `catalogue` are the digests of the policy set; `reasons` are ids of rules; `refusal` is a key of
    `gateway.refusals.REFUSALS`, and `why` a word that tells more of it; `lost` is what a marked document went without
    from then on (docs/marks.md), and `recipient` (a pseudonym) whom a file is for that was marked outside a flow;
    `status` is the upstream's; `intent` is the counter of the intent that an outcome belongs to. A streamed body has
    entries of its own: `piece` is its number on its `leg`, and `pieces`, in the entry that closes the leg, how many
    there were; `body` is then that of the whole. `instance`, `counter` (the entry's index in the log), `prev` (the
    SHA-256 of the payload before, hex) and `part` of `parts` (counted from 1) are filled in by the log.
    """

    kind: Kind
    time: int
    flow: str = ""
    trace: str = ""
    from_: str = ""
    to: str = ""
    operation: str = ""
    purpose: Purpose | None = None
    operator: Actor | None = None
    device: DeviceUsed | None = None
    network: Network | None = None
    decided: tuple[Decided, ...] = ()
    policies: str = ""
    catalogue: str = ""
    body: Body | None = None
    keys: tuple[KeysUsed, ...] = ()
    marks: tuple[Mark, ...] = ()
    lost: tuple[str, ...] = ()
    recipient: str = ""
    verdict: Literal["allow", "refuse"] | None = None
    refusal: str = ""
    why: str = ""
    reasons: tuple[str, ...] = ()
    observed: tuple[Observed, ...] = ()
    status: int | None = None
    duration: int | None = None
    intent: int | None = None
    leg: Literal["request", "response"] | None = None
    piece: int | None = None
    pieces: int | None = None
    consent: Consent | None = None
    key: KeyChange | None = None
    start: Start | None = None
    rotation: Rotation | None = None
    prune: Prune | None = None
    instance: str = ""
    counter: int | None = None
    prev: str = ""
    part: int | None = None
    parts: int | None = None


_ENCODER = msgspec.json.Encoder(order="sorted")


def encode(entry: Entry) -> bytes:
    """Give the payload: JSON with sorted keys, without floats, empty members left out; not yet placed in the log."""
    return _ENCODER.encode(entry)


class Seen(msgspec.Struct, frozen=True, gc=False):
    """The little of a payload that the log itself looks at."""

    kind: Kind
    flow: str = ""


_SEEN = msgspec.json.Decoder(Seen)
_DECODER = msgspec.json.Decoder(Entry)


def seen(payload: bytes) -> Seen:
    """Read kind and flow; `ValueError` where it is no entry."""
    return _SEEN.decode(payload)


def decode(payload: bytes) -> Entry:
    """Read an entry back; `ValueError` where it is none."""
    return _DECODER.decode(payload)


def size(piece: Piece) -> int:
    """Tell how many bytes a piece takes in a payload."""
    return len(_ENCODER.encode(piece))
