"""`sovgate discover`: draft a catalogue from captured traffic, and from documents about the systems."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import orjson

from gateway.cli import options, reading
from gateway.cli.discovering import documents, existing_in, sites_of
from gateway.cli.main import COULD_NOT
from gateway.cli.reading import Readings
from gateway.discover.discover import draft
from gateway.discover.draft import Discovery
from gateway.discover.report import as_json, summary
from gateway.discover.traffic import Traffic
from gateway.discover.write import text_of
from gateway.errors import BadCapture

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("discover")
@click.argument("captures", nargs=-1, type=click.Path(exists=True, allow_dash=True))
@reading.keys
@click.option(
    "--system",
    "systems",
    metavar="NAME[=ADDRESS]",
    multiple=True,
    help="What a system is called, and where it was reached: https://erp.example.com/base, //host, /path.",
)
@click.option("--openapi", "openapi", metavar="FILE", multiple=True, type=_FILE, help="An OpenAPI or Swagger document.")
@click.option("--metadata", "metadata", metavar="FILE", multiple=True, type=_FILE, help="An OData $metadata document.")
@click.option(
    "--catalog", "folder", metavar="DIR", type=_FOLDER, help="Policies whose catalogues exist: draft what is new."
)
@click.option("--out", metavar="DIR", type=_FOLDER, help="Write a file for each system into this folder.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@options.output
def command(
    captures: tuple[str, ...],
    key_files: tuple[Path, ...],
    systems: tuple[str, ...],
    openapi: tuple[Path, ...],
    metadata: tuple[Path, ...],
    folder: Path | None,
    out: Path | None,
    force: bool,
    form: str,
) -> None:
    """Draft a catalogue from the traffic of each CAPTURE: operations, messages, customers, a class for each field.

    A CAPTURE is a HAR file, a file of mitmproxy's, one that `sovgate serve --capture` wrote, a folder of these, or `-`.
    No value of the traffic is in the draft. Nothing is in force until you put it among your policies.

    Exit 0: there is a draft. 2: it could not run, or found nothing to draft.
    """
    if not captures and not openapi and not metadata:
        raise click.UsageError("name a CAPTURE, or a document with --openapi or --metadata")
    name, sites = sites_of(systems)
    declared, existing = documents(openapi, metadata), existing_in(folder)
    literals = frozenset(word for document in declared for word in document.literals)
    traffic = Traffic(sites, literals, existing)
    readings = Readings(captures, key_files) if captures else None
    for _, entry in readings or ():
        traffic.add(entry)
    if readings is not None and readings.faulty:
        raise BadCapture("\n".join(f"{one.name}: {one.fault}" for one in readings.readings if one.fault))
    found = draft(traffic, declared, existing, name)
    _show(found, out, form, force=force)
    if not found.drafts:
        click.echo("nothing to draft: no request of a system was found that isn't named already", err=True)
        sys.exit(COULD_NOT)


def _show(found: Discovery, out: Path | None, form: str, *, force: bool) -> None:
    texts = {f"{one.system}{'.additions' if one.amends else ''}.yaml": text_of(one) for one in found.drafts}
    if out is not None:
        _write(out, texts, force=force)
    if form == "json":
        click.echo(orjson.dumps(as_json(found), option=orjson.OPT_INDENT_2).decode())
        return
    if out is None:
        click.echo("\n".join(_together(texts, summary(found))))
        return
    for name in texts:
        click.echo(f"written: {out / name}")
    for line in summary(found):
        click.echo(line)


def _together(texts: Mapping[str, str], told: Iterable[str]) -> Iterable[str]:
    """Give the drafts with what is to be told as comments, so that one draft alone is a file as it is printed."""
    for name, text in texts.items():
        if len(texts) > 1:
            yield f"# ---- {name} ----"
        yield text
    yield from (f"# {line}" for line in told)


def _write(out: Path, texts: Mapping[str, str], *, force: bool) -> None:
    """Write the files; none of them if one is there already."""
    there = [name for name in texts if (out / name).exists()]
    if there and not force:
        raise click.UsageError(f"{out / there[0]} is there already: name another folder, or say --force")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from None
