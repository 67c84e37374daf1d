"""What can be wrong with captured traffic, by stable names, and what each means; `docs/captures.md` lists them."""

from __future__ import annotations

UNUSABLE: dict[str, str] = {
    "not-http": "it is no HTTP exchange (a WebSocket, a data: URL, a CONNECT tunnel, another protocol)",
    "no-url": "its URL is missing or can't be read",
    "no-method": "its method is missing or is none",
    "no-request-body": "its request had a body that the capture doesn't hold",
    "malformed": "its entry in the capture is not as the format says",
    "truncated": "the capture breaks off here: whatever followed can't be read",
    "trailing": "something follows the capture's end, and was not read",
    "too-large": "it is larger than the limit for one exchange",
    "undecodable": "its bytes can't be got back from the text that the capture holds",
    "tampered": "it was changed after it was written, or doesn't stand where it was written",
    "dropped": "the gateway was too busy here to keep what crossed: one exchange or more are missing",
}
"""Reasons for which an entry is passed over: it is counted and named."""

DAMAGE = frozenset({"truncated", "trailing", "tampered"})
"""Reasons for which the capture itself can't be trusted to be whole."""

REPAIRS: dict[str, str] = {
    "no-answer": "no answer was captured (status 0 or none): only the request is judged",
    "no-answer-body": "the answer had a body that the capture doesn't hold: only the request is judged",
    "not-modified": "the answer was a 304: the browser's own copy, which the capture holds, stands for the body",
    "from-cache": "the answer came from a cache, a service worker or a test's script, not from the system just then",
    "decoded": "the body was captured decoded: its content coding was taken off the headers",
    "latin-1": "a binary body stood as Latin-1 text: the bytes were taken back from it",
    "base64": "a compressed body stood as base64 that wasn't marked as such: the bytes were taken back from it",
    "recoded": "the body was captured as text: it was encoded anew by the charset that the headers name, else UTF-8",
    "form": "the request's body was put together anew from the form fields that the capture lists",
    "content-type": "the headers name no content type: the one that the capture notes beside the body was taken",
    "length": "a length that didn't fit the body was set right",
    "credentials": "headers that carry credentials stand without their values",
    "time-zone": "the time names no zone: it was taken as UTC",
    "byte-order-mark": "the file began with a byte order mark",
    "utf-16": "the file was UTF-16 or UTF-32 text, where the format wants UTF-8",
}
"""What was mended on the way in: the exchange is used, and what was done is told. What holds for the whole file is told
with its first exchange."""


class UnfitError(Exception):
    """Inside readers: what stands here can't be used; `reason` is a key of `UNUSABLE`."""

    def __init__(self, reason: str) -> None:
        """Take the reason."""
        self.reason = reason
        super().__init__(reason)


class CutError(Exception):
    """Inside readers: the bytes end, or stop making sense, where more was due."""
