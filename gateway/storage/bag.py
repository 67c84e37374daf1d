"""A BagIt bag (RFC 8493, version 1.0) with SHA-256 and SHA-512 manifests."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256, sha512

from gateway.storage.parcel import Parcel

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


class Bag:
    """A BagIt bag (RFC 8493) that grows: payload below `data/`, digests taken on the way."""

    def __init__(self, parcel: Parcel) -> None:
        """Begin an empty one."""
        self._parcel = parcel
        self._digests: dict[str, tuple[str, str]] = {}
        self._tags: dict[str, tuple[str, str]] = {}
        self.size = 0

    def put(self, path: str, data: bytes) -> None:
        """Add a file of the payload."""
        if f"data/{path}" not in self._digests:
            self._digests[f"data/{path}"] = _digests(data)
            self.size += len(data)
            self._parcel.put(f"data/{path}", data)

    @property
    def files(self) -> int:
        """Count the files of the payload."""
        return len(self._digests)

    def tag(self, path: str, data: bytes) -> tuple[str, str]:
        """Add a file beside the payload; gives its SHA-256 and SHA-512 in hex."""
        self._tags[path] = _digests(data)
        self._parcel.put(path, data)
        return self._tags[path]

    def manifests(self) -> dict[str, tuple[str, str]]:
        """Write the manifests of the payload; gives their digests."""
        return {name: self.tag(name, data) for name, data in _manifests("manifest", self._digests)}

    def close(self) -> None:
        """Write the manifests of what is beside the payload: the last that is added."""
        for name, data in _manifests("tagmanifest", dict(self._tags)):
            self._parcel.put(name, data)


def _digests(data: bytes) -> tuple[str, str]:
    return sha256(data).hexdigest(), sha512(data).hexdigest()


def _manifests(kind: str, digests: dict[str, tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    for number, algorithm in enumerate(("sha256", "sha512")):
        lines = (f"{digests[path][number]}  {path}\n" for path in sorted(digests))
        yield f"{kind}-{algorithm}.txt", "".join(lines).encode()
