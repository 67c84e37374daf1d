"""Logs made by hand, for those who tamper with them: every byte is in the tester's hands, and so are all keys."""

from __future__ import annotations

import json
import shutil
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from audit_logs import CHECKPOINT_KEY, ENTRY_KEY, FOREIGN_KEY, JWKS, NOW, SETTINGS, VKEY, payload
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.frame import frame, header
from gateway.audit.merkle import leaf_hash
from gateway.audit.note import NoteSigner
from gateway.audit.reading import published_size, stored_entries
from gateway.audit.tiles import Tree
from gateway.audit.verify import Verified, verify
from gateway.crypto import JwsSigner, b64url, public_jwk, thumbprint
from gateway.storage.folder import Folder

WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
SECOND_WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"v" * 32)
NEXT_KEY = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
ORIGIN = SETTINGS.origin
PUBLISHED, TAIL = 300, 20

Said = dict[str, Any]


def told(n: int) -> Said:
    """What entry `n` of a log of pairs says, without its place."""
    if n == 0:
        return {"kind": "start", "time": NOW, "start": {"version": "0.1"}}
    if n % 2:
        return {"kind": "intent", "time": NOW, "flow": f"f{n // 2}", "from": "crm", "to": "erp"}
    return {"kind": "outcome", "time": NOW + 1, "flow": f"f{n // 2 - 1}", "verdict": "allow"}


def signed(said: bytes, key: Ed25519PrivateKey = ENTRY_KEY) -> bytes:
    return JwsSigner.of(key).sign(said)


def chained(sayings: Iterable[Said], key: Callable[[int], Ed25519PrivateKey] = lambda _: ENTRY_KEY) -> list[bytes]:
    """Number, link and sign what is said, as the gateway does."""
    entries, before = [], b""
    for n, said in enumerate(sayings):
        place = {"counter": n, "instance": "gw-1"} | ({"prev": before.hex()} if before else {})
        whole = json.dumps({**place, **said}, separators=(",", ":")).encode()
        entries.append(signed(whole, key(n)))
        before = sha256(whole).digest()
    return entries


def again(
    entries: Sequence[bytes], change: Callable[[int, Said], Said], key: Ed25519PrivateKey = ENTRY_KEY
) -> list[bytes]:
    """Write a history anew, links and all, with one's own changes."""
    own = ("counter", "instance", "prev")
    kept = [{name: value for name, value in payload(jws).items() if name not in own} for jws in entries]
    return chained((change(n, said) for n, said in enumerate(kept)), lambda _: key)


def root(entries: Sequence[bytes]) -> bytes:
    tree = Tree()
    for entry in entries:
        tree.add(entry, leaf_hash(entry))
    return tree.root()


def note(entries: Sequence[bytes], key: Ed25519PrivateKey = CHECKPOINT_KEY, origin: str = ORIGIN) -> bytes:
    return NoteSigner(origin, key).checkpoint(len(entries), root(entries))


def cosigned(text: bytes, *witnesses: tuple[str, Ed25519PrivateKey], time: int = 1_790_000_000) -> bytes:
    """Add cosignatures to a checkpoint, by the words of C2SP tlog-cosignature."""
    body = text.rpartition(b"\n\n")[0] + b"\n"
    for name, key in witnesses:
        signature = key.sign(b"cosignature/v1\ntime %d\n%b" % (time, body))
        told = b64encode(witness_id(name, key) + time.to_bytes(8, "big") + signature).decode()
        text += f"\N{EM DASH} {name} {told}\n".encode()
    return text


def witness_id(name: str, key: Ed25519PrivateKey) -> bytes:
    return sha256(name.encode() + b"\n\x04" + key.public_key().public_bytes_raw()).digest()[:4]


def witness_vkey(name: str, key: Ed25519PrivateKey) -> str:
    public = b64encode(b"\x04" + key.public_key().public_bytes_raw()).decode()
    return f"{name}+{witness_id(name, key).hex()}+{public}"


