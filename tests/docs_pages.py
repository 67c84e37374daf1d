"""The docs as a program reads them: a page is blocks, headings and small notes that readers don't see.

How a block is marked, after its three backticks:

    yaml policies/sales.yaml        a file of the page's own folder; written again further down, it is replaced
    yaml policies/sales.yaml wrong  the same, with faults on purpose: what follows shows what is said of them
    yaml part                       keys of a policy, read as one that allows everything in the page's catalogues
    json captures/monday.har        a file as well
    json erp-answers                what the system answers
    json crm-gets                   what reaches the caller then, under the files as they stand
    json crm-writes                 what the caller sends
    json erp-gets                   what reaches the system
    text refused                    what happens instead: the name of a refusal
    console                         `$ sovgate ...` and what it prints; `...` stands for anything; `$ echo $?` too
    console live                    any commands, run by a real shell; one that ends with & runs on behind it

The flow is `GET /api/orders/1001` from crm to erp for order-fulfilment, unless a note above the block says otherwise:

    <!-- try: PUT /api/orders/1001 purpose=none consents=contact role=sales at=2026-11-23T10:00 region=eu -->

`holder`, `presence`, `device`, `boot`, `debug` and `assurance` say what is known of the operator, as in policies.

Customers' keys are the same on all of a page, so what reached the caller as a token can be written back.

A page with the note `<!-- world: shipped -->` begins with the shipped policies, a gateway.yaml, and three flows.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import yaml
from dryrun_kit import ERP, Traffic, listed, order, written
from gate_kit import SHIPPED

from gateway.cli.main import main
from gateway.custody.memory import MemoryCustody
from gateway.errors import SovgateError
from gateway.flow import CustomerFacts, Flow, Purpose, Request, Response
from gateway.policy.load import load
from gateway.policy.model import PolicySet
from gateway.policy.situation import supposed
from gateway.regime import establish
from gateway.storage.policy_folder import read_folder
from gateway.workbench import Trial, Workbench

_FENCE = re.compile(r"^(`{3,})([^`\n]*)\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
_TRY = re.compile(r"<!-- try: (.+?) -->")
WORLD = f"""
version: 1
policies: policies
state: state
systems: {{erp: {{at: /erp, upstream: {ERP}}}}}
identity: {{development: {{system: crm}}}}
"""
_JSON = (("Content-Type", "application/json"),)
OPEN = ("SG421", "SG424")
"""Doubts that a page's last word may leave open: an operation nobody may use yet, a class no rule protects yet."""

_MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Block:
    """One fenced block: the words after the backticks, what is in it, the line where it begins, the note above it."""

    info: tuple[str, ...]
    text: str
    line: int
    note: str = ""

    @property
    def kind(self) -> str:
        return " ".join(self.info[:2]) if self.info[:1] in {("json",), ("text",)} else (*self.info, "")[0]


@dataclass(frozen=True)
class Page:
    """A page of the docs."""

    path: Path
    text: str

    @property
    def blocks(self) -> list[Block]:
        found, start = [], 0
        for match in _FENCE.finditer(self.text):
            notes = _TRY.findall(self.text[start : match.start()])
            line = self.text.count("\n", 0, match.start()) + 1
            found.append(Block(tuple(match[2].split()), match[3], line, notes[-1] if notes else ""))
            start = match.end()
        return found

    @property
    def prose(self) -> str:
        return _FENCE.sub("", self.text)

    @property
    def headings(self) -> list[int]:
        """Give the levels of the headings, in order."""
        return [len(marks) for marks, _ in _HEADING.findall(self.prose)]

    @property
    def runs(self) -> bool:
        """Tell whether any of it is meant to be tried."""
        return any(len(block.info) > 1 or block.info[:1] == ("console",) for block in self.blocks)


def read(path: Path) -> Page:
    return Page(path, path.read_text(encoding="utf-8"))


