"""Any text as a value that holds a message: taken out, it goes back as it was, or the value is refused."""

from __future__ import annotations

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats import embedded
from gateway.formats.parts import Part

SIZE, RATIO = 1 << 20, 50


def target(data: bytes) -> None:
    values: list[str | Part] = [Part(data), data.decode("latin-1"), data.decode("utf-8", "replace")]
    for coding in embedded.CODINGS:
        for value in values:
            try:
                held = embedded.take(value, coding, SIZE, RATIO)
            except Unreadable:
                continue
            again = held.back(held.body)
            if "+" not in coding:
                assert again == (value if isinstance(again, Part) or not isinstance(value, Part) else value.text)
            other = embedded.take(held.back(b"{}"), coding, SIZE, RATIO)
            assert (other.body, other.bare) == (b"{}", True)


if __name__ == "__main__":
    fuzz(target, "embedded")
