"""The decision alone: what one costs, warm, against 10, 100 and 1,000 policies.

Run it with `python bench/decision.py` (a table) or `python bench/decision.py --json` (for machines).

Policies are spread over systems and operations as in a real house: most name one operation, one in ten reaches every
operation of a system, and one in fifty, up to twenty, reaches everything. Questions are asked as the gate asks them: a
new situation for each leg, customers with consents and attributes, a clock that moves.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict, dataclass, replace
from datetime import time
from ipaddress import ip_network
from itertools import cycle, islice
from time import perf_counter_ns

from gateway.errors import Place
from gateway.flow import CustomerFacts, Leg, Purpose
from gateway.policy.compile import RuleBook, compile_rules
from gateway.policy.decide import Situation, decide
from gateway.policy.model import Condition, ConsentKind, Policy, PolicySet, Rule, Watermark, Window
from gateway.treatments.registry import build

HERE = Place("policies/p.yaml", 1, 1)
SYSTEMS = ("erp", "mes", "tms")
OPERATIONS = tuple(f"{system}.operation-{number}" for number in range(20) for system in SYSTEMS)
CLASSES = frozenset(
    {"business.order", "business.price", "user.contact.email", "user.contact.phone_number", "user.name"}
)
PURPOSES = ("order-fulfilment", "service", "billing")
REGIONS = ("eu", "cn", "us")
WORKDAYS = Window(frozenset(range(5)), time(8), time(18), "Europe/Berlin")
OFFICE = ip_network("10.0.0.0/8")
START = 1_767_614_400_000_000_000
TARGET_US = 5.0
ROUNDS = 7
LEGS = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured with one number of policies; times in microseconds, `compile_ms` in milliseconds."""

    policies: int
    rules: int
    compile_ms: float
    cold_us: float
    leg_us: float
    record_us: float


def policies(count: int) -> PolicySet:
    """Write many policies, each with a grant, two protections, and now and then a denial or a watermark."""
    consents = {name: ConsentKind(name, HERE) for name in ("contact", "research")}
    return PolicySet({}, tuple(policy(number) for number in range(count)), consents, "", "")


def policy(number: int) -> Policy:
    """Write one policy."""
    operation = OPERATIONS[number % len(OPERATIONS)]
    scope = Condition(
        from_=frozenset({"crm"}),
        to=frozenset({operation.partition(".")[0]}),
        operations=frozenset({operation}),
        purposes=frozenset({PURPOSES[number % len(PURPOSES)], PURPOSES[0]}),
    )
    if number % 10 == 5:
        scope = replace(scope, operations=None)
    if number % 50 == 1:
        scope = Condition(from_=frozenset({"crm"}))

    def rule(kind: str, index: int, **parts) -> Rule:
        return Rule(f"p{number:04}/{kind}[{index}]", kind, HERE, scope, **parts)

    contact = frozenset({"user.contact"})
    rules = [
        rule("allow", 0),
        rule("protect", 0, classes=contact, treatment=build("mask", {}), unless=Condition(consent="contact")),
        rule("protect", 1, classes=frozenset({"business.price"}), treatment=build("redact", {})),
    ]
    if number % 4 in {0, 1}:
        rules.append(rule("deny", 0, when=Condition(customer={"region": frozenset({"us"})}, time=(WORKDAYS,))))
    if number % 4 == 1:
        rules.append(rule("watermark", 0, watermark=Watermark("{mark}"), unless=Condition(network=(OFFICE,))))
    return Policy(f"p{number:04}", HERE, rules=tuple(rules))


def situations(count: int) -> list[Situation]:
    """Make situations that are equal now and then and never the same object."""
    return [
        Situation(
            source="crm",
            target=operation.partition(".")[0],
            operation=operation,
            leg=list(Leg)[number % 2],
            purpose=Purpose(PURPOSES[number % len(PURPOSES)], "claim"),
            role=("clerk", "planner")[number % 2],
            kind="human",
            assurance=None,
            peer=f"10.0.0.{number % 200}",
        )
        for number, operation in enumerate(islice(cycle(OPERATIONS), count))
    ]


CUSTOMERS = [
    CustomerFacts(f"c{number}", frozenset({"contact"}) if number % 2 else frozenset(), {"region": REGIONS[number % 3]})
    for number in range(37)
]


def ask_legs(book: RuleBook, asked: list[Situation], began: int) -> float:
    """Decide one leg after the other, each for another customer; give microseconds a leg."""
    customers = cycle(CUSTOMERS)
    start = perf_counter_ns()
    for number, situation in enumerate(asked):
        decide(book, situation, next(customers), CLASSES, began + number * 1_000_000)
    return (perf_counter_ns() - start) / len(asked) / 1000


def ask_records(book: RuleBook, asked: list[Situation], began: int) -> float:
    """Decide one list of 37 customers' records after the other; give microseconds a customer."""
    start = perf_counter_ns()
    for situation in asked[:50]:
        for customer in CUSTOMERS:
            decide(book, situation, customer, CLASSES, began).treated(CLASSES)
    return (perf_counter_ns() - start) / 50 / len(CUSTOMERS) / 1000


def measure(count: int) -> Row:
    """Measure one number of policies: the first time each question is asked, then the median of warm rounds."""
    written = policies(count)
    start = perf_counter_ns()
    book = compile_rules(written)
    compiled = (perf_counter_ns() - start) / 1e6
    asked = situations(LEGS)
    cold = ask_legs(book, asked[: len(OPERATIONS) * 2], START)
    ask_legs(book, asked, START)
    ask_records(book, asked, START)
    return Row(
        policies=count,
        rules=sum(len(one.rules) for one in written.policies),
        compile_ms=round(compiled, 1),
        cold_us=round(cold, 1),
        leg_us=round(statistics.median(ask_legs(book, situations(LEGS), START) for _ in range(ROUNDS)), 2),
        record_us=round(statistics.median(ask_records(book, asked, START) for _ in range(ROUNDS)), 2),
    )


def main() -> None:
    """Measure, and print a table or JSON."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--json", action="store_true", help="print JSON instead of a table")
    rows = [measure(count) for count in (10, 100, 1000)]
    slowest, flat = max(row.leg_us for row in rows), rows[-1].leg_us / rows[0].leg_us
    if arguments.parse_args().json:
        found = {"rows": [asdict(row) for row in rows], "target_us": TARGET_US, "slowest_us": slowest, "ratio": flat}
        json.dump(found, sys.stdout, indent=2)
        print()
        return
    print("policies  rules  compile, ms  first time, us  warm leg, us  warm record, us")
    for row in rows:
        print(
            f"{row.policies:8}  {row.rules:5}  {row.compile_ms:11}  {row.cold_us:14}"
            f"  {row.leg_us:12}  {row.record_us:15}"
        )
    reached = "reached" if slowest < TARGET_US else "NOT reached"
    print(f"target: a warm leg under {TARGET_US} us: {reached}; 1,000 policies cost {flat:.2f} times what 10 do")


if __name__ == "__main__":
    main()
