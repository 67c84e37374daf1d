"""What was measured, as tables for people; the same goes to a file as JSON."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
_WIDTH = 110
_BUSY = 0.5  # processes that wanted to run, on average of the minute before
_LIBRARIES = ("aiohttp", "cryptography", "msgspec", "orjson", "uvloop")


def surroundings() -> dict[str, object]:
    """Say where and on what was measured, and nothing about whose machine it is."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "commit": _commit(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def console() -> Console:
    """Give a console that is wide enough for the tables where it is no terminal."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(width=_WIDTH, highlight=False)


def show(found: Mapping[str, Any], to: Console) -> None:
    """Print every section that was measured."""
    for name, section in found["sections"].items():
        to.print(f"\n[bold]{name}[/]")
        if "failed" in section:
            to.print(f"  failed: {section['failed']}", style="red", markup=False)
        elif name == "proxy":
            _show_proxy(section, to)
        elif name == "memory":
            _show_memory(section, to)
        else:
            _show_any(section, to)
    made = found["surroundings"]
    to.print(f"\ncommit {made['commit']}, {made['cores']} cores, Python {made['python']}")
    if made["load_before"] > _BUSY:
        to.print(f"the machine was busy before it began (load {made['load_before']}): ratios hold better than rates")


def _show_proxy(section: Mapping[str, Any], to: Console) -> None:
    ours = {row["workload"]: row["rate"] for row in section["rows"] if row["contestant"] == "gateway"}
    for name, workload in section["workloads"].items():
        note = "" if workload["counts"] else " (for information)"
        table = Table(title=f"{workload['title']}, {workload['bytes']:,} bytes{note}", title_justify="left", box=None)
        for heading in ("", "requests/s", "least", "most", "gateway is", "p50 ms", "p99 ms", "CPU us/request"):
            table.add_column(heading, justify="right" if heading else "left")
        for row in (row for row in section["rows"] if row["workload"] == name):
            ratio = f"{ours[name] / row['rate']:.2f} of it" if name in ours else ""
            table.add_row(
                row["contestant"], f"{row['rate']:,.0f}", f"{row['rate_min']:,.0f}", f"{row['rate_max']:,.0f}", ratio,
                f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['cpu_us']:,.0f}",
            )  # fmt: skip
        to.print(table)
        to.print()
    to.print(_targets(section["targets"]))
    for name, how in section["missing"].items():
        to.print(f"not measured: {name}. To have it: {how}", markup=False)
    for name, one in section["recorded"].items():
        to.print(f"{name}: {one['entries']:,} durable signed entries for {one['flows']:,} flows")
    told = f"{section['rounds']} rounds of {section['seconds']} s, load by {section['load']}"
    to.print(f"{told}, upstream {section['upstream']}; medians; ratios of targets within each round")


def _targets(targets: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(title="targets", title_justify="left", box=None)
    for heading in ("workload", "gateway against", "wanted", "measured", "by CPU time", ""):
        table.add_column(heading, justify="right" if heading in {"wanted", "measured", "by CPU time"} else "left")
    for one in targets:
        wanted = f"{one['wanted']:.2f}" if one["wanted"] else "later"
        if one["ratio"] is None:
            table.add_row(one["workload"], one["against"], wanted, "-", "-", "not measured")
            continue
        verdict = "" if one["wanted"] is None else "reached" if one["reached"] else "NOT reached"
        table.add_row(
            one["workload"], one["against"], wanted, f"{one['ratio']:.2f}", f"{one['cpu_ratio']:.2f}", verdict
        )
    return table


def _show_memory(section: Mapping[str, Any], to: Console) -> None:
    verdict = "reached" if section["reached"] else "NOT reached"
    to.print(
        f"at rest {section['rest_mib']} MiB in {section['processes']} processes"
        f" (limit {section['limit_mib']}: {verdict}); after one flow of each kind {section['once_mib']};"
        f" after load {section['worked_mib']}, and a little later {section['settled_mib']}"
    )
    to.print("while exports of a GiB stream: see the section exports")


def _show_any(section: Mapping[str, Any], to: Console) -> None:
    """Print what another program found: lists of rows as tables, everything else as it is."""
    if "text" in section:
        to.print(section["text"], markup=False)
        return
    for name, value in section.items():
        if isinstance(value, Sequence) and value and all(isinstance(row, Mapping) for row in value):
            to.print(_rows(name, value))
        elif isinstance(value, Mapping):
            to.print(_rows(name, [value]))
        else:
            to.print(f"{name}: {value if isinstance(value, str) else json.dumps(value)}", markup=False)


def _rows(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in names))
    return table


def _commit() -> str:
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said.stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
