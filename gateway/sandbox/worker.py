"""The worker's side: confined, it takes calls from the gateway one after another until the gateway goes away."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from gateway.errors import Unreadable
from gateway.sandbox import wire
from gateway.sandbox.confine import confine, step_back
from gateway.sandbox.patience import Patience


def main(descriptor: int, memory: int, preload: list[str]) -> None:
    """Serve calls that come over a socket; the heavy modules are loaded first, so that no call waits for them.

    `preload` are such modules, and `module:function:path` where a function is to get a file: later on none is read.
    """
    step_back()
    logging.disable()  # what libraries log about a file may hold what is in it
    for step in preload:
        name, _, handed = step.partition(":")
        module = import_module(name)
        if handed:
            function, _, path = handed.partition(":")
            getattr(module, function)(Path(path).read_bytes(), Path(path).stem)
    with socket.socket(fileno=descriptor) as channel:
        confine(memory)
        _send(channel, b"")
        while (message := _receive(channel)) is not None:
            _send(channel, _answer(message))


def _answer(message: bytes) -> bytes:
    """Run one call. Whatever goes wrong becomes a refusal; the text of an error may hold a document's content."""
    sys.stdout = sys.stderr = None  # nor may it be printed
    try:
        function, args, seconds = wire.read_call(message)
        del message  # a large document once in memory is enough
        return wire.result(_called(function, args, Patience(seconds)))
    except Unreadable as refused:
        return wire.refusal(refused.refusal, str(refused))
    except MemoryError:
        return wire.refusal("body-unmarkable", "too-large")
    except Exception:  # noqa: BLE001  anything at all that a hostile file can provoke
        return wire.refusal("body-unmarkable", "failed")


def _called(function: Callable[..., object], args: list[Any], watch: Patience) -> object:
    """Call a function; one that takes a watch begins in doubt."""
    try:
        if not wire.watched(function):
            return function(*args)
        watch.doubt()
        return function(*args, watch=watch)
    finally:
        watch.end()


def _receive(channel: socket.socket) -> bytes | None:
    """Give the next message, or None where the gateway has closed the channel."""
    length = _exactly(channel, wire.LENGTH)
    return None if length is None else _exactly(channel, int.from_bytes(length, "big"))


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    message = bytearray(size)
    view, at = memoryview(message), 0
    while at < size:
        got = channel.recv_into(view[at:])
        if got == 0:
            return None
        at += got
    view.release()
    return bytes(message)


def _send(channel: socket.socket, message: bytes) -> None:
    channel.sendall(len(message).to_bytes(wire.LENGTH, "big"))
    channel.sendall(message)
