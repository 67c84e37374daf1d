"""A real `sovgate serve` with streams: events one by one, long tables in little memory, a sound log."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from live import House, lines, make_house, running, system, token, until
from stream_kit import CATALOGUE, CONSENTS, POLICY, hidden, order

BEARER = {"Authorization": f"Bearer {token()}"}
ROWS_TOO = CATALOGUE.replace(
    "  echo:",
    "  list: {request: GET /list, response: rows}\n  load: {request: POST /load, body: rows, response: done}\n  echo:",
).replace(
    "  done:",
    "  rows: {format: ndjson, customer: $.customer,"
    " fields: {$.id: business.order, $.customer: business.order, $.email: user.contact.email}}\n  done:",
)
ROWS = b"".join(b'{"id":%d,"customer":"C-%d","email":"planted@example.com"}\n' % (n, n % 37) for n in range(4000))


@pytest.fixture
def house(tmp_path: Path):
    """Give a maker of houses over the policies of these tests."""
    (tmp_path / "policies/catalog").mkdir(parents=True)
    (tmp_path / "policies/catalog/erp.yaml").write_text(ROWS_TOO)
    (tmp_path / "policies/catalog/crm.yaml").write_text("version: 1\ncatalog: crm\n")
    (tmp_path / "policies/consents.yaml").write_text(CONSENTS)
    (tmp_path / "policies/open.yaml").write_text(POLICY)
    return lambda upstream: make_house(tmp_path, tmp_path / "policies", upstream)


class Erp:
    """A system that sends events when it is told to, and tables as long as one likes."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.times = 0
        self.taken = 0
        self.left = False

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/load":
            async for piece in request.content.iter_any():
                self.taken += len(piece)
            return web.json_response({"ok": 1})
        kind = "application/x-ndjson" if request.path == "/list" else "text/event-stream"
        answer = web.StreamResponse(headers={"Content-Type": kind})
        await answer.prepare(request)
        try:
            if request.path == "/list":
                for _ in range(self.times):
                    await answer.write(ROWS)
                return answer
            while (event := await self.events.get()) is not None:
                await answer.write(event)
        except (ConnectionError, asyncio.CancelledError):
            self.left = True
            raise
        return answer


async def what_is_left(content: aiohttp.StreamReader) -> bytes:
    """Read what came before a connection broke."""
    got = b""
    try:
        while piece := await asyncio.wait_for(content.readany(), 5):
            got += piece
    except aiohttp.ClientPayloadError:
        return got
    raise AssertionError("the body came to an end")


def verified(house: House) -> dict:
    done = house.sovgate("audit", "verify", "-o", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def entries(house: House, *asked: str) -> list[dict]:
    return [json.loads(line) for line in house.sovgate("audit", "show", *asked, "-o", "json").stdout.splitlines()]


async def test_events_come_one_by_one_and_a_client_that_leaves_is_on_record(house):
    erp = Erp()
    async with system(erp) as upstream, aiohttp.ClientSession(headers=BEARER) as client:
        made = house(upstream)
        with running(made) as gate:
            async with client.get(f"{gate.data}/erp/watch") as answer:
                assert (answer.status, answer.headers["Transfer-Encoding"]) == (200, "chunked")
                for n in range(3):
                    erp.events.put_nowait(order(n))
                    assert await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 5) == hidden(n)
            await until(lambda: lines(gate.errors)[-1]["event"] == "flow")
            line = lines(gate.errors)[-1]
            assert (line["status"], line["response_bytes"], line["refusal"]) == (200, 3 * len(hidden(0)), "client-left")
            async with client.get(f"{gate.admin}/metrics") as answer:
                metrics = await answer.text()
            assert 'sovgate_requests_total{leg="request",route="erp",verdict="allow"} 1.0' in metrics
            assert 'sovgate_requests_total{leg="response",route="erp",verdict="refuse"} 1.0' in metrics
            assert 'sovgate_fields_treated_total{policy="open",treatment="redact"} 3.0' in metrics
        told = entries(made)
        assert [one["kind"] for one in told] == ["start", "intent", *["piece"] * 4, "outcome"]
        assert (told[-1]["refusal"], told[-1]["pieces"], told[-1]["intent"]) == ("client-left", 3, 1)
        assert verified(made)["dangling"] == []
        text = made.sovgate("audit", "show", "--kind", "piece").stdout
        assert "head of the response" in text
        assert "piece 3 of the response" in text
        assert "end of the response, after 3 pieces" in made.sovgate("audit", "show", "--kind", "outcome").stdout


