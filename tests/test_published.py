"""The log over HTTP: what C2SP tlog-tiles asks for, nothing else of the folder, and only where it is asked for."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from audit_logs import VKEY
from proxy_kit import gateway, get, nothing, parse, talk
from tamper_kit import PUBLISHED, chained, log, told

from gateway.audit.proof import check_consistency, check_inclusion, consistency, inclusion, leaf_hash
from gateway.audit.reading import bundle_entries
from gateway.audit.signatures import NoteKey, open_checkpoint
from gateway.proxy.lifecycle import Running
from gateway.proxy.settings import Listener, Route

NOWHERE = Route("erp", "http://127.0.0.1:1", prefix="/erp")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = log(tmp_path_factory.mktemp("served") / "log", chained(map(told, range(PUBLISHED))), PUBLISHED)
    (made / "lock").write_text("secret")
    (made / "tile" / "0" / "002").symlink_to("../../lock")
    return made


@asynccontextmanager
async def serving(folder):
    running = Running(lambda: (True, {}), nothing, log=folder)
    async with gateway(NOWHERE, admin=Listener(port=0), running=running) as house:
        yield house.admin


async def fetch(address, path, method="GET"):
    """Ask for a path as it is written: no client of ours tidies it up."""
    answer = parse(await talk(address, get(path).replace(b"GET", method.encode(), 1)))
    return answer.status, dict(answer.headers), answer.body


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("/checkpoint", "text/plain; charset=utf-8", "no-cache"),
        ("/tile/0/000", "application/octet-stream", "private, max-age=31536000, immutable"),
        ("/tile/0/001.p/44", "application/octet-stream", "private, max-age=31536000, immutable"),
        ("/tile/1/000.p/1", "application/octet-stream", "private, max-age=31536000, immutable"),
        ("/tile/entries/000", "application/octet-stream", "private, max-age=31536000, immutable"),
        ("/log.vkey", "text/plain; charset=utf-8", "no-cache"),
        ("/keys.jwks", "application/jwk-set+json", "no-cache"),
    ],
)
async def test_files_of_the_log_are_given_out_as_they_are(folder, path, kind, cache):
    async with serving(folder) as admin:
        status, headers, body = await fetch(admin, path)
        assert (status, body) == (200, (folder / path[1:]).read_bytes())
        assert (headers["Content-Type"], headers["Cache-Control"]) == (kind, cache)
        assert "Content-Encoding" not in headers
        status, headers, body = await fetch(admin, path, "HEAD")
        assert (status, body) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/lock",
        "/journal",
        f"/journal/{0:020}",
        "/tile",
        "/tile/",
        "/tile/0",
        "/tile/0/",
        "/tile/0/1",
        "/tile/0/0000",
        "/tile/00/000",
        "/tile/64/000",
        "/tile/0/x000/000",
        "/tile/0/000/000",
        "/tile/0/001.p/",
        "/tile/0/001.p/0",
        "/tile/0/001.p/044",
        "/tile/0/001.p/256",
        "/tile/0/001.p/45",
        "/tile/0/002",
        "/tile/journal/000",
        "/tile/../lock",
        "/tile/0/../../lock",
        "/tile/0/%2e%2e/%2e%2e/lock",
        "/tile/0%2f000",
        "/tile/0/000%00",
        "/tile/0/000/",
        "//checkpoint",
        "/checkpoint/",
        "/tile/0/%D9%A0%D9%A0%D9%A0",
        "/tile//etc/passwd",
    ],
)
async def test_nothing_else_is(folder, path):
    async with serving(folder) as admin:
        status, _, body = await fetch(admin, path)
        assert (status in (400, 404), b"secret" in body) == (True, False)


async def test_only_reading_is_possible(folder):
    async with serving(folder) as admin:
        for method in ("POST", "PUT", "DELETE"):
            assert (await fetch(admin, "/checkpoint", method))[0] == 405


async def test_it_is_off_unless_asked_for(folder):
    async with serving(None) as admin:
        for path in ("/checkpoint", "/tile/0/000"):
            assert (await fetch(admin, path))[0] == 404


async def test_the_data_port_never_serves_it(folder):
    running = Running(lambda: (True, {}), nothing, log=folder)
    async with gateway(NOWHERE, admin=Listener(port=0), running=running) as house:
        assert parse(await talk(house.address, get("/checkpoint"))).status == 404


async def test_whoever_has_the_address_and_the_key_proves_an_entry_with_what_is_served(folder):
    async with serving(folder) as admin, aiohttp.ClientSession(f"http://127.0.0.1:{admin[1]}") as session:
        fetched = {}

        async def fill(path: str) -> bytes | None:
            async with session.get(f"/{path}") as answer:
                fetched[path] = await answer.read() if answer.status == 200 else None
            return fetched[path]

        head = open_checkpoint(await fill("checkpoint"), NoteKey.read(VKEY), "checkpoint")
        paths = ("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44")
        await asyncio.gather(*map(fill, paths))
        entry = bundle_entries(fetched.get, 1, 44)[270 - 256]
        check_inclusion(leaf_hash(entry), 270, head.size, inclusion(fetched.get, 270, head.size), head.root)
        proof = consistency(fetched.get, 256, head.size)
        assert proof
        with pytest.raises(Exception, match="consistency"):
            check_consistency(256, bytes(32), head.size, head.root, proof)
