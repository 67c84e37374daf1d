"""A real gateway in a process of its own, a small system behind it, and callers with real tokens."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import orjson
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.crypto import public_jwk, thumbprint

SOVGATE = Path(sys.executable).parent / "sovgate"
ISSUER = "https://login.test"
KEY = Ed25519PrivateKey.from_private_bytes(b"i" * 32)


def token(system: str = "crm", key: Ed25519PrivateKey = KEY, **claims: Any) -> str:
    """Sign a token as the issuer would."""
    said = {
        "iss": ISSUER,
        "aud": "sovgate",
        "exp": int(time.time()) + 86_400,  # some are made when tests are collected, which may be long before they run
        "sovgate_system": system,
        "sub": "ann",
        "role": "sales",
        "kind": "human",
        "purpose": "order-fulfilment",
        **claims,
    }
    return jwt.encode(said, key, algorithm="EdDSA", headers={"kid": thumbprint(key.public_key())})


@dataclass(frozen=True)
class House:
    """A folder with everything that a gateway needs."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "gateway.yaml"

    @property
    def log(self) -> Path:
        return self.folder / "state" / "audit"

    def sovgate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a verb of the command line over this house."""
        command = [str(SOVGATE), *arguments, "-c", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def make_house(folder: Path, policies: Path, upstream: str, extra: str = "") -> House:
    """Write the configuration and the issuer's public keys."""
    (folder / "passphrase").write_text("what protects the keys of a test")
    (folder / "passphrase").chmod(0o600)
    (folder / "jwks.json").write_bytes(orjson.dumps({"keys": [public_jwk(KEY.public_key())]}))
    (folder / "gateway.yaml").write_text(
        f"version: 1\nlisten: {{host: 127.0.0.1, port: 0}}\nadmin: {{host: 127.0.0.1, port: 0}}\n"
        f"policies: {policies}\nstate: state\nsystems:\n  erp: {{at: /erp, upstream: '{upstream}'}}\n"
        f"identity:\n  jwt: {{issuer: '{ISSUER}', audience: sovgate, algorithms: [EdDSA], keys_file: jwks.json}}\n"
        f"purpose: {{header: X-Purpose}}\nkeys: {{passphrase: {{file: passphrase}}}}\n{extra}"
    )
    return House(folder)


@dataclass
class Running:
    """A gateway that listens: the addresses of its two ports, its process, its standard error so far."""

    data: str
    admin: str
    process: subprocess.Popen[str]
    errors: Path


@contextmanager
def running(house: House) -> Iterator[Running]:
    """Start `sovgate serve`, wait until it listens, and stop it whatever happens."""
    errors = house.folder / "stderr.log"
    command = [str(SOVGATE), "serve", "-c", str(house.config)]
    with (
        errors.open("a") as stream,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream, text=True) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert "listens on" in line, errors.read_text()
            data, admin = line.split("listens on ")[1].strip().split(", admin on ")
            yield Running(f"http://{data}", f"http://{admin}", process, errors)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def system(handler: Handler) -> AsyncIterator[str]:
    """A system behind the gateway that answers everything with one handler."""
    runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)


def lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]
