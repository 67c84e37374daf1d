"""Every command of docs/dry-run.md runs, and the recipes for CI do what the page says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from dryrun_kit import Traffic, listed, order, written
from gate_kit import SHIPPED
from live import SOVGATE

from gateway.cli.dry_run_findings import FAIL_ON
from gateway.cli.main import _sovgate
from gateway.dryrun.customers import read
from gateway.yamlsource import Reader

PAGE = (Path(__file__).parent.parent / "docs" / "dry-run.md").read_text()
BLOCKS = [re.sub(r"^  ", "", block, flags=re.MULTILINE) if block.startswith("  ") else block
          for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]  # fmt: skip
TRAFFIC = Traffic().ask(answer=listed(order(), order()))


def looser(folder: Path) -> None:
    """Let what was removed through."""
    sales = folder / "sales-reads-orders.yaml"
    lines = [line for line in sales.read_text().splitlines() if "user.government_id" not in line]
    sales.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("words", re.findall(r"^\$ sovgate (dry-run .*)$", PAGE, re.MULTILINE))
def test_the_commands_run(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "monday.har", TRAFFIC.items)
    for name in ("policies", "new", "live"):
        shutil.copytree(SHIPPED, name)
    result = CliRunner().invoke(_sovgate, shlex.split(words))
    assert result.exit_code == 0, result.output


def test_the_file_of_customers_loads():
    reader = Reader()
    known = read(reader, "customers.yaml", BLOCKS[0].encode(), ("contact", "invoices"))
    reader.finish()
    assert known("C-017").consents == {"contact", "invoices"}
    assert dict(known("anyone").attributes) == {"region": "eu"}


def test_what_can_be_failed_on_is_told():
    assert set(re.findall(r"`--fail-on ([a-z-]+)`", PAGE)) == set(FAIL_ON)


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@test.invalid", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def merge(tmp_path):
    """A clone with policies, captures, and a branch that exposes more than main."""
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    shutil.copytree(SHIPPED, there / "policies")
    (there / "captures").mkdir()
    written(there / "captures" / "monday.har", TRAFFIC.items)
    git(there, "init", "--quiet", "--initial-branch", "main")
    git(there, "add", ".")
    git(there, "commit", "--quiet", "-m", "policies")
    git(tmp_path, "clone", "--quiet", str(there), str(here))
    git(here, "checkout", "--quiet", "-b", "change")
    looser(here / "policies")
    return here


def ran(steps: list[str], folder: Path, **variables: str) -> list[int]:
    """Run steps as a build server does, each in a shell, until one fails."""
    path = f"{SOVGATE.parent}{os.pathsep}{os.environ['PATH']}"
    codes = []
    for step in steps:
        done = subprocess.run(
            ["bash", "-ec", step], cwd=folder, env={**os.environ, "PATH": path, **variables}, check=False
        )
        codes.append(done.returncode)
        if done.returncode:
            break
    return codes


def test_the_recipe_for_github(merge):
    (job,) = yaml.safe_load(BLOCKS[1])["jobs"].values()
    steps = [step["run"] for step in job["steps"] if "run" in step]
    assert ran(steps, merge, GITHUB_BASE_REF="main") == [0, 0, 1]
    assert "Newly exposed" in (merge / "dry-run.html").read_text()


def test_the_recipe_for_gitlab(merge):
    (job,) = yaml.safe_load(BLOCKS[2]).values()
    assert ran(job["script"], merge, CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main") == [0, 0, 1]
    assert "<failure" in (merge / "dry-run.xml").read_text()


def test_a_branch_that_exposes_nothing_passes(merge):
    git(merge, "checkout", "--quiet", "--", "policies")
    (job,) = yaml.safe_load(BLOCKS[1])["jobs"].values()
    steps = [step["run"] for step in job["steps"] if "run" in step]
    assert ran(steps, merge, GITHUB_BASE_REF="main") == [0, 0, 0]
