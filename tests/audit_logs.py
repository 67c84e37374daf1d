"""What the tests of the audit log share: keys, entries, and a disk that fails on demand."""

from __future__ import annotations

import errno
import json
import os
from base64 import urlsafe_b64decode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.entry import Actor, Body, Consent, Decided, Entry, FieldTreated, Mark, Network, encode
from gateway.audit.note import NoteSigner
from gateway.crypto import public_jwk
from gateway.flow import Purpose
from gateway.storage.disk import Disk, unlock
from gateway.storage.journal import Journal, LogSettings
from gateway.storage.ledger import Ledger
from gateway.storage.log_keys import LentKeys

ENTRY_KEY = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
CHECKPOINT_KEY = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
FOREIGN_KEY = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
SETTINGS = LogSettings("example.com/sovgate", "gw-1", "0.1", publish_every=0.05)
NOW = 1_790_000_000_000_000_000
VKEY = NoteSigner(SETTINGS.origin, CHECKPOINT_KEY).verifier_key()
JWKS = json.dumps({"keys": [public_jwk(ENTRY_KEY.public_key())]}).encode()


def ledger(folder: Path, disk: Disk | None = None, settings: LogSettings = SETTINGS) -> Ledger:
    return Ledger.open(folder, keys=LentKeys(ENTRY_KEY, CHECKPOINT_KEY), settings=settings, now=NOW, disk=disk)


def journal(folder: Path, settings: LogSettings = SETTINGS) -> Journal:
    return Journal.open(folder, keys=(ENTRY_KEY, CHECKPOINT_KEY), settings=settings, clock=lambda: NOW)


def abandon(log: Ledger) -> None:
    """Leave a log as a kill does: nothing is published, and the lock goes with the process."""
    log._segment.close()
    unlock(log._folder / "lock", log._lock)


def intent(flow: str) -> Entry:
    return Entry(kind="intent", time=NOW, flow=flow, from_="crm", to="erp", operation="erp.read-order")


def outcome(flow: str, at: int | None = None) -> Entry:
    return Entry(kind="outcome", time=NOW + 1, flow=flow, from_="crm", to="erp", verdict="allow", intent=at)


def full(flow: str) -> Entry:
    """An entry with every member that a flow can fill."""
    field = FieldTreated("/value/*/email", ("user.contact.email",), "mask", ("sales/protect[0]",), 3)
    return Entry(
        kind="outcome",
        time=NOW,
        flow=flow,
        trace="0" * 32,
        from_="crm",
        to="erp",
        operation="erp.list-orders",
        purpose=Purpose("order-fulfilment", "claim"),
        operator=Actor("o_x", "sales", "human", "high", "jwt", (("jwt", "a" * 64),)),
        network=Network("10.0.0.1"),
        decided=(Decided(("c_1", "c_2"), ("d" * 64, ""), 3, (field,)),),
        policies="1" * 64,
        catalogue="2" * 64,
        body=Body("3" * 64, 1000, "4" * 64, 990),
        marks=(Mark("ABCD-1234", 1), Mark("ABCD-1235", 2)),
        verdict="allow",
        reasons=("sales/allow[0]",),
        status=200,
        duration=1234,
        intent=1,
        consent=Consent("c_1", "contact", "granted"),
    )


def grow(log: Ledger, entries: int, start: int = 0) -> None:
    """Record pairs of intent and outcome, or one more intent."""
    payloads = [
        encode(intent(f"f{n // 2}") if n % 2 == 0 else outcome(f"f{n // 2}")) for n in range(start, start + entries)
    ]
    for at in range(0, entries, 100):
        assert all(isinstance(result, int) for result in log.record(payloads[at : at + 100]))


def payload(jws: bytes) -> dict[str, object]:
    """Read a payload without any code of ours."""
    segment = jws.split(b".")[1]
    read = json.loads(urlsafe_b64decode(segment + b"=" * (-len(segment) % 4)))
    assert isinstance(read, dict)
    return read


class FailingDisk(Disk):
    """A disk that fails as told: `full` writes half and then ENOSPC, `sync_fails` reports EIO after the write."""

    full = False
    sync_fails = False
    truncate_fails = False

    def write(self, file: int, data: bytes, offset: int) -> None:
        if self.full:
            super().write(file, data[: len(data) // 2], offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(file, data, offset)

    def sync(self, file: int) -> None:
        if self.sync_fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(file)

    def truncate(self, file: int, length: int) -> None:
        if self.truncate_fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().truncate(file, length)
