"""What Prometheus is told of those who attest the log: labels are witnesses' names, as configured, and outcomes."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class Counts:
    """Counts in a registry: the gateway's, or one of its own (`gateway.witness.rounds.Watch`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Begin at zero."""
        self._requests = Counter(
            "sovgate_witness_requests",
            "Heads of the log handed to witnesses, and to the time-stamping authority (timestamps), by how it went",
            ("witness", "outcome"),
            registry=registry,
        )
        self._entries = Gauge(
            "sovgate_witness_entries",
            "Entries under the newest head that is cosigned by a quorum, or stamped",
            ("kind",),
            registry=registry,
        )
        self._time = Gauge(
            "sovgate_witness_timestamp_seconds", "When that head was cosigned, or stamped", ("kind",), registry=registry
        )

    def attested(self, by: str, outcome: str) -> None:
        """Count that a head was handed to a witness (its name) or to the authority (`timestamps`), and how it went."""
        self._requests.labels(by, outcome).inc()

    def head_attested(self, kind: str, size: int, time: float) -> None:
        """Note how far the newest head goes that is `cosigned` or `stamped`, and since when."""
        self._entries.labels(kind).set(size)
        self._time.labels(kind).set(time)
