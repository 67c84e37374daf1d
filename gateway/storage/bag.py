"""A BagIt bag (RFC 8493, version 1.0) with SHA-256 and SHA-512 manifests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import new, sha256, sha512
from tempfile import TemporaryFile
from typing import IO

from gateway.storage.parcel import Parcel

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
ALGORITHMS = ("sha256", "sha512")
_PIECE = 1 << 16

Digests = tuple[str, str]
"""SHA-256 and SHA-512 in hex."""


class Bag:
    """A BagIt bag (RFC 8493) that grows: payload below `data/`, digests taken on the way. Make it with `bag`.

    The manifests of the payload grow in `drafts`, files of their own: however much there is, memory stays bounded.
    """

    def __init__(self, parcel: Parcel, drafts: tuple[IO[bytes], ...]) -> None:
        """Begin an empty one."""
        self._parcel = parcel
        self._drafts = drafts
        self._shared: set[str] = set()
        self._tags: dict[str, Digests] = {}
        self.size = 0
        self.files = 0

    def put(self, path: str, data: bytes) -> None:
        """Add a file of the payload under a path that nothing has yet."""
        for draft, digest in zip(self._drafts, _digests(data), strict=True):
            draft.write(_line(f"data/{path}", digest))
        self.size += len(data)
        self.files += 1
        self._parcel.put(f"data/{path}", data)

    def share(self, path: str, data: bytes) -> None:
        """Add a file of the payload, unless it was shared before."""
        if path not in self._shared:
            self._shared.add(path)
            self.put(path, data)

    def tag(self, path: str, data: bytes) -> Digests:
        """Add a file beside the payload; gives its digests."""
        self._tags[path] = _digests(data)
        self._parcel.put(path, data)
        return self._tags[path]

    def manifests(self) -> dict[str, Digests]:
        """Write the manifests of the payload; gives their digests."""
        written: dict[str, Digests] = {}
        for algorithm, draft in zip(ALGORITHMS, self._drafts, strict=True):
            hashes = [new(one) for one in ALGORITHMS]
            with self._parcel.open(f"manifest-{algorithm}.txt") as file:
                draft.seek(0)
                while piece := draft.read(_PIECE):
                    file.write(piece)
                    for one in hashes:
                        one.update(piece)
            written[f"manifest-{algorithm}.txt"] = hashes[0].hexdigest(), hashes[1].hexdigest()
        self._tags |= written
        return written

    def close(self) -> None:
        """Write the manifests of what is beside the payload: the last that is added."""
        for number, algorithm in enumerate(ALGORITHMS):
            lines = (_line(path, self._tags[path][number]) for path in sorted(self._tags))
            self._parcel.put(f"tagmanifest-{algorithm}.txt", b"".join(lines))


@contextmanager
def bag(parcel: Parcel) -> Iterator[Bag]:
    """Begin a bag. Raises `OSError`."""
    with ExitStack() as stack:
        yield Bag(parcel, tuple(stack.enter_context(TemporaryFile()) for _ in ALGORITHMS))


def _digests(data: bytes) -> Digests:
    return sha256(data).hexdigest(), sha512(data).hexdigest()


def _line(path: str, digest: str) -> bytes:
    return f"{digest}  {path}\n".encode()
