"""What a TPM 2.0 writes when it quotes its registers (TPM 2.0 Library, Part 2: Structures), read byte by byte."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_MAGIC, _QUOTE = 0xFF544347, 0x8018  # TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE
_HASHES = {0x0004: "sha1", 0x000B: "sha256", 0x000C: "sha384", 0x000D: "sha512"}
_SIGNATURES = {0x0014: "rsassa", 0x0016: "rsapss", 0x0018: "ecdsa"}
_LONGEST_NAME, _LONGEST_DATA, _LONGEST_DIGEST, _LONGEST_SIGNATURE = 68, 66, 64, 1024
_BANKS, _SELECT = range(1, 17), range(1, 5)


@dataclass(frozen=True, slots=True)
class Quote:
    """A TPMS_ATTEST of the type quote: `extra` is what the caller put in, `selection` such as `sha256:0,1,7`.

    `digest` is over the selected registers; `resets` and `restarts` count how often the TPM began anew.
    """

    extra: bytes
    selection: str
    digest: bytes
    clock: int
    resets: int
    restarts: int
    safe: bool
    firmware: int


@dataclass(frozen=True, slots=True)
class Signature:
    """A TPMT_SIGNATURE: `scheme` is `rsassa`, `rsapss` or `ecdsa`; `value` is the RSA signature, or (r, s)."""

    scheme: str
    hash: str
    value: bytes | tuple[int, int]


def read_quote(data: bytes) -> Quote:
    """Read a TPMS_ATTEST (section 10.12.12). Raises `ValueError` for another type, and for what is left over."""
    reader = _Reader(data)
    if reader.number("I") != _MAGIC or reader.number("H") != _QUOTE:
        raise ValueError("no quote of a TPM")
    reader.sized(_LONGEST_NAME)  # qualifiedSigner: the key is known by the signature
    extra = reader.sized(_LONGEST_DATA)
    clock, resets, restarts, safe = (reader.number(form) for form in "QIIB")
    firmware = reader.number("Q")
    selection = reader.selection()
    digest = reader.sized(_LONGEST_DIGEST)
    if safe not in (0, 1):
        raise ValueError("no quote of a TPM")
    reader.end()
    return Quote(extra, selection, digest, clock, resets, restarts, bool(safe), firmware)


def read_signature(data: bytes) -> Signature:
    """Read a TPMT_SIGNATURE (section 11.3.4). Raises `ValueError`; SHA-1 counts for nothing."""
    reader = _Reader(data)
    scheme, hash_ = _SIGNATURES.get(reader.number("H")), _HASHES.get(reader.number("H"))
    if scheme is None or hash_ is None or hash_ == "sha1":
        raise ValueError("a signature of another kind")
    value: bytes | tuple[int, int]
    if scheme == "ecdsa":
        value = int.from_bytes(reader.sized(_LONGEST_DATA)), int.from_bytes(reader.sized(_LONGEST_DATA))
    else:
        value = reader.sized(_LONGEST_SIGNATURE)
    reader.end()
    return Signature(scheme, hash_, value)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str) -> int:
        (found,) = struct.unpack(f">{form}", self._take(struct.calcsize(f">{form}")))
        return int(found)

    def sized(self, longest: int) -> bytes:
        """Read a TPM2B: its size in two bytes, then its bytes."""
        size = self.number("H")
        if size > longest:
            raise ValueError("longer than it can be")
        return self._take(size)

    def selection(self) -> str:
        """Read a TPML_PCR_SELECTION, written as the tools do: `sha1:0,1+sha256:7`."""
        count = self.number("I")
        if count not in _BANKS:
            raise ValueError("no selection of registers")
        banks = []
        for _ in range(count):
            bank, size = _HASHES.get(self.number("H")), self.number("B")
            if bank is None or size not in _SELECT:
                raise ValueError("no selection of registers")
            bits = int.from_bytes(self._take(size), "little")
            if bits:
                banks.append(f"{bank}:{','.join(str(at) for at in range(8 * size) if bits >> at & 1)}")
        return "+".join(banks)

    def end(self) -> None:
        if self._at != len(self._data):
            raise ValueError("data after the end")

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ValueError("it ends too early")
        taken, self._at = self._data[self._at : end], end
        return taken
