"""What a wrong thing in a log looks like: stable words for programs, and a sentence each for people.

A word says what the first wrong thing looks like, not who did it: a disk that loses a bit and a person who changes one
leave the same trace.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.errors import BrokenLog


class Kind(StrEnum):
    """What the first wrong thing looks like."""

    MISSING_LOG = "missing-log"
    MISSING_TILE = "missing-tile"
    MISSING_ENTRIES = "missing-entries"
    MISSING_JOURNAL = "missing-journal"
    MALFORMED_FILE = "malformed-file"
    MALFORMED_CHECKPOINT = "malformed-checkpoint"
    MALFORMED_ENTRY = "malformed-entry"
    FORBIDDEN_HEADER = "forbidden-header"
    EDITED_ENTRY = "edited-entry"
    FOREIGN_ENTRY = "foreign-entry"
    RETIRED_KEY = "retired-key"
    DROPPED_ENTRIES = "dropped-entries"
    DUPLICATED_ENTRY = "duplicated-entry"
    REORDERED_ENTRIES = "reordered-entries"
    EXCHANGED_ENTRY = "exchanged-entry"
    EXCHANGED_TILE = "exchanged-tile"
    FORKED = "forked"
    TRUNCATED = "truncated"
    ROLLED_BACK = "rolled-back"
    EDITED_CHECKPOINT = "edited-checkpoint"
    FOREIGN_CHECKPOINT = "foreign-checkpoint"
    OTHER_LOG = "other-log"
    EXCHANGED_KEYS = "exchanged-keys"
    WEAK_KEY = "weak-key"
    FALSE_ROTATION = "false-rotation"
    LOST_KEY = "lost-key"
    FALSE_PRUNE = "false-prune"
    UNWITNESSED = "unwitnessed"
    FALSE_TIMESTAMP = "false-timestamp"
    DAMAGED_JOURNAL = "damaged-journal"
    CUT_JOURNAL = "cut-journal"
    EXCHANGED_JOURNAL = "exchanged-journal"


LOOKS_LIKE = {
    Kind.MISSING_LOG: "There is no log here, or the file that everything else hangs on was deleted.",
    Kind.MISSING_TILE: "A file of hashes was deleted or never copied.",
    Kind.MISSING_ENTRIES: "Stored entries were removed, and no signed entry of the log says that they were to be.",
    Kind.MISSING_JOURNAL: "The journal was deleted, and with it whatever had not been published.",
    Kind.MALFORMED_FILE: "A file was cut, padded or overwritten: it can't be what the gateway wrote.",
    Kind.MALFORMED_CHECKPOINT: "The signed head was written by something that is not this gateway.",
    Kind.MALFORMED_ENTRY: "An entry was overwritten: it can't be what the gateway wrote.",
    Kind.FORBIDDEN_HEADER: "An entry asks to be verified in a way of its own: forged to deceive a careless verifier.",
    Kind.EDITED_ENTRY: "An entry was edited after it had been signed, by someone without the key.",
    Kind.FOREIGN_ENTRY: "An entry was signed, or signed again, with a key that is not the log's.",
    Kind.RETIRED_KEY: "A key went on signing after the log had replaced it: somebody else may have it.",
    Kind.DROPPED_ENTRIES: "One or more entries were taken out.",
    Kind.DUPLICATED_ENTRY: "An entry was put in a second time.",
    Kind.REORDERED_ENTRIES: "Entries were put in another order.",
    Kind.EXCHANGED_ENTRY: "Someone with the entries' key wrote another entry in the place of one.",
    Kind.EXCHANGED_TILE: "The entries are sound; a file of hashes was exchanged or edited.",
    Kind.FORKED: "There are two histories: this one is sound in itself, and another one was signed or seen before.",
    Kind.TRUNCATED: "Entries were cut off the end, and the signed head with them.",
    Kind.ROLLED_BACK: "An older signed head was put back in the place of a newer one.",
    Kind.EDITED_CHECKPOINT: "The signed head was edited after it had been signed.",
    Kind.FOREIGN_CHECKPOINT: "The head was signed with a key that is not the log's.",
    Kind.OTHER_LOG: "This is the head of another log.",
    Kind.EXCHANGED_KEYS: "The public keys beside the log are not the log's: whoever takes them from there is deceived.",
    Kind.WEAK_KEY: "A key was chosen so that signatures of it prove nothing.",
    Kind.FALSE_ROTATION: "A key was put in the place of another without the other's signature.",
    Kind.LOST_KEY: "A key is said to be lost, and only its successor says so: ask the operator.",
    Kind.FALSE_PRUNE: "What the log says about removed entries does not fit what was removed.",
    Kind.UNWITNESSED: "The head was not cosigned by enough of the witnesses that you trust.",
    Kind.FALSE_TIMESTAMP: "A timestamp is not of the head that it lies beside, or not by an authority that you trust.",
    Kind.DAMAGED_JOURNAL: "The journal was changed after it had been written.",
    Kind.CUT_JOURNAL: "The end of a journal file, or a whole one, was cut away.",
    Kind.EXCHANGED_JOURNAL: "The journal holds another entry than was published.",
}
"""What each kind says in plain words."""


def broken(kind: Kind, place: str, what: str, entry: int | None = None) -> BrokenLog:
    """Make the exception that names what is wrong at a place, and in which entry."""
    where = place if entry is None else f"{place}: entry {entry}"
    return BrokenLog(f"{where}: {what}", kind=kind, place=place, entry=entry)
