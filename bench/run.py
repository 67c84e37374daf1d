"""Measures what the design promises, side by side with peers, in one run: `make bench`, or

    python bench/run.py [--quick] [--only proxy,memory,tables,exports,xml,stream,keys,...] [--json FILE]

Everything runs on 127.0.0.1, is bounded in time, and is stopped at the end. Peers that aren't installed are named, with
how to install them. It exits 0 where everything ran, whatever the numbers are, and 1 where something failed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import memory, proxy, report
from bench.load import LoadFailed
from bench.processes import DidNotStart

ROOT = report.ROOT
PROGRAMS = {
    "decision": "decision.py",
    "audit": "audit_log.py",
    "workers": "workers.py",
    "json": "json_body.py",
    "marks": "marks.py",
    "beside": "beside.py",
    "xml": "xml_body.py",
    "tables": "tables.py",
    "exports": "exports.py",
    "stream": "stream.py",
    "check": "check.py",
    "dryrun": "dry_run.py",
    "keys": "keys.py",
}
"""Sections that are programs of their own; each prints JSON with `--json`."""

SECTIONS = ("proxy", "memory", *PROGRAMS)
CACHE = ROOT / ".cache/bench"
_LONGEST = 240  # seconds that a program may take


def main(words: list[str] | None = None) -> int:
    """Measure, print tables, write JSON."""
    asked = _arguments().parse_args(words)
    tell = report.console()
    CACHE.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"surroundings": report.surroundings(), "sections": {}}
    for name in asked.only:
        tell.print(f"measuring: {name}", style="dim")
        # The state is on the disk that holds the project, since what is durable costs what the disk costs.
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=CACHE))
        try:
            found["sections"][name] = _section(name, asked, folder, lambda text: tell.print(f"  {text}", style="dim"))
        except (LoadFailed, DidNotStart, OSError, subprocess.SubprocessError) as error:
            found["sections"][name] = {"failed": str(error)}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    report.show(found, tell)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(found, indent=2) + "\n")
    tell.print(f"as JSON: {asked.json}", markup=False)
    return 1 if any("failed" in section for section in found["sections"].values()) else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two rounds of a second: to see that it works")
    parser.add_argument("--only", type=_names, default=_present(), help=f"some of: {','.join(SECTIONS)}")
    parser.add_argument("--rounds", type=int, help="rounds of the proxy section (default 5; 2 with --quick)")
    parser.add_argument("--seconds", type=int, help="seconds of each measurement (default 2; 1 with --quick)")
    parser.add_argument("--load", choices=("auto", "wrk", "own"), default="auto", help="what sends the requests")
    parser.add_argument("--json", type=Path, default=CACHE / "latest.json", help="where the JSON goes")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"no section is called {name!r}; there are {', '.join(SECTIONS)}")
    return names


def _present() -> list[str]:
    return [name for name in SECTIONS if name not in PROGRAMS or (ROOT / "bench" / PROGRAMS[name]).exists()]


def _section(name: str, asked: argparse.Namespace, folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    rounds, seconds = asked.rounds or (2 if asked.quick else 5), asked.seconds or (1 if asked.quick else 2)
    if name == "proxy":
        return proxy.measure(proxy.Plan(rounds, seconds, asked.load), folder, tell)
    if name == "memory":
        return memory.measure(seconds, folder, asked.load)
    return _program(ROOT / "bench" / PROGRAMS[name])


def _program(file: Path) -> dict[str, Any]:
    """Run a section that is a program of its own."""
    done = subprocess.run(
        [sys.executable, file, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST, check=False
    )
    if done.returncode:
        return {"failed": (done.stderr.strip() or done.stdout.strip())[-2000:]}
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return {"text": done.stdout}
    return said if isinstance(said, dict) else {"rows": said}


if __name__ == "__main__":
    sys.exit(main())
