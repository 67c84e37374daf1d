"""The few exceptions of the gateway. A refusal is a verdict, not an exception (see `gateway.refusals`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a written file something stands; line and column count from 1.

    `text` is the line, `width` the number of characters of it that are meant.
    """

    file: str
    line: int
    column: int
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        """Give the `file:line:column` that editors and compilers use."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of a written file: where, what, what to do about it; `docs/checks` explains it under its code."""

    place: Place
    message: str
    hint: str = ""
    code: str = ""

    def __str__(self) -> str:
        """Render as a compiler would: the place and message, the line, a caret, the hint."""
        lines = [f"{self.place}: {self.code + ' ' if self.code else ''}{self.message}"]
        if self.place.text:
            lines += [f"    {self.place.text}", "    " + " " * (self.place.column - 1) + "^" * max(self.place.width, 1)]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class SovgateError(Exception):
    """The root of what the gateway raises on purpose. Its text never holds a value of anyone's data."""


class FaultyFiles(SovgateError):
    """Written files (catalogue, policies, consents, config) can't be used; holds every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order of their places."""
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class Unreadable(SovgateError):
    """Bytes from outside can't be read as what they claim to be: the one error that parsers raise.

    `refusal` names the refusal (a key of `gateway.refusals.REFUSALS`) that the flow gets for it.
    """

    def __init__(self, refusal: str, message: str) -> None:
        """Take the refusal's name and a message free of values."""
        self.refusal = refusal
        super().__init__(message)


class StreamCut(SovgateError):
    """A body that goes on in pieces must end here, unfinished, and whoever gets it must see that."""

    def __init__(self, refusal: str) -> None:
        """Take the refusal's name."""
        self.refusal = refusal
        super().__init__(refusal)


class UpstreamFailed(SovgateError):
    """The system behind the gateway gave no usable answer; `refusal` as in `Unreadable`."""

    def __init__(self, refusal: str, message: str) -> None:
        """Take the refusal's name and a message free of values."""
        self.refusal = refusal
        super().__init__(message)


class NotRecorded(SovgateError):
    """The audit log could not make an entry durable: the flow must be refused."""


class NotAuthenticated(SovgateError):
    """A token or certificate does not prove who calls. `refusal` as in `Unreadable`.

    `unknown_key`: the token names a key that isn't known here; fetching the issuer's keys anew may help, once.
    """

    def __init__(self, refusal: str, message: str, *, unknown_key: bool = False) -> None:
        """Take the refusal's name and a message free of values."""
        self.refusal = refusal
        self.unknown_key = unknown_key
        super().__init__(message)


class FactsUnavailable(SovgateError):
    """Consents or customers can't be looked up now: the flow must be refused."""


class BrokenPassport(FactsUnavailable):
    """A customer's passport contradicts itself or its signatures; the message names the first wrong event."""


class BrokenLog(SovgateError):
    """The audit log on disk contradicts itself; the message names the first wrong thing and its place."""


class LogInUse(BrokenLog):
    """Another process writes this log: there is one writer at a time."""


class FaultyKeyring(SovgateError):
    """A key file is missing, readable by others, or not the key that it should be; the message names the file."""
