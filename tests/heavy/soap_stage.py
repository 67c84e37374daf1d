"""The stage of the SOAP tests: a spyne service, the gateway before it as a real process, real clients before that.

Service and clients run in an environment of their own, `.cache/soap`, pinned by hashes, made the first time.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from examples.sidecar import ROOT, Setting, Sidecar, running

HERE = Path(__file__).resolve().parent / "soap"
TOKEN = "X-Sovgate-Token"
ANN = {"sub": "ann@crm.example", "role": "sales", "kind": "human", "purpose": "order-fulfilment"}
_PATIENCE = 60  # seconds for anything to come up


def prepare() -> Path:
    """Give the environment's python; install what is missing.

    Raises `subprocess.CalledProcessError` where packages can't be installed, or don't run on this Python.
    """
    requirements = HERE / "requirements.txt"
    digest = sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / "soap" / f"python{sys.version_info.major}.{sys.version_info.minor}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(requirements)], check=True)
        subprocess.run([str(python), "-c", "import spyne.protocol.soap, suds.client, waitress, zeep"], check=True)
        (folder / "ready").touch()
    return python


def prepare_node() -> Path | None:
    """Give the folder that has node-soap in it, made with npm the first time; None where that can't be."""
    lock = HERE / "node" / "package-lock.json"
    folder = ROOT / ".cache" / "soap" / f"node-{sha256(lock.read_bytes()).hexdigest()[:12]}"
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "node" / name, folder)
        made = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--silent", "--ignore-scripts"], cwd=folder, check=False
        )
        if made.returncode:
            return None
        (folder / "ready").touch()
    shutil.copy(HERE / "node" / "asking.mjs", folder)
    return folder


@dataclass(slots=True)
class Client:
    """A client's process: a line in, a line out."""

    process: subprocess.Popen[str]

    def tell(self, **said: object) -> dict[str, Any]:
        """Have it do something, and give what it gave."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(said), file=self.process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@dataclass(slots=True)
class Stage:
    """A service that runs, and the gateway before it."""

    python: Path
    direct: str
    gateway: Sidecar

    @property
    def through(self) -> str:
        """Where callers find the service."""
        return f"{self.gateway.url}/erp"

    @property
    def headers(self) -> dict[str, str]:
        """What a caller has to show."""
        return {TOKEN: self.gateway.setting.issuer.token(ANN)}

    def stored(self) -> list[dict[str, Any]]:
        """Give what the service was told to keep."""
        with urllib.request.urlopen(f"{self.direct}/stored", timeout=20) as answer:
            told: list[dict[str, Any]] = json.load(answer)
        return told

    def call(self, *words: str) -> int:
        """Run a verb of the gateway's command line."""
        return asyncio.run(self.gateway.call(*words)).code

    @contextmanager
    def client(self, kind: str) -> Iterator[Client]:
        """Start a client: `zeep` or `suds`."""
        words = [str(self.python), str(HERE / "asking.py"), kind]
        with self.driven(words) as client:
            yield client

    @contextmanager
    def driven(self, words: Sequence[str]) -> Iterator[Client]:
        """Start a program that reads and writes lines."""
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield Client(process)
        finally:
            process.communicate(timeout=_PATIENCE)


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Run the service and the gateway; let both end, and insist that the log is sound."""
    python = prepare()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "service.log").open("wb") as log:
        service = subprocess.Popen([str(python), str(HERE / "service.py"), str(port)], stdout=log, stderr=log)
    try:
        _answers(port, service)
        direct = f"http://127.0.0.1:{port}"
        setting = Setting(folder / "gateway", direct, policies=HERE / "policies", header=TOKEN)
        with asyncio.Runner() as runner:
            context = running(setting)
            gateway = runner.run(context.__aenter__())
            try:
                yield Stage(python, direct, gateway)
            finally:
                code = runner.run(gateway.stop())
                runner.run(context.__aexit__(None, None, None))
                verified = runner.run(gateway.call("audit", "verify"))
            assert (code, verified.code) == (0, 0), verified.err
    finally:
        service.terminate()
        service.wait(_PATIENCE)


def _answers(port: int, service: subprocess.Popen[bytes]) -> None:
    """Wait until the service listens."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and service.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the service did not come up: see service.log")
