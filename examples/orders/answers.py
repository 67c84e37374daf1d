"""How the order system answers: JSON with validators and compression, errors as JSON, patches merged."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from hashlib import sha256
from http import HTTPStatus

import msgspec
from aiohttp import web

from examples.orders.model import to_json

_WORTH_COMPRESSING = 600
_Members = dict[str, msgspec.Raw]


def as_json(request: web.Request, body: bytes, status: int = 200) -> web.Response:
    """Answer with JSON: a strong ETag for each coding, 304 where the client has it, gzip where it is accepted."""
    tag, headers = sha256(body).hexdigest()[:20], {"Vary": "Accept-Encoding"}
    if len(body) > _WORTH_COMPRESSING and "gzip" in request.headers.get("Accept-Encoding", ""):
        body, tag = gzip.compress(body, mtime=0), tag + "-gzip"
        headers["Content-Encoding"] = "gzip"
    headers["ETag"] = f'"{tag}"'
    if request.method == "GET" and any(known.value == tag for known in request.if_none_match or ()):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": headers["ETag"], "Vary": headers["Vary"]})
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8", headers=headers)


@web.middleware
async def errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn every error into `{"error": {"status": ..., "message": ...}}`; what can't be read or used is 422."""
    try:
        return await handler(request)
    except msgspec.MsgspecError as error:
        return _failed(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    except web.HTTPException as error:
        answer = _failed(error.status, error.text or error.reason)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer


def _failed(status: int, message: str) -> web.Response:
    body = to_json({"error": {"status": int(status), "message": message}})
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")


def patched(document: bytes, patch: bytes) -> bytes:
    """Apply a JSON merge patch (RFC 7396) to an object; members that it doesn't name keep their text."""
    members, changes = (msgspec.json.decode(text, type=_Members) for text in (document, patch))
    for name, change in changes.items():
        text = bytes(change)
        if text == b"null":
            members.pop(name, None)
        elif text.startswith(b"{"):
            old = bytes(members.get(name, b"{}"))
            members[name] = msgspec.Raw(patched(old if old.startswith(b"{") else b"{}", text))
        else:
            members[name] = change
    return to_json(members)
