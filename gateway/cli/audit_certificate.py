"""The certificate of an export: a statement over the manifests of a bag, signed with the log's key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from gateway.audit import bundle
from gateway.audit.bundle import Packed, Trusted
from gateway.audit.signatures import EntryKeys
from gateway.audit.statement import open_statement
from gateway.audit.timestamp import check_timestamp
from gateway.errors import BrokenLog
from gateway.storage.bag import ALGORITHMS, DECLARATION

CERTIFICATE, STAMP = "certificate.dsse.json", "certificate.dsse.json.tsr"


NO_CERTIFICATE = (
    "no certificate: who made this package isn't proven, nor that it is as it was made: entries may have been taken out"
)


def check_bag(files: Packed, trusted: Trusted) -> bool:
    """Check that a bag is whole, and tell whether a key of the log certifies it.

    Raises `BrokenLog` for the first wrong thing. Entries are for `gateway.audit.bundle`, with `data/` as the bundle.
    """
    if _read(files, "bagit.txt") != DECLARATION:
        raise BrokenLog("bagit.txt: no BagIt bag of version 1.0")
    manifests = {name: _manifest(files, f"manifest-{name}.txt", "data/") for name in ALGORITHMS}
    there = set(files.below("data"))
    for algorithm, listed in manifests.items():
        _same_files(there, set(listed), algorithm)
        for path, digest in listed.items():
            _same(files, path, algorithm, digest)
    certified = _certified(files, trusted)
    for algorithm in ALGORITHMS:
        for path, digest in _manifest(files, f"tagmanifest-{algorithm}.txt", "").items():
            _same(files, path, algorithm, digest)
    return certified


def _certified(files: Packed, trusted: Trusted) -> bool:
    """Check the certificate and its stamp, as far as they are there."""
    certificate = files.read(CERTIFICATE)
    if certificate is None:
        return False
    jwks = trusted.jwks if trusted.jwks is not None else _read(files, f"data/{bundle.JWKS}")
    statement = open_statement(certificate, EntryKeys(jwks).keys, CERTIFICATE)
    subjects = {one.name: one.digest for one in statement.subject}
    for name in ("bagit.txt", "bag-info.txt", *(f"manifest-{one}.txt" for one in ALGORITHMS)):
        for algorithm in ALGORITHMS:
            _same(files, name, algorithm, subjects.get(name, {}).get(algorithm, "nothing"))
    stamp = files.read(STAMP)
    if stamp is not None:
        roots = trusted.roots if trusted.roots is not None else _read(files, f"data/{bundle.ROOTS}")
        check_timestamp(stamp, certificate, roots, STAMP)
    return True


def _same_files(there: set[str], listed: set[str], algorithm: str) -> None:
    if odd := sorted(there ^ listed):
        what = "missing" if odd[0] in listed else f"not in manifest-{algorithm}.txt: added later"
        raise BrokenLog(f"{odd[0]}: {what}")


def _same(files: Packed, path: str, algorithm: str, digest: str) -> None:
    """Hold a file against its digest."""
    if hashlib.new(algorithm, _read(files, path)).hexdigest() != digest:
        raise BrokenLog(f"{path}: it is not what it was when this was made")


def _manifest(files: Packed, name: str, start: str) -> dict[str, str]:
    """Read a manifest (RFC 8493 section 2.1.3), as it is written here: nothing but what lies below `start`."""
    return dict(_lines(_read(files, name).decode(errors="replace"), name, start))


def _lines(text: str, name: str, start: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        digest, _, path = line.partition("  ")
        if not path.startswith(start) or path.startswith("/") or ".." in path.split("/"):
            raise BrokenLog(f"{name}: no manifest of an export")
        yield path, digest


def _read(files: Packed, path: str) -> bytes:
    data = files.read(path)
    if data is None:
        raise BrokenLog(f"{path}: missing")
    return data
