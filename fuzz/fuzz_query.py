"""Any text as a question in OData or SOQL: read or refused by one kind of error, its constants where it says they are.

A constant that is written anew is there when the text is read again, and nothing else that it names has changed.
"""

from __future__ import annotations

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats.languages import odata_option, read_by

ODATA = ("$filter", "$orderby", "$apply", "$compute", "$expand", "$search", "$select", "$skiptoken")
LANGUAGES = (*(read_by("odata", option) for option in ODATA), read_by("soql", "q"))
NEW = "O'Neill \\ \u4e2d"


def target(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    assert odata_option(text) is None or odata_option(text).isascii()
    for language in LANGUAGES:
        try:
            question = language.read(text)
        except Unreadable:
            continue
        for constant in question.constants:
            assert 0 <= constant.start < constant.end <= len(text)
            if not constant.quoted:
                continue
            changed = text[: constant.start] + language.quote(NEW) + text[constant.end :]
            again = language.read(changed)
            assert again.named == question.named
            assert NEW in [one.value for one in again.constants]
            assert len(again.constants) == len(question.constants)


if __name__ == "__main__":
    fuzz(target, "query")
