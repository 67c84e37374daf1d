"""What one rule's conditions say of another's: that they hold whenever those do, or that both can't hold at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network

from gateway.policy.model import Condition, Rule, Window

_MINUTES = 24 * 60
_WEEK = 7 * _MINUTES
_ALWAYS = (1 << _WEEK) - 1

Network = IPv4Network | IPv6Network
Words = Mapping[str, frozenset[str]]
"""What is asked for by words: each purpose or attribute that some condition names, with the words that satisfy it."""


def conditions(rule: Rule) -> tuple[Condition, Condition]:
    """Give what must hold for a rule: its policy's scope, and what stands beside it."""
    return rule.scope, rule.when


def key(condition: Condition | None) -> object:
    """Give what tells a condition from every other; conditions themselves are alike to a dict in their attributes."""
    return condition and (
        condition.from_, condition.to, condition.operations, condition.purposes, condition.purpose_from, condition.leg,
        frozenset(condition.operator.items()), frozenset(condition.customer.items()), condition.time,
        condition.network, condition.consent,
    )  # fmt: skip


def words(conditions_: tuple[Condition, ...]) -> Words:
    """Give what conditions ask for by words: purposes, and the operator's and the customer's attributes.

    Where both conditions ask for one of them, what satisfies both is left; nothing, where they exclude each other.
    """
    found: dict[str, frozenset[str]] = {}
    for condition in conditions_:
        for name, among in asked(condition):
            found[name] = found[name] & among if name in found else among
    return found


def asked(condition: Condition) -> Iterator[tuple[str, frozenset[str]]]:
    """Give each thing that a condition asks for by words, with the words."""
    if condition.purposes:
        yield "purposes", condition.purposes
    yield from ((f"operator.{name}", among) for name, among in condition.operator.items())
    yield from ((f"customer.{name}", among) for name, among in condition.customer.items())


def implies(inner: Rule, outer: Rule, said: Words, asked_: Words, *, grant: bool = False) -> bool:
    """Tell whether `outer` holds at least whenever `inner` does, their routes apart. Both come with their words.

    Where a purpose isn't trusted a restriction holds; so `outer` must trust no source that `inner` doesn't, unless
    `inner` is a grant, which holds only where the purpose is certain.
    """
    if not all(name in said and said[name] <= among for name, among in asked_.items()):
        return False
    if "purposes" in asked_ and not grant and not outer.scope.purpose_from <= inner.scope.purpose_from:
        return False
    return all(_time_and_place(conditions(inner), condition) for condition in conditions(outer))


def compatible(one: Words, other: Words) -> bool:
    """Tell whether two rules can hold at once, as far as words go."""
    return all(not among.isdisjoint(other[name]) for name, among in one.items() if name in other)


def _time_and_place(inner: tuple[Condition, ...], outer: Condition) -> bool:
    """Tell whether the windows and networks of some inner condition lie within those of the outer one."""
    in_time = not outer.time or any(c.time and set(c.time) <= set(outer.time) for c in inner)
    in_place = not outer.network or any(c.network and inside(c.network, outer.network) for c in inner)
    return in_time and in_place


def inside(networks: tuple[Network, ...], around: tuple[Network, ...]) -> bool:
    """Tell whether each network lies within one of some others."""
    return all(any(_within(network, other) for other in around) for network in networks)


def apart(networks: tuple[Network, ...], others: tuple[Network, ...]) -> bool:
    """Tell whether no address lies in a network of both. Addresses of version 4 may come mapped into version 6."""
    versions = {network.version for network in networks}
    if not versions or versions != {network.version for network in others}:
        return False
    return not any(
        network.version == other.version and network.overlaps(other) for network in networks for other in others
    )


def week(windows: tuple[Window, ...]) -> int | None:
    """Give the minutes of a week in which any window is open, a bit each; None where their zones differ."""
    if len({window.zone for window in windows}) != 1:
        return None
    minutes = 0
    for window in windows:
        since = window.since.hour * 60 + window.since.minute
        until = window.until.hour * 60 + window.until.minute
        length = until - since if until > since else until - since + _MINUTES
        for day in window.days:
            minutes |= ((1 << length) - 1) << (day * _MINUTES + since)
    return (minutes | minutes >> _WEEK) & _ALWAYS


def never_both(one: tuple[Window, ...], other: tuple[Window, ...]) -> bool:
    """Tell whether no moment lies in windows of both; where zones differ it is not looked into."""
    if len({window.zone for window in (*one, *other)}) != 1:
        return False
    first, second = week(one), week(other)
    return first is not None and second is not None and not first & second


def whole_week(windows: tuple[Window, ...]) -> bool:
    """Tell whether some window is open at any time."""
    return bool(windows) and week(windows) == _ALWAYS


def everywhere(networks: tuple[Network, ...]) -> bool:
    """Tell whether every address lies in one of some networks; one of version 4 does as well, in its mapped form."""
    return any(network.version == 6 and network.prefixlen == 0 for network in networks)  # noqa: PLR2004 - IPv6


def _within(network: Network, other: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)
