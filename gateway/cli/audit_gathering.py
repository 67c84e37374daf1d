"""What `sovgate audit prove` and `export` share: whose attestations count, and what goes along with the entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from gateway.audit import bundle
from gateway.audit.bundle import Bundle, Proven, ProvenEntry, Trusted
from gateway.audit.cosignature import WitnessKey
from gateway.audit.gather import Gathering
from gateway.audit.reading import Files
from gateway.audit.signatures import NoteKey, signed_checkpoint
from gateway.cli.evidence import check_program, words
from gateway.cli.evidence.told import places
from gateway.config import Settings
from gateway.errors import BrokenLog
from gateway.witness.cosigner import verifier_key


@dataclass(frozen=True, slots=True)
class Attesters:
    """The witnesses and the time-stamping authority whose attestations go along: those of the configuration."""

    witnesses: tuple[WitnessKey, ...] = ()
    roots: bytes | None = None

    @classmethod
    def of(cls, settings: Settings | None, witnesses: Sequence[str], roots: Path | None) -> Attesters:
        """Take those that were named, or those of the configuration. Raises `OSError`."""
        try:
            keys = tuple(map(WitnessKey.read, witnesses))
        except BrokenLog as error:
            raise click.UsageError(f"--witness: {error}") from None
        if not keys and settings is not None:
            keys = tuple(one.key for one in settings.audit.witness.asked)
        if roots is None and settings is not None and settings.audit.timestamps is not None:
            roots = settings.audit.timestamps.roots
        return cls(keys, roots.read_bytes() if roots is not None else None)

    @property
    def lines(self) -> list[str]:
        """Give the witnesses' verifier keys."""
        return [verifier_key(key.name, key.key) for key in self.witnesses]


class Staged:
    """The files of a bundle that is being made, for the check of it."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        """Begin with some."""
        self.files: dict[str, bytes] = files or {}
        self._held: tuple[str, ...] = ()

    def hold(self, files: dict[str, bytes]) -> None:
        """Take some in, in the place of those that were taken in before."""
        for path in self._held:
            self.files.pop(path, None)
        self.files |= files
        self._held = tuple(files)

    def read(self, path: str, /) -> bytes | None:
        """Give a file."""
        return self.files.get(path)

    def list(self, folder: str, /) -> list[str]:
        """Give the names in a folder."""
        start = f"{folder}/"
        return sorted(path.removeprefix(start) for path in self.files if path.startswith(start))


def checked(files: Files, attesters: Attesters) -> tuple[list[ProvenEntry], Proven]:
    """Check what was gathered before it is handed out. Raises `BrokenLog`."""
    one = Bundle(files, Trusted(witnesses=attesters.witnesses, roots=attesters.roots))
    return list(one.entries()), one.proven()


def explained(
    template: str,
    files: Files,
    gathering: Gathering,
    attesters: Attesters,
    found: tuple[ProvenEntry, Proven],
    more: dict[str, str],
) -> Iterable[tuple[str, bytes]]:
    """Give the README and the program, with what is proven and what isn't, by the example of one entry."""
    first, proven = found
    jws, vkeys = files.read(f"{bundle.ENTRIES}/{first.index}{bundle.JWS}"), files.read(bundle.VKEY)
    assert jws is not None, "it was gathered"
    assert vkeys is not None, "it was gathered"
    _, key = signed_checkpoint(gathering.head.note, NoteKey.read_all(vkeys.decode()), "checkpoint")
    stamp = next((size for size in gathering.stamped if size > first.index), None)
    told = places(proven, first, jws, key.id.hex(), attesters.witnesses, stamp)
    yield "README.txt", words(template, {**told, **more})
    yield "check.py", check_program()
