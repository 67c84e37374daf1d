"""Selectors of parts, as officers write them.

`document` and `lines[*]`: by the name of a form's field, `*` for any text without brackets (`name:` before it where it
could be taken for one of the others). `cid:root@erp`: by Content-ID. `#2`: by number, from 1. `application/pdf`,
`image/*`: by content type. Each with `;filename` is the name of the file in place of the part, with `;` and the name of
another header that header: `document;filename`, `*/*;content-description`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.formats.format import SelectsSeveral
from gateway.formats.multipart_headers import STRUCTURE, Head

FILENAME = "filename"
_TYPE = re.compile(r"(?:application|audio|font|image|message|model|multipart|text|video|\*)/[A-Za-z0-9!#$&^_.+*-]+")
_NUMBER = re.compile(r"#[1-9][0-9]{0,3}")
_CID = re.compile(r"cid:[^<>\s;]{1,500}")
_NAME = re.compile(r"(?:name:)?[^\x00-\x1f\x7f-\x9f;]{1,200}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,80}")


@dataclass(frozen=True, slots=True)
class Selector:
    """A checked selector. `of` is what it looks at, `header` the header that it selects, "" for the part itself."""

    text: str
    of: str
    pattern: re.Pattern[str]
    header: str = ""

    def finds(self, number: int, head: Head) -> bool:
        """Tell whether it selects a part (or a header of it)."""
        told = {"number": str(number), "cid": head.cid, "type": head.kind.kind or "text/plain", "name": head.name}
        found = told[self.of]
        return found is not None and self.pattern.fullmatch(found) is not None


@lru_cache(maxsize=4096)
def parse(text: str, *, singular: bool = False) -> Selector:
    """Read a selector. ValueError says what is wrong with it; `singular` insists that it finds one place at most."""
    part, semicolon, header = text.partition(";")
    header = header.lower()
    if semicolon and (not _HEADER.fullmatch(header) or header in STRUCTURE):
        raise ValueError("after ; stands `filename`, or a header that says nothing of what the part is")
    if part.startswith(("$.", "$[", "//")):
        raise ValueError("parts are selected by name, number, Content-ID or content type")
    several = "*" in part
    if _NUMBER.fullmatch(part):
        of, pattern, several = "number", part[1:], False
    elif _TYPE.fullmatch(part):
        of, pattern, several = "type", ".*".join(map(re.escape, part.lower().split("*"))), True
    elif part.startswith("cid:") and _CID.fullmatch(part):
        of, pattern = "cid", ".*".join(map(re.escape, part[4:].split("*")))
    elif not part.startswith(("#", "cid:")) and _NAME.fullmatch(part):
        of, pattern = "name", r"[^\[\]]*".join(map(re.escape, part.removeprefix("name:").split("*")))
    else:
        raise ValueError("parts are selected by name, number, Content-ID or content type")
    if singular and several:
        raise SelectsSeveral("this selector can find several parts; here it must find one")
    return Selector(text, of, re.compile(pattern, re.DOTALL), header)
