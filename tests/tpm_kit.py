"""A TPM in software (swtpm), driven by the tools of its users (tpm2-tools); and quotes made by hand."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOOLS = shutil.which("swtpm") and shutil.which("tpm2_quote")
SCHEMES = {"rsassa": "rsa", "rsapss": "rsa", "ecdsa": "ecc"}


@dataclass(frozen=True)
class Tpm:
    """A running TPM and the folder in which its tools work."""

    folder: Path
    port: int

    def tool(self, name: str, *arguments: str) -> None:
        """Run one of the tools, and leave no object in the TPM's little memory."""
        environment = os.environ | {"TPM2TOOLS_TCTI": f"swtpm:host=127.0.0.1,port={self.port}"}
        for command in ([f"tpm2_{name}", *arguments], ["tpm2_flushcontext", "-t"]):
            done = subprocess.run(
                command, cwd=self.folder, env=environment, capture_output=True, timeout=60, check=False
            )
            assert done.returncode == 0, done.stderr.decode()

    def key(self, scheme: str) -> bytes:
        """Make an attestation key; gives its public part in PEM."""
        if not (self.folder / "ek.ctx").exists():
            self.tool("createek", "-c", "ek.ctx", "-G", "rsa", "-u", "ek.pub")
        more = ["-C", "ek.ctx", "-c", f"{scheme}.ctx", "-u", f"{scheme}.pem", "-f", "pem", "-n", f"{scheme}.name"]
        self.tool("createak", "-G", SCHEMES[scheme], "-g", "sha256", "-s", scheme, *more)
        return (self.folder / f"{scheme}.pem").read_bytes()

    def quote(self, scheme: str, extra: bytes, selection: str = "sha256:0,7") -> tuple[bytes, bytes]:
        """Quote registers; gives TPMS_ATTEST and TPMT_SIGNATURE."""
        to = ["-m", f"{scheme}.msg", "-s", f"{scheme}.sig", "-g", "sha256", "--scheme", scheme]
        self.tool("quote", "-c", f"{scheme}.ctx", "-l", selection, "-q", extra.hex(), *to)
        return (self.folder / f"{scheme}.msg").read_bytes(), (self.folder / f"{scheme}.sig").read_bytes()


@contextmanager
def swtpm(folder: Path) -> Iterator[Tpm]:
    """Run a TPM of its own."""
    state = folder / "tpm"
    state.mkdir()
    port = _free_pair()
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}"]
    command += ["--ctrl", f"type=tcp,bindaddr=127.0.0.1,port={port + 1}"]
    command += ["--server", f"type=tcp,bindaddr=127.0.0.1,port={port}", "--flags", "not-need-init,startup-clear"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port + 1, process)
            yield Tpm(folder, port)
        finally:
            process.terminate()


def _free_pair() -> int:
    """Find two free ports side by side: the tools take the second for the control channel."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
            try:
                with socket.create_server(("127.0.0.1", port + 1)):
                    return port
            except (OSError, OverflowError):
                continue


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert process.poll() is None, "swtpm ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("swtpm does not answer")


def attest(extra: bytes, *, digest: bytes = b"d" * 32, registers: tuple[int, ...] = (0, 7), **more) -> bytes:
    """Write a TPMS_ATTEST by hand; any part can be another one."""
    part = {
        "magic": 0xFF544347,
        "type": 0x8018,
        "signer": b"\x00\x0b" + b"s" * 32,
        "clock": (1, 2, 3, 1),
        "firmware": 4,
        "banks": ((0x000B, registers),),
        "tail": b"",
    } | more
    banks = b"".join(
        struct.pack(">HB", hash_, 3) + sum(1 << at for at in chosen).to_bytes(3, "little")
        for hash_, chosen in part["banks"]
    )
    return b"".join(
        [
            struct.pack(">IH", part["magic"], part["type"]),
            sized(part["signer"]),
            sized(extra),
            struct.pack(">QIIB", *part["clock"]),
            struct.pack(">Q", part["firmware"]),
            struct.pack(">I", len(part["banks"])) + banks,
            sized(digest),
            part["tail"],
        ]
    )


def sized(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def signature(scheme: int, hash_: int, *values: bytes) -> bytes:
    """Write a TPMT_SIGNATURE."""
    return struct.pack(">HH", scheme, hash_) + b"".join(map(sized, values))
