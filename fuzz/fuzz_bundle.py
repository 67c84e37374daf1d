"""Any bytes as a proof bundle (zip), or as a file in one: only what the log signed is proven."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO

from harness import CORPUS, fuzz

from gateway.audit.bundle import Bundle, Trusted
from gateway.audit.reading import Files
from gateway.errors import BrokenLog
from gateway.storage.parcel import Archive


@dataclass(frozen=True, slots=True)
class Replaced:
    """A bundle of which one file is another."""

    files: Files
    name: str
    data: bytes

    def read(self, path: str, /) -> bytes | None:
        """Give a file's content."""
        return self.data if path == self.name else self.files.read(path)

    def list(self, folder: str, /) -> list[str]:
        """Give the names of the files in a folder."""
        return self.files.list(folder)


def archive(data: bytes) -> Archive:
    """Take bytes for a bundle; raises `ValueError` for what is no zip."""
    return Archive(BytesIO(data))  # a file that is open will do


def proven(files: Files, trusted: Trusted) -> dict[int, bytes]:
    """Check a bundle whole; raises `BrokenLog`, or `ValueError` for what is no zip."""
    bundle = Bundle(files, trusted)
    found = {entry.index: entry.payload for entry in bundle.entries()}
    assert bundle.proven().head.size > max(found)
    return found


def keys() -> Trusted:
    """Trust the keys of the first bundle of the corpus."""
    vkeys, jwks = ONE.read("keys/log.vkey"), ONE.read("keys/keys.jwks")
    assert vkeys is not None
    return Trusted(vkeys.decode(), jwks)


ONE = archive((CORPUS / "bundle" / "one.zip").read_bytes())
PARTS = (
    "entries/1.jws",
    "entries/1.json",
    "entries/1.tlog-proof",
    "keys/log.vkey",
    "keys/keys.jwks",
    "timestamps/1.tlog-proof",
)
warnings.simplefilter("ignore", UserWarning)  # of zipfile, for names that stand twice
TRUSTED = keys()
GOOD = {
    index: payload
    for path in sorted((CORPUS / "bundle").glob("*.zip"))
    for index, payload in proven(archive(path.read_bytes()), TRUSTED).items()
}


def target(data: bytes) -> None:
    for trusted in (TRUSTED, Trusted()):
        for name in PARTS:
            try:
                found = proven(Replaced(ONE, name, data), trusted)
            except BrokenLog:
                continue
            assert found.items() <= GOOD.items()
        try:
            found = proven(archive(data), trusted)
        except (BrokenLog, ValueError):
            continue
        assert found.items() <= GOOD.items() or trusted is not TRUSTED


if __name__ == "__main__":
    fuzz(target, "bundle")
