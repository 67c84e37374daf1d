"""`sovgate check` of a large house: 1,000 policies over 10 catalogues of 50 operations each, the whole process.

Run it with `python bench/check.py` (a table) or `python bench/check.py --json` (for machines).

The files are what officers write: a scope, a grant, three protections with an exception by consent, a denial in a time
window. Nothing in them is wrong or doubtful, so that all of them are loaded, made ready and doubted to the end.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

SYSTEMS, OPERATIONS, POLICIES = 10, 50, 1_000
TARGET_S = 2.0
RUNS = 5

CONSENTS = """\
version: 1
consents:
  contact:
    wording: Sales may see how to reach me while my orders are handled.
    purposes: [order-fulfilment, service]
    classes: [user.contact]
    recipients: [crm]
    days: 730
"""
MESSAGE = """\
  record-{number}:
    format: json
    customer: $.customer.id
    fields:
      $.id: business.order
      $.customer.id: user.unique_id
      $.customer.name: user.name
      $.customer.email: {{class: user.contact.email, collected_for: order fulfilment, shared_with: [crm]}}
      $.customer.phone: user.contact.phone_number
      $.customer.government_id: user.government_id
      "$.lines[*].price": business.price
      "$.lines[*].quantity": business.quantity
  list-{number}: {{format: json, records: "$.value[*]", each: record-{number}}}
"""
POLICY = """\
version: 1
policy: policy-{number:04}
title: What sales may see of things of kind {number}
basis: [GDPR Art. 5(1)(c), PIPL Art. 6]
scope:
  from: crm
  to: {system}
  operations: {operation}
  purposes: {purpose}
  purpose_from: [claim, header]
allow: true
deny:
  - {{operator: {{kind: agent}}, time: {{days: [sat, sun], zone: Europe/Berlin}}}}
protect:
  - {{classes: user.contact, leg: response, treatment: mask, keep_last: 4, unless: {{consent: contact}}}}
  - {{classes: user.government_id, leg: response, treatment: remove}}
  - {{classes: [business.price, user.name], leg: response, treatment: redact, unless: {{operator: {{role: finance}}}}}}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured: seconds of the whole process by the clock and of the processor, and its most memory."""

    files: int
    bytes: int
    seconds: float
    least_s: float
    cpu_s: float
    memory_mib: float
    target_s: float = TARGET_S


def write(folder: Path, policies: int = POLICIES) -> None:
    """Write the house."""
    (folder / "catalog").mkdir(parents=True)
    (folder / "consents.yaml").write_text(CONSENTS)
    (folder / "catalog" / "crm.yaml").write_text("version: 1\ncatalog: crm\n")
    for system in range(SYSTEMS):
        (folder / "catalog" / f"system-{system}.yaml").write_text(catalogue(f"system-{system}"))
    for number in range(policies):
        operation = number % (SYSTEMS * OPERATIONS)
        text = POLICY.format(
            number=number,
            system=f"system-{operation % SYSTEMS}",
            operation=f"operation-{operation // SYSTEMS}",
            purpose="order-fulfilment" if number < SYSTEMS * OPERATIONS else "service",
        )
        (folder / f"policy-{number:04}.yaml").write_text(text)


def catalogue(system: str) -> str:
    """Write a catalogue: each of five messages for ten operations, as lists and as single records."""
    operations = "".join(
        f'  operation-{number}: {{request: "GET /api/kind-{number}/{{id}}", '
        f"response: {'list' if number % 2 else 'record'}-{number // 2 % 5}}}\n"
        for number in range(OPERATIONS)
    )
    messages = "".join(MESSAGE.format(number=number) for number in range(5))
    return f"version: 1\ncatalog: {system}\nregion: eu-central\noperations:\n{operations}messages:\n{messages}"


def measure(folder: Path, runs: int = RUNS) -> Row:
    """Check the house some times; each must find it fine."""
    command = [Path(sys.executable).with_name("sovgate"), "check", folder]
    seconds, before = [], resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(runs):
        started = time.perf_counter()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"}
        )
        seconds.append(time.perf_counter() - started)
        if done.returncode or ": fine: " not in done.stdout or "warning" in done.stdout:
            raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return Row(
        files=len(files),
        bytes=sum(path.stat().st_size for path in files),
        seconds=round(statistics.median(seconds), 3),
        least_s=round(min(seconds), 3),
        cpu_s=round((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / runs, 3),
        memory_mib=round(after.ru_maxrss / 1024, 1),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "policies")
        row = measure(Path(folder) / "policies")
    if asked.json:
        print(json.dumps({"rows": [asdict(row)]}))
        return
    verdict = "reached" if row.seconds < TARGET_S else "NOT reached"
    print(f"{row.files} files, {row.bytes / 1e6:.1f} MB: {row.seconds} s (least {row.least_s}), {row.cpu_s} s of CPU,")
    print(f"{row.memory_mib} MiB at most; target {TARGET_S} s: {verdict}")


if __name__ == "__main__":
    main()
