"""What the client programs share: each step is tried, and what it gave, or which error the library raised, is told."""

from __future__ import annotations

import json
import sys
import traceback


class Teller:
    """Collects what steps gave."""

    def __init__(self):
        self.said = {}

    def step(self, function):
        """Run a step now, under the function's name."""
        try:
            self.said[function.__name__] = {"gave": function()}
        except Exception as error:  # noqa: BLE001 - whatever a library raises is what is asked for
            traceback.print_exc(file=sys.stderr)
            self.said[function.__name__] = {"raised": type(error).__name__, "text": str(error)[:2000]}
        return function

    def tell(self):
        """Print all on one line."""
        sys.stdout.write(json.dumps(self.said, default=str) + "\n")
