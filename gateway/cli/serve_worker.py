"""One of several processes that serve: a whole gateway, but for the log, the admin port and what is loaded when.

`gateway.proxy.crew` starts it with the numbers of its descriptors: the channel to the supervisor, and the socket to
listen on. Everything else it asks for: `Setup`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import click
import msgspec
import orjson

from gateway.cli import capturing
from gateway.cli.house import AUDIT, AUDIT_PATIENCE, load_files, open_keys
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.serve_house import House, Said, open_house, settle, told
from gateway.cli.serve_orders import JUDGE, REPORT, SETUP, TAKE, Judged, Report, Setup
from gateway.cli.undumped import undumped
from gateway.config import Settings
from gateway.config.load import read
from gateway.errors import FaultyFiles, SovgateError
from gateway.proxy.channel import Channel, ChannelLost
from gateway.proxy.crew import FAILED, UP
from gateway.proxy.lifecycle import Gateway, Running, Told, run, serve_until_told
from gateway.proxy.logs import make_log, tame_libraries, tame_loop
from gateway.proxy.totals import families
from gateway.storage.journal import Journal

_BACKLOG = 1024


class _Worker:
    """What the supervisor may ask of a worker."""

    def __init__(self, channel: socket.socket, doorway: socket.socket) -> None:
        self._end, self._doorway = channel, doorway
        self._channel = Channel({JUDGE: self._judge, TAKE: self._take, REPORT: self._report})
        self._settings: Settings | None = None
        self._house: House | None = None
        self._gateway: Gateway | None = None
        self._judged: dict[str, object] = {}

    async def work(self) -> bool:
        """Open everything, serve until told, close everything."""
        told, loop = Told(), asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: None)  # the supervisor's
        await self._channel.open(self._end)
        watch = asyncio.create_task(self._orphaned(told))
        try:
            setup = msgspec.msgpack.decode(await self._channel.ask(SETUP), type=Setup)
            async with AsyncExitStack() as stack:
                try:
                    gateway = await self._opened(setup, stack)
                except (SovgateError, OSError, click.UsageError) as error:
                    await self._channel.ask(FAILED, str(error).encode())
                    return False
                settle()
                return await serve_until_told(gateway, lambda *_: None, told)
        except ChannelLost:
            return False
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
            await self._channel.close()

    async def _orphaned(self, told: Told) -> None:
        """End at once when the supervisor is gone: nothing is recorded any more, and its successor wants the port."""
        await self._channel.lost.wait()
        told()
        told()

    async def _opened(self, setup: Setup, stack: AsyncExitStack) -> Gateway:
        said = Said.to(make_log(sys.stderr.buffer, worker=setup.number))
        tame_libraries(said.log)
        tame_loop(asyncio.get_running_loop(), said.log)
        settings = read(Path(setup.config), setup.data, os.environ, setup.overrides)
        settings = capturing.with_flags(settings, *setup.flags())
        keys = open_keys(settings)
        journal = Journal.join(settings.state / AUDIT, waiting=10_000, patience=AUDIT_PATIENCE)
        stack.push_async_callback(journal.close)
        policies = load_files(settings.policies, setup.policies)
        first = setup.number == 1
        self._settings = settings
        self._house = house = await open_house(settings, policies, keys, journal, said, stack, first=first)
        self._doorway.listen(_BACKLOG)  # who comes from now on waits a moment
        while newer := await self._channel.ask(UP, house.digest.encode()):
            files = msgspec.msgpack.decode(newer, type=dict[str, bytes])
            house.judge(load_files(settings.policies, files))()
        running = Running(house.state, house.reload)
        proxy, doors = settings.proxy, house.doors
        self._gateway = Gateway(proxy, doors, running, said.metrics, said.log, said.access, self._doorway)
        return self._gateway

    async def _judge(self, body: bytes) -> bytes:
        """See whether other policies can be put in force, and keep them ready."""
        assert self._house is not None
        assert self._settings is not None
        try:
            policies = load_files(self._settings.policies, msgspec.msgpack.decode(body, type=dict[str, bytes]))
            self._judged = {policies.digest: self._house.judge(policies)}
            judged = Judged(policies.digest)
        except FaultyFiles as error:
            judged = Judged("", told(error))
        return msgspec.msgpack.encode(judged)

    async def _take(self, body: bytes) -> bytes:
        """Put the policies of a digest in force; gives the digest of those that are then."""
        assert self._house is not None
        take = self._judged.pop(body.decode(), None)
        if callable(take):
            take()
        return self._house.digest.encode()

    async def _report(self, _: bytes) -> bytes:
        """Tell how this worker is doing."""
        if self._house is None or self._gateway is None:
            return msgspec.msgpack.encode(Report(ready=False, details=b"{}", metrics=[]))
        ready, details = self._gateway.state()
        metrics = families(self._house.said.metrics)
        return msgspec.msgpack.encode(Report(ready=ready, details=orjson.dumps(details), metrics=metrics))


def main(channel: int, doorway: int) -> None:
    """Serve until the supervisor says otherwise, or is gone."""
    undumped()
    with socket.socket(fileno=channel) as end, socket.socket(fileno=doorway) as door:
        worker: list[_Worker] = []

        async def work() -> bool:
            worker.append(_Worker(end, door))
            return await worker[0].work()

        sys.exit(0 if run(work) else NO)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except (IndexError, ValueError):
        sys.exit(COULD_NOT)
