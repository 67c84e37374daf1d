"""What libyaml says of text that is no YAML, put into the words of whoever wrote it."""

from __future__ import annotations

from typing import Any

from gateway.errors import Problem, Second
from gateway.faults import Fault
from gateway.yamlsource.node import TO_END, Source, shown

_QUOTE = "put the whole value in quotes"
_OPENED = ("while parsing a flow mapping", "while parsing a flow sequence")
_ESCAPE = (
    "a backslash is followed by something that it can't be followed by",
    "between double quotes a \\ begins an escape: write \\\\, or use single quotes",
)
_DIRECTIVE = ("YAML directives are not read", "delete the lines that begin with %", Fault.DIRECTIVE)
_TAG = ("tags are not read", "delete the word that begins with !, or put it in quotes", Fault.TAG)
_TAB = ("a line is indented with a tab", "indent with spaces")
_NEVER_OPENED = ("this closes what was never opened", "delete it, or put the text in quotes")

_WORDS: dict[str, tuple[str, str] | tuple[str, str, Fault]] = {
    "mapping values are not allowed in this context": (
        "a colon stands where no key can end",
        'text that holds ": " needs quotes; the keys of one mapping stand below each other',
    ),
    "did not find expected '-' indicator": (
        "a key stands among the items of a list",
        "begin each item with -, or indent the key as part of an item",
    ),
    "did not find expected ',' or '}'": (
        "the { is not closed before this",
        "write a comma between members, and } at the end",
    ),
    "did not find expected ',' or ']'": (
        "the [ is not closed before this",
        "write a comma between items, and ] at the end",
    ),
    "did not find expected node content": (
        "a value is missing before this",
        "write the value, or delete the comma or colon",
    ),
    "found unexpected end of stream": ("text in quotes does not end", "write the closing quote"),
    "found unknown escape character": _ESCAPE,
    "did not find expected hexdecimal number": _ESCAPE,
    "found invalid Unicode character escape code": _ESCAPE,
    "did not find expected comment or line break": (
        "text stands on the line of the | or >",
        "begin the text on the next line; text that begins with | or > needs quotes",
    ),
    "did not find expected alphabetic or numeric character": ("text can't begin like this", _QUOTE),
    "mapping keys are not allowed in this context": ("text can't begin with ?", _QUOTE),
    "block sequence entries are not allowed in this context": (
        "a list can't begin here",
        "begin it on a line of its own, or write it in brackets: [a, b]",
    ),
    "found a tab character where an indentation space is expected": _TAB,
    "did not find expected <document start>": (
        "something follows the end of the document",
        "the keys of one mapping stand below each other, all without braces or all within",
    ),
    "found incompatible YAML document": _DIRECTIVE,
    "found duplicate %YAML directive": _DIRECTIVE,
    "found duplicate %TAG directive": _DIRECTIVE,
    "found unknown directive name": _DIRECTIVE,
    "found undefined tag handle": _TAG,
    "did not find the expected '>'": _TAG,
}


def broken(source: Source, error: Any) -> Problem:
    """Make the problem of a `yaml.MarkedYAMLError`, at the place where the text stops making sense."""
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    if error.problem == "found unexpected end of stream":
        mark, context = context, None
    line = source.lines[mark.line] if mark.line < len(source.lines) else ""
    message, hint, *code = _told(error.problem, line, mark.column)
    also = None
    if error.context in _OPENED and (context.line, context.column) != (mark.line, mark.column):
        also = Second("opened here", source.place(context.line, context.column, context.column + 1))
    end = TO_END if error.problem == "found unexpected end of stream" else mark.column + 1
    place = source.place(mark.line, mark.column, end)
    return Problem(place, shown(message), hint, code=code[0] if code else Fault.NOT_YAML, also=also)


def _told(problem: str, line: str, column: int) -> tuple[str, str] | tuple[str, str, Fault]:
    """Give message and hint for what libyaml found, by what stands there."""
    before, here = line[:column], line[column : column + 1]
    if here == "\t" and not before.strip():
        return _TAB
    if problem == "found character that cannot start any token":
        return f"text can't begin with {here or 'this'}", _QUOTE
    if problem == "did not find expected key":
        if here in {"]", "}"}:
            return _NEVER_OPENED
        if before.strip():
            return "something follows the end of the value", _QUOTE
        if here == "-":
            return "an item of a list stands among keys", "indent the list below its key, or write a key"
        return "this line is indented unlike those that it belongs to", "indent the keys of one mapping alike"
    return _WORDS.get(problem, (f"not YAML: {problem}", ""))
