"""The pages of docs/checks: read, tried, and filled in with what is told of their examples.

A page is `docs/checks/SGnnn.md`:

    # SG107: a word that is none of those known here      the code, and its words in gateway/faults.py
    What it means, in a few sentences.
    ## Why it matters
    ## Wrong        yaml blocks, each beginning with a comment that names its file; then a text block: what is told
    ## Right        yaml blocks of the same files; nothing at all is told of them

`python tests/checks_pages.py` writes what is told into every page that has something to tell, and the index.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.cli.checking import check_folder
from gateway.cli.forms.finding import Checked, Finding, Level
from gateway.cli.forms.text import text as shown
from gateway.cli.testing import Wanted, run_folder
from gateway.config import load as load_config
from gateway.errors import FaultyFiles, Problem
from gateway.faults import Fault

CHECKS = Path(__file__).parent.parent / "docs" / "checks"
INDEX = CHECKS / "README.md"
MADE = "<!-- made by: python tests/checks_pages.py -->\n"

_YAML = re.compile(r"```yaml\n(# ([\w./-]+)\n.*?)```", re.DOTALL)
_TOLD = re.compile(r"(```text\n)(.*?)(```)", re.DOTALL)
_ODD = re.compile(r"⟨(U\+|0x)([0-9A-F]+)⟩")

Files = dict[str, bytes]


@dataclass(frozen=True)
class Page:
    """One page in parts; `told` is None where it shows no report."""

    code: str
    title: str
    meaning: str
    why: str
    wrong: Files
    told: str | None
    right: Files


def page(path: Path) -> Page:
    """Read a page; ValueError where it is not in the form."""
    text = path.read_text(encoding="utf-8")
    parts = re.split(r"\n## (Why it matters|Wrong|Right)\n", text)
    if parts[1::2] != ["Why it matters", "Wrong", "Right"]:
        raise ValueError(f"{path.name} has the parts {parts[1::2]}")
    head, why, wrong, right = parts[::2]
    title, _, meaning = head.partition("\n")
    told = _TOLD.search(wrong)
    return Page(path.stem, title, meaning.strip(), why.strip(), files(wrong), told[2] if told else None, files(right))


def files(text: str) -> Files:
    """Give the files of a text's yaml blocks: each begins with a comment that names it."""
    return {name: _bytes(content) for content, name in _YAML.findall(text)}


def tell(example: Files) -> tuple[Finding, ...]:
    """Give what the gateway tells of an example: of its configuration, of its folder, or of both together."""
    keeps_keys, configuration = True, example.get("gateway.yaml")
    if configuration is not None:
        configured, keeps_keys = _configured(configuration)
        if configured or len(example) == 1:
            return configured
    written = {name: data for name, data in example.items() if name != "gateway.yaml"}
    folder = {**files(INDEX.read_text(encoding="utf-8")), **written}
    found = check_folder(Path(), folder, keeps_keys=keeps_keys).findings
    return found if found or not any(name.startswith("tests/") for name in folder) else _tested(folder)


def report(example: Files) -> str:
    """Give what is told of an example, as text."""
    return shown(tell(example))


def index() -> str:
    """Give the list of all codes for the index."""
    rows = "".join(f"| [{fault}]({fault}.md) | {fault.means} |\n" for fault in Fault)
    return f"{MADE}\n| code | what |\n|---|---|\n{rows}"


def write() -> None:
    """Fill in every page that shows a report, and the index."""
    for path in sorted(CHECKS.glob("SG*.md")):
        text = path.read_text(encoding="utf-8")
        wrong = page(path).wrong
        if wrong and _TOLD.search(text):
            told = report(wrong)
            path.write_text(_TOLD.sub(lambda found, told=told: found[1] + told + found[3], text, count=1), "utf-8")
    text = INDEX.read_text(encoding="utf-8")
    INDEX.write_text(text[: text.index(MADE)] + index(), encoding="utf-8")


def _tested(example: Files) -> tuple[Finding, ...]:
    """Give what `sovgate test` tells of an example's cases; what they reach only where that is what they are about."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, data in example.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(data)
        told = asyncio.run(_run(folder))
    about = {"coverage"} if "tests/coverage.yaml" in example else set()
    found = [finding for one in told if one.name != "coverage" or one.name in about for finding in one.findings]
    return tuple(
        replace(one, place=one.place and replace(one.place, file=one.place.file.removeprefix(f"{name}/")))
        for one in found
    )


async def _run(folder: Path) -> list[Checked]:
    return list((await run_folder(folder, Wanted())).checked())


def _configured(data: bytes) -> tuple[tuple[Finding, ...], bool]:
    """Give what is told of a configuration, and whether it keeps customers' keys."""
    environment = {"ERP_TOKEN": "secret", "TWO_LINES": "a\nb", "KEYS_PASSPHRASE": "a passphrase"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.yaml"
        path.write_bytes(data)
        try:
            settings = load_config(path, environment)
        except FaultyFiles as faulty:
            return tuple(Finding.of(_short(problem, folder), Level.ERROR) for problem in faulty.problems), True
    return (), settings.keys.kept


def _short(problem: Problem, folder: str) -> Problem:
    return replace(problem, place=replace(problem.place, file=problem.place.file.removeprefix(f"{folder}/")))


def _bytes(text: str) -> bytes:
    """Give an example's bytes, with the odd ones that no page can hold."""
    parts = _ODD.split(text)
    odd = (
        bytes.fromhex(digits) if kind == "0x" else chr(int(digits, 16)).encode()
        for kind, digits in zip(parts[1::3], parts[2::3], strict=True)
    )
    return parts[0].encode() + b"".join(one + rest.encode() for one, rest in zip(odd, parts[3::3], strict=True))


if __name__ == "__main__":
    sys.exit(write())
