"""What the image library raises at broken pictures, which is nearly anything."""

from __future__ import annotations

BROKEN = (
    OSError,
    SyntaxError,  # a broken PNG
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    RuntimeError,
)
