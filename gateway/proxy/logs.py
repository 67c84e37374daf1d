"""JSON lines on stderr: what happened, to which flow, never anybody's data.

No path, query, header value or name of a person gets into a line. What libraries log is cut down to the logger's name,
the level and the type of the error: aiohttp, for one, prints raw request lines.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, BinaryIO, Protocol, cast

import orjson
import structlog


class Log(Protocol):
    """What is used of a structlog logger."""

    def info(self, event: str, **fields: Any) -> Any:
        """Write a line."""
        ...

    def warning(self, event: str, **fields: Any) -> Any:
        """Write a line that somebody should look at."""
        ...

    def error(self, event: str, **fields: Any) -> Any:
        """Write a line that somebody must look at."""
        ...


class _Unfailing:
    """A stream that nobody is hurt by: lines that a full disk or a reader that left doesn't take are lost."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, line: bytes) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(line)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def make_log(stream: BinaryIO, **always: object) -> Log:
    """Make a logger of JSON lines, each with its time (UTC), level and `always`. It never fails: lines may be lost."""
    log: Log = structlog.wrap_logger(
        structlog.BytesLogger(cast("BinaryIO", _Unfailing(stream))),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.JSONRenderer(serializer=lambda fields, **_: orjson.dumps(fields)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    ).bind(**always)
    return log


class AccessLog:
    """One line a flow. The gate's side tells what it decided with `note`; the proxy writes the line when it answers."""

    def __init__(self, log: Log, *, enabled: bool = True) -> None:
        """Take where to; `enabled` False leaves out the lines of flows, not the failures."""
        self._log = log
        self._enabled = enabled
        self._notes: dict[str, dict[str, str]] = {}

    def note(self, flow: str, *, operation: str = "", verdict: str = "", refusal: str = "") -> None:
        """Remember what a flow turned out to be, until its line is written; later notes add to earlier ones."""
        if self._enabled:
            told = {"operation": operation, "verdict": verdict, "refusal": refusal}
            self._notes.setdefault(flow, {}).update({key: value for key, value in told.items() if value})

    def write(
        self, *, flow: str, system: str, status: int, seconds: float, request_bytes: int, response_bytes: int
    ) -> None:
        """Write a flow's line."""
        if self._enabled:
            self._log.info(
                "flow",
                flow=flow,
                system=system,
                status=status,
                milliseconds=round(seconds * 1000, 3),
                request_bytes=request_bytes,
                response_bytes=response_bytes,
                **self._notes.pop(flow, {}),
            )

    def turned_away(self, refusal: str) -> None:
        """Write that something was refused before it was a flow."""
        if self._enabled:
            self._log.info("turned-away", refusal=refusal)

    def failed(self, flow: str, error: BaseException) -> None:
        """Write that the handling of a flow broke: the type of the error, and where in the code."""
        self._log.error("flow-failed", flow=flow, error=_type(error), at=_where(error))


class _OnlyTypes(logging.Handler):
    """Takes what libraries log and keeps nothing of its text."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._to = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write the logger's name, the level and the error's type."""
        error = record.exc_info[1] if record.exc_info else None
        write = self._to.error if record.levelno >= logging.ERROR else self._to.warning
        write("library", logger=record.name, error=_type(error) if error is not None else None)


def tame_libraries(log: Log) -> None:
    """Send the standard library's logging, of this process, through the filter; replaces what was configured."""
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_OnlyTypes(log))
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def tame_loop(loop: asyncio.AbstractEventLoop, log: Log) -> None:
    """Keep the event loop from printing errors with their text."""

    def handle(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.error("loop", error=_type(error) if error is not None else None)

    loop.set_exception_handler(handle)


def _type(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _where(error: BaseException) -> str:
    """Give file and line of the place that raised: code, not data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
