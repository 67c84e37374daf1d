"""Scene: the log verifies, a copy with one changed bit doesn't, and neither log nor output names anyone."""

from __future__ import annotations

import shutil
from pathlib import Path

from examples.orders.stage import Stage
from examples.sidecar import call

_PERSONAL = ("Lin Wei", "lin.wei@example.com", "+86 139 1234 5678", "999999198804120177", "anna@crm.example", "C-017")


async def log(stage: Stage) -> None:
    tell = stage.tell
    tell.heading("The log: signed, and one changed bit shows")
    tell.equal("the gateway drained and stopped", 0, await stage.gateway.stop())
    tell.command("sovgate", "audit", "verify")
    said = await stage.gateway.call("audit", "verify")
    _repeat(stage, said.out.partition("\n")[0])
    tell.equal("the log is sound", 0, said.code)
    copy = stage.folder / "tampered"
    shutil.copytree(stage.log, copy)
    place = _change_a_bit(copy)
    tell.command("sovgate", "audit", "verify", "--log", "tampered")
    said = await call("audit", "verify", "--log", str(copy))
    _repeat(stage, said.out + said.err)
    tell.equal(f"one bit of a copy changed, in {place}: broken", 1, said.code)
    files = [file for file in stage.log.rglob("*") if file.is_file()] + [stage.gateway.setting.folder / "gateway.log"]
    told = [one for one in _PERSONAL if any(one.encode() in file.read_bytes() for file in files)]
    tell.equal("nobody's name, number or address is in the log, nor in the gateway's output", [], told)


def _repeat(stage: Stage, text: str) -> None:
    stage.tell.say(f"  {text.strip().replace(f'{stage.folder}/', '')}", "dim")


def _change_a_bit(folder: Path) -> str:
    """Flip one bit in the middle of the largest file; give the file's name."""
    largest = max((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.write_bytes(data)
    return largest.relative_to(folder).as_posix()
