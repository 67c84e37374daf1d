"""`sovgate audit export`: entries of the log as a package for a court, certified and stamped."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import aiohttp
import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import __version__
from gateway.audit.bundle import STAMP as STAMP_OVER_IT
from gateway.audit.bundle import STAMPED as STAMPED_HEAD
from gateway.audit.bundle import Bundle, Trusted
from gateway.audit.gather import Gathering
from gateway.audit.reading import Files
from gateway.audit.show import Filter, show
from gateway.audit.signatures import EntryKeys, thumbprint
from gateway.audit.statement import sign_statement
from gateway.cli import options
from gateway.cli.audit_certificate import CERTIFICATE, STAMP
from gateway.cli.audit_gathering import Attesters, Staged, explained
from gateway.cli.audit_prove import roots, witness
from gateway.cli.audit_wanted import code, filters, log, wanted
from gateway.cli.house import AUDIT, open_keys
from gateway.cli.main import COULD_NOT, NO
from gateway.config import Settings, load
from gateway.errors import BrokenLog, NoTimestamps, SovgateError
from gateway.storage.bag import ALGORITHMS, DECLARATION, Bag, bag
from gateway.storage.folder import Folder
from gateway.storage.parcel import Exists, parcel
from gateway.witness.settings import TimestampSettings
from gateway.witness.stamping import stamp


@click.command("export")
@click.argument("out", type=click.Path(path_type=Path))
@filters
@log
@witness
@roots
@click.option("--uncertified", is_flag=True, help="Without the certificate: the gateway's keys are not at hand.")
@options.config
def export(out: Path, folder: Path | None, config_file: Path, *, uncertified: bool, **asked: Any) -> None:
    """Write the entries that fit to OUT, a new folder or a .zip: a BagIt bag with proofs, keys and a certificate.

    Exit 0: it is written. 1: no entry fits, or the log is broken. 2: it could not be written.
    """
    code(asked["mark"])
    given = {name: asked.pop(name) for name in ("witness", "roots")}
    needs = folder is None or not uncertified or asked["customer"] or asked["operator"]
    settings = load(config_file, os.environ, secrets=False) if needs else None
    place = folder or (settings.state / AUDIT if settings else Path())
    files, attesters = Folder(place), Attesters.of(settings, given["witness"], given["roots"])
    try:
        key = None if uncertified or settings is None else _key(settings, files)
        count = _write(out, files, wanted(asked, settings), attesters, key, settings)
    except (Exists, NoTimestamps) as error:
        click.echo(str(error), err=True)
        sys.exit(COULD_NOT)
    except BrokenLog as error:
        click.echo(f"{place}: {error}", err=True)
        sys.exit(NO)
    click.echo(f"{out}: {count} entries" + ("" if key is not None else ", without a certificate"))


def _write(
    out: Path,
    files: Files,
    asked: Filter,
    attesters: Attesters,
    key: Ed25519PrivateKey | None,
    settings: Settings | None,
) -> int:
    """Write the package; gives how many entries it holds. Raises `BrokenLog`, `NoTimestamps`, `OSError`."""
    gathering = Gathering.of(files, attesters.witnesses)
    removed: list[int] = []
    found = show(files, asked, gathering.published, removed.append)
    first = next((entry.index for entry in found if entry.index < gathering.head.checkpoint.size), None)
    if first is None:
        raise BrokenLog("no entry fits, or none that fits is published yet")
    staged = Staged(dict(gathering.keys(attesters.lines, attesters.roots)))
    checking = Bundle(staged, Trusted(witnesses=attesters.witnesses, roots=attesters.roots))
    with parcel(out) as put, bag(put) as package:
        example, count = None, 0
        for path, data in staged.files.items():
            package.put(path, data)
        for index in chain([first], (entry.index for entry in found)):
            if index >= gathering.head.checkpoint.size:
                break  # later than the head that everything is proven by
            one = dict(gathering.entry(index, stamps=attesters.roots is not None))
            staged.hold(one)
            proven = checking.entry(str(index))
            for path, data in one.items():
                add = package.share if path.endswith((STAMPED_HEAD, STAMP_OVER_IT)) else package.put
                add(path, data)
            example, count = example or (Staged(dict(staged.files)), proven), count + 1
        assert example is not None, "there is a first entry"
        _log(package, files, gathering)
        about = _told(asked, sum(removed))
        told = {"asked": about, "count": str(count), "certificate": _certificate_told(key, settings)}
        shown, entry = example
        for path, data in explained("export.txt", shown, gathering, attesters, (entry, checking.proven()), told):
            package.put(path, data)
        _close(package, gathering, about, count, key, settings)
    return count


def _log(package: Bag, files: Files, gathering: Gathering) -> None:
    """Add the head, and the tiles of hashes that the proofs were made from."""
    package.put("log/checkpoint", gathering.head.note)
    for path in gathering.tiles:
        data = files.read(path)
        if data is not None:  # a partial tile that is full by now: the full one is read at its next use
            package.put(f"log/{path}", data)


def _close(
    package: Bag,
    gathering: Gathering,
    about: str,
    count: int,
    key: Ed25519PrivateKey | None,
    settings: Settings | None,
) -> None:
    """Write what lies beside the payload: what is certified, the certificate, its stamp, the last manifests."""
    head = gathering.head.checkpoint
    info = {
        "Source-Organization": head.origin,
        "External-Description": f"Entries of the audit log {head.origin}: {about}",
        "Bagging-Date": f"{datetime.now(UTC):%Y-%m-%d}",
        "Bag-Software-Agent": f"sovgate {__version__}",
        "Payload-Oxum": f"{package.size}.{package.files}",
    }
    certified = {
        "bagit.txt": package.tag("bagit.txt", DECLARATION),
        "bag-info.txt": package.tag(
            "bag-info.txt", "".join(f"{name}: {text}\n" for name, text in info.items()).encode()
        ),
        **package.manifests(),
    }
    if key is not None:
        subjects = {name: dict(zip(ALGORITHMS, digests, strict=True)) for name, digests in certified.items()}
        predicate = {
            "log": head.origin,
            "size": head.size,
            "root": head.root.hex(),
            "entries": count,
            "asked": about,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "tool": f"sovgate {__version__}",
        }
        envelope = sign_statement(subjects, predicate, key)
        package.tag(CERTIFICATE, envelope)
        if (authority := settings.audit.timestamps if settings is not None else None) is not None:
            answer = _stamped(authority, envelope)
            if answer is not None:
                package.tag(STAMP, answer)
    package.close()


def _stamped(authority: TimestampSettings, data: bytes) -> bytes | None:
    """Have a certificate stamped; None, and a word about it, where that fails and isn't required."""

    async def ask() -> bytes:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as session:
            return (await stamp(session, authority, data))[0]

    try:
        return asyncio.run(ask())
    except NoTimestamps as error:
        if authority.required:
            raise
        click.echo(f"without a timestamp: {error}", err=True)
        return None


