"""A real Tryton: installed once from PyPI into an environment of its own, its database made once, started on a copy.

Everything stays in `.cache/tryton` of the repository; what is there and still fits is used again.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import aiohttp

from examples.sidecar import ROOT

HERE = Path(__file__).resolve().parent
CACHE = ROOT / ".cache" / "tryton"
DATABASE, PASSWORD = "demo", "only-for-this-example"
_MODULES = ("party", "sale", "stock", "production", "account_invoice")
_PATIENCE = 60  # seconds for Tryton to answer


def prepare() -> tuple[Path, Path]:
    """Give Tryton's `bin` folder and a database that is ready to be copied; make what is missing (about a minute).

    Raises `subprocess.CalledProcessError` where packages can't be installed.
    """
    requirements = HERE / "requirements.txt"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    environment = CACHE / f"{version}-{_digest(requirements)}"
    if not (environment / "ready").exists():
        _install(environment, requirements)
    # The books' year is made around today: a database of another month may be out of it.
    made = CACHE / f"{datetime.now(UTC):%Y-%m}-{_digest(requirements, HERE / 'seed.py')}.sqlite"
    if not made.exists():
        _initialise(environment / "bin", made)
    return environment / "bin", made


@asynccontextmanager
async def tryton(folder: Path) -> AsyncIterator[str]:
    """Run Tryton in a folder, on a fresh copy of the database; give its base URL."""
    programs, database = prepare()
    (folder / "db").mkdir(parents=True)
    shutil.copy(database, folder / "db" / f"{DATABASE}.sqlite")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = _write_config(folder, port)
    with (folder / "tryton.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(str(programs / "trytond"), "-c", str(config), "-d", DATABASE), stdout=log, stderr=log, env=_environment()
        )
    try:
        url = f"http://127.0.0.1:{port}"
        await _answers(url, process)
        yield url
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _answers(url: str, process: asyncio.subprocess.Process) -> None:
    """Wait until Tryton tells its version."""
    async with aiohttp.ClientSession() as session:
        for _ in range(_PATIENCE * 5):
            if process.returncode is not None:
                raise SystemExit("Tryton stopped at once: see tryton.log")
            try:
                asked = b'{"id":0,"method":"common.server.version","params":[]}'
                async with session.post(
                    f"{url}/rpc/", data=asked, headers={"Content-Type": "application/json"}
                ) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)
    raise SystemExit("Tryton doesn't answer: see tryton.log")


def _install(environment: Path, requirements: Path) -> None:
    shutil.rmtree(environment, ignore_errors=True)
    venv.create(environment, with_pip=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(requirements)], check=True)
    (environment / "ready").touch()


def _initialise(programs: Path, made: Path) -> None:
    """Make the database with Tryton's own tool, fill it through its own client library, then move it into place."""
    folder = CACHE / f"making-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "db").mkdir(parents=True)
    database = folder / "db" / f"{DATABASE}.sqlite"
    database.touch()
    (folder / "password").write_text(PASSWORD)
    config = str(_write_config(folder, 0))
    environment = _environment() | {"TRYTONPASSFILE": str(folder / "password")}
    admin = [str(programs / "trytond-admin"), "-c", config, "-d", DATABASE, "--activate-dependencies"]
    subprocess.run([*admin, "--email", "admin@example.org", "-u", *_MODULES], check=True, env=environment)
    subprocess.run([str(programs / "python"), str(HERE / "seed.py"), config, DATABASE], check=True, env=environment)
    database.rename(made)
    shutil.rmtree(folder)


def _write_config(folder: Path, port: int) -> Path:
    config = folder / "trytond.conf"
    config.write_text(f"[database]\nuri = sqlite://\npath = {folder / 'db'}\n[web]\nlisten = 127.0.0.1:{port}\n")
    return config


def _environment() -> dict[str, str]:
    """Give Tryton an environment without ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TRYTON"))}


def _digest(*files: Path) -> str:
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
