"""What can be wrong with captured traffic, by stable names; what each means, in words."""

from __future__ import annotations

UNUSABLE: dict[str, str] = {
    "not-http": "it is no HTTP exchange (WebSocket frames, a data: URL, a CONNECT tunnel)",
    "no-url": "its URL is missing or can't be read",
    "no-method": "its method is missing or is none",
    "no-request-body": "its request had a body that the capture doesn't hold",
    "malformed": "its entry in the capture is not as the format says",
    "truncated": "the capture ends in the middle of it",
    "too-large": "it is larger than the limit for one exchange",
    "undecodable": "its bytes can't be got back from the text that the capture holds",
}
"""Reasons for which an entry is passed over: it is counted and named."""

REPAIRS: dict[str, str] = {
    "no-answer": "no answer was captured (status 0 or none): only the request is judged",
    "no-answer-body": "the answer had a body that the capture doesn't hold: only the request is judged",
    "decoded": "the body was captured decoded: its content coding was taken off the headers",
    "latin-1": "a binary body stood as Latin-1 text: the bytes were taken back from it",
    "recoded": "the body was captured as text: it was encoded anew by the charset that the headers name",
    "length": "a length that didn't fit the body was set right",
    "byte-order-mark": "the file began with a byte order mark",
}
"""What was mended on the way in: the exchange is used, and what was done is told."""
