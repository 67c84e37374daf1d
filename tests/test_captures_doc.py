"""docs/captures.md says what the readers do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.capture.faults import REPAIRS, UNUSABLE
from gateway.config import load
from gateway.storage.capture_keys import read_reader, read_recipient

PAGE = (Path(__file__).parent.parent / "docs" / "captures.md").read_text()


def rows(heading: str) -> dict[str, str]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", section, re.MULTILINE))


def test_the_tables_are_those_of_the_code():
    assert rows("What is mended") == REPAIRS
    assert rows("What can't be used") == UNUSABLE


def test_the_section_of_the_configuration_loads(tmp_path):
    (section,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    least = 'version: 1\npolicies: p\nstate: s\nsystems: {erp: {at: /, upstream: "http://127.0.0.1:1"}}\n'
    (tmp_path / "gateway.yaml").write_text(least + "identity: {development: {system: crm}}\n" + section)
    found = load(tmp_path / "gateway.yaml", {}).capture
    assert (found.folder, found.bounds.seconds, found.systems) == (tmp_path / "captures", 3600.0, {"erp"})


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_the_commands_that_make_keys_make_keys(tmp_path):
    for line in re.findall(r"^openssl (.*)$", PAGE, re.MULTILINE):
        words = [*line.split(), "-pass" if "genpkey" in line else "-passin", "pass:secret"]
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)
    public = read_reader(tmp_path / "captures.key", b"secret").public_key()
    assert read_recipient(tmp_path / "captures.pub").public_bytes_raw() == public.public_bytes_raw()
