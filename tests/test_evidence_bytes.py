"""Any bytes as evidence, and good evidence with changes: what the fuzz targets say holds for Hypothesis as well."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

FUZZ = Path(__file__).parent.parent / "fuzz"
TARGETS = ("attestation", "bundle", "proof", "whereabouts")


def module(name: str) -> ModuleType:
    """Import a module of the fuzz targets, which are no package."""
    spec = importlib.util.spec_from_file_location(name, FUZZ / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


module("harness")
TRIED = {name: module(f"fuzz_{name}").target for name in TARGETS}


@st.composite
def changed(draw: st.DrawFn, name: str) -> bytes:
    """Good evidence with a piece of it cut out, put in or replaced."""
    data = draw(st.sampled_from([path.read_bytes() for path in sorted((FUZZ / "corpus" / name).iterdir())]))
    at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 8))
    return data[:at] + draw(st.binary(max_size=8)) + data[at + length :]


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_any_bytes_are_read_in_one_way_or_refused(name, data):
    TRIED[name](data.draw(st.one_of(st.binary(max_size=400), changed(name))))
