"""Runs a fuzz target by mutations of a corpus, the same ones for the same seed; or led by coverage, with atheris.

A target is a function of bytes that raises what must not be. `python fuzz/fuzz_csv.py [seconds] [seed]`, or
`python fuzz/fuzz_csv.py --guided [options of libFuzzer]`.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FunctionType, ModuleType

CORPUS = Path(__file__).parent / "corpus"


def fuzz(target: Callable[[bytes], None], name: str) -> None:
    """Try the corpus, then mutations of it; what fails is raised with the input that did it."""
    if sys.argv[1:2] == ["--guided"]:
        guided(target, name)
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    random = Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    corpus = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    for data in corpus:
        attempt(target, data)
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        attempt(target, mutated(random, corpus))
        count += 1
    print(f"{name}: {count} inputs, nothing found")


def guided(target: Callable[[bytes], None], name: str) -> None:
    """Let coverage lead; inputs that fail are left where this was started, all others in a folder that goes away."""
    atheris = importlib.import_module("atheris")
    for module in [one for one_name, one in sys.modules.items() if one_name.startswith("gateway.")]:
        for function in functions_of(module):
            function.__code__ = atheris.instrument_func(function).__code__
    with TemporaryDirectory() as folder:
        atheris.Setup([sys.argv[0], *sys.argv[2:], folder, str(CORPUS / name)], target)
        atheris.Fuzz()


def functions_of(module: ModuleType) -> Iterator[FunctionType]:
    """Give the functions of a module, and the methods of its classes."""
    own = [one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__]
    for one in own:
        for held in vars(one).values() if isinstance(one, type) else [one]:
            function = getattr(held, "fget", None) or getattr(held, "__func__", held)
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                yield function


def attempt(target: Callable[[bytes], None], data: bytes) -> None:
    """Try one input."""
    try:
        target(data)
    except Exception as error:
        error.add_note(f"the input: {data!r}")
        raise


def mutated(random: Random, corpus: list[bytes]) -> bytes:
    """Change one input a little: bytes out, bytes in, another byte, parts of another, parts twice."""
    data = bytearray(random.choice(corpus))
    words = (b'"', b'""', b"\\", b",", b"\n", b"\r\n", b"\r", b"\x00", b"\xff", b"'", b"{", b"}", b"[", b"]", b":")
    for _ in range(random.randint(1, 6)):
        at = random.randint(0, len(data))
        length = random.randint(1, 8)
        match random.randrange(5):
            case 0:
                del data[at : at + length]
            case 1:
                data[at:at] = random.choice(words)
            case 2:
                other = random.choice(corpus)
                start = random.randint(0, len(other))
                data[at:at] = other[start : start + 4 * length]
            case 3:
                data[at : at + 1] = bytes([random.randrange(256)])
            case _:
                data[at:at] = data[at : at + length]
    return bytes(data)
