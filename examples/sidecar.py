"""What both examples need: an issuer of tokens, and the gateway as a real process, with its own state."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

ROOT = Path(__file__).resolve().parent.parent
ISSUER, AUDIENCE = "https://login.example.org", "sovgate"
_STARTED = re.compile(r"listens on (\S+?)(?:, admin on (\S+))?$")
_PATIENCE = 30  # seconds for the gateway to come up or to stop

_CONFIG = """\
# Written by the example. The keys in jwks.json are those of its own issuer of tokens.
version: 1
listen: {{host: 127.0.0.1, port: {port}}}
admin: {{host: 127.0.0.1, port: {admin}}}
policies: {policies}
state: state
systems:
  erp: {{at: /erp, upstream: "{upstream}"}}
identity:
  jwt:
    header: {header}
    issuer: "{issuer}"
    audience: {audience}
    algorithms: [EdDSA]
    keys_file: jwks.json
purpose: {{header: X-Purpose}}
keys: {{passphrase: {{file: passphrase}}}}
"""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs the tokens: in real life an identity provider."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    kid: str = "example-1"

    def token(self, claims: Mapping[str, str], system: str = "crm", minutes: int = 10) -> str:
        """Sign who calls: the system, the person or agent (`sub`), `role`, `kind`, `purpose`."""
        now = int(time.time())
        said = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + minutes * 60, "sovgate_system": system}
        return jwt.encode(said | dict(claims), self.key, algorithm="EdDSA", headers={"kid": self.kid})

    def jwks(self) -> str:
        """Give the public key as a JWKS (RFC 7517)."""
        public = json.loads(OKPAlgorithm.to_jwk(self.key.public_key()))
        return json.dumps({"keys": [public | {"kid": self.kid, "alg": "EdDSA", "use": "sig"}]}, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the gateway stands: its folder, the system behind it, and how it is reached."""

    folder: Path
    upstream: str
    policies: Path = ROOT / "policies"
    header: str = "Authorization"
    port: int = 0
    admin: int = 0
    issuer: Issuer = field(default_factory=Issuer)

    @property
    def config(self) -> Path:
        """The configuration's file."""
        return self.folder / "gateway.yaml"

    def write(self) -> None:
        """Write the configuration and the issuer's public key."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "jwks.json").write_text(self.issuer.jwks())
        passphrase = self.folder / "passphrase"
        passphrase.touch(mode=0o600)
        if not passphrase.stat().st_size:  # what protects the customers' keys: kept, as long as they are
            passphrase.write_text(secrets.token_urlsafe(32))
        text = _CONFIG.format(
            port=self.port,
            admin=self.admin,
            policies=json.dumps(str(self.policies)),
            upstream=self.upstream,
            header=self.header,
            issuer=ISSUER,
            audience=AUDIENCE,
        )
        self.config.write_text(text)


@dataclass(frozen=True, slots=True)
class Said:
    """What a verb of the command line said."""

    code: int
    out: str
    err: str


def sovgate(*words: str) -> list[str]:
    """Give the command line of a verb: the installed command, or the package itself where it isn't installed."""
    installed = Path(sys.executable).with_name("sovgate")
    if installed.exists():
        return [str(installed), *words]
    return [sys.executable, "-c", "from gateway.cli.main import main; main()", *words]


async def call(*words: str) -> Said:
    """Run a verb of the command line to its end."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*sovgate(*words), stdout=pipe, stderr=pipe, cwd=ROOT)
    out, err = await process.communicate()
    return Said(process.returncode or 0, out.decode(), err.decode())


@dataclass(slots=True)
class Sidecar:
    """A running gateway."""

    setting: Setting
    url: str
    admin: str
    process: asyncio.subprocess.Process

    async def call(self, *words: str) -> Said:
        """Run a verb with this gateway's configuration."""
        return await call(*words, "-c", str(self.setting.config))

    async def stop(self) -> int:
        """Let it drain (SIGTERM), and give its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), _PATIENCE)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise


@asynccontextmanager
async def running(setting: Setting) -> AsyncIterator[Sidecar]:
    """Start `sovgate serve` and wait until it listens; its log goes to `gateway.log` in the folder."""
    setting.write()
    with (setting.folder / "gateway.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *sovgate("serve", "-c", str(setting.config)), stdout=asyncio.subprocess.PIPE, stderr=log, cwd=ROOT
        )
    try:
        yield await _started(setting, process)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _PATIENCE)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _started(setting: Setting, process: asyncio.subprocess.Process) -> Sidecar:
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), _PATIENCE)).decode().strip()
    found = _STARTED.search(line)
    if found is None:
        await process.wait()
        said = (setting.folder / "gateway.log").read_text(errors="replace").strip()
        raise SystemExit(f"the gateway did not start:\n{line}\n{said}")
    return Sidecar(setting, f"http://{found[1]}", f"http://{found[2]}", process)
