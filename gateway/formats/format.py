"""What a format is to the rest of the house: how it is recognised, how its messages are laid out, and how it is read.

Each format is one module that offers a `Format`; `formats.registry` lists them. Selectors are text in the words of the
format (JSONPath, XPath, column names): only the format itself understands them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from gateway.errors import Unreadable
from gateway.formats import charset
from gateway.formats.charset import Charset
from gateway.formats.document import Document
from gateway.formats.limits import BodyLimits
from gateway.formats.media import UNTYPED, MediaType

Lists = Literal["selected", "rows", "none"]
"""`selected`: the catalogue says by `records` and `each` where they are; `rows`: each row or line is one, by itself;
`none`: a body is one record."""


class SelectsSeveral(ValueError):
    """A selector can find several values where one is needed."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a catalogue can say of a message of this format, besides its fields.

    A `flag` is true or false, `texts` a list of texts (which may be empty where `minimum` is 0), `names` a mapping of
    short names to texts.
    """

    type: Literal["text", "choice", "integer", "flag", "texts", "names"]
    help: str
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What the catalogue says of the inside of a message: selectors as written, `options` checked by `Format.OPTIONS`.

    `fields` and `customer` are relative to a record, `records` and `envelope` to the body. Without `records` the whole
    body is the one record. `names` are the indexes of fields that label names, of those around records
    `envelope_names`; `by_name`: the customer is the name under which a record stands.
    """

    fields: tuple[str, ...] = ()
    customer: str | None = None
    records: str | None = None
    envelope: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    names: frozenset[int] = frozenset()
    envelope_names: frozenset[int] = frozenset()
    by_name: bool = False


class Cutter(Protocol):
    """Cuts a stream into documents, each of whole records; keeps no more than one record, bounded by `BodyLimits`."""

    def feed(self, text: bytes) -> Iterator[Piece]:
        """Give what is complete with the next bytes. Raises `Unreadable`."""
        ...

    def end(self) -> Iterator[Piece]:
        """Give what is left. Raises `Unreadable`: body-incomplete, and what `Format.read` raises."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A document cut out of a stream, and the text that it was read from."""

    document: Document
    text: bytes


class Format(Protocol):
    """One format, both ways. Only `read`, and what a `Document` does, meets bytes from outside."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a constant of each format
        """Give the name that catalogues use."""
        ...

    @property
    def BY_FIELDS(self) -> bool:  # noqa: N802 - the same
        """Tell whether it is labelled field by field; else a body has one class, and is kept, refused or marked."""
        ...

    @property
    def LISTS(self) -> Lists:  # noqa: N802 - the same
        """Tell how a body holds many records."""
        ...

    @property
    def EXAMPLE(self) -> str:  # noqa: N802 - the same
        """Give a selector or two, as a hint for officers; "" where there is nothing to select."""
        ...

    @property
    def HELP(self) -> str:  # noqa: N802 - the same
        """Say in a sentence what it is, for editors and docs."""
        ...

    @property
    def TEXT(self) -> bool:  # noqa: N802 - the same
        """Tell whether it is made of characters: then `read` gets UTF-8, whatever charset the body came in."""
        ...

    @property
    def OPTIONS(self) -> Mapping[str, Option]:  # noqa: N802 - the same
        """Give what a catalogue can say of a message besides its fields."""
        ...

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check that content type and first bytes say the same. Raises `Unreadable`: body-wrong-type."""
        ...

    def check(self, selector: str, *, singular: bool = False) -> bool:
        """Check a selector; False where it is good and slow. ValueError says what is wrong with it.

        `singular` insists that it selects one place at most.
        """
        ...

    def layout(self, shape: Shape) -> Any:
        """Compile what the catalogue says. ValueError says why its selectors can't be used together."""
        ...

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> Document:
        """Read a body. Raises `Unreadable`, and nothing else, for whatever can't be read."""
        ...

    def cutter(self, layout: Any, limits: BodyLimits) -> Cutter | None:
        """Give what cuts a stream into documents; None where a body can only be read whole."""
        ...

    @property
    def LIVE(self) -> bool:  # noqa: N802 - a constant of each format
        """Tell whether each piece of a stream matters at once (events), rather than the stream as a whole (tables)."""
        ...


def check_names(form: Format, selector: str) -> None:
    """Check a selector whose places' names are labelled, good in itself; ValueError says what is wrong with it.

    A format that knows such labels has a method `check_names(selector: str) -> None`.
    """
    check: Callable[[str], None] | None = getattr(form, "check_names", None)
    if check is None:
        raise ValueError(f"names are no values in {form.NAME}: they have no label")
    check(selector)


def charset_of(form: Format, plain: bytes, declared: str) -> Charset:
    """Tell the charset of a body; `declared` is the content type's. Raises `Unreadable`: body-encoding.

    A format whose messages have a place of their own to name it has a method `charset_within(plain: bytes) -> str`,
    which gives Python's name of it.
    """
    if not form.TEXT:
        return charset.PLAIN
    within: Callable[[bytes], str] | None = getattr(form, "charset_within", None)
    return charset.find(plain, declared) if within is None else charset.settle(plain, declared, within(plain))


def united(record: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options of a list with those of its records: names and texts of both, else what the list says.

    ValueError where a name stands for two things.
    """
    made = {**record, **{name: said for name, said in around.items() if said is not None or name not in record}}
    for name in record.keys() & around.keys():
        one, other = record[name], around[name]
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            clash = next((key for key in one.keys() & other.keys() if one[key] != other[key]), None)
            if clash is not None:
                raise ValueError(f"{name}: {clash} is one thing in the list, and another in its records")
            made[name] = {**one, **other}
        elif isinstance(one, tuple | list) and isinstance(other, tuple | list):
            made[name] = (*one, *other)
    return made


def agrees(
    media: MediaType,
    plain: bytes,
    name: str,
    types: frozenset[str],
    begins: Callable[[bytes], bool],
    suffix: str = "",
) -> None:
    """Check a body against a format's content types (and their structured syntax suffix, RFC 6839).

    Types that say nothing are settled by how the body begins; a type that says something else is never overruled.
    """
    known = media.kind in types or bool(suffix and media.kind.endswith(suffix))
    if not known and media.kind not in UNTYPED:
        raise Unreadable("body-wrong-type", f"the content type is not {name}")
    if not known and not begins(plain):
        raise Unreadable("body-wrong-type", f"a body without a content type does not begin like {name}")
