"""Cassettes, as vcrpy and Ruby's VCR keep them for tests: YAML or JSON, each interaction turned into a HAR entry.

The YAML is read with a loader that makes no objects: whatever its tag, a value is the text, the list or the mapping
that it is written as.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import yaml

from gateway.capture import har_entry
from gateway.capture.exchange import Exchange, Unusable
from gateway.capture.faults import CutError, UnfitError
from gateway.capture.pieces import Pieces
from gateway.errors import BadCapture

_DEEPEST = 100
_LISTS = ("interactions", "http_interactions")
_TEXTS = ("python/unicode", "python/str", "timestamp", "float", "int")


class _Loader(yaml.CSafeLoader):
    """Takes what cassettes hold, and makes nothing but texts, bytes, numbers, lists and mappings of it."""


def _text(loader: _Loader, node: yaml.Node) -> Any:
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


def _list(loader: _Loader, node: yaml.Node) -> Any:
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else None


def _other(loader: _Loader, _suffix: str, node: yaml.Node) -> Any:
    """Take an object for what it holds: old cassettes have bodies in `io.BytesIO`, and statuses in objects."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return _list(loader, node) if isinstance(node, yaml.SequenceNode) else _text(loader, node)


for _tag in _TEXTS:
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _text)
_Loader.add_constructor("tag:yaml.org,2002:python/tuple", _list)
_Loader.add_multi_constructor("", _other)


def read_cassette(source: Pieces, name: str, limit: int) -> Iterator[Exchange | Unusable]:
    """Give the interactions in their order. Raises `BadCapture`, for more than `limit` bytes too: it is read whole."""
    content = bytearray()
    try:
        for piece in source:
            content += piece
            if len(content) > limit:
                raise BadCapture(f"{name}: a cassette over {limit >> 20} MiB")
    except CutError:
        raise BadCapture(f"{name}: a compressed file that is damaged") from None
    try:
        _shallow(bytes(content))
        loaded = yaml.load(bytes(content), _Loader)  # noqa: S506 - a safe loader; see above
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, UnicodeError):
        raise BadCapture(f"{name}: a cassette that is no YAML") from None
    found = next((loaded[key] for key in _LISTS if key in loaded), None) if isinstance(loaded, dict) else None
    if not isinstance(found, list):
        raise BadCapture(f"{name}: no cassette: it has no list of interactions")
    return (_read(number, one, limit) for number, one in enumerate(found, 1))


def _shallow(content: bytes) -> None:
    """Insist on few levels: the loader goes down without a limit, and would end the process. Raises `ValueError`."""
    depth = 0
    for event in yaml.parse(content, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")


def _read(number: int, interaction: Any, limit: int) -> Exchange | Unusable:
    try:
        return har_entry.read(number, msgspec.json.encode(_entry(interaction)), limit)
    except UnfitError as error:
        return Unusable(number, error.reason)


def _entry(interaction: Any) -> dict[str, Any]:
    """Give the HAR entry that says the same. Raises `UnfitError`."""
    one = _mapping(interaction)
    asked, answered = _mapping(one.get("request")), _mapping(one.get("response"))
    status = answered.get("status")
    text = str(status.get("code") if isinstance(status, dict) else status)
    url, body, answer = asked.get("uri", asked.get("url")), _body(asked.get("body")), _body(answered.get("body"))
    return {
        "startedDateTime": _moment(one.get("recorded_at")),
        "request": {
            "method": str(asked.get("method", "")).upper(),
            "url": url if isinstance(url, str) else None,
            "headers": _headers(asked.get("headers")),
            "bodySize": 0,
            "postData": {"text": b64encode(body).decode(), "encoding": "base64"},
        },
        "response": {
            "status": int(text) if text.isdecimal() and len(text) < 4 else 0,  # noqa: PLR2004 - three digits
            "headers": _headers(answered.get("headers")),
            "content": {"text": b64encode(answer).decode(), "encoding": "base64", "size": len(answer)},
        },
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise UnfitError("malformed")


def _headers(value: Any) -> list[dict[str, str]]:
    """Give the fields: in cassettes a name has one text or several."""
    found = value if isinstance(value, dict) else {}
    texts = [(str(name), one) for name, many in found.items() for one in (many if isinstance(many, list) else [many])]
    return [{"name": name, "value": _said(one)} for name, one in texts]


def _said(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _body(value: Any) -> bytes:
    """Give the bytes of a body: a text, bytes, or what a mapping or an object holds. Raises `UnfitError`."""
    if isinstance(value, dict):
        packed = value.get("base64_string")
        value = value.get("string", value.get("state")) if packed is None else _unpacked(packed)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        value = value[0] if value else ""
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return value
    raise UnfitError("undecodable")


def _unpacked(packed: Any) -> bytes:
    try:
        return b64decode("".join(packed.split()), validate=True)
    except (NotBase64, ValueError, AttributeError):
        raise UnfitError("undecodable") from None


def _moment(written: Any) -> str:
    """Give a time of Ruby's (RFC 5322) as HAR writes it; "" for none."""
    try:
        return parsedate_to_datetime(str(written)).astimezone(UTC).isoformat()
    except (ValueError, TypeError, OverflowError):
        return ""
