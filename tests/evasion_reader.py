"""A reader who tries hard to find a value in what came out of a gate: through charsets, escapes and codings."""

from __future__ import annotations

import binascii
import contextlib
import csv
import html
import io
import quopri
import re
import struct
import unicodedata
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import unquote, unquote_to_bytes

import brotli
import zstandard

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){6,}")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))|%u([0-9A-Fa-f]{4})")
_BROKEN = re.compile(r"=\r?\n|[\r\n\t]+")
_LOCAL = b"PK\x03\x04"
_GZIP = b"\x1f\x8b\x08"
_TELLING = re.compile(rb"[ -~]{8}|(?:[ -~]\x00){6}|\x1f\x8b\x08|PK\x03\x04|\x28\xb5\x2f\xfd|^\x78[\x01\x5e\x9c\xda]")
"""What a run of letters must stand for to be worth a look, if it is base64 at all."""
_MOST = 1 << 20


def shows(data: bytes, word: str, depth: int = 3, structure: Callable[[str], str] | None = None) -> bool:
    """Tell whether somebody who tries hard finds a word: in any charset, coding or escape, or several of them.

    `structure` takes out of a text what passes as docs/evasion.md admits: keys, names, service segments.
    """
    plain = _plain(word)
    if structure is None:
        return any(plain in text for text in _read(data, depth))
    return shows(data, word, depth) and any(
        plain in _plain(structure(text)) for view in _views_of(data, depth) for text in _texts(view)
    )


def structure_of(path: str) -> Callable[[str], str]:
    """Give what takes out the structure of a kind of message."""
    return _STRUCTURE.get(path, _keys)


def _keys(text: str) -> str:
    """Take keys of JSON out, escaped or not."""
    return re.sub(r'\\*"[^"]*"(?=\s*:)', "", text)


def _header_row(text: str) -> str:
    """Take a table's first row out."""
    try:
        return repr(list(csv.reader(io.StringIO(text, newline="")))[1:])
    except csv.Error:
        return text


def _tags(text: str) -> str:
    """Take names of elements, attributes and prefixes out, and what says how to read an element."""
    text = re.sub(r'xmlns(?::[\w.-]+)?\s*=\s*(?:"[^"]*"|\'[^\']*\')', "", text)
    return re.sub(r"(</?|\s)[\w.:-]+", r"\1", _keys(text))


def _service(text: str) -> str:
    """Take service segments out."""
    return re.sub(r"(?:^|')\s*UN[BGHSTEZ]\+[^']*", "'", text)


def _envelope(text: str) -> str:
    """Take the segments of X12's envelopes out."""
    end = re.escape(text[105:106] or "~")
    return re.sub(rf"(?:^|{end})\s*(?:ISA|TA1|GS|ST|SE|GE|IEA|LS|LE)\W[^{end}]*", "~", text)


def _part_heads(text: str) -> str:
    """Take names of parts and header fields of requests out: lines that begin like one."""
    return _keys(re.sub(r"(?m)^[\w-]+\s*:[^\r\n]*", "", text))


def _heads_in_json(text: str) -> str:
    """Take header fields in a batch out."""
    return _keys(re.sub(r'"(?:headers|httpHeaders)"\s*:\s*\{[^}]*\}', "", text))


def _table_in_text(text: str) -> str:
    """Take the first row of the table within a text out, and the keys and tags around."""
    return _tags(re.sub(r'"who,[^"\r\n]*?\\r\\n', '"', text))


_STRUCTURE: dict[str, Callable[[str], str]] = {
    "csv": _header_row,
    "xml": _tags,
    "soap": _tags,
    "xmlrpc": lambda text: _tags(re.sub(r"<(name|methodName)>[^<]*</", "", text)),
    "xlsx": lambda text: _tags(re.sub(r'(?s)<row r="1".*?</row>', "", text)),
    "edifact": _service,
    "x12": _envelope,
    "multipart": _part_heads,
    "odata-mime": _part_heads,
    "odata-json": _heads_in_json,
    "composite": _heads_in_json,
    "holder": _table_in_text,
}


def _plain(text: str) -> str:
    kept = unicodedata.normalize("NFKC", text).casefold()
    return "".join(one for one in kept if one.isalnum() and not unicodedata.combining(one))


@lru_cache(maxsize=8)
def _read(data: bytes, depth: int) -> frozenset[str]:
    return frozenset(_plain(text) for view in _views_of(data, depth) for text in _texts(view))


@lru_cache(maxsize=8)
def _views_of(data: bytes, depth: int) -> frozenset[bytes]:
    views, seen = [data], {data}
    for _ in range(depth):
        views = [new for view in views for new in _views(view) if not (new in seen or seen.add(new))]
    return frozenset(seen)


def _texts(data: bytes) -> Iterator[str]:
    text = data.decode("utf-8", "ignore")
    yield text
    if b"\x00" in data:
        yield data.replace(b"\x00", b"").decode("utf-8", "ignore")
        yield data.decode("utf-16-le", "ignore")
        yield data.decode("utf-16-be", "ignore")
    if not data.isascii():
        yield from (data.decode(charset, "ignore") for charset in ("latin-1", "gb18030", "shift_jis"))
    if _BROKEN.search(text):
        yield _BROKEN.sub("", text)


def _views(data: bytes) -> Iterator[bytes]:
    """Undo each coding once."""
    yield from _unpacked(data)
    if data.startswith((_GZIP, _LOCAL)):
        return
    for text in _texts(data):
        yield text.encode()
        yield html.unescape(text).encode()
        yield unquote(text).encode()
        yield _ESCAPE.sub(lambda found: chr(int(next(filter(None, found.groups())), 16)), text).encode(
            "utf-8", "ignore"
        )
        yield from (bytes.fromhex(found[0]) for found in _HEX.finditer(text))
        for found in _BASE64.finditer(text):
            run = found[0].replace("-", "+").replace("_", "/")
            for at in range(4):
                plain = b64decode(run[at:] + "A" * (-(len(run) - at) % 4))
                if _TELLING.search(plain) or _is_text(plain.rstrip(b"\x00")):
                    yield plain
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"=" in data:
        yield quopri.decodestring(data)


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Undo compressions, wherever they begin."""
    at = -1
    while (at := data.find(_GZIP, at + 1)) >= 0:
        yield from _inflated(data[at:], 31)
    at = -1
    while (at := data.find(_LOCAL, at + 1)) >= 0 and len(data) >= at + 30:
        start = at + 30 + sum(struct.unpack_from("<2H", data, at + 26))
        yield from _inflated(data[start:], -15)
    if data[:1] == b"\x78":
        yield from _inflated(data, 15)
    if data.startswith(zstandard.FRAME_HEADER):
        with contextlib.suppress(zstandard.ZstdError):
            yield zstandard.ZstdDecompressor().decompressobj().decompress(data)
    elif not (data.startswith((_GZIP, b"PK")) or _is_text(data)):
        yield from _inflated(data, -15)
        with contextlib.suppress(brotli.error):
            yield brotli.Decompressor().process(data, output_buffer_limit=_MOST)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _inflated(data: bytes, wbits: int) -> Iterator[bytes]:
    try:
        yield zlib.decompressobj(wbits).decompress(data, _MOST)
    except (zlib.error, binascii.Error):
        return
