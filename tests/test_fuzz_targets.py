"""Each fuzz target runs on its corpus; the mutations are for `python fuzz/fuzz_csv.py 600`."""

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent.parent / "fuzz"
TARGETS = sorted(path.stem for path in FUZZ.glob("fuzz_*.py"))


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_finds_nothing_in_its_corpus(target):
    """In a process of its own: targets turn the sizes of portions down for all that runs beside them."""
    ran = subprocess.run(
        [sys.executable, f"fuzz/{target}.py", "0"],
        cwd=FUZZ.parent,
        env={"PYTHONPATH": str(FUZZ.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout == f"{target.removeprefix('fuzz_')}: 0 inputs, nothing found\n"


def test_every_target_has_a_corpus_and_every_corpus_a_target():
    assert {path.name for path in (FUZZ / "corpus").iterdir()} == {name.removeprefix("fuzz_") for name in TARGETS}
    assert all(any(folder.iterdir()) for folder in (FUZZ / "corpus").iterdir())


def test_the_page_names_every_target():
    page = (FUZZ / "README.md").read_text("utf-8")
    assert [name for name in TARGETS if f"`{name}.py`" not in page] == []