async def test_after_a_kill_every_event_that_came_has_its_entry_and_the_flow_dangles(house):
    erp = Erp()
    async with system(erp) as upstream, aiohttp.ClientSession(headers=BEARER) as client:
        made, got = house(upstream), b""
        with running(made) as gate:
            async with client.get(f"{gate.data}/erp/watch") as answer:
                for n in range(40):
                    erp.events.put_nowait(order(n))
                assert answer.status == 200
                while got.count(b"\n\n") < 20 and not answer.content.at_eof():
                    got += await asyncio.wait_for(answer.content.readany(), 5)
                gate.process.send_signal(signal.SIGKILL)
                got += await what_is_left(answer.content)
        await until(lambda: not (made.log / "socket").exists())
        found = verified(made)
        assert len(found["dangling"]) == 1
        pieces = [one for one in entries(made, "--kind", "piece") if one.get("piece")]
        recorded = sum(one["records"] for piece in pieces for one in piece["decided"] if "customers" in one)
        assert 20 <= got.count(b"\n\n") <= recorded
        said = made.sovgate("audit", "verify").stdout
        assert f"; {len(pieces)} pieces of its answer were recorded" in said
        with running(made):
            pass
        start = entries(made, "--kind", "start")[-1]["start"]
        assert start["dangling"] == found["dangling"]


async def test_events_end_with_the_gateway_on_record_and_without_a_fault(house):
    erp = Erp()
    async with system(erp) as upstream, aiohttp.ClientSession(headers=BEARER) as client:
        made = house(upstream)
        with running(made) as gate:
            async with client.get(f"{gate.data}/erp/watch") as answer:
                erp.events.put_nowait(order(1))
                assert await answer.content.readuntil(b"\n\n") == hidden(1)
                gate.process.send_signal(signal.SIGTERM)
                with pytest.raises(aiohttp.ClientPayloadError):
                    await asyncio.wait_for(answer.content.read(), 10)
            assert await asyncio.to_thread(gate.process.wait, 10) == 0
        assert [one.get("refusal") for one in entries(made, "--kind", "outcome")] == ["draining"]
        assert verified(made)["dangling"] == []


def resident(process: int) -> int:
    """Give the most memory that a process ever held, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


@pytest.mark.parametrize("leg", ["response", "request"])
async def test_a_long_table_passes_treated_in_bounded_memory(house, leg):
    erp = Erp()
    erp.times = 110  # 25 MB
    async with system(erp) as upstream, aiohttp.ClientSession(headers=BEARER) as client:
        made = house(upstream)
        with running(made) as gate:
            before = resident(gate.process.pid)
            if leg == "response":
                size = planted = 0
                async with client.get(f"{gate.data}/erp/list") as answer:
                    async for piece in answer.content.iter_any():
                        size += len(piece)
                        planted += piece.count(b"planted")
                assert (size, planted) == (erp.times * len(ROWS.replace(b"planted@example.com", b"[redacted]")), 0)
            else:

                async def rows():
                    for _ in range(erp.times):
                        yield ROWS.replace(b',"email":"planted@example.com"', b"")

                headers = {"Content-Type": "application/x-ndjson"}
                async with client.post(f"{gate.data}/erp/load", data=rows(), headers=headers) as answer:
                    assert (answer.status, await answer.json()) == (200, {"ok": 1})
                assert erp.taken == erp.times * len(ROWS.replace(b',"email":"planted@example.com"', b""))
            assert resident(gate.process.pid) - before < 40
        found = verified(made)
        assert found["dangling"] == []
        records = sum(one["records"] for entry in entries(made) for one in entry.get("decided", ()))
        assert records >= erp.times * 4000
