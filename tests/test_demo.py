"""`make demo` and `make run`, as a newcomer runs them: real processes, real HTTP, and every check of the demo holds."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def test_the_demo_holds_and_keeps_what_it_made(tmp_path):
    kept = tmp_path / "kept"
    demo = [sys.executable, str(ROOT / "examples/orders/demo.py"), "--keep", str(kept)]
    ran = subprocess.run(demo, capture_output=True, text=True, timeout=150, env=ENVIRONMENT, check=False)
    assert re.search(r"^All \d+ checks held\.$", ran.stdout, re.MULTILINE), ran.stdout + ran.stderr
    assert ran.returncode == 0
    assert "\x1b" not in ran.stdout
    assert max(map(len, ran.stdout.splitlines()[:-1])) <= 100
    assert {"marked-invoice.pdf", "marked-photo.png", "gateway", "tampered"} <= {one.name for one in kept.iterdir()}


def test_the_demo_fails_where_the_policies_say_otherwise(tmp_path):
    """The demo's own expectations are what it checks: with a rule taken out, it must say so."""
    policies = tmp_path / "policies"
    subprocess.run(["cp", "-r", str(ROOT / "policies"), str(policies)], check=True)
    written = policies / "sales-reads-orders.yaml"
    text = written.read_text()
    assert "treatment: remove" in text
    written.write_text(text.replace("treatment: remove", "treatment: redact"))
    program = (
        "import asyncio, pathlib, sys; from examples import sidecar; from examples.orders import demo, reading;"
        "demo.SCENES = (reading.one_order,);"
        f"demo.Setting = lambda folder, upstream: sidecar.Setting(folder, upstream, pathlib.Path({str(policies)!r}));"
        f"sys.exit(asyncio.run(demo.play(pathlib.Path({str(tmp_path / 'made')!r}))))"
    )
    asked = [sys.executable, "-c", program]
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=60, env=ENVIRONMENT, cwd=ROOT, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "NOT SO: every byte is as the policies say" in ran.stdout


@pytest.fixture
def told(tmp_path):
    """What `make run` prints, while it runs."""
    program = [sys.executable, str(ROOT / "examples/orders/run.py"), "--keep", str(tmp_path / "kept")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        yield "".join(lines)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def fetch(url, token=""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return json.load(answer)


def test_what_run_prints_works_as_printed(told):
    token = re.search(r"export TOKEN=(\S+)", told)[1]
    direct, gated = re.findall(r"(http://127\.0\.0\.1:\d+\S*/api/orders/SO-1001)$", told, re.MULTILINE)
    assert fetch(direct)["customer"]["phone"] == "+86 139 1234 5678"
    assert fetch(gated, token)["customer"]["phone"] == "*************5678"
    assert fetch(re.search(r"\"(http://\S+limit=5)\"", told)[1], token)["count"] == 5
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch(gated)
    assert fetch(re.search(r"curl -s (\S+/readyz)", told)[1])