def _key(settings: Settings, files: Files) -> Ed25519PrivateKey:
    """Give the key that certifies: the one that signs entries. Raises `SovgateError` where it is none of the log's."""
    jwks = files.read("keys.jwks")
    if jwks is None:
        raise BrokenLog("keys.jwks: missing: there is no log here, or a part of it was deleted")
    key = open_keys(settings).keyring.entries
    if thumbprint(key.public_key()) not in EntryKeys(jwks).keys:
        raise SovgateError(
            "the gateway's key is none of this log: name its configuration with -c, or use --uncertified"
        )
    return key


def _certificate_told(key: Ed25519PrivateKey | None, settings: Settings | None) -> str:
    if key is None:
        return "It has no certificate: it was made without\nthe gateway's keys."
    stamped = settings is not None and settings.audit.timestamps is not None
    more = f",\nand {STAMP} the time (RFC 3161) that an authority says it was made by" if stamped else ""
    what = f"{CERTIFICATE} is a statement over these\n(in-toto, in a DSSE envelope)"
    return f"{what}, signed with the log's key for entries{more}."


def _told(asked: Filter, removed: int) -> str:
    """Say what was asked for, people by their pseudonyms, and what could not be searched for it."""
    gone = f"; {removed} entries were not searched, because their bodies had been removed" if removed else ""
    return (", ".join(_asked(asked)) or "all") + gone


def _asked(asked: Filter) -> Iterator[str]:
    for name in Filter.__dataclass_fields__:
        if (value := getattr(asked, name)) is not None:
            yield f"{name.rstrip('_')} {value}"