@dataclass
class Reading:
    """A page being tried in a folder of its own, block after block."""

    page: Page
    folder: Path
    note: str = ""
    answer: bytes = b""
    trial: Trial | None = None
    code: int = 0
    wrong: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    custody: MemoryCustody = field(default_factory=MemoryCustody)
    shell: Shell = field(init=False)

    def run(self) -> None:
        with Shell() as self.shell:
            self._run()

    def _run(self) -> None:
        if "<!-- world: shipped -->" in self.page.text:
            shutil.copytree(SHIPPED, self.folder / "policies")
            traffic = Traffic()
            for _ in range(3):
                traffic.ask(answer=listed(order(), order()))
            written(self.folder / "monday.har", traffic.items)
            (self.folder / "gateway.yaml").write_text(WORLD)
        for block in self.page.blocks:
            try:
                self._take(block)
            except Exception as error:
                error.add_note(f"{self.page.path.name}:{block.line}")
                raise
        self._look()
        if (self.folder / "policies").is_dir():
            doubts = [str(doubt) for doubt in self._policies().warnings if doubt.code not in OPEN]
            assert doubts == [], doubts

    def _take(self, block: Block) -> None:
        self.note = block.note or self.note
        match block.kind:
            case "yaml" if block.info[1:] == ("part",):
                self._part(block.text)
            case "yaml" if len(block.info) > 1:
                self._write(block)
            case kind if kind.startswith("json ") and "." in kind:
                self._write(block)
            case "json erp-answers":
                json.loads(block.text)
                self.answer = block.text.encode()
            case "json crm-writes":
                self.trial = self._try(block.text.encode())
            case "json erp-gets":
                assert self.trial is not None
                assert self.trial.forwarded is not None, self.trial.refusal
                same(json.loads(self.trial.forwarded.body), json.loads(block.text))
                self.trial = None
            case "json crm-gets":
                trial = self._try(b"")
                assert trial.released is not None
                same(trial.refusal or json.loads(trial.released.body), json.loads(block.text))
            case "text refused":
                trial = self._try(b"") if self.trial is None else self.trial
                self.trial = None
                same(trial.refusal, block.text.strip())
            case "console" if block.info[1:] == ("live",):
                self.folder = self.shell.run(block.text, self.folder)
            case "console":
                self._look()
                self._console(block.text)

    def _write(self, block: Block) -> None:
        name = block.info[1]
        path = self.folder / name
        if name in self.unseen:
            self._look()
        assert not name.startswith("/"), name
        assert ".." not in name, name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        self.wrong.discard(name)
        if "wrong" in block.info:
            self.wrong.add(name)
        self.unseen.add(name)

    def _look(self) -> None:
        """See to it that the files as they stand can be put in force, wherever they should be."""
        if self.unseen and not self.wrong and (self.folder / "policies").is_dir():
            establish(self._policies())
        self.unseen.clear()

    def _policies(self) -> PolicySet:
        return load(read_folder(self.folder / "policies"))

    def _part(self, text: str) -> None:
        """Load keys of a policy as part of one."""
        files = read_folder(self.folder / "policies")
        kept = {name: data for name, data in files.items() if "/" in name or name == "consents.yaml"}
        given = yaml.safe_load(text)
        lines = ["version: 1", "policy: part"]
        lines += [] if "scope" in given else ["scope: {from: [crm], to: [erp]}"]
        lines += [] if "allow" in given else ["allow: true"]
        establish(load({**kept, "part.yaml": ("\n".join(lines) + "\n" + text).encode()}))

    def _try(self, body: bytes) -> Trial:
        self._look()
        flow, known = flow_of(self.note, body)
        return asyncio.run(_put(self._policies(), flow, Response(200, _JSON, self.answer), known, self.custody))

    def _console(self, text: str) -> None:
        said = ""
        for command, shown in commands(text):
            if command == "echo $?":
                assert shown.strip() == str(self.code)
                self.code = 0
                continue
            if command.startswith("cd "):
                self.folder /= command.removeprefix("cd ")
                continue
            assert self.code == 0, f"before `{command}`: ended with {self.code}, and the page doesn't say so: {said}"
            self.code, said = run(command, self.folder)
            if shown.strip():
                assert alike(shown, said), f"$ {command}\n{said}\n--- the page shows:\n{shown}"
        assert self.code == 0, f"a command ended with {self.code}, and the page doesn't say so"


