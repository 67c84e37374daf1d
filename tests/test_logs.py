"""Logs are JSON lines that hold no one's data, whoever writes them."""

import asyncio
import gc
import io
import json
import logging
import warnings

import pytest

from gateway.proxy.logs import AccessLog, make_log, tame_libraries, tame_loop


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def tamed():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.BytesIO()
    logging.captureWarnings(capture=False)  # a test before may have left it on: it would not be turned on again here
    tame_libraries(make_log(stream))
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_has_time_level_and_what_was_said():
    stream = io.BytesIO()
    make_log(stream).warning("reload-failed", files=2)
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {"event": "reload-failed", "level": "warning", "files": 2}


def test_what_libraries_log_is_cut_down_to_its_type(tamed):
    gc.collect()  # what other tests left behind may warn when it is collected: not into this test's lines
    tamed.truncate(tamed.seek(0))
    try:
        int("S3cret")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling S3cret %s", "S3cret")
    logging.getLogger("asyncio").warning("S3cret")
    logging.getLogger("aiohttp.access").info("GET /S3cret")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)  # anew, inside this block's own catching
        warnings.warn("S3cret", stacklevel=1)
    assert b"S3cret" not in tamed.getvalue()
    assert [(line["logger"], line["level"], line["error"]) for line in lines(tamed)] == [
        ("aiohttp.server", "error", "builtins.ValueError"),
        ("asyncio", "warning", None),
        ("py.warnings", "warning", None),
    ]


async def test_what_the_loop_has_to_say_is_cut_down_as_well():
    loop, stream = asyncio.get_running_loop(), io.BytesIO()
    before = loop.get_exception_handler()
    tame_loop(loop, make_log(stream))
    loop.call_exception_handler({"message": "S3cret", "exception": KeyError("S3cret")})
    loop.call_exception_handler({"message": "S3cret"})
    loop.set_exception_handler(before)
    assert [line["error"] for line in lines(stream)] == ["builtins.KeyError", None]
    assert b"S3cret" not in stream.getvalue()


def test_a_flows_line_holds_what_was_noted_of_it_once():
    stream = io.BytesIO()
    access = AccessLog(make_log(stream))
    access.note("f1", operation="erp.list", verdict="allow")
    access.note("f1", verdict="refuse", refusal="not-recorded")
    access.note("f2", operation="erp.other")
    for _ in range(2):
        access.write(flow="f1", system="erp", status=503, seconds=0.0123456, request_bytes=1, response_bytes=2)
    first, second = lines(stream)
    assert (first["operation"], first["verdict"], first["refusal"]) == ("erp.list", "refuse", "not-recorded")
    assert first["milliseconds"] == 12.346
    assert "operation" not in second


def test_a_failure_tells_type_and_place_and_no_word_of_it():
    stream = io.BytesIO()
    try:
        int("S3cret")
    except ValueError as error:
        AccessLog(make_log(stream), enabled=False).failed("f1", error)
    (line,) = lines(stream)
    assert (line["flow"], line["error"]) == ("f1", "builtins.ValueError")
    assert line["at"].startswith("test_logs:")
    assert b"S3cret" not in stream.getvalue()


def test_lines_of_flows_can_be_left_out():
    stream = io.BytesIO()
    access = AccessLog(make_log(stream), enabled=False)
    access.note("f1", operation="x")
    access.turned_away("no-route")
    access.write(flow="f1", system="erp", status=200, seconds=0, request_bytes=0, response_bytes=0)
    assert stream.getvalue() == b""


class Full(io.BytesIO):
    """A disk on which nothing fits any more."""

    def write(self, line):
        raise OSError(28, "No space left on device")


def test_a_line_that_cannot_be_written_is_lost_and_nothing_else():
    log = make_log(Full())
    log.info("started")
    AccessLog(log).failed("f1", KeyError("S3cret"))
