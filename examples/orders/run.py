"""`make run`: leaves the order system and the gateway running, and prints commands to try."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it also runs as a plain file

from examples.orders.crm import ANNA
from examples.orders.erp import start_erp
from examples.sidecar import Setting, running

_HOURS = 12

_TOLD = """
The order system  {direct}
The gateway       {url}/erp   (admin: {admin})
Configuration     {config}
Policies          {policies}: change one and save it; it is in force at once

A token for Anna of sales, valid for {hours} hours, for the purpose order-fulfilment:

  export TOKEN={token}

What the order system says, and what the CRM gets to see:

  curl -s {direct}/api/orders/SO-1001
  curl -s -H "Authorization: Bearer $TOKEN" {url}/erp/api/orders/SO-1001

A list, an invoice with its marks, a photo:

  curl -s -H "Authorization: Bearer $TOKEN" "{url}/erp/api/orders?limit=5"
  curl -s -H "Authorization: Bearer $TOKEN" {url}/erp/api/orders/SO-1038/invoice.pdf -o invoice.pdf
  curl -s -H "Authorization: Bearer $TOKEN" {url}/erp/api/orders/SO-1038/photo.png -o photo.png

Lin Wei agrees to be reached, and changes his mind; ask for the order in between:

  {sovgate} passport grant C-017 contact -c {config}
  {sovgate} passport revoke C-017 contact -c {config}

Who saw what, and is the log sound?

  {sovgate} audit show --customer C-017 -c {config}
  {sovgate} audit verify -c {config}

  curl -s {admin}/readyz
  curl -s {admin}/metrics

Ctrl-C stops both.
"""


def _free(port: int) -> int:
    """Give the port if it is free, else 0: any."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


async def _run(folder: Path) -> None:
    me = asyncio.current_task()
    assert me is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    runner, direct = await start_erp(port=_free(9000))
    try:
        setting = Setting(folder, direct, port=_free(8080), admin=_free(8081))
        async with running(setting) as gateway:
            installed = Path(sys.executable).with_name("sovgate")
            print(
                _TOLD.format(
                    direct=direct,
                    url=gateway.url,
                    admin=gateway.admin,
                    config=setting.config,
                    policies=setting.policies,
                    hours=_HOURS,
                    token=setting.issuer.token(ANNA, minutes=_HOURS * 60),
                    sovgate=installed if installed.exists() else "sovgate",
                ),
                flush=True,
            )
            await gateway.process.wait()
            print("the gateway has stopped")
    finally:
        await runner.cleanup()


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description="Leave the order system and the gateway running.")
    parser.add_argument(
        "--keep", metavar="DIR", type=Path, help="where state and configuration stay (default: temporary)"
    )
    asked = parser.parse_args()
    folder = (asked.keep or Path(tempfile.mkdtemp(prefix="sovgate-run-"))).resolve()
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_run(folder))


if __name__ == "__main__":
    main()
