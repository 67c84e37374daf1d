"""A condition taken apart: each of its written parts as a condition of its own, with what it asks for in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.policy.model import Condition, Window

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Part:
    """One part: the key that it is written under, what it asks for, and the condition that asks for nothing else."""

    key: str
    wanted: tuple[str, ...]
    condition: Condition


def parts(condition: Condition) -> Iterator[Part]:
    """Give the written parts; all of them together ask for what the whole condition does."""
    if condition.from_:
        yield Part("from", tuple(sorted(condition.from_)), Condition(from_=condition.from_))
    if condition.to:
        yield Part("to", tuple(sorted(condition.to)), Condition(to=condition.to))
    if condition.operations:
        yield Part("operations", tuple(sorted(condition.operations)), Condition(operations=condition.operations))
    if condition.leg is not None:
        yield Part("leg", (condition.leg.value,), Condition(leg=condition.leg))
    if condition.purposes:
        only = Condition(purposes=condition.purposes, purpose_from=condition.purpose_from)
        yield Part("purposes", tuple(sorted(condition.purposes)), only)
    for name, values in condition.operator.items():
        yield Part(f"operator.{name}", tuple(sorted(values)), Condition(operator={name: values}))
    for name, values in condition.customer.items():
        yield Part(f"customer.{name}", tuple(sorted(values)), Condition(customer={name: values}))
    if condition.time:
        yield Part("time", tuple(map(_window, condition.time)), Condition(time=condition.time))
    if condition.network:
        yield Part("network", tuple(map(str, condition.network)), Condition(network=condition.network))
    if condition.consent is not None:
        only = Condition(consent=condition.consent, purpose_from=condition.purpose_from)
        yield Part("consent", (condition.consent,), only)


def _window(window: Window) -> str:
    """Write a time window in a line."""
    days = "every day" if len(window.days) == len(_DAYS) else ", ".join(_DAYS[day] for day in sorted(window.days))
    until = f"{window.until:%H:%M}".replace("00:00", "24:00")
    return f"{days} {window.since:%H:%M} to {until} {window.zone}"