def tiles(entries: Sequence[bytes]) -> dict[str, bytes]:
    tree, files = Tree(), {}
    for entry in entries:
        files.update(tree.add(entry, leaf_hash(entry)))
    files.update(tree.partial())
    return files


def journal(folder: Path, entries: Sequence[bytes], first: int = 0) -> None:
    """Lay out the journal anew, in one file and one batch."""
    shutil.rmtree(folder / "journal", ignore_errors=True)
    (folder / "journal").mkdir()
    head = header(first, b'{"open":{}}')
    framed = b"".join(frame(entry, len(head)) for entry in entries)
    (folder / "journal" / f"{first:020}").write_bytes(head + framed)


def lay(folder: Path, entries: Sequence[bytes], published: int, checkpoint: bytes | None = None) -> None:
    """Lay out a whole log, tiles, journal and all, under a checkpoint: given, or the one that is there."""
    shutil.rmtree(folder / "tile", ignore_errors=True)
    for path, data in tiles(entries[:published]).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    journal(folder, entries)
    if checkpoint is not None:
        (folder / "checkpoint").write_bytes(checkpoint)


def log(folder: Path, entries: Sequence[bytes], published: int, *, vkey: str = VKEY, jwks: bytes = JWKS) -> Path:
    """Make a log whose head is signed by the right key."""
    folder.mkdir(parents=True, exist_ok=True)
    lay(folder, entries, published, note(entries[:published]))
    (folder / "log.vkey").write_text(f"{vkey}\n")
    (folder / "keys.jwks").write_bytes(jwks)
    return folder


def stored(folder: Path) -> list[bytes]:
    return [jws for _, _, jws in stored_entries(Folder(folder), published_size(Folder(folder)))]


def check(folder: Path, **given: Any) -> Verified:
    return verify(Folder(folder), **{"vkey": VKEY, "jwks": JWKS, **given})


def jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    public = public_jwk(key.public_key())
    return {name: public[name] for name in ("crv", "kty", "x")}


def kid(key: Ed25519PrivateKey) -> str:
    return thumbprint(key.public_key())


def header_and(said: bytes, key: Ed25519PrivateKey = ENTRY_KEY, **members: object) -> bytes:
    """Sign with a header of one's own."""
    start = b64url(json.dumps({"alg": "EdDSA", "kid": kid(key), **members}).encode()) + b"." + b64url(said)
    return start + b"." + b64url(key.sign(start))


def endorsed(old: Ed25519PrivateKey, new: Ed25519PrivateKey) -> str:
    return b64url(old.sign(f"sovgate-rotation/v1\n{ORIGIN}\n{kid(old)}\n{kid(new)}\n".encode())).decode()


def rotation(which: str, old: Ed25519PrivateKey, new: Ed25519PrivateKey, **more: object) -> Said:
    return {"kind": "rotation", "time": NOW, "rotation": {"key": which, "old": kid(old), "new": jwk(new), **more}}


def prune(entries: Sequence[bytes], first: int, end: int, **more: object) -> Said:
    digest = sha256(b"".join(leaf_hash(entry) for entry in entries[first:end])).hexdigest()
    last = sha256(b64_payload(entries[end - 1])).hexdigest()
    said = {
        "first": first,
        "end": end,
        "digest": digest,
        "last": last,
        "rule": "audit.keep",
        "reason": "ten years",
        **more,
    }
    return {"kind": "prune", "time": NOW, "prune": said}


def b64_payload(jws: bytes) -> bytes:
    segment = jws.split(b".")[1]
    return urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))


KEPT, EARLY = (note(chained(map(told, range(size)))) for size in (PUBLISHED, 100))
JWKS_OF_TWO = json.dumps({"keys": [jwk(ENTRY_KEY), jwk(FOREIGN_KEY)]}).encode()
