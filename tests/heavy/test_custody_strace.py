"""A process that works on keys is killed at every single system call that writes: all of it was done, or nothing.

Needs strace (ptrace allowed). The tests of every day do the same at each call out of Python.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess

import pytest
from custody_kill import ACTIONS, left, prepare, state
from custody_kit import in_memory, program

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")]

CALLS = ("pwrite64", "fdatasync", "ftruncate")
WORK = """
import pathlib, sys
from custody_kill import ACTIONS, smith
with smith(pathlib.Path(sys.argv[1])) as worker:
    ACTIONS[sys.argv[2]](worker)
"""


@pytest.mark.parametrize("action", ["rotate", "destroy"])
def test_at_every_write_all_was_done_or_nothing(action):
    kills = 0
    with in_memory() as folder:
        base, tried = folder / "base", folder / "tried"
        tokens = asyncio.run(prepare(base))
        before = state(base)
        for call in CALLS:
            number, going = 0, True
            while going:
                number += 1
                shutil.copytree(base, tried)
                inject = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={number}")
                with program(WORK, tried, action, before=inject) as process:
                    _, errors = process.communicate(timeout=60)
                going = process.returncode != 0
                assert not errors.strip() or "ptrace" in errors, errors
                told = json.loads(json.dumps(asyncio.run(left(tried, tokens))))
                shutil.rmtree(tried)
                kills += going
                assert told["C-2"] == ['"a"'] * 4
                gone = "destroyed" in told["recorded"]
                assert told["C-1"] == [None if gone else '"a"'] * 4
                assert (told["rows"] == 0) == gone
                if told["state"] == json.loads(json.dumps(before)):
                    assert told["recorded"] == []
    assert kills > 5
    assert action in ACTIONS
    assert subprocess.run(["strace", "-V"], capture_output=True, check=True).stdout
