"""Bytes to nodes: one YAML document of UTF-8 text, without tags, anchors, aliases, merge keys or duplicate keys.

Built on the events of PyYAML's parser (libyaml's where it is there): no object is ever constructed from a file.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from gateway.errors import FaultyFiles, Place, Problem, Second
from gateway.faults import Fault
from gateway.yamlsource.grammar import broken
from gateway.yamlsource.meaning import BOOLEANS_OF_YAML_1_1, meaning
from gateway.yamlsource.node import TO_END, Leaf, Listing, Node, Source, Table, shown

LARGEST = 2 * 1024 * 1024
"""The size in bytes beyond which a file is not read: no person wrote it."""

_DEEPEST = 32
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE = re.compile(r"\r\n|[\n\r]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BIDIRECTIONAL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ANCHOR, _TAG = re.compile(r"&[^\s,\[\]{}]*"), re.compile(r"!\S*")


def parse(name: str, data: bytes) -> Node:
    """Read one file; `name` is what reports call it. Raises FaultyFiles with every fault found."""
    problems: list[Problem] = []
    node = parse_into(problems, name, data)
    if node is None or problems:
        raise FaultyFiles(problems)
    return node


def parse_into(problems: list[Problem], name: str, data: bytes) -> Node | None:
    """Read one file, adding its faults to `problems`; None if there is nothing to go on with."""
    text = _decode(problems, name, data)
    if text is None:
        return None
    source = Source(name, tuple(_LINE.split(text)))
    hidden = _UNPRINTABLE.search(text) or _BIDIRECTIONAL.search(text)
    if hidden is not None:
        before = _LINE.split(text[: hidden.start()])
        place = source.place(len(before) - 1, len(before[-1]), len(before[-1]) + 1)
        message = f"the character U+{ord(hidden[0]):04X} does not show, and hides how the line reads"
        problems.append(Problem(place, message, "delete it", code=Fault.HIDDEN_CHARACTER))
        return None
    try:
        return _Builder(source, problems).build(text)
    except yaml.MarkedYAMLError as error:
        problems.append(broken(source, error))
    except yaml.YAMLError:
        problems.append(Problem(Place(name, 1, 1), "not YAML", code=Fault.NOT_YAML))
    return None


def _decode(problems: list[Problem], name: str, data: bytes) -> str | None:
    """Decode UTF-8, with or without a byte order mark; in any other encoding the same bytes would read otherwise."""
    if len(data) > LARGEST:
        problems.append(Problem(Place(name, 1, 1), f"the file is larger than {LARGEST} bytes", code=Fault.TOO_LARGE))
        return None
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = _LINE.split(data[: error.start].decode("utf-8"))
        place = Place(name, len(before), len(before[-1]) + 1)
        problems.append(Problem(place, "not UTF-8 text", "save the file as UTF-8", code=Fault.NOT_UTF8))
        return None


class _Builder:
    """Turns events into nodes, with an explicit stack."""

    def __init__(self, source: Source, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems

    def build(self, text: str) -> Node | None:
        """Give the root of the only document."""
        top: list[Node] = []
        stack: list[tuple[Any, list[Node]]] = [(None, top)]
        for event in iter(_LOADER(text).get_event, None):
            if isinstance(event, yaml.ScalarEvent):
                self._plain_only(event)
                stack[-1][1].append(Leaf(self.source, *_span(event), event.value, not event.style))
            elif isinstance(event, yaml.CollectionStartEvent):
                self._plain_only(event)
                if len(stack) > _DEEPEST:
                    message, hint = (
                        f"nested more than {_DEEPEST} deep",
                        "close what was opened before: ] for [, and } for {",
                    )
                    self._report(self.source.place(*_start(event)), Fault.TOO_DEEP, message, hint)
                    return None
                stack.append((event, []))
            elif isinstance(event, yaml.CollectionEndEvent):
                start, children = stack.pop()
                stack[-1][1].append(self._collection(start, event, children))
            elif isinstance(event, yaml.AliasEvent):
                self._report(self.source.place(*_span(event)), Fault.ANCHOR, "aliases are not read", "write it out")
                stack[-1][1].append(Leaf(self.source, *_span(event), "", plain=True, broken=True))
            elif isinstance(event, yaml.DocumentStartEvent):
                if top:
                    hint = "write one document a file"
                    self._report(
                        self.source.place(*_start(event)), Fault.SECOND_DOCUMENT, "a second document starts here", hint
                    )
                    break
                if event.version or event.tags:
                    hint = "delete the lines that begin with %"
                    self._report(
                        self.source.place(*_start(event)), Fault.DIRECTIVE, "YAML directives are not read", hint
                    )
        if not top:
            hint = "write what belongs there, or delete the file"
            self._report(self.source.place(0, 0, 1), Fault.EMPTY_FILE, "the file is empty", hint)
            return None
        return top[0]

    def _collection(self, start: Any, end: Any, children: list[Node]) -> Node:
        line, column, ends = _span(start, end) if start.flow_style else _span(start)
        if isinstance(start, yaml.SequenceStartEvent):
            return Listing(self.source, line, column, ends if start.flow_style else TO_END, tuple(children))
        entries: list[tuple[Leaf, Node]] = []
        seen: dict[str, Leaf] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Leaf):
                self._report(key.place, Fault.KEY_NOT_TEXT, "a key must be text", "write it as key: value")
                continue
            if key.broken or not self._good_key(key):
                continue
            first = seen.setdefault(key.text, key)
            if first is key:
                entries.append((key, value))
            else:
                message = f'the key "{key.text[:100]}" stands twice; first on line {first.line + 1}'
                also = Second("first here", first.place)
                self._report(key.place, Fault.KEY_TWICE, message, "keep one of them", also)
        if not start.flow_style and children and children[0].line == line:
            ends = children[0].end
        return Table(self.source, line, column, ends, tuple(entries), whole=len(entries) == len(children) // 2)

    def _good_key(self, key: Leaf) -> bool:
        """Refuse keys that some YAML readers take for something else than text."""
        if not key.plain:
            return True
        if key.text == "<<":
            self._report(key.place, Fault.MERGE_KEY, "merge keys are not read", "write the members out")
            return False
        if key.text in BOOLEANS_OF_YAML_1_1 or not isinstance(meaning(key), str):
            told = f'"{key.text[:100]}"' if key.text else "nothing"
            message = f"{told} is no key: some YAML readers take it for something else than text"
            self._report(key.place, Fault.AMBIGUOUS_KEY, message, f'put it in quotes: "{key.text[:100]}"')
            return False
        return True

    def _plain_only(self, event: Any) -> None:
        if event.anchor is not None:
            hint = "write the value out where it is needed; text that begins with & needs quotes"
            self._report(self._found(event, _ANCHOR), Fault.ANCHOR, "anchors are not read", hint)
        if event.tag is not None:
            hint = "delete the word that begins with !, or put it in quotes"
            self._report(self._found(event, _TAG), Fault.TAG, "tags are not read", hint)

    def _found(self, event: Any, pattern: re.Pattern[str]) -> Place:
        """Give the place of what stands before a value: its anchor, or its tag."""
        line, column, end = _span(event)
        found = pattern.search(self.source.lines[line], column)
        return self.source.place(line, *found.span()) if found else self.source.place(line, column, end)

    def _report(self, place: Place, code: Fault, message: str, hint: str, also: Second | None = None) -> None:
        self.problems.append(Problem(place, shown(message), shown(hint), code=code, also=also))


def _start(event: Any) -> tuple[int, int, int]:
    """Give the line and column where an event begins, and the column after its first character; counted from 0."""
    mark = event.start_mark
    return mark.line, mark.column, mark.column + 1


def _span(event: Any, last: Any = None) -> tuple[int, int, int]:
    """Give the line and column where an event begins, and the column where it (or `last`) ends; counted from 0."""
    start, end = event.start_mark, (last or event).end_mark
    return start.line, start.column, end.column if end.line == start.line else TO_END
