"""What stands in expected bodies for values that are others in each run: `(encrypted)`, `(sealed)`, `(token)`."""

from __future__ import annotations

import re

from gateway.tokens.shapes import form_of, is_unmistakable

_WORDS = {"encrypted": "(encrypted)", "sealed": "(sealed)", "text": "(token)", "digits": "(token)", "phone": "(token)"}
_TEXT = re.compile(rb'"([A-Za-z0-9_.-]{27,})"')


def stands_for(expected: object, found: object) -> bool:
    """Tell whether an expected value stands for what was found, because that is a token of its form."""
    if not isinstance(found, str | int) or isinstance(found, bool):
        return False
    form = form_of(str(found))
    return form is not None and expected == _WORDS[form]


def with_stand_ins(body: bytes) -> bytes:
    """Give JSON with words in the place of its tokens; those that somebody's data could be by chance stay."""

    def word(match: re.Match[bytes]) -> bytes:
        text = match[1].decode()
        form = form_of(text)
        return f'"{_WORDS[form]}"'.encode() if form is not None and is_unmistakable(text) else match[0]

    return _TEXT.sub(word, body)
