"""Cases written in a test, loaded and run over the shipped policies, or over any others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gate_kit import SHIPPED, shipped

from gateway.cases import Suite, load
from gateway.cases.attached import AttachedFiles
from gateway.cases.run import Result, Runner
from gateway.policy.model import PolicySet

POLICIES = shipped()
HEAD = "version: 1\ncases: c\nlist:\n"
ORDER = "{id: SO-1, customer: {id: C-1, email: ann@pumps.example}}"
READ = "from: crm, to: erp, purpose: order-fulfilment, request: GET /api/orders/SO-1"


def suites(text: str, policies: PolicySet = POLICIES, attached: Mapping[str, bytes] | None = None) -> tuple[Suite, ...]:
    """Load one file of cases."""
    find: Callable[[str], bytes | None] = AttachedFiles(SHIPPED) if attached is None else attached.get
    return load({"tests/c.yaml": text.encode()}, policies, find)


def run(text: str, policies: PolicySet = POLICIES, attached: Mapping[str, bytes] | None = None) -> list[Result]:
    """Load and run one file of cases; documents are opened here and not in a worker."""
    return run_all(suites(text, policies, attached), policies)


def run_all(loaded: Iterable[Suite], policies: PolicySet = POLICIES) -> list[Result]:
    """Run loaded cases."""

    async def here(function: Callable[..., Any], *arguments: object) -> Any:
        return function(*arguments)

    async def go() -> None:
        runner = Runner(policies, here)
        results.extend([await runner.run(case) for suite in loaded for case in suite.cases])

    results: list[Result] = []
    asyncio.run(go())
    return results


def reading(expect: str, body: str = ORDER, flow: str = READ, more: str = "") -> str:
    """Write a file with one case: an order is read."""
    made_up = f"  - case: An order is read\n    flow: {{{flow}}}\n    response: {{body: {body}}}\n{more}"
    return f"{HEAD}{made_up}    expect: {expect}\n"


def failures(text: str, **given: Any) -> list[str]:
    """Give what failed of the only case, as `line:column message [code]`."""
    (result,) = run(text, **given)
    return [f"{p.place.line}:{p.place.column} {p.message} [{p.code}]" for p in result.failures]
