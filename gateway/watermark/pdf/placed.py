"""Finds the pictures that pages consist of: scans, and whatever else covers a good part of a page.

Reads as much of a content stream as tells where pictures are put (ISO 32000-2, 8.3 and 8.10), not what else they do.
"""

from __future__ import annotations

from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, PdfError, Stream

from gateway.watermark.pdf.pages import number
from gateway.watermark.pdf.read import Reader
from gateway.watermark.text.layout import Area

LEAST = 100_000  # pixels that can hold a code
_NARROWEST = 64  # pixels
_SHARE = 0.1  # of what is shown, to be a good part of a page
_DEEPEST, _MOST_DRAWN = 4, 2_000  # forms in forms, and what they draw: further in nobody looks
_LONGEST, _LONGEST_OF_ALL = 256 << 10, 4 << 20  # bytes of content that are read, and of a document's
_MOST_STEPS, _MOST_FORMS = 500_000, 500  # of a document: steps that are taken, and forms whose steps are kept
_PARTS = 6  # of a matrix

Matrix = tuple[float, float, float, float, float, float]
Steps = list[tuple[object, str]]
_PLAIN: Matrix = (1, 0, 0, 1, 0, 0)


class Finder:
    """Looks through the pages of one document, and remembers which resources hold no large picture: most."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[tuple[int, int], bool] = {}
        self._forms: dict[tuple[int, int], Steps] = {}
        self._bytes, self._most_steps = _LONGEST_OF_ALL, _MOST_STEPS

    def pictures(self, content: Object, resources: Object, shown: Area) -> list[Object]:
        """Give the large pictures that a page's content draws over a good part of it, each once."""
        if not self._any(resources, 0):
            return []
        found: dict[tuple[int, int], Object] = {}
        for image, share in self._drawn(content, resources, _PLAIN, shown, 0, [_MOST_DRAWN]):
            if share >= _SHARE and _large(image):
                found[image.objgen] = image
        return list(found.values())

    def _any(self, resources: Object, depth: int) -> bool:
        key = resources.objgen if resources.is_indirect else None
        if key is not None and key in self._known:
            return self._known[key]
        if key is not None:
            self._known[key] = False  # while it is looked through, so that a loop ends
        things = resources.get("/XObject")
        found = isinstance(things, Dictionary) and any(
            _large(thing) or (depth < _DEEPEST and _is_form(thing) and self._any(_own(thing, resources), depth + 1))
            for thing in (things[name] for name in things.keys())  # noqa: SIM118  not a dict
        )
        if key is not None:
            self._known[key] = found
        return found

    def _drawn(
        self, content: Object, resources: Object, matrix: Matrix, shown: Area, depth: int, left: list[int]
    ) -> Iterator[tuple[Object, float]]:
        """Give each picture that is drawn, and the share of what is shown that it may cover."""
        things = resources.get("/XObject")
        if not isinstance(things, Dictionary):
            return
        stack: list[Matrix | None] = []
        now: Matrix | None = matrix  # None: anywhere, in any size
        for operand, operator in self._steps(content, things, depth):
            match operator:
                case "q":
                    stack.append(now)
                case "Q":
                    now = stack.pop() if stack else now
                case "cm":
                    now = _times(operand, now) if isinstance(operand, tuple) and now else None
                case _:
                    thing = things.get(str(operand))
                    left[0] -= 1
                    if not isinstance(thing, Stream) or left[0] < 0:
                        continue
                    if thing.get("/Subtype") == Name.Image:
                        yield thing, _share(now, shown) if now else 1.0
                    elif depth < _DEEPEST and _is_form(thing):
                        inner = _numbers(list(thing.Matrix)) if isinstance(thing.get("/Matrix"), Array) else _PLAIN
                        onto = _times(inner, now) if inner and now else matrix
                        yield from self._drawn(thing, _own(thing, resources), onto, shown, depth + 1, left)

    def _steps(self, content: Object, things: Object, depth: int) -> Steps:
        """Give what matters of a content stream; where reading it takes too long, that all may be drawn anywhere."""
        key = content.objgen
        try:
            steps = self._forms.get(key) or self._read(content)
            if depth > 0 and len(self._forms) < _MOST_FORMS and len(steps) < _MOST_DRAWN:
                self._forms[key] = steps
            self._most_steps -= len(steps)
            if self._most_steps >= 0:
                return steps
        except (PdfError, ValueError, TypeError, RuntimeError):
            pass
        return [(None, "cm"), *((Name(name), "Do") for name in things.keys())]  # noqa: SIM118  not a dict

    def _read(self, content: Object) -> Steps:
        if self._bytes < 0:
            raise ValueError
        size = len(self._reader.read(content))
        self._bytes -= size
        if size > _LONGEST or self._bytes < 0:
            raise ValueError
        steps: Steps = []
        for step in pikepdf.parse_content_stream(content, "q Q cm Do"):
            operands, name = step.operands, str(step.operator)
            if name == "cm":
                steps.append((_numbers(list(operands)), name))
            elif name in {"q", "Q"} or (operands and isinstance(operands[-1], Name)):
                steps.append((operands[-1] if operands else None, name))
        return steps


def _numbers(values: list[object]) -> Matrix | None:
    if len(values) != _PARTS:
        return None
    a, b, c, d, e, f = map(number, values)
    return a, b, c, d, e, f


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _share(matrix: Matrix, shown: Area) -> float:
    """Give the share of what is shown that the unit square covers, at most."""
    a, b, c, d, e, f = matrix
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    wide = min(max(xs), shown.right) - max(min(xs), shown.left)
    high = min(max(ys), shown.high) - max(min(ys), shown.low)
    if wide <= 0 or high <= 0:
        return 0.0
    return min(abs(a * d - b * c), wide * high) / ((shown.right - shown.left) * (shown.high - shown.low))


def _large(thing: Object) -> bool:
    if not isinstance(thing, Stream) or thing.get("/Subtype") != Name.Image:
        return False
    width, height = number(thing.get("/Width")), number(thing.get("/Height"))
    return min(width, height) >= _NARROWEST and width * height >= LEAST


def _is_form(thing: Object) -> bool:
    return isinstance(thing, Stream) and thing.get("/Subtype") == Name.Form


def _own(form: Object, of_page: Object) -> Object:
    own = form.get("/Resources")
    return own if isinstance(own, Dictionary) else of_page
