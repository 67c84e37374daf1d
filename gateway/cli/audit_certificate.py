"""The certificate of an export: a statement over the manifests of a bag, signed with the log's key."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

from gateway.audit import bundle
from gateway.audit.bundle import Trusted
from gateway.audit.signatures import EntryKeys
from gateway.audit.statement import open_statement
from gateway.audit.timestamp import check_timestamp
from gateway.errors import BrokenLog
from gateway.storage.bag import DECLARATION

CERTIFICATE, STAMP = "certificate.dsse.json", "certificate.dsse.json.tsr"
ALGORITHMS = ("sha256", "sha512")


def check_bag(folder: Path, trusted: Trusted) -> None:
    """Check that a bag is whole, and certified by a key of the log; raises `BrokenLog` for the first wrong thing.

    Its entries are for `gateway.audit.bundle`, with `data/` as the bundle.
    """
    if _read(folder, "bagit.txt") != DECLARATION:
        raise BrokenLog("bagit.txt: no BagIt bag of version 1.0")
    manifests = {name: _manifest(folder, f"manifest-{name}.txt") for name in ALGORITHMS}
    there = {path.relative_to(folder).as_posix() for path in (folder / "data").rglob("*") if not path.is_dir()}
    for algorithm, listed in manifests.items():
        _same_files(there, set(listed), algorithm)
        for path, digest in listed.items():
            _same(folder, path, algorithm, digest)
    if not (folder / CERTIFICATE).exists():
        return
    jwks = trusted.jwks if trusted.jwks is not None else _read(folder, f"data/{bundle.JWKS}")
    statement = open_statement(_read(folder, CERTIFICATE), EntryKeys(jwks).keys, CERTIFICATE)
    subjects = {one.name: one.digest for one in statement.subject}
    for name in ("bagit.txt", "bag-info.txt", *(f"manifest-{one}.txt" for one in ALGORITHMS)):
        for algorithm in ALGORITHMS:
            _same(folder, name, algorithm, subjects.get(name, {}).get(algorithm, "nothing"))
    if (folder / STAMP).exists():
        roots = trusted.roots if trusted.roots is not None else _read(folder, f"data/{bundle.ROOTS}")
        check_timestamp(_read(folder, STAMP), _read(folder, CERTIFICATE), roots, STAMP)


def _same_files(there: set[str], listed: set[str], algorithm: str) -> None:
    if odd := sorted(there ^ listed):
        what = "missing" if odd[0] in listed else f"not in manifest-{algorithm}.txt: added later"
        raise BrokenLog(f"{odd[0]}: {what}")


def _same(folder: Path, path: str, algorithm: str, digest: str) -> None:
    """Hold a file against its digest."""
    with (folder / path).open("rb") as file:
        if file_digest(file, algorithm).hexdigest() != digest:
            raise BrokenLog(f"{path}: it is not what it was when this was made")


def _manifest(folder: Path, name: str) -> dict[str, str]:
    """Read a manifest (RFC 8493 section 2.1.3), as it is written here: nothing outside of `data/`."""
    return dict(_lines(_read(folder, name).decode(errors="replace"), name))


def _lines(text: str, name: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        digest, _, path = line.partition("  ")
        if not path.startswith("data/") or ".." in path.split("/"):
            raise BrokenLog(f"{name}: no manifest of an export")
        yield path, digest


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise BrokenLog(f"{name}: missing") from None
