"""mask: a text shows its first and last characters only; numbers and booleans, which can't be masked, become null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gateway.formats.document import Scalar, Whole
from gateway.treatments.contract import Subject
from gateway.treatments.graphemes import graphemes
from gateway.treatments.options import Option


@dataclass(frozen=True, slots=True)
class Mask:
    """Show `keep_first` and `keep_last` characters, each other one as `character`.

    A text of at most `hide_up_to` characters is masked altogether; that is never less than what would be shown, so a
    short text is never shown whole. Characters are counted as people count them.
    """

    keep_first: int = 0
    keep_last: int = 0
    character: str = "*"
    hide_up_to: int = 0

    NAME: ClassVar[str] = "mask"
    KEYED: ClassVar[bool] = False
    WHOLE: ClassVar[Whole] = Whole.DESCEND
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "keep_first": Option("integer", "how many characters show at the start", default=0, minimum=0, maximum=1000),
        "keep_last": Option("integer", "how many characters show at the end", default=0, minimum=0, maximum=1000),
        "character": Option("text", "what stands for each hidden one", default="*", minimum=1, maximum=1),
        "hide_up_to": Option("integer", "texts this short are masked whole", default=0, minimum=0, maximum=1000),
    }

    def __post_init__(self) -> None:
        """Check the character, and raise `hide_up_to` to what would be shown: two ways to say one thing are one."""
        if len(self.character) != 1 or not self.character.isprintable() or len(graphemes(f"a{self.character}")) == 1:
            raise ValueError("character must be one printable character that stands by itself")
        object.__setattr__(self, "hide_up_to", max(self.hide_up_to, self.keep_first + self.keep_last))

    def apply(self, value: Scalar, subject: Subject) -> Scalar:  # noqa: ARG002 - the contract's signature
        """Mask a text; a number or a boolean becomes null, since no masked form keeps its type."""
        if not isinstance(value, str):
            return None
        characters: Sequence[str] = value if value.isascii() else graphemes(value)
        count = len(characters)
        if count <= self.hide_up_to:
            return self.character * count
        first, end = self.keep_first, count - self.keep_last
        before, after = characters[:first], characters[end:]  # of an ASCII text slices are texts already
        if not isinstance(before, str) or not isinstance(after, str):
            before, after = "".join(before), "".join(after)
        return before + self.character * (end - first) + after

    def of_plain(self, texts: Sequence[str]) -> list[str]:
        """Mask many texts of ASCII, where each character is one as people count: the same as `apply`, at less cost."""
        hidden, first, last, most = self.character, self.keep_first, self.keep_last, self.hide_up_to
        shown = first + last
        return [
            text[:first] + hidden * (count - shown) + text[count - last :]
            if (count := len(text)) > most
            else hidden * count
            for text in texts
        ]

    def could_have_made(self, value: Scalar) -> bool:
        """Recognise a text whose hidden part is all `character`, and null, which a masked number becomes.

        Null is not told apart from an honest null here: only the caller knows what the field held.
        """
        if value is None:
            return True
        if not isinstance(value, str) or not value:
            return False
        if value.isascii():  # most are, and a request has many
            count = len(value)
            whole = value == self.character * count
            if whole or count <= self.hide_up_to:
                return whole
            hidden = value[self.keep_first : count - self.keep_last]
            return hidden == self.character * len(hidden)
        characters = graphemes(value)
        whole = all(character == self.character for character in characters)
        if whole or len(characters) <= self.hide_up_to:
            return whole
        return all(c == self.character for c in characters[self.keep_first : len(characters) - self.keep_last])

    def join(self, other: Mask) -> Mask:
        """Show only what both show: the shorter ends, and hide whole whatever either hides whole."""
        return Mask(
            keep_first=min(self.keep_first, other.keep_first),
            keep_last=min(self.keep_last, other.keep_last),
            character=min(self.character, other.character),
            hide_up_to=max(self.hide_up_to, other.hide_up_to),
        )
