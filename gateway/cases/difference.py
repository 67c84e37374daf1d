"""Where two JSON values differ, place by place: no two blobs for a person to compare."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.cases.fields import alike, written
from gateway.cases.places import pointer
from gateway.cases.standin import stands_for
from gateway.workbench.values import Location


def differences(expected: object, found: object, at: Location = ()) -> Iterator[tuple[Location, str]]:
    """Give each place that differs, with words.

    Numbers are alike by value; the order of members means nothing; what stands for a token is alike to any of its form.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in (*expected, *(name for name in found if name not in expected)):
            if name not in found:
                yield (*at, name), f"{pointer((*at, name))}: expected {written(expected[name])}, but it is not there"
            elif name not in expected:
                yield (*at, name), f"{pointer((*at, name))}: not expected, but there is {written(found[name])}"
            else:
                yield from differences(expected[name], found[name], (*at, name))
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield at, f"{pointer(at) or 'the body'}: expected {len(expected)} elements, but there are {len(found)}"
        for index, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from differences(one, other, (*at, index))
    elif stands_for(expected, found):
        return
    elif isinstance(expected, dict | list) or isinstance(found, dict | list) or not alike(expected, found):
        yield at, f"{pointer(at) or 'the body'}: expected {written(expected)}, but it is {written(found)}"
