"""What verifiers of others are shown: a log of ours, and proofs from its tiles, right and wrong."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.audit.entry import Entry, encode
from gateway.audit.proof import consistency, inclusion
from gateway.audit.reading import stored_entries
from gateway.audit.signatures import NoteKey, open_checkpoint
from gateway.storage.folder import Folder
from gateway.storage.ledger import Ledger, LogSettings
from gateway.storage.log_keys import LentKeys

ORIGIN = "example.com/sovgate"
KEYS = [Ed25519PrivateKey.from_private_bytes(letter * 32) for letter in (b"e", b"c")]


def grown(folder: Path, entries: int, *, kept_at: int = 0) -> bytes:
    """Grow a log, and give the checkpoint that it had at a smaller size."""
    log = Ledger.open(folder, keys=LentKeys(*KEYS), settings=LogSettings(ORIGIN, "gw-1"), now=1)
    payloads = [encode(Entry(kind="intent", time=1, flow=f"f{n}")) for n in range(entries - 1)]
    log.record(payloads[: max(kept_at - 1, 0)])
    log.publish()
    kept = (folder / "checkpoint").read_bytes()
    log.record(payloads[max(kept_at - 1, 0) :])
    log.close()
    return kept


def shown(folder: Path, kept: bytes) -> dict[str, object]:
    """Gather proofs of many entries, and that the log goes on from the checkpoint that was kept."""
    files = Folder(folder)
    key = NoteKey.read((folder / "log.vkey").read_text())
    note = (folder / "checkpoint").read_bytes()
    head, old = open_checkpoint(note, key, "checkpoint"), open_checkpoint(kept, key, "kept")
    entries = [jws for _, _, jws in stored_entries(files, head.size)]
    public = KEYS[1].public_key()
    return {
        "checkpoint": note.decode(),
        "origin": ORIGIN,
        "key": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "key_id": key.id.hex(),
        "size": head.size,
        "root": head.root.hex(),
        "entries": [b64encode(jws).decode() for jws in entries],
        "proofs": [
            {"index": n, "hashes": [node.hex() for node in inclusion(files.read, n, head.size)]}
            for n in sorted({*range(0, head.size, 37), 0, 255, 256, head.size - 1})
            if n < head.size
        ],
        "old": {
            "size": old.size,
            "root": old.root.hex(),
            "hashes": [node.hex() for node in consistency(files.read, old.size, head.size)],
        },
    }


def written(place: Path, told: dict[str, object]) -> Path:
    place.write_text(json.dumps(told))
    return place
