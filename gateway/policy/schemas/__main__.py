"""Print a schema, made anew: `python -m gateway.policy.schemas policy`."""

from __future__ import annotations

import sys

from gateway.policy.schemas import made

sys.stdout.write(made(sys.argv[1]))
