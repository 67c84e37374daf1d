"""Names taken apart into words, and the words that are known: of fields, of records, of programs, of people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_LONGEST = 200
_PIECES = re.compile(r"[\u3400-\u9fff]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_QUALIFIER = re.compile(r"\[(?:PARVW='[A-Z]{2}'|(?:QUALF|IDDAT)='[0-9]{3}')\]\Z", re.ASCII)
"""What a segment of an IDoc may be told by, beside its name."""

_HAN = re.compile(r"[\u3400-\u9fff]+")
_MOST_TOGETHER = 5
_SHORTEST_TAIL = 5


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase means: a class, or a kind of record. A `weak` phrase needs something else beside it."""

    of: str
    weak: bool
    phrase: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A phrase found in a name. `whole`: it is all of the name; `tail`: the name ends with it."""

    meaning: Meaning
    whole: bool
    tail: bool
    start: int
    end: int


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """Take a name apart: camel case, separators and digits; lower case, without accents. Han stays in one piece."""
    # NFKC first: full-width letters and digits are letters and digits.
    text = unicodedata.normalize("NFKC", name[:_LONGEST]).replace("ß", "ss")
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return tuple(piece.lower() for piece in _PIECES.findall(text))


def spoken(name: str) -> str:
    """Give a name as it is said: without a prefix (`so:Email`), or the sign of an attribute (`@id`)."""
    plain = _QUALIFIER.sub("", name).removeprefix("@")
    prefix, colon, local = plain.rpartition(":")
    return local if colon and local and prefix.isidentifier() else plain


def fields_named(name: str) -> tuple[Heard, ...]:
    """Give what a field's name may say of its class, the longest phrase first; none within another."""
    return _heard(name, "words")


def records_named(name: str) -> tuple[Heard, ...]:
    """Give what kinds of records a name speaks of, the last first."""
    return tuple(sorted(_heard(name, "entities"), key=lambda heard: -heard.end))


def record_of(name: str) -> str:
    """Give the kind of record that a name is about, by its last such word; "" for none."""
    found = records_named(name)
    return found[0].meaning.of if found else ""


def known(word: str) -> bool:
    """Tell whether a word stands in any of the lists, so that it is no value; a Han run, if a known one is in it."""
    if word in _vocabulary():
        return True
    if _HAN.fullmatch(word):
        return any(word[i:j] in _vocabulary() for i in range(len(word)) for j in range(i + 2, len(word) + 1))
    return False


def personal(word: str) -> bool:
    """Tell whether a word is a common given or family name, and means nothing to programs."""
    return word in _people() and word not in _vocabulary()


def singular(word: str) -> str:
    """Give the singular of an English plural; anything else as it is."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")) or word in _NO_PLURAL:  # noqa: PLR2004 - "ids"
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]


def plural(word: str) -> str:
    """Give an English plural."""
    if singular(word) != word:
        return word
    if word.endswith("y") and word[-2:-1] not in {"a", "e", "o", "u", ""}:
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


_NO_PLURAL = frozenset({"sales", "news", "series", "logistics", "analytics", "statistics", "settings"})


@lru_cache(maxsize=8192)
def _heard(name: str, source: str) -> tuple[Heard, ...]:
    pieces = words(name)
    index = _index(source)
    found: list[Heard] = []
    taken: set[int] = set()
    spans = [(i, j) for i in range(len(pieces)) for j in range(i + 1, min(i + _MOST_TOGETHER, len(pieces)) + 1)]
    for i, j in sorted(spans, key=lambda span: (span[0] - span[1], -span[1])):
        meaning = index.get("".join(pieces[i:j]))
        if meaning is not None and taken.isdisjoint(range(i, j)):
            taken.update(range(i, j))
            found.append(Heard(meaning, (i, j) == (0, len(pieces)), j == len(pieces), i, j))
    for i, piece in enumerate(pieces):
        inner = None if i in taken else _inside(piece, index)
        if inner is not None:
            found.append(Heard(inner[0], whole=False, tail=inner[1] and i == len(pieces) - 1, start=i, end=i + 1))
    return tuple(found)


def _inside(piece: str, index: Mapping[str, Meaning]) -> tuple[Meaning, bool] | None:
    """Find the longest known end of a long compound word, or of a run of Han; and whether the word ends with it."""
    han = _HAN.fullmatch(piece)
    least = 2 if han else _SHORTEST_TAIL
    for end in range(len(piece), least - 1 if han else len(piece) - 1, -1):
        for start in range(end - least + 1):
            if piece[start:end] in index:
                return index[piece[start:end]], end == len(piece)
    return None


@lru_cache(maxsize=4)
def _index(source: str) -> dict[str, Meaning]:
    index: dict[str, Meaning] = {}
    for line in _lines(source):
        of, _, phrases = line.partition(":")
        for phrase in phrases.split(","):
            written = phrase.strip()
            said = written.rstrip("?")
            index.setdefault("".join(words(said)), Meaning(of, written != said, said))
    return index


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    """Give every known word: the parts of all phrases, the phrases in one, their plurals, and words of programs."""
    whole = {*_index("words"), *_index("entities")}
    listed = [
        phrase for line in (*_lines("words"), *_lines("entities")) for phrase in line.partition(":")[2].split(",")
    ]
    parts = {word for phrase in listed for word in words(phrase)}
    programs = {word for line in _lines("paths") for written in line.split() for word in words(written)}
    found = whole | parts | programs
    return frozenset(found | {plural(word) for word in found if word.isascii()})


@lru_cache(maxsize=1)
def _people() -> frozenset[str]:
    return frozenset(word for line in _lines("given") for word in line.split())


def _lines(source: str) -> Iterator[str]:
    text = files("gateway.discover").joinpath(f"{source}.txt").read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))
