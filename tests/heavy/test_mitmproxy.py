"""Files that mitmproxy itself wrote, read by us and by it: its flow format of today, and its HAR of the same traffic.

Needs mitmproxy from PyPI in an environment of its own, because it pins what the gateway needs newer; `run.sh` makes it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.capture import Exchange, Unusable, open_capture
from gateway.flow import header

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).resolve().parent.parent.parent
HOMES = (ROOT / ".cache/mitmproxy", ROOT / ".cache/bench/mitmproxy")
ORDER = {"id": 1, "name": "Jörg 张伟", "note": "x" * 500}
GIF = b"GIF89a\x01\x00\x01\x00\x80\xff\xfe\x00\x1a\x1b\x80\xe9"

READER = """
import base64, json, sys
from mitmproxy.io import FlowReader
found = []
with open(sys.argv[1], "rb") as file:
    for flow in FlowReader(file).stream():
        if flow.type != "http" or flow.websocket or flow.request.method == "CONNECT":
            found.append(None)
            continue
        q, r = flow.request, flow.response
        found.append({
            "method": q.method, "path": q.path, "host": q.host, "port": q.port, "scheme": q.scheme,
            "started": q.timestamp_start, "body": base64.b64encode(q.raw_content or b"").decode(),
            "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in q.headers.fields],
            "answer": None if r is None or r.raw_content is None else {
                "status": r.status_code, "body": base64.b64encode(r.raw_content).decode(),
                "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in r.headers.fields]},
        })
json.dump(found, sys.stdout)
"""

MADE = """
import sys
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow
with open(sys.argv[1], "wb") as file:
    writer = FlowWriter(file)
    for flow in (tflow.tflow(resp=True), tflow.tflow(err=True), tflow.ttcpflow(), tflow.tudpflow(), tflow.tdnsflow(),
                 tflow.twebsocketflow()):
        writer.add(flow)
    for change in ("request", "response"):
        flow = tflow.tflow(resp=True)
        getattr(flow, change).raw_content = None
        writer.add(flow)
"""


@pytest.fixture(scope="module")
def mitmproxy() -> Path:
    """Find the environment that has it."""
    homes = [Path(os.environ["MITMPROXY"])] if "MITMPROXY" in os.environ else [home / "bin" for home in HOMES]
    found = next((home for home in homes if (home / "mitmdump").exists()), None)
    if found is None:
        pytest.skip("there is no mitmproxy: tests/heavy/run.sh installs it")
    return found


def as_mitmproxy_reads(mitmproxy: Path, file: Path) -> list[Any]:
    ran = subprocess.run([mitmproxy / "python", "-c", READER, file], capture_output=True, check=True, timeout=120)
    return json.loads(ran.stdout)


def as_we_read(file: Path) -> list[Exchange | Unusable]:
    with file.open("rb") as stream:
        return list(open_capture(stream, file.name))


def test_flows_of_every_kind_are_read_alike(mitmproxy, tmp_path):
    file = tmp_path / "made.flows"
    subprocess.run([mitmproxy / "python", "-c", MADE, file], check=True, timeout=120)
    ours, theirs = as_we_read(file), as_mitmproxy_reads(mitmproxy, file)
    told = [found.reason if isinstance(found, Unusable) else found.repairs for found in ours]
    assert told == [
        (), ("no-answer",), "not-http", "not-http", "not-http", "not-http", "no-request-body", ("no-answer-body",)
    ]  # fmt: skip
    assert (ours[0].request.method, ours[0].request.target) == (theirs[0]["method"], theirs[0]["path"])


async def answer(request: web.Request) -> web.StreamResponse:
    await request.read()
    if request.path == "/gif":
        return web.Response(body=GIF, content_type="image/gif")
    if request.path == "/chunked":
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"a" * 1000)
        await response.write(b"b" * 1000)
        return response
    if request.path == "/none":
        return web.Response(status=204)
    packed = gzip.compress(json.dumps(ORDER).encode())
    return web.Response(body=packed, content_type="application/json", headers={"Content-Encoding": "gzip"})


async def until_it_listens(port: int) -> None:
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    raise AssertionError("mitmdump did not listen")


async def recorded(mitmproxy: Path, folder: Path) -> None:
    """Let mitmdump record some traffic, as flows and as HAR."""
    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    upstream = f"http://127.0.0.1:{runner.addresses[0][1]}"
    words = ["-q", "--mode", f"reverse:{upstream}", "--listen-host", "127.0.0.1", "--listen-port", str(port)]
    words += ["-w", str(folder / "flows"), "--set", f"hardump={folder / 'har'}", "--set", f"confdir={folder}"]
    process = await asyncio.create_subprocess_exec(mitmproxy / "mitmdump", *words)
    try:
        await until_it_listens(port)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", auto_decompress=False) as client:
            for method, path, body in (
                ("GET", "/api/orders?q=1%202", None),
                ("POST", "/api/orders", json.dumps(ORDER, ensure_ascii=False).encode()),
                ("GET", "/gif", None),
                ("GET", "/chunked", None),
                ("DELETE", "/none", None),
                ("HEAD", "/api/orders", None),
            ):
                kind = {"Content-Type": "application/json; charset=utf-8"} if body else {}
                async with client.request(method, path, data=body, headers=kind) as got:
                    await got.read()
    finally:
        process.terminate()
        await process.wait()
        await runner.cleanup()


async def test_what_mitmdump_recorded_is_read_alike_and_from_its_har_as_well(mitmproxy, tmp_path):
    await recorded(mitmproxy, tmp_path)
    ours, theirs = as_we_read(tmp_path / "flows"), as_mitmproxy_reads(mitmproxy, tmp_path / "flows")
    assert len(ours) == len(theirs) == 6
    framing = {"transfer-encoding", "content-length"}
    for mine, their in zip(ours, theirs, strict=True):
        assert (mine.request.method, mine.request.target) == (their["method"], their["path"])
        assert mine.site == f"{their['scheme']}://{their['host']}:{their['port']}"
        assert abs(mine.started - their["started"] * 1e9) < 1000
        for ours_leg, theirs_leg in ((mine.request, their), (mine.response, their["answer"])):
            assert ours_leg.body == b64decode(theirs_leg["body"])
            kept = [tuple(item) for item in theirs_leg["headers"] if item[0].lower() not in framing]
            assert [item for item in ours_leg.headers if item[0].lower() not in framing] == kept
    from_har = as_we_read(tmp_path / "har")
    for mine, other in zip(ours, from_har, strict=True):
        assert isinstance(other, Exchange)
        assert (other.site, other.request.method, other.request.target) == (
            mine.site, mine.request.method, mine.request.target
        )  # fmt: skip
        assert other.request.body == mine.request.body
        coded = header(mine.response.headers, "content-encoding") == "gzip" and mine.response.body
        assert other.response.body == (gzip.decompress(mine.response.body) if coded else mine.response.body)
