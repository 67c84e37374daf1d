"""Bytes to nodes: one YAML document of UTF-8 text, without tags, anchors, aliases, merge keys or duplicate keys.

Built on the events of PyYAML's parser (libyaml's where it is there): no object is ever constructed from a file.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from gateway.errors import FaultyFiles, Place, Problem
from gateway.yamlsource.meaning import BOOLEANS_OF_YAML_1_1, meaning
from gateway.yamlsource.node import Leaf, Listing, Node, Source, Table, shown

LARGEST = 2 * 1024 * 1024
"""The size in bytes beyond which a file is not read: no person wrote it."""

_DEEPEST = 32
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE = re.compile(r"\r\n|[\n\r]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BIDIRECTIONAL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HINTS = {
    "found character that cannot start any token": "indent with spaces; text that begins with @, ` or % needs quotes",
    "mapping values are not allowed in this context": 'put text that contains ": " in quotes',
    "did not find expected key": "indent the members of one mapping alike",
}
"""What to do about the faults that people make most, by libyaml's words for them."""


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
        place = source.place(len(before) - 1, len(before[-1]))
        message = f"the character U+{ord(hidden[0]):04X} does not show, and hides how the line reads"
        problems.append(Problem(place, message, "delete it"))
        return None
    try:
        return _Builder(source, problems).build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, 1, 1) if mark is None else source.place(mark.line, mark.column)
        hint = _HINTS.get(error.problem or "", error.context or "")
        problems.append(Problem(place, f"not YAML: {error.problem}", hint))
    except yaml.YAMLError:
        problems.append(Problem(Place(name, 1, 1), "not YAML"))
    return None


def _decode(problems: list[Problem], name: str, data: bytes) -> str | None:
    """Decode UTF-8, with or without a byte order mark; in any other encoding the same bytes would read otherwise."""
    if len(data) > LARGEST:
        problems.append(Problem(Place(name, 1, 1), f"the file is larger than {LARGEST} bytes"))
        return None
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = _LINE.split(data[: error.start].decode("utf-8"))
        place = Place(name, len(before), len(before[-1]) + 1)
        problems.append(Problem(place, "not UTF-8 text", "save the file as UTF-8"))
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
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.ScalarEvent):
                self._plain_only(event)
                stack[-1][1].append(Leaf(self.source, *_start(event), event.value, not event.style))
            elif isinstance(event, yaml.CollectionStartEvent):
                self._plain_only(event)
                if len(stack) > _DEEPEST:
                    mark: Any = event.start_mark
                    raise yaml.MarkedYAMLError(None, None, f"nested more than {_DEEPEST} deep", mark)
                stack.append((event, []))
            elif isinstance(event, yaml.CollectionEndEvent):
                start, children = stack.pop()
                stack[-1][1].append(self._collection(start, children))
            elif isinstance(event, yaml.AliasEvent):
                self._fault(event, "aliases are not read", "write it out")
                stack[-1][1].append(Leaf(self.source, *_start(event), "", plain=True, broken=True))
            elif isinstance(event, yaml.DocumentStartEvent):
                if top:
                    self._fault(event, "a second document starts here", "write one document a file")
                    break
                if event.version or event.tags:
                    self._fault(event, "YAML directives are not read", "delete the lines that begin with %")
        if not top:
            self._report(self.source.place(0, 0), "the file is empty")
            return None
        return top[0]

    def _collection(self, start: Any, children: list[Node]) -> Node:
        if isinstance(start, yaml.SequenceStartEvent):
            return Listing(self.source, *_start(start), tuple(children))
        entries: list[tuple[Leaf, Node]] = []
        seen: dict[str, Leaf] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Leaf):
                self._report(key.place, "a key must be text")
                continue
            if key.broken or not self._good_key(key):
                continue
            first = seen.setdefault(key.text, key)
            if first is key:
                entries.append((key, value))
            else:
                message = f'the key "{key.text[:100]}" stands twice; first on line {first.line + 1}'
                self._report(key.place, message, "keep one of them")
        return Table(self.source, *_start(start), tuple(entries))

    def _good_key(self, key: Leaf) -> bool:
        """Refuse keys that some YAML readers take for something else than text."""
        if not key.plain:
            return True
        if key.text == "<<":
            self._report(key.place, "merge keys are not read", "write the members out")
            return False
        if key.text in BOOLEANS_OF_YAML_1_1 or not isinstance(meaning(key), str):
            told = f'"{key.text[:100]}"' if key.text else "nothing"
            message = f"{told} is no key: some YAML readers take it for something else than text"
            self._report(key.place, message, f'put it in quotes: "{key.text[:100]}"')
            return False
        return True

    def _plain_only(self, event: Any) -> None:
        if event.anchor is not None:
            self._fault(event, "anchors are not read", "write the value out where it is needed")
        if event.tag is not None:
            self._fault(event, "tags are not read", "delete the word that begins with !")

    def _fault(self, event: Any, message: str, hint: str) -> None:
        self._report(self.source.place(*_start(event)), message, hint)

    def _report(self, place: Place, message: str, hint: str = "") -> None:
        self.problems.append(Problem(place, shown(message), shown(hint)))


def _start(event: Any) -> tuple[int, int]:
    """Give the line and column where an event begins, counted from 0."""
    mark = event.start_mark
    return mark.line, mark.column
