"""`sovgate witness serve` as a process: what it cosigned outlives kill -9, and it ends in order when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from audit_logs import VKEY
from witness_kit import NAME, Log, post

from gateway.audit.cosignature import WitnessKey, cosignatures

LOG = Log()
SOVGATE = Path(sys.executable).parent / "sovgate"


@contextlib.contextmanager
def serving(folder: Path):
    """Start a witness; gives its process, its verifier key and its URL."""
    (folder / "witness.yaml").write_text(
        f"version: 1\nname: {NAME}\nstate: state\nlisten: {{port: 0}}\nlogs: ['{VKEY}']\n"
    )
    process = subprocess.Popen(
        [SOVGATE, "witness", "serve"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        vkey, told = process.stdout.readline().strip(), process.stdout.readline().strip()
        yield process, vkey, f"http://{told.rpartition(' ')[2]}"
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


async def test_a_witness_that_is_killed_remembers_all_that_it_cosigned(tmp_path):
    sizes = range(1, 60)
    with serving(tmp_path) as (process, vkey, url):
        given: list[int] = []

        async def ask():
            for old, new in zip((0, *sizes), sizes, strict=False):
                with contextlib.suppress(OSError):
                    status, _, line = await post(url, LOG.body(old, new))
                    assert status == 200
                    assert cosignatures(LOG.note(new) + line, [WitnessKey.read(vkey)])
                    given.append(new)
                    if new == 20:
                        os.kill(process.pid, signal.SIGKILL)

        await asyncio.wait_for(ask(), 60)
    with serving(tmp_path) as (process, again, url):
        assert again == vkey
        status, _, size = await post(url, LOG.body(0, 70))
        assert (status, int(size)) == (409, given[-1])
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("version: 1\n", "missing"),
        (f"version: 1\nname: a+b\nstate: s\nlogs: ['{VKEY}']\n", "no witness can have this name"),
        ("version: 1\nname: w\nstate: s\nlogs: [nothing]\n", "no verifier key"),
    ],
)
def test_what_is_written_wrong_is_told_with_its_place(tmp_path, change, said):
    (tmp_path / "witness.yaml").write_text(change)
    done = subprocess.run([SOVGATE, "witness", "key"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert "witness.yaml:" in done.stderr
    assert not (tmp_path / "s").exists()
