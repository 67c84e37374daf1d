"""What tests of witnesses share: a log that grows, a witness on a real socket, an authority that is `openssl ts`."""

from __future__ import annotations

import asyncio
import contextlib
import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import aiohttp
from audit_logs import CHECKPOINT_KEY, SETTINGS, VKEY
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.merkle import leaf_hash, peaks, root_of_peaks
from gateway.audit.note import NoteSigner
from gateway.audit.proof import consistency
from gateway.audit.signatures import NoteKey
from gateway.audit.tiles import Tree
from gateway.proxy.logs import make_log
from gateway.proxy.server import Server
from gateway.proxy.settings import Limits, Listener
from gateway.witness.heads import Heads
from gateway.witness.server import Service
from gateway.witness.submission import write_submission

NAME = "witness.example.com/w1"
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
NOW = 1_790_000_000.0


class Log:
    """A log in memory, of entries that are made from their numbers; `fork` gives one with another past."""

    def __init__(self, key=CHECKPOINT_KEY, salt=b"", origin=SETTINGS.origin):
        self.signer = NoteSigner(origin, key)
        self.salt = salt

    def leaves(self, size):
        return [leaf_hash(b"%d%b" % (n, self.salt)) for n in range(size)]

    def root(self, size):
        return root_of_peaks(peaks(self.leaves(size)))

    def note(self, size):
        return self.signer.checkpoint(size, self.root(size))

    def proof(self, old, new):
        files: dict[str, bytes] = {}
        tree = Tree()
        for n in range(new):
            files.update(tree.add(b"%d%b" % (n, self.salt), leaf_hash(b"%d%b" % (n, self.salt))))
        files.update(tree.partial())
        return consistency(files.get, old, new)

    def body(self, old, new):
        return write_submission(old, self.proof(old, new), self.note(new))

    def fork(self):
        return Log(self.signer.key, self.salt + b"'", self.signer.origin)


@contextlib.asynccontextmanager
async def witness(folder: Path, *, disk=None, logs=None, wall: Callable[[], float] = lambda: NOW, limits=None):
    """Run a witness; gives its URL and what it writes to its log."""
    heads = Heads.open(folder, NAME, random=lambda _: b"w" * 32, disk=disk)
    written = io.BytesIO()
    service = Service(heads, logs or {SETTINGS.origin: (NoteKey.read(VKEY),)}, make_log(written), wall)
    server = Server(service.serve, limits or Limits(), unserved=lambda _: None, wall=wall)
    host, port = await server.start(Listener(port=0))
    try:
        yield f"http://{host}:{port}", written
    finally:
        await server.stop(2.0)
        await service.close()
        heads.close()


async def post(url: str, body: bytes) -> tuple[int, str, bytes]:
    async with aiohttp.ClientSession() as session, session.post(f"{url}/add-checkpoint", data=body) as answer:
        return answer.status, answer.content_type, await answer.read()


class Authority:
    """A time-stamping authority: `openssl ts` behind a small HTTP server, which can be told to misbehave."""

    def __init__(self, folder: Path, *, chain: bool = False):
        self.folder, self.chain = folder, chain
        self.answer: Callable[[bytes], bytes] | None = None
        self.asked = 0
        if not (folder / "root.pem").exists():
            _made(folder)

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    def reply(self, query: bytes) -> bytes:
        (self.folder / "q.tsq").write_bytes(query)
        command = ["ts", "-reply", "-config", "ca.cnf", "-section", "tsa1", "-queryfile", "q.tsq", "-out", "r.tsr"]
        _openssl(self.folder, *command, *(("-chain", "root.pem") if self.chain else ()))
        return (self.folder / "r.tsr").read_bytes()

    @contextlib.asynccontextmanager
    async def serve(self):
        async def converse(reader, writer):
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                self.asked += 1
                answer = await asyncio.to_thread(self.answer or self.reply, body)
                status = b"200 OK" if answer else b"503 Busy"
                writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(answer)))
                writer.write(answer)
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(converse, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


CONFIG = """
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa1]
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
"""


def _made(folder: Path) -> None:
    """Make a root and an authority below it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ca.cnf").write_text(CONFIG)
    (folder / "serial").write_text("01\n")
    new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "ca.cnf"]
    days = ["-days", "30"]
    _openssl(
        folder,
        *new,
        "-x509",
        *days,
        "-subj",
        "/CN=Root",
        "-extensions",
        "ca",
        "-keyout",
        "root.key",
        "-out",
        "root.pem",
    )
    _openssl(folder, *new, "-subj", "/CN=Authority", "-keyout", "tsa.key", "-out", "tsa.csr")
    sign = ["x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", *days]
    _openssl(folder, *sign, "-extfile", "ca.cnf", "-extensions", "tsa", "-out", "tsa.pem")


def _openssl(folder: Path, *words: str) -> None:
    path = shutil.which("openssl")
    assert path is not None
    subprocess.run([path, *words], cwd=folder, check=True, capture_output=True)
