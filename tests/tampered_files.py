"""A table of what attackers may do to the files of a log: each is named, with its kind and its place."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from audit_logs import FOREIGN_KEY
from tamper_kit import (
    EARLY,
    JWKS_OF_TWO,
    KEPT,
    ORIGIN,
    PUBLISHED,
    SECOND_WITNESS_KEY,
    TAIL,
    WITNESS_KEY,
    chained,
    cosigned,
    journal,
    note,
    stored,
    told,
    witness_vkey,
)
from tamper_moves import (
    BUNDLE,
    JOURNAL,
    PARTIAL,
    ROOT,
    Case,
    as_if,
    at_once,
    both_keys,
    checkpoint,
    cut,
    cut_back,
    damage,
    gigantic,
    head,
    in_batches,
    in_two,
    instead,
    stamped,
    swap,
    text,
    write,
)

from gateway.audit.cosignature import WitnessKey
from gateway.audit.frame import MARKER
from gateway.audit.note import NoteSigner
from gateway.audit.tampering import Kind
from gateway.audit.verify import Witnesses
from gateway.crypto import b64url

WITNESSES = Witnesses(
    (
        WitnessKey.read(witness_vkey("w.example/1", WITNESS_KEY)),
        WitnessKey.read(witness_vkey("w.example/2", SECOND_WITNESS_KEY)),
    ),
    2,
)
LOW_ORDER = b64url(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")).decode()

FILES = {
    "an exchanged hash in a full tile": Case(
        write("tile/0/000", lambda data: data[:320] + data[:32] + data[352:]), Kind.EXCHANGED_TILE, "tile/0/000"
    ),
    "an exchanged hash in a partial tile": Case(
        write("tile/0/001.p/44", lambda data: data[32:64] + data[32:]), Kind.EXCHANGED_TILE, "tile/0/001.p/44"
    ),
    "an exchanged hash in the level above": Case(
        write("tile/1/000.p/1", lambda data: data[::-1]), Kind.EXCHANGED_TILE, "tile/1/000.p/1"
    ),
    "a full tile in the place of a partial one": Case(
        lambda place: shutil.copy(place / "tile/0/000", place / "tile/0/001.p/44"),
        Kind.MALFORMED_FILE,
        "tile/0/001.p/44",
    ),
    "a full tile and a partial one swapped": Case(
        swap("tile/0/000", "tile/0/001.p/44"), Kind.MALFORMED_FILE, "tile/0/000"
    ),
    "two bundles swapped": Case(swap(BUNDLE, PARTIAL), Kind.MALFORMED_FILE, BUNDLE),
    "a tile that is gone": Case(lambda place: (place / "tile/0/000").unlink(), Kind.MISSING_TILE, "tile/0/000"),
    "a bundle that is gone": Case(lambda place: (place / BUNDLE).unlink(), Kind.MISSING_ENTRIES, BUNDLE, 0),
    "the newest bundle gone": Case(lambda place: (place / PARTIAL).unlink(), Kind.MISSING_ENTRIES, PARTIAL),
    "a bundle that was cut": Case(write(PARTIAL, lambda data: data[:-5]), Kind.MALFORMED_FILE, PARTIAL),
    "a bundle that was added to": Case(write(BUNDLE, lambda data: data + b"\0\0"), Kind.MALFORMED_FILE, BUNDLE),
    "an empty bundle": Case(write(BUNDLE, lambda _: b""), Kind.MALFORMED_FILE, BUNDLE),
    "an empty tile": Case(write("tile/0/000", lambda _: b""), Kind.MALFORMED_FILE, "tile/0/000"),
    "a length that points beyond the bundle": Case(
        write(BUNDLE, lambda data: b"\xff\xff" + data[2:]), Kind.MALFORMED_FILE, BUNDLE
    ),
    "a bundle of nothing but empty entries": Case(write(BUNDLE, lambda _: b"\0" * 60_000), Kind.MALFORMED_FILE, BUNDLE),
    "a tile of a terabyte": Case(
        lambda place: os.truncate(place / "tile/0/000", 1 << 40), Kind.MALFORMED_FILE, "tile/0/000"
    ),
    "an older partial tile that was edited": Case(
        lambda place: (place / "tile/0/001.p/9").write_bytes(b"\1" * 288), Kind.EXCHANGED_TILE, "tile/0/001.p/9"
    ),
    "an older partial bundle that was edited": Case(
        lambda place: (place / "tile/entries/001.p/1").write_bytes(b"\0\1x"),
        Kind.EXCHANGED_TILE,
        "tile/entries/001.p/1",
    ),
    "a folder in the place of a tile": Case(instead("tile/0/000", Path.mkdir), Kind.MALFORMED_FILE, "tile/0/000"),
    "a link to nowhere in the place of a tile": Case(
        instead("tile/0/000", lambda path: path.symlink_to("/nowhere")), Kind.MISSING_TILE, "tile/0/000"
    ),
    "a link to an endless file in the place of a bundle": Case(
        instead(BUNDLE, lambda path: path.symlink_to("/dev/zero")), Kind.MALFORMED_FILE, BUNDLE
    ),
    "a link to itself in the place of a tile": Case(
        instead("tile/0/000", lambda path: path.symlink_to("000")), Kind.MALFORMED_FILE, "tile/0/000"
    ),
    "a pipe in the place of the checkpoint": Case(instead("checkpoint", os.mkfifo), Kind.MALFORMED_FILE, "checkpoint"),
    "a file in the place of the journal": Case(
        lambda place: (shutil.rmtree(place / "journal"), (place / "journal").write_bytes(b"")),
        Kind.MISSING_JOURNAL,
        "journal",
    ),
    "no checkpoint": Case(lambda place: (place / "checkpoint").unlink(), Kind.MISSING_LOG, "checkpoint"),
    "an empty checkpoint": Case(checkpoint(lambda _: b""), Kind.FOREIGN_CHECKPOINT, "checkpoint"),
    "an edited checkpoint": Case(
        write("checkpoint", lambda data: data.replace(b"\n300\n", b"\n299\n")), Kind.EDITED_CHECKPOINT, "checkpoint"
    ),
    "a checkpoint by another key": Case(
        checkpoint(lambda place: note(stored(place)[:300], FOREIGN_KEY)), Kind.FOREIGN_CHECKPOINT, "checkpoint"
    ),
    "a checkpoint by another key, with that key in log.vkey": Case(
        at_once(
            checkpoint(lambda place: note(stored(place)[:300], FOREIGN_KEY)),
            write("log.vkey", lambda _: NoteSigner(ORIGIN, FOREIGN_KEY).verifier_key().encode()),
        ),
        Kind.FOREIGN_CHECKPOINT,
        "checkpoint",
    ),
    "a checkpoint of another log, under this one's key name": Case(
        checkpoint(lambda _: text(f"other.example/log\n300\n{ROOT}\n")), Kind.OTHER_LOG, "checkpoint"
    ),
    "a checkpoint with another root": Case(checkpoint(lambda _: head(300)), Kind.FORKED, "checkpoint"),
    "a checkpoint of more entries than there are": Case(
        checkpoint(lambda _: head(301)), Kind.MISSING_TILE, "tile/0/001.p/45"
    ),
    "a checkpoint of a gigantic log": Case(checkpoint(lambda _: head(2**62)), Kind.MISSING_TILE, "tile/0/001"),
    "a checkpoint with a size beyond all": Case(
        checkpoint(lambda _: head(2**63)), Kind.MALFORMED_CHECKPOINT, "checkpoint"
    ),
    "a checkpoint with a size of ten thousand digits": Case(
        checkpoint(lambda _: text(f"{ORIGIN}\n{'9' * 10_000}\nAAAA\n")), Kind.MALFORMED_CHECKPOINT, "checkpoint"
    ),
    "a checkpoint with a size below nothing": Case(
        checkpoint(lambda _: head(-1)), Kind.MALFORMED_CHECKPOINT, "checkpoint"
    ),
    "a checkpoint with a leading zero": Case(
        checkpoint(lambda _: text(f"{ORIGIN}\n0300\n{ROOT}\n")), Kind.MALFORMED_CHECKPOINT, "checkpoint"
    ),
    "a checkpoint with a short root": Case(
        checkpoint(lambda _: head(300, b"\0")), Kind.MALFORMED_CHECKPOINT, "checkpoint"
    ),
    "a checkpoint with an empty line in its text": Case(
        checkpoint(lambda _: text(f"{ORIGIN}\n300\n{ROOT}\n\nx\n")), Kind.MALFORMED_CHECKPOINT, "checkpoint"
    ),
    "an older checkpoint put back, tiles left": Case(
        at_once(checkpoint(lambda _: EARLY), lambda place: journal(place, stored(place)[:100])),
        Kind.ROLLED_BACK,
        "checkpoint",
    ),
    "the end cut off, checkpoint and all, against a remembered head": Case(
        cut_back(100), Kind.TRUNCATED, "the remembered checkpoint", 100, {"remembered": [KEPT]}
    ),
    "the end cut off, against a cosigned head beside the log": Case(
        at_once(cut_back(100), lambda place: (place / "checkpoint.cosigned").write_bytes(KEPT)),
        Kind.TRUNCATED,
        "checkpoint.cosigned",
        100,
    ),
    "the past rewritten, against a timestamped head": Case(
        at_once(both_keys(50), stamped(100, EARLY)),
        Kind.FORKED,
        "timestamps/100.checkpoint",
        0,
    ),
    "an older timestamp put in the place of a newer one, with its head": Case(
        stamped(PUBLISHED, EARLY), Kind.FALSE_TIMESTAMP, f"timestamps/{PUBLISHED}.checkpoint"
    ),
    "a stamped head under a number that is written otherwise": Case(
        stamped("0100", EARLY), Kind.FALSE_TIMESTAMP, "timestamps/0100.checkpoint"
    ),
    "a remembered head that is another log's": Case(
        lambda _: None,
        Kind.FOREIGN_CHECKPOINT,
        "the remembered checkpoint",
        None,
        {"remembered": [note(chained([told(0)]), origin="other.example/log")]},
    ),
    "a cosigned head by another key": Case(
        lambda place: (place / "checkpoint.cosigned").write_bytes(note(stored(place), FOREIGN_KEY)),
        Kind.FOREIGN_CHECKPOINT,
        "checkpoint.cosigned",
    ),
    "too few witnesses": Case(
        lambda place: (place / "checkpoint.cosigned").write_bytes(cosigned(KEPT, ("w.example/1", WITNESS_KEY))),
        Kind.UNWITNESSED,
        "checkpoint",
        None,
        {"witnesses": WITNESSES},
    ),
    "one witness that signs twice": Case(
        checkpoint(lambda _: cosigned(KEPT, ("w.example/1", WITNESS_KEY), ("w.example/1", WITNESS_KEY))),
        Kind.UNWITNESSED,
        "checkpoint",
        None,
        {"witnesses": WITNESSES},
    ),
    "a witness's signature of another head": Case(
        checkpoint(
            lambda _: KEPT + cosigned(EARLY, ("w.example/1", WITNESS_KEY)).rpartition(b"\n\n")[2].partition(b"\n")[2]
        ),
        Kind.UNWITNESSED,
        "checkpoint",
        None,
        {"witnesses": Witnesses(WITNESSES.keys[:1], 1)},
    ),
    "the key of checkpoints beside the log replaced": Case(
        write("log.vkey", lambda _: NoteSigner(ORIGIN, FOREIGN_KEY).verifier_key().encode()),
        Kind.EXCHANGED_KEYS,
        "log.vkey",
    ),
    "the key of checkpoints beside the log overwritten": Case(
        write("log.vkey", lambda data: data[::-1]), Kind.MALFORMED_FILE, "log.vkey"
    ),
    "keys without end beside the log": Case(
        lambda place: os.truncate(place / "log.vkey", 200 << 20), Kind.MALFORMED_FILE, "log.vkey"
    ),
    "entries' keys without end beside the log": Case(
        lambda place: os.truncate(place / "keys.jwks", 200 << 20), Kind.MALFORMED_FILE, "keys.jwks"
    ),
    "one more key beside the log": Case(write("keys.jwks", lambda _: JWKS_OF_TWO), Kind.EXCHANGED_KEYS, "keys.jwks"),
    "a key of small order beside the log": Case(
        write("keys.jwks", lambda _: json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": LOW_ORDER}]}).encode()),
        Kind.MALFORMED_FILE,
        "keys.jwks",
    ),
    "no journal": Case(lambda place: shutil.rmtree(place / "journal"), Kind.MISSING_JOURNAL, "journal"),
    "a damaged entry in the journal, with later ones sound": Case(
        lambda place: (in_batches(place), damage(250, place)), Kind.DAMAGED_JOURNAL, JOURNAL, 250
    ),
    "a journal that ends before the checkpoint": Case(lambda place: cut(250, place), Kind.CUT_JOURNAL, JOURNAL),
    "another entry in the journal than was published": Case(
        lambda place: journal(
            place, [as_if(jws, to="mes") if n == 250 else jws for n, jws in enumerate(stored(place))]
        ),
        Kind.EXCHANGED_JOURNAL,
        JOURNAL,
        250,
    ),
    "a journal file under another's name": Case(
        lambda place: (place / JOURNAL).rename(place / f"journal/{5:020}"), Kind.DAMAGED_JOURNAL, f"journal/{5:020}"
    ),
    "a journal that begins after the checkpoint": Case(
        lambda place: journal(place, stored(place)[310:], 310), Kind.CUT_JOURNAL, f"journal/{310:020}"
    ),
    "a file missing in the middle of the journal": Case(
        lambda place: in_two(place, 305), Kind.CUT_JOURNAL, f"journal/{310:020}"
    ),
    "an empty journal file": Case(write(JOURNAL, lambda _: b""), Kind.DAMAGED_JOURNAL, JOURNAL),
    "an edited state in the journal": Case(
        write(JOURNAL, lambda data: data.replace(b'{"open":{}}', b'{"open":[]}')), Kind.DAMAGED_JOURNAL, JOURNAL
    ),
    "a gigantic length in the journal": Case(
        lambda place: (in_batches(place), gigantic(place)), Kind.DAMAGED_JOURNAL, JOURNAL, 0
    ),
    "a million beginnings of entries after the journal, which would take hours to look at": Case(
        write(JOURNAL, lambda data: data + b"cut" + (MARKER + b"\0\0\xff\xff" + bytes(12)) * 1_000_000),
        Kind.DAMAGED_JOURNAL,
        JOURNAL,
        PUBLISHED + TAIL,
    ),
}
