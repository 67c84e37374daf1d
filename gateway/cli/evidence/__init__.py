"""The words and the small program that go along with evidence, for whoever checks it without Sovgate."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from string import Template


class _At(Template):
    """Places are written @{name}: shells use the dollar themselves."""

    delimiter = "@"


def words(name: str, places: Mapping[str, str]) -> bytes:
    """Give a text with its places filled in."""
    text = files(__name__).joinpath(f"{name}.template").read_text(encoding="utf-8")
    return _At(text).substitute(places).encode()


def check_program() -> bytes:
    """Give the program that walks an entry's path, and writes out what openssl needs."""
    return files(__name__).joinpath("check.py.template").read_bytes()
