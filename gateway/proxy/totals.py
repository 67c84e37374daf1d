"""The metrics of several workers as those of one gateway: sums that never go back when a worker ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
from prometheus_client.core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from gateway.proxy.metrics import Metrics

_LEAST = frozenset({"sovgate_config_last_reload_successful", "sovgate_config_last_reload_success_timestamp_seconds"})
_ONCE = frozenset({"sovgate_build_info", "sovgate_capture_active"})
_SUMMED = frozenset({"counter", "histogram"})


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One number, with its labels in order."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


class Family(msgspec.Struct, frozen=True, array_like=True):
    """What one thing that is counted stands at."""

    name: str
    type: str
    help: str
    samples: tuple[Sample, ...]


def families(metrics: Metrics) -> list[Family]:
    """Give what a process counted so far."""
    return [
        Family(
            found.name,
            found.type,
            found.documentation,
            tuple(Sample(one.name, tuple(one.labels.items()), one.value) for one in found.samples),
        )
        for found in metrics.registry.collect()
    ]


@dataclass(slots=True)
class _Sum:
    """One family, over all that told of it."""

    type: str
    help: str
    values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)

    def add(self, name: str, samples: Iterable[Sample]) -> None:
        """Take in what one process told."""
        for sample in samples:
            key, value = (sample.name, sample.labels), sample.value
            if key in self.values:
                before = self.values[key]
                if name in _LEAST or sample.name.endswith("_created"):
                    value = min(value, before)
                elif name in _ONCE:
                    value = max(value, before)
                else:
                    value += before
            self.values[key] = value


@dataclass(slots=True, eq=False)
class Totals(Collector):
    """What all workers counted: those that run, by what they told last, and those that ended."""

    _last: dict[int, Sequence[Family]] = field(default_factory=dict)
    _ended: dict[str, _Sum] = field(default_factory=dict)

    def told(self, worker: int, found: Sequence[Family]) -> None:
        """Keep what a worker told last."""
        self._last[worker] = found

    def ended(self, worker: int) -> None:
        """Keep the sums of a worker that is no more: counters never go back."""
        for one in self._last.pop(worker, ()):
            if one.type in _SUMMED:
                _add(self._ended, one)

    def collect(self) -> Iterator[Metric]:
        """Give the sums."""
        sums = {name: _Sum(one.type, one.help, dict(one.values)) for name, one in self._ended.items()}
        for found in self._last.values():
            for one in found:
                _add(sums, one)
        for name, total in sums.items():
            metric = Metric(name, total.help, total.type)
            for (sample, labels), value in total.values.items():
                metric.add_sample(sample, dict(labels), value)
            yield metric

    def registry(self) -> CollectorRegistry:
        """Give a registry of its own that tells these sums."""
        registry = CollectorRegistry()
        registry.register(self)
        return registry


def _add(sums: dict[str, _Sum], one: Family) -> None:
    sums.setdefault(one.name, _Sum(one.type, one.help)).add(one.name, one.samples)
