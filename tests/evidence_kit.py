"""What tests of evidence share: a gateway's state with a log of flows, cosigned and stamped."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from audit_logs import full, intent
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs
from prometheus_client import CollectorRegistry
from witness_kit import Authority, witness

from gateway.audit.entry import Decided
from gateway.audit.signatures import NoteKey
from gateway.cli.house import AUDIT, open_journal, open_keys
from gateway.cli.main import main
from gateway.config import load
from gateway.proxy.logs import make_log
from gateway.witness.cosigner import Cosigner
from gateway.witness.counts import Counts
from gateway.witness.rounds import Rounds

VKEY = Cosigner("witness.example.com/w1", Ed25519PrivateKey.from_private_bytes(b"w" * 32)).verifier_key()
CONFIG = """version: 1
policies: policies
state: state
systems:
  erp: {at: /erp, upstream: "http://127.0.0.1:9000"}
identity:
  development: {system: crm}
"""


@dataclass
class Evidence:
    """A folder with `gateway.yaml`, and the log below it."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "state" / AUDIT

    @property
    def settings(self):
        return load(self.folder / "gateway.yaml", {})

    def record(self, flows: range) -> None:
        """Record intent and outcome of each flow; flow n is about customers C-n and C-n+1."""
        asyncio.run(self._record(flows))

    async def _record(self, flows: range) -> None:
        settings = self.settings
        keys = open_keys(settings)
        journal = open_journal(settings, keys)
        entries = []
        for n in flows:
            customers = tuple(keys.pseudonyms.customer(f"C-{n + more}") for more in (0, 1))
            made = full(f"f{n}")
            decided = Decided(customers, ("", ""), 2, made.decided[0].fields)
            entries += [intent(f"f{n}"), structs.replace(made, decided=(decided,), consent=None)]
        await asyncio.gather(*map(journal.append, entries))
        await journal.close()

    def attest(self, folder: Path) -> None:
        """Have the head cosigned by a witness and stamped by an authority, and say so in the configuration."""
        asyncio.run(self._attest(folder))

    async def _attest(self, folder: Path) -> None:
        authority = Authority(folder / "authority")
        key = self.settings.audit.origin
        vkeys = (self.log / "log.vkey").read_text()
        async with (
            witness(folder / "witness", logs={key: NoteKey.read_all(vkeys)}) as (url, _),
            authority.serve() as stamps,
            aiohttp.ClientSession() as session,
        ):
            config = self.folder / "gateway.yaml"
            config.write_text(
                f"{CONFIG}audit:\n  witness: {{servers: [{{url: '{url}', vkey: '{VKEY}'}}]}}\n"
                f"  timestamps: {{url: '{stamps}', roots: '{authority.roots}'}}\n"
            )
            audit = self.settings.audit
            counts, log = Counts(CollectorRegistry()), make_log(io.BytesIO())
            await Rounds(self.log, session, audit.witness, audit.timestamps, counts, log, lambda: 1.79e9).once()
        assert (self.log / "checkpoint.cosigned").exists()
        assert list(self.log.glob("timestamps/*.tsr"))


def made(folder: Path, flows: int = 5) -> Evidence:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gateway.yaml").write_text(CONFIG)
    evidence = Evidence(folder)
    evidence.record(range(flows))
    return evidence


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def sovgate(*words: object) -> Said:
    """Run a verb in this process."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["sovgate", *map(str, words)]
    code = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    finally:
        sys.argv = before
    return Said(code, out.getvalue(), err.getvalue())


def typed(text: str) -> list[str]:
    """Give the commands that a text tells people to type: lines that begin with a dollar."""
    return re.findall(r"^ *\$ (.+)$", text, re.MULTILINE)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
