"""Files named as from where one stands, and not as from the policies' folder, so that an editor finds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from gateway.errors import Place, Problem


def within(folder: Path, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Give problems of the files of a folder, with the folder before the files' names."""

    def here(place: Place) -> Place:
        return replace(place, file=str(folder / place.file))

    return tuple(
        replace(
            problem,
            place=here(problem.place),
            also=problem.also and replace(problem.also, place=here(problem.also.place)),
        )
        for problem in problems
    )
