"""What gateway and worker say to each other: MessagePack, decoded by type on both sides.

Never pickle: a worker that a hostile file has taken over must not be able to make the gateway run anything.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, cast, get_type_hints

import msgspec

from gateway.errors import Unreadable
from gateway.refusals import REFUSALS

T = TypeVar("T")
LENGTH = 8  # bytes, big-endian, before each message
_WATCH = "watch"

_REASON = re.compile(r"[a-z][a-z0-9-]{0,39}")
_CALL = msgspec.msgpack.Decoder(tuple[str, str, float, msgspec.Raw])
_REPLY = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw])
_PAIR = msgspec.msgpack.Decoder(tuple[str, str])


def call(function: Callable[..., object], args: tuple[object, ...], seconds: float) -> bytes:
    """Write a call of a function that stands at the top of its module and has its parameters annotated."""
    return msgspec.msgpack.encode((function.__module__, function.__qualname__, seconds, list(args)))


def read_call(message: bytes) -> tuple[Callable[..., object], list[Any], float]:
    """Read a call: the function, its arguments decoded by its annotations, and its seconds."""
    module, name, seconds, args = _CALL.decode(message)
    function = cast("Callable[..., object]", getattr(import_module(module), name))
    hints = get_type_hints(function)
    kinds = tuple(hints[parameter] for parameter in _parameters(function) if parameter != _WATCH)
    return function, list(msgspec.msgpack.decode(args, type=tuple[kinds])), seconds  # type: ignore[valid-type]  # known only now


def watched(function: Callable[..., object]) -> bool:
    """Tell whether a function takes a `watch` (`gateway.watermark.watch`), which the worker has and no caller."""
    return _WATCH in _parameters(function)


def _parameters(function: Callable[..., object]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def result(value: object) -> bytes:
    """Write what a function gave."""
    return msgspec.msgpack.encode(("result", value))


def refusal(name: str, reason: str) -> bytes:
    """Write that a function refused."""
    return msgspec.msgpack.encode(("refusal", (name, reason)))


def read_reply(function: Callable[..., T], message: bytes) -> T:
    """Read a reply: the value, by the function's return annotation, or `Unreadable`. Trusts nothing in it."""
    try:
        kind, payload = _REPLY.decode(message)
        if kind == "result":
            return cast("T", msgspec.msgpack.decode(payload, type=get_type_hints(function)["return"]))
        name, reason = _PAIR.decode(payload)
    except msgspec.MsgspecError as error:
        raise Unreadable("body-unmarkable", "failed") from error
    if name in REFUSALS and _REASON.fullmatch(reason):
        raise Unreadable(name, reason)
    raise Unreadable("body-unmarkable", "failed")
