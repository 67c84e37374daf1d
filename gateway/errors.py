"""The few exceptions of the gateway. A refusal is a verdict, not an exception (see `gateway.refusals`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.columns import columns
from gateway.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"[a-z][a-z0-9-]{0,39}")


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
        """Give the `file:line:column` that editors and compilers use, on one line whatever the file is called."""
        file = self.file if self.file.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in self.file)
        return f"{file}:{self.line}:{self.column}"

    @property
    def underline(self) -> str:
        """Give what stands below `text` in a terminal to point out what is meant: spaces, and a `^` for each column."""
        start = self.column - 1
        meant = columns(self.text[start : start + self.width])
        return " " * columns(self.text[:start]) + "^" * max(meant, 1)


@dataclass(frozen=True, slots=True)
class Second:
    """A second place that has to do with a problem, and what it is: "first here", "opened here"."""

    what: str
    place: Place


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of a written file: where, what, what to do about it; `docs/checks` explains it under its code."""

    place: Place
    message: str
    hint: str = ""
    code: Fault = field(kw_only=True)
    also: Second | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Render as a compiler would: the place and message, the line with what is meant underlined, the hint."""
        lines = [f"{self.place}: {self.message} [{self.code}]", *_shown(self.place)]
        if self.also is not None:
            lines += [f"    {self.also.place}: {self.also.what}", *_shown(self.also.place)]
        if self.hint:
            lines.append(f"    hint: {self.hint}")
        return "\n".join(lines)


def _shown(place: Place) -> list[str]:
    """Give a place's line, where it is known, and what points at it."""
    return [f"    {place.text}", f"    {place.underline}"] if place.text else []


class SovgateError(Exception):
    """The root of what the gateway raises on purpose. Its text never holds a value of anyone's data."""


class FaultyFiles(SovgateError):
    """Written files (catalogue, policies, consents, config) can't be used; holds every problem found."""

    def __init__(self, problems: Iterable[Problem], warnings: Iterable[Problem] = ()) -> None:
        """Keep the problems in the order of their places, and what was found doubtful on the way."""
        self.problems = tuple(sorted(set(problems)))
        self.warnings = tuple(sorted(set(warnings)))
        super().__init__("\n".join(map(str, self.problems)))


class Unreadable(SovgateError):
    """Bytes from outside can't be read as what they claim to be: the one error that parsers raise.

    `refusal` names the refusal (a key of `gateway.refusals.REFUSALS`) that the flow gets for it.
    """

    def __init__(self, refusal: str, message: str) -> None:
        """Take the refusal's name and a message free of values."""
        self.refusal = refusal
        super().__init__(message)

    @property
    def word(self) -> str:
        """The message where it is a single stable word (`too-many-pages`), which entries may hold; "" for others."""
        message = str(self)
        return message if _WORD.fullmatch(message) else ""


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
    `headers` tell the caller what to do about it (a challenge, a fresh nonce), in place of the refusal's own.
    """

    def __init__(
        self, refusal: str, message: str, *, unknown_key: bool = False, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Take the refusal's name and a message free of values."""
        self.refusal = refusal
        self.unknown_key = unknown_key
        self.headers = headers
        super().__init__(message)


class FactsUnavailable(SovgateError):
    """Consents or customers can't be looked up now: the flow must be refused."""


class KeysUnavailable(SovgateError):
    """Customers' keys can't be had now (the provider or the store fails): the flow must be refused."""


class KeyGone(KeysUnavailable):
    """A key can't be had for good: what wrapped it was destroyed or disabled, or doesn't fit it."""


class UnknownKey(SovgateError):
    """Somebody asked for keys that a customer doesn't have; the message says which, and holds no key."""


class FaultyCustody(SovgateError):
    """The store of customers' keys can't be opened: wrong passphrase, damaged, in use; the message names the file."""


class BrokenPassport(FactsUnavailable):
    """A customer's passport contradicts itself or its signatures; the message names the first wrong event."""


class BrokenLog(SovgateError):
    """The audit log on disk contradicts itself; the message names the first wrong thing and its place.

    `kind` is what it looks like (a word of `gateway.audit.tampering.Kind`), `place` the file and `entry` the index that
    are concerned; where nothing fits they are empty.
    """

    def __init__(self, message: str, *, kind: str = "", place: str = "", entry: int | None = None) -> None:
        """Take a message free of values."""
        self.kind = kind
        self.place = place
        self.entry = entry
        super().__init__(message)


class LogInUse(BrokenLog):
    """Another process writes this log: there is one writer at a time."""


class NoTimestamps(SovgateError):
    """Timestamps can't be had or checked here: what does it is not installed, or the authority gave none."""


class FaultyWitness(SovgateError):
    """What a witness remembers can't be used; the message names the file and what to do."""


class FaultyKeyring(SovgateError):
    """A key file is missing, readable by others, or not the key that it should be; the message names the file."""


class BadCapture(SovgateError):
    """A file of captured traffic is none, as a whole, or can't be opened with the keys given; the message names it."""


class BadDocument(SovgateError):
    """A document about a system (OpenAPI, OData metadata) can't be read as one; the message names it."""