class Shell:
    """Runs what a page tells people to type, on ports that are free; what it started ends with it."""

    def __init__(self) -> None:
        self.ports = {port: _free() for port in ("8080", "8081", "9000")}
        self.behind: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SOVGATE_SERVE_LISTEN": f"127.0.0.1:{self.ports['8080']}",
            "SOVGATE_SERVE_ADMIN": f"127.0.0.1:{self.ports['8081']}",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.behind:
            process.terminate()
        for process in self.behind:
            process.wait(15)

    def run(self, text: str, folder: Path) -> Path:
        """Run commands one after the other; give the folder in which they leave off."""
        for command, shown in commands(text):
            typed = re.sub("|".join(self.ports), lambda port: str(self.ports[port[0]]), command)
            if typed.startswith("cd "):
                folder /= typed.removeprefix("cd ")
            elif typed.endswith(" &"):
                self._behind(typed.removesuffix(" &"), folder)
            else:
                done = subprocess.run(
                    ["bash", "-c", typed],
                    cwd=folder,
                    env=self.environment,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
                assert not shown.strip() or alike(shown, done.stdout), (
                    f"$ {command}\n{done.stdout}\n--- shown:\n{shown}"
                )
        return folder

    def _behind(self, command: str, folder: Path) -> None:
        """Start something that goes on, and wait until it listens."""
        port = self.ports["8080"] if "sovgate" in command else self.ports["9000"]
        arguments = {"cwd": folder, "env": self.environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(["bash", "-c", f"exec {command}"], **arguments)
        self.behind.append(process)
        end = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        raise AssertionError(f"nothing listens after: {command}")


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def same(made: object, shown: object) -> None:
    assert made == shown, f"the gateway makes {made}, the page shows {shown}"


def flow_of(note: str, body: bytes) -> tuple[Flow, Any]:
    """Make the flow that a note tells of, and what is known of its customers."""
    words = note.split()
    target = [word for word in words if "=" not in word.partition("?")[0]] or ["GET", "/api/orders/1001"]
    said = dict(word.split("=", 1) for word in words if "=" in word.partition("?")[0])
    operator = supposed(said, said.get("from", "crm"), "ann", "jwt")
    purpose = said.get("purpose", "order-fulfilment")
    at = datetime.fromisoformat(said["at"]).replace(tzinfo=UTC) if "at" in said else _MONDAY
    flow = Flow(
        id="1",
        started=int(at.timestamp()) * 10**9,
        to=said.get("to", "erp"),
        request=Request(target[0], target[1], _JSON if body else (), body),
        operator=operator,
        purpose=None if purpose == "none" else Purpose(purpose, said.get("source", "claim")),
        peer=said.get("peer", ""),
    )
    agreed = frozenset(said["consents"].split(",")) if "consents" in said else frozenset()
    whose = said.get("of", "").split(",") if "of" in said else None
    attributes = {name: said[name] for name in ("region", "tier") if name in said}

    def known(customer: str) -> CustomerFacts:
        return CustomerFacts(customer, agreed if whose is None or customer in whose else frozenset(), attributes)

    return flow, known


async def _put(policies: PolicySet, flow: Flow, answer: Response, known: Any, custody: MemoryCustody) -> Trial:
    async def offload(work: Any, *arguments: Any) -> Any:
        return work(*arguments)

    return await Workbench(policies, offload, custody=custody).put(flow, answer, known)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Give each command of a console with what is shown below it. A line that ends with \\ goes on."""
    parts = re.split(r"^\$ ", text.replace("\\\n", ""), flags=re.MULTILINE)
    assert not parts[0].strip(), "a console begins with a command"
    for part in parts[1:]:
        command, _, shown = part.partition("\n")
        yield re.sub(r"\s+#\s.*$", "", command), shown


def run(command: str, folder: Path) -> tuple[int, str]:
    """Run one command as in a shell in that folder: `sovgate`, `cat`, `cp -r`, `mkdir -p`. Give code and output."""
    words = shlex.split(command)
    target = None
    if len(words) > 2 and words[-2] == ">":
        *words, _, target = words
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)
    code = 0
    if words[0] == "cat":
        output.write("".join((folder / name).read_text(encoding="utf-8") for name in words[1:]))
    elif words[:2] == ["cp", "-r"]:
        shutil.copytree(folder / words[2], folder / words[3])
    elif words[:2] == ["mkdir", "-p"]:
        (folder / words[2]).mkdir(parents=True, exist_ok=True)
    else:
        assert words[0] == "sovgate", command
        with (
            contextlib.chdir(folder),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            _arguments(words),
        ):
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(bool(end.code))
            except SovgateError as error:
                raise AssertionError(command) from error
    said = output.detach().getvalue().decode()
    if target is not None:
        (folder / target).write_text(said, encoding="utf-8")
        return code, ""
    return code, said


@contextlib.contextmanager
def _arguments(words: list[str]) -> Iterator[None]:
    before, sys.argv = sys.argv, words
    try:
        yield
    finally:
        sys.argv = before


def alike(shown: str, said: str) -> bool:
    """Tell whether an output is what is shown, where `...` stands for anything, even for several lines."""
    pattern = ".*?".join(re.escape(piece.strip(" ")) for piece in _bare(shown).split("..."))
    return re.fullmatch(pattern, _bare(said), re.DOTALL) is not None


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
