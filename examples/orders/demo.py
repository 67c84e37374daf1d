"""`make demo`: an order system, the gateway and a CRM, for real; shows what crosses, and checks all of it.

Exit 0 only if everything held. `--keep DIR` keeps what was made: documents, audit log, configuration.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it also runs as a plain file

from examples.orders.crm import Crm
from examples.orders.erp import start_erp
from examples.orders.marking import marks
from examples.orders.proving import log
from examples.orders.reading import consent, many_orders, one_order
from examples.orders.refusing import refusals
from examples.orders.stage import Stage
from examples.orders.tracing import leak
from examples.sidecar import Setting, running
from examples.telling import Teller

SCENES = (one_order, many_orders, refusals, consent, marks, leak, log)


async def play(folder: Path) -> int:
    """Set the stage in a folder, play every scene, and give the exit code."""
    tell = Teller()
    tell.title("Sovgate: an order system, the gateway and a CRM, over real HTTP")
    runner, direct = await start_erp()
    try:
        setting = Setting(folder / "gateway", direct)
        async with running(setting) as gateway, aiohttp.ClientSession() as session:
            tell.say(f"order system {direct}   gateway {gateway.url}/erp", "dim")
            stage = Stage(tell, Crm(session, direct, f"{gateway.url}/erp", setting.issuer), gateway, folder)
            for scene in SCENES:
                await scene(stage)
    finally:
        await runner.cleanup()
    return tell.verdict()


def main() -> int:
    """Read the arguments and play."""
    parser = argparse.ArgumentParser(
        description="An order system, the gateway and a CRM: shows and checks what crosses."
    )
    parser.add_argument(
        "--keep", metavar="DIR", type=Path, help="an empty folder for what is made (default: temporary)"
    )
    asked = parser.parse_args()
    folder = (asked.keep or Path(tempfile.mkdtemp(prefix="sovgate-demo-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        parser.error(f"{folder} is not empty")
    code = asyncio.run(play(folder))
    print(f"The documents (original and marked), the log, configuration and state: {folder}")
    return code


if __name__ == "__main__":
    sys.exit(main())
