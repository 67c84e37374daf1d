"""Customers' keys on real files: a keeper, a smith, and what one does with them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.custody.file_provider import FileProvider, Secret
from gateway.custody.keeper import Keeper
from gateway.custody.opening import open_chest, open_keeper
from gateway.custody.settings import CustodySettings
from gateway.custody.smith import Smith

ROOT = Path(__file__).parent.parent
NOW = 1_763_900_000_000_000_000
SECOND = 10**9
DAY = 86_400 * SECOND
SECRET = Secret("key", b"k" * 32)
SETTINGS = CustodySettings()
EMAIL = "user.contact.email"


def providers(folder: Path, secret: Secret = SECRET) -> dict[str, FileProvider]:
    return {"file": FileProvider(folder / "kek.json", secret, os.urandom)}


@asynccontextmanager
async def keeping(folder: Path, settings: CustodySettings = SETTINGS, clock=lambda: NOW) -> AsyncIterator[Keeper]:
    keeper = open_keeper(folder, providers(folder), settings, clock)
    try:
        yield keeper
    finally:
        await keeper.close()


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder on a disk that waits for nothing, where there is one: a killed process leaves the same on any."""
    fast = Path("/dev/shm")
    with TemporaryDirectory(dir=fast if os.access(fast, os.W_OK) else None) as folder:
        yield Path(folder)


@contextmanager
def smith(folder: Path, settings: CustodySettings = SETTINGS, now: int = NOW) -> Iterator[Smith]:
    with closing(open_chest(folder, providers(folder), settings)) as chest:
        yield Smith(chest, "ann", now)


async def lent(keeper: Keeper, customer="C-1", purpose="p", now=NOW, *, make=True):
    return (await keeper.lend([customer], purpose, now, make=make)).of(customer)


async def encrypted(keeper: Keeper, customer="C-1", purpose="p", text='"a"', now=NOW):
    loan = await keeper.lend([customer], purpose, now, make=True)
    token = loan.of(customer).encrypt(text, EMAIL)
    return token, await loan.settle()


async def tokenised(keeper: Keeper, customer="C-1", purpose="p", text='"a"', now=NOW):
    loan = await keeper.lend([customer], purpose, now, make=True)
    token = loan.of(customer).tokenise(text, EMAIL, "text")
    await loan.settle()
    return token


async def opened(keeper: Keeper, token, customer="C-1", purpose="p", field=EMAIL, now=NOW):
    keys = await lent(keeper, customer, purpose, now, make=False)
    return None if keys is None else keys.reveal(token, field)


def change(file: Path, *statements: str) -> None:
    """Change a file as somebody could who may write it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def program(text: str, *arguments: object, before: tuple[str, ...] = (), **options) -> subprocess.Popen[str]:
    """Start a program of its own over the same code."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    command = [*before, sys.executable, "-c", text, *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        **options,
    )
