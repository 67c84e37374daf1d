"""Starting, reloading and stopping, by signals and by what changes on disk."""

import asyncio
import io
import os
import platform
import signal
from dataclasses import replace

import pytest
from proxy_kit import QUICK, Desk, System, gateway, get, nothing, ok, parse, running, talk, until

from gateway.proxy.drive import Doors
from gateway.proxy.lifecycle import Gateway, Running, run, serve_until_told
from gateway.proxy.logs import AccessLog, make_log
from gateway.proxy.memory import keep_freed_memory
from gateway.proxy.metrics import Metrics
from gateway.proxy.reload import Reloader
from gateway.proxy.settings import Listener, ProxySettings, Route, Shutdown


def made(system, desk, stream, reload=nothing, **shutdown):
    log = make_log(stream)
    settings = ProxySettings(
        Listener(port=0),
        (Route("erp", system.url, prefix="/erp"),),
        limits=QUICK,
        shutdown=Shutdown(**shutdown),
    )
    doors = Doors(desk.identify, desk.handle, desk.refuse)
    return Gateway(settings, doors, Running(lambda: (True, {}), reload), Metrics("t"), log, AccessLog(log))


class Held(Desk):
    def __init__(self):
        super().__init__()
        self.gate = asyncio.Event()

    async def handle(self, flow, send):
        self.flows.append(flow)
        await self.gate.wait()
        return await send(flow.request)


async def told(house):
    """Run until told; gives the task and the address."""
    address = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve_until_told(house, lambda data, admin: address.set_result(data)))
    return task, await address


async def test_sigterm_lets_flows_in_hand_end_and_takes_no_more():
    desk, stream = Held(), io.BytesIO()
    async with running(System(ok())) as system:
        task, address = await told(made(system, desk, stream))
        idle_reader, idle = await asyncio.open_connection(*address)
        asked = asyncio.create_task(talk(address, get(close=False) + get("/erp/behind", close=False)))
        await until(lambda: desk.flows)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await idle_reader.read() == b""
        idle.close()
        with pytest.raises(ConnectionError):
            await talk(address, get())
        desk.gate.set()
        answers = (await asked).split(b"HTTP/1.1 ")[1:]
        assert await task
    assert [answer[:3] for answer in answers] in ([b"200", b"503"], [b"200"])
    assert len(system.requests) == 1
    assert b'"finished":true' in stream.getvalue()


@pytest.mark.parametrize("how", ["limit", "second signal"])
async def test_what_does_not_end_is_cut(how):
    desk, stream = Held(), io.BytesIO()
    async with running(System(ok())) as system:
        limit = 0.1 if how == "limit" else 30.0
        task, address = await told(made(system, desk, stream, limit=limit))
        asked = asyncio.create_task(talk(address, get()))
        await until(lambda: desk.flows)
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: b'"draining"' in stream.getvalue())
        if how != "limit":
            os.kill(os.getpid(), signal.SIGTERM)
        assert not await task
        assert await asked == b""


async def test_while_balancers_are_given_time_requests_are_served():
    desk, stream = Desk(), io.BytesIO()
    async with running(System(ok())) as system:
        task, address = await told(made(system, desk, stream, delay=0.2))
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: b'"draining"' in stream.getvalue())
        assert parse(await talk(address, get())).status == 200
        assert await task


async def test_sighup_reloads_and_a_reload_that_breaks_changes_nothing():
    reloads = []

    async def reload():
        reloads.append(1)
        raise ValueError("S3cret")

    desk, stream = Desk(), io.BytesIO()
    async with running(System(ok())) as system:
        task, address = await told(made(system, desk, stream, reload))
        for count in (1, 2):
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda count=count: len(reloads) == count)
        assert parse(await talk(address, get())).status == 200
        os.kill(os.getpid(), signal.SIGTERM)
        assert await task
    assert b"S3cret" not in stream.getvalue()
    assert stream.getvalue().count(b'"reload-failed"') == 2


async def test_asks_that_come_while_a_reload_runs_become_one_more():
    gate, count = asyncio.Event(), []

    async def reload():
        count.append(1)
        await gate.wait()

    reloader = Reloader(reload, make_log(io.BytesIO()))
    reloader.start()
    reloader.ask()
    await until(lambda: count)
    for _ in range(5):
        reloader.ask()
    gate.set()
    await until(lambda: len(count) == 2)
    await asyncio.sleep(0.05)
    await reloader.stop()
    assert len(count) == 2


@pytest.mark.parametrize("how", ["write", "swap"])
async def test_a_change_in_the_folder_reloads(tmp_path, how):
    count = []

    async def reload():
        count.append(1)

    (tmp_path / "v1").mkdir()
    (tmp_path / "v2").mkdir()
    (tmp_path / "..data").symlink_to("v1")
    (tmp_path / "a.yaml").write_text("1")
    reloader = Reloader(reload, make_log(io.BytesIO()))
    reloader.start((tmp_path,))
    await asyncio.sleep(0.3)
    if how == "write":
        (tmp_path / "a.yaml").write_text("2")
    else:  # as Kubernetes does it
        (tmp_path / "..new").symlink_to("v2")
        (tmp_path / "..new").replace(tmp_path / "..data")
    await asyncio.wait_for(until(lambda: count), 10)
    await reloader.stop()


async def test_an_address_that_is_taken_is_an_error_and_leaves_nothing_open():
    async with gateway(Route("erp", "http://127.0.0.1:1", prefix="/erp")) as house:
        settings = replace(ProxySettings(Listener(port=house.address[1]), ()), limits=QUICK, admin=Listener(port=0))
        log, desk = make_log(io.BytesIO()), Desk()
        doors = Doors(desk.identify, desk.handle, desk.refuse)
        second = Gateway(settings, doors, Running(lambda: (True, {}), nothing), Metrics("t"), log, AccessLog(log))
        with pytest.raises(OSError, match="address already in use"):
            await second.start()


def test_it_runs_on_uvloop_where_there_is_one():
    uvloop = pytest.importorskip("uvloop")

    async def main():
        desk = Desk()
        async with (
            running(System(ok())) as system,
            gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house,
        ):
            raw = get(close=False) * 20 + get()
            answers = await talk(house.address, raw)
        return isinstance(asyncio.get_running_loop(), uvloop.Loop) and answers.count(b"200 OK") == 21

    assert run(main)


def test_freed_memory_is_kept_where_the_c_library_is_glibc():
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")
