"""Any bytes as the target of a request: read in the one way in which the servers that we know read it, or refused."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

from harness import fuzz

from gateway.catalog.path import parse
from gateway.errors import Unreadable
from gateway.formats import head
from gateway.formats.document import Edit, Edits
from gateway.formats.head import Head, HeadLayout, Parameter, Variable

LAYOUT = HeadLayout(
    variables=(Variable("name", 1, "", "", 0),),
    parameters={"email": Parameter("email", 1), "tag[]": Parameter("tag[]", 2)},
    fields={"x-email": ("X-Email", 3)},
    strict=True,
)
KEPT = Edits(lambda _spot: Edit(lambda value, _customer: value), Edit(lambda value, _customer: value))
NEW = "a&b=c;/?#%"
HIDE = Edits(lambda _spot: Edit(lambda _value, _customer: NEW), Edit(lambda _value, _customer: "-"))


def target(data: bytes) -> None:
    text = data.decode("latin-1")
    try:
        read = parse(text)
    except Unreadable:
        return
    url = urlsplit(f"http://h{text}")
    assert (url.netloc, url.path, url.fragment) == ("h", read.path, "")
    assert tuple(map(unquote, url.path[1:].split("/"))) == read.segments
    assert tuple(parse_qsl(url.query, keep_blank_values=True)) == read.query
    if len(read.segments) < 2 or not read.segments[1]:
        return
    try:
        document = head.read(Head(text, (("X_Email", text),)), LAYOUT)
    except Unreadable:
        return
    assert document.write(KEPT, None).head is document.head
    written = document.write(HIDE, None).head
    path = written.target.partition("?")[0].split("/")
    # where it has to be escaped, whoever decides parses it again, and refuses it
    assert (len(path) - 1, unquote(path[2])) == (len(read.segments), NEW)
    hidden = parse(written.target.replace(path[2], "x", 1))
    assert {value for name, value in hidden.query if name.casefold() in {"email", "tag[]"}} <= {NEW, ""}
    assert written.headers == (("X_Email", NEW),)


if __name__ == "__main__":
    fuzz(target, "target")
