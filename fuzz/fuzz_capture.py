"""Any bytes as a capture: HAR, mitmproxy's flows, our own. What is none raises one kind of error; the rest is sound."""

from __future__ import annotations

from io import BytesIO

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from harness import fuzz

from gateway.capture import open_capture
from gateway.capture.exchange import Exchange
from gateway.errors import BadCapture

KEY = X25519PrivateKey.from_private_bytes(b"k" * 32)


def target(data: bytes) -> None:
    try:
        found = list(open_capture(BytesIO(data), "capture", [KEY], limit=1 << 20))
    except BadCapture:
        return
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    for one in found:
        if isinstance(one, Exchange):
            assert one.request.method
            assert all(isinstance(text, str) for pair in one.request.headers for text in pair)


if __name__ == "__main__":
    fuzz(target, "capture")
