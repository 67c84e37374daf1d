"""The gateway in front of a real Tryton, installed from PyPI: reads, writes, a sale, compared with Tryton itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).resolve().parent.parent.parent


def test_what_crosses_between_a_crm_and_tryton_is_as_the_policies_say(tmp_path):
    demo = [sys.executable, str(ROOT / "examples/tryton/demo.py"), "--keep", str(tmp_path / "kept")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    ran = subprocess.run(demo, capture_output=True, text=True, timeout=900, env=environment, check=False)
    assert re.search(r"^All \d+ checks held\.$", ran.stdout, re.MULTILINE), ran.stdout + ran.stderr
    assert ran.returncode == 0
