"""A table of what attackers may do to entries, with and without the keys: each is named, with kind and place."""

from __future__ import annotations

from audit_logs import ENTRY_KEY, FOREIGN_KEY
from tamper_kit import (
    EARLY,
    JWKS_OF_TWO,
    KEPT,
    PUBLISHED,
    TAIL,
    b64_payload,
    header_and,
    journal,
    jwk,
    kid,
    signed,
    stored,
)
from tamper_moves import (
    BUNDLE,
    JOURNAL,
    Case,
    as_if,
    both_keys,
    edited,
    entries,
    malleable,
    old_tiles_kept,
    one,
    part,
    rewritten,
)

from gateway.audit.tampering import Kind
from gateway.crypto import b64url

LAST = PUBLISHED + TAIL - 1

ENTRIES = {
    "an edited body": Case(one(150, edited), Kind.EDITED_ENTRY, BUNDLE, 150),
    "an edited body in the tail": Case(one(310, edited), Kind.EDITED_ENTRY, JOURNAL, 310),
    "an entry signed with another key": Case(
        one(150, lambda jws: signed(b64_payload(jws), FOREIGN_KEY)), Kind.FOREIGN_ENTRY, BUNDLE, 150
    ),
    "another's signature under the right key's name": Case(
        one(150, lambda jws: header_and(b64_payload(jws), FOREIGN_KEY, kid=kid(ENTRY_KEY))),
        Kind.EDITED_ENTRY,
        BUNDLE,
        150,
    ),
    "a history that goes on from entry 200 under another key": Case(
        entries(lambda all_: all_[:200] + rewritten(200, FOREIGN_KEY)(all_)[200:]), Kind.FOREIGN_ENTRY, BUNDLE, 200
    ),
    "a dropped entry": Case(entries(lambda all_: all_[:150] + all_[151:]), Kind.DROPPED_ENTRIES, BUNDLE, 150),
    "forty dropped entries": Case(entries(lambda all_: all_[:150] + all_[190:]), Kind.DROPPED_ENTRIES, BUNDLE, 150),
    "the first entry dropped": Case(entries(lambda all_: all_[1:]), Kind.DROPPED_ENTRIES, BUNDLE, 0),
    "a dropped entry in the tail": Case(
        entries(lambda all_: all_[:310] + all_[311:]), Kind.DROPPED_ENTRIES, JOURNAL, 310
    ),
    "two entries in each other's place": Case(
        entries(lambda all_: [*all_[:150], all_[151], all_[150], *all_[152:]]), Kind.REORDERED_ENTRIES, BUNDLE, 150
    ),
    "an entry moved far back": Case(
        entries(lambda all_: [*all_[:20], *all_[21:280], all_[20], *all_[280:]]), Kind.REORDERED_ENTRIES, BUNDLE, 20
    ),
    "entries of the tail in another order": Case(
        entries(lambda all_: [*all_[:305], *all_[:304:-1]]), Kind.REORDERED_ENTRIES, JOURNAL, 305
    ),
    "an entry twice": Case(
        entries(lambda all_: [*all_[:150], all_[149], *all_[150:]]), Kind.DUPLICATED_ENTRY, BUNDLE, 150
    ),
    "an old entry played again at the end": Case(
        lambda place: journal(place, [*stored(place), stored(place)[7]]), Kind.DUPLICATED_ENTRY, JOURNAL, LAST + 1
    ),
    "two entries of one number by the right key": Case(
        entries(lambda all_: [*all_[:150], as_if(all_[149], to="mes"), *all_[150:]]), Kind.EXCHANGED_ENTRY, BUNDLE, 150
    ),
    "one entry signed again by the right key": Case(
        one(150, lambda jws: as_if(jws, to="mes")), Kind.EXCHANGED_ENTRY, BUNDLE, 151
    ),
    "the last published entry signed again by the right key": Case(
        one(299, lambda jws: as_if(jws, to="mes")), Kind.FORKED, "checkpoint"
    ),
    "a history rewritten with the entries' key": Case(entries(rewritten(150)), Kind.FORKED, "checkpoint"),
    "a history rewritten with the entries' key, old tiles kept": Case(
        old_tiles_kept(rewritten(150)), Kind.EXCHANGED_ENTRY, BUNDLE, 150
    ),
    "a history rewritten with both keys, against a remembered head": Case(
        both_keys(150), Kind.FORKED, "the remembered checkpoint", 100, {"remembered": [EARLY, KEPT]}
    ),
    "no link to the entry before": Case(one(150, lambda jws: as_if(jws, prev="")), Kind.EXCHANGED_ENTRY, BUNDLE, 150),
    "a first entry that follows another": Case(
        one(0, lambda jws: as_if(jws, prev="0" * 64)), Kind.EXCHANGED_ENTRY, BUNDLE, 0
    ),
    "no JSON": Case(one(150, lambda _: signed(b"\xff\xfe")), Kind.MALFORMED_ENTRY, BUNDLE, 150),
    "an array": Case(one(150, lambda _: signed(b"[1]")), Kind.MALFORMED_ENTRY, BUNDLE, 150),
    "a member that stands twice": Case(
        one(311, lambda jws: signed(b64_payload(jws).replace(b'"to":"erp"', b'"to":"erp","to":"mes"'))),
        Kind.MALFORMED_ENTRY,
        JOURNAL,
        311,
    ),
    "a member that stands twice inside of another": Case(
        one(310, lambda jws: signed(b64_payload(jws)[:-1] + b',"body":{"before":"1","before":"2"}}')),
        Kind.MALFORMED_ENTRY,
        JOURNAL,
        310,
    ),
    "JSON nested without end": Case(one(310, lambda _: signed(b'{"a":' * 9000)), Kind.MALFORMED_ENTRY, JOURNAL, 310),
    "a number that is none": Case(one(150, lambda jws: as_if(jws, counter=True)), Kind.MALFORMED_ENTRY, BUNDLE, 150),
    "a number with a fraction": Case(
        one(150, lambda jws: as_if(jws, counter=150.5)), Kind.MALFORMED_ENTRY, BUNDLE, 150
    ),
    "a time that is text": Case(one(150, lambda jws: as_if(jws, time="now")), Kind.MALFORMED_ENTRY, BUNDLE, 150),
    "no entry at all": Case(one(150, lambda _: b"!"), Kind.MALFORMED_ENTRY, BUNDLE, 150),
    "an empty entry": Case(one(150, lambda _: b""), Kind.MALFORMED_ENTRY, BUNDLE, 150),
    "alg none": Case(
        one(150, lambda jws: b64url(b'{"alg":"none"}') + b"." + jws.split(b".")[1] + b"."),
        Kind.FORBIDDEN_HEADER,
        BUNDLE,
        150,
    ),
    "alg HS256 with the public key as secret": Case(
        one(150, lambda jws: header_and(b64_payload(jws), alg="HS256")), Kind.FORBIDDEN_HEADER, BUNDLE, 150
    ),
    "a critical extension": Case(
        one(150, lambda jws: header_and(b64_payload(jws), crit=["b64"], b64=False)), Kind.FORBIDDEN_HEADER, BUNDLE, 150
    ),
    "a header that brings its own key": Case(
        one(150, lambda jws: header_and(b64_payload(jws), FOREIGN_KEY, jwk=jwk(FOREIGN_KEY))),
        Kind.FORBIDDEN_HEADER,
        BUNDLE,
        150,
    ),
    "a header that names an address of keys": Case(
        one(150, lambda jws: header_and(b64_payload(jws), jku="https://keys.example")),
        Kind.FORBIDDEN_HEADER,
        BUNDLE,
        150,
    ),
    "a header in another base64": Case(
        one(150, lambda jws: part(jws, 0, lambda head: head + b"=")), Kind.MALFORMED_ENTRY, BUNDLE, 150
    ),
    "a signature in another base64": Case(
        one(310, lambda jws: part(jws, 2, lambda end: end[:-1] + bytes([end[-1] + 1]))),
        Kind.MALFORMED_ENTRY,
        JOURNAL,
        310,
    ),
    "a line feed in a signature": Case(one(310, lambda jws: jws + b"\n"), Kind.MALFORMED_ENTRY, JOURNAL, 310),
    "a signature with the group's order added": Case(
        one(310, lambda jws: part(jws, 2, malleable)), Kind.EDITED_ENTRY, JOURNAL, 310
    ),
    "no signature": Case(one(150, lambda jws: jws.rpartition(b".")[0] + b"."), Kind.EDITED_ENTRY, BUNDLE, 150),
    "a second trusted key that signs without a rotation": Case(
        one(150, lambda jws: signed(b64_payload(jws), FOREIGN_KEY)),
        Kind.FOREIGN_ENTRY,
        BUNDLE,
        150,
        {"jwks": JWKS_OF_TWO},
    ),
}
