"""The gateway in front of a real Tryton, over its JSON-RPC; `make test-all` runs it. Exit 0 only if everything held.

The first run installs Tryton into `.cache/tryton` and makes its database: a minute or two. `--keep DIR` names an empty
folder for logs, configuration and state.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it also runs as a plain file

from examples.sidecar import Setting, running
from examples.telling import Teller
from examples.tryton.client import TOKEN, Client
from examples.tryton.house import HERE, prepare, tryton
from examples.tryton.parties import consent, login, reading, writing
from examples.tryton.refusing import refusals
from examples.tryton.selling import sale
from examples.tryton.stage import Stage

SCENES = (login, reading, writing, sale, consent, refusals)
CAN_NOT = 2


async def play(folder: Path) -> int:
    """Set the stage in a folder, play every scene, and give the exit code."""
    tell = Teller()
    tell.title("Sovgate in front of Tryton, over JSON-RPC")
    async with tryton(folder / "tryton") as direct:
        setting = Setting(folder / "gateway", direct, policies=HERE / "policies", header=TOKEN)
        async with running(setting) as gateway, aiohttp.ClientSession() as session:
            tell.say(f"Tryton {direct}   gateway {gateway.url}/erp", "dim")
            stage = Stage(tell, Client(session, direct, f"{gateway.url}/erp", setting.issuer), gateway)
            for scene in SCENES:
                await scene(stage)
            await gateway.stop()
            said = await gateway.call("audit", "verify")
            tell.equal("the log of all this is sound", 0, said.code)
    return tell.verdict()


def main() -> int:
    """Read the arguments and play."""
    parser = argparse.ArgumentParser(
        description="The gateway in front of a real Tryton: shows and checks what crosses."
    )
    parser.add_argument(
        "--keep", metavar="DIR", type=Path, help="an empty folder for what is made (default: temporary)"
    )
    asked = parser.parse_args()
    try:
        prepare()
    except subprocess.CalledProcessError as error:
        print(f"Tryton can't be set up: {' '.join(map(str, error.cmd))} failed", file=sys.stderr)
        return CAN_NOT
    folder = (asked.keep or Path(tempfile.mkdtemp(prefix="sovgate-tryton-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        parser.error(f"{folder} is not empty")
    code = asyncio.run(play(folder))
    print(f"Logs, configuration and state: {folder}")
    return code


if __name__ == "__main__":
    sys.exit(main())
