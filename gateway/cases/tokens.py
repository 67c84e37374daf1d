"""Tokens that a case has made for it, and that stand in its messages as `token:NAME`.

Nobody can write a token by hand, so a case says of what it is one: of whose data, of which class, for which purpose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.catalog.messages import read_class
from gateway.catalog.names import is_name
from gateway.custody.memory import MemoryCustody
from gateway.errors import Place
from gateway.flow import Flow, Response
from gateway.formats.document import Scalar
from gateway.policy.schemas.cases import TOKEN, TOKEN_MADE
from gateway.steps.owner import field_of
from gateway.tokens.keys import Shape
from gateway.tokens.scalar import text_of
from gateway.treatments.tokenise import Tokenise
from gateway.yamlsource import Node, Reader, Section

_NAMED = re.compile(rb'("?)token:([a-z0-9_-]+)("?)')
_SHAPES: tuple[Shape, ...] = ("text", "digits", "phone")


@dataclass(frozen=True, slots=True)
class Token:
    """A token to be made: of a customer's `value` of some class, for a purpose, as `encrypt` or `tokenise` makes it."""

    name: str
    place: Place
    customer: str
    class_: str
    value: str | int
    purpose: str | None
    treatment: str = "encrypt"
    shape: Shape = "text"

    @property
    def numeric(self) -> bool:
        """Tell whether it stands where a number stood."""
        return self.shape == "digits" and isinstance(self.value, int)


def read_tokens(reader: Reader, section: Section, purpose: str | None) -> tuple[Token, ...]:
    """Read the tokens of a case; they are made for the flow's purpose where they name none."""
    entries = ((key, node) for key, node in section.entries("tokens") if is_name(reader, key, key.text))
    return tuple(_token(reader, key.text, key.place, node, purpose) for key, node in entries)


def _token(reader: Reader, name: str, place: Place, node: Node, purpose: str | None) -> Token:
    section = reader.section(node, TOKEN, required=("customer", "class", "value"))
    class_, value = section.get("class"), section.get("value")
    told: Scalar = None if value is None else reader.scalar(value)
    number = isinstance(told, int) and not isinstance(told, bool)
    shape = section.choice("shape", Tokenise.OPTIONS["shape"].choices, "text")
    return Token(
        name=name,
        place=place,
        customer=section.text("customer"),
        class_="" if class_ is None else read_class(reader, class_),
        value=told if number and isinstance(told, int) else str(told),
        purpose=section.text("purpose", purpose),
        treatment=section.choice("treatment", TOKEN_MADE, "encrypt"),
        shape=next((one for one in _SHAPES if one == shape), "text"),
    )


async def make(tokens: tuple[Token, ...], custody: MemoryCustody) -> dict[str, tuple[Token, str]]:
    """Make tokens, by their names."""
    made: dict[str, tuple[Token, str]] = {}
    for one in tokens:
        loan = await custody.lend([one.customer], one.purpose, 0, make=True)
        keys, field, text = loan.of(one.customer), field_of(frozenset({one.class_})), text_of(one.value)
        assert keys is not None
        token = keys.encrypt(text, field) if one.treatment == "encrypt" else keys.tokenise(text, field, one.shape)
        assert token is not None
        made[one.name] = (one, token)
    return made


def put_in(flow: Flow, answer: Response, made: Mapping[str, tuple[Token, str]]) -> tuple[Flow, Response, set[str]]:
    """Put tokens where a flow and its answer name them; gives the names of those that stand somewhere."""
    found: set[str] = set()

    def token(match: re.Match[bytes]) -> bytes:
        name = match[2].decode()
        if name not in made:
            return match[0]
        found.add(name)
        one, text = made[name]
        bare = one.numeric and match[1] and match[3]
        return text.encode() if bare else match[1] + text.encode() + match[3]

    def put(text: str) -> str:
        return _NAMED.sub(token, text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    request = replace(
        flow.request,
        target=put(flow.request.target),
        headers=tuple((name, put(value)) for name, value in flow.request.headers),
        body=_NAMED.sub(token, flow.request.body),
    )
    headers = tuple((name, put(value)) for name, value in answer.headers)
    return replace(flow, request=request), replace(answer, headers=headers, body=_NAMED.sub(token, answer.body)), found
