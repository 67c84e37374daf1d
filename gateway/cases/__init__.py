"""Policy cases: made-up flows with what is expected of them, beside the policies; `sovgate test` runs them.

suites = load(files, policies, attached)  # files as `read_folder` gives them; raises FaultyFiles
"""

from __future__ import annotations

from gateway.cases.load import load
from gateway.cases.model import Case, Suite

__all__ = ["Case", "Suite", "load"]
