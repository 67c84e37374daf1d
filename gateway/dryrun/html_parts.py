"""The pieces of the HTML report. Whatever comes in as text goes out escaped; only `Html` is taken as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape

from gateway.yamlsource.node import shown


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


NONE = Html("")


def text(given: str) -> Html:
    """Escape a text; give HTML as it is. Characters that don't show, or turn a line around, are replaced."""
    return given if isinstance(given, Html) else Html(escape(shown(given), quote=True))


def element(name: str, *inside: str, **attributes: str) -> Html:
    """Give an element; `class_` is the attribute `class`."""
    told = "".join(f' {key.rstrip("_")}="{text(value)}"' for key, value in attributes.items() if value)
    return Html(f"<{name}{told}>{''.join(map(text, inside))}</{name}>")


def code(given: str) -> Html:
    """Give a text as it is written in files: a pointer, a rule, a path."""
    return element("code", given) if given else NONE


def table(
    caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] = (), more: int = 0
) -> Html:
    """Give a table whose first column names its rows; columns in `right` are numbers. Nothing where it has no rows."""
    kinds = ["n" if index in right else "" for index in range(len(headings))]
    body = [element("tr", element("th", row[0], scope="row"), *map(_cell, row[1:], kinds[1:])) for row in rows]
    if not body:
        return NONE
    head = (element("th", name, scope="col", class_=kind) for name, kind in zip(headings, kinds, strict=True))
    told = f" And {more:,} more." if more else ""
    whole = element(
        "table",
        element("caption", caption + told),
        element("thead", element("tr", *head)),
        element("tbody", *body),
    )
    return element("div", whole, class_="wide")


def _cell(inside: str, kind: str) -> Html:
    return element("td", inside, class_=kind)


def bar(part: int, of: int, kind: str = "part") -> Html:
    """Draw a share; what it shows is always written beside it as well."""
    width = 0 if of <= 0 else min(max(100 * part / of, 0), 100)
    return Html(
        '<svg class="bar" aria-hidden="true" focusable="false"><rect class="all" width="100%" height="100%"/>'
        f'<rect class="{escape(kind)}" width="{width:.2f}%" height="100%"/></svg>'
    )


def section(anchor: str, title: str, *inside: str) -> Html:
    """Give a section under a heading; nothing where there is nothing in it."""
    body = Html("".join(map(text, inside)))
    return element("section", element("h2", title, id=anchor), body) if body else NONE
