"""What Prometheus is told. Labels are systems, legs, verdicts, policies and treatments: never an id or a value."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from gateway.flow import Leg

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """A registry of its own and one typed method for each thing that is counted."""

    def __init__(self, version: str) -> None:
        """Begin at zero; `version` is the build's."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "sovgate_requests",
            "Legs decided, by system and verdict",
            ("route", "leg", "verdict"),
            registry=self.registry,
        )
        self._duration = Histogram(
            "sovgate_request_duration_seconds",
            "From a request's head to its answer",
            ("route",),
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._upstream = Histogram(
            "sovgate_upstream_duration_seconds",
            "What systems took of it",
            ("route",),
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._fields = Counter(
            "sovgate_fields_treated", "Values treated", ("policy", "treatment"), registry=self.registry
        )
        self._addresses = Counter(
            "sovgate_addresses_left", "Answers that name a system's own address", ("route",), registry=self.registry
        )
        self._audit_failures = Counter(
            "sovgate_audit_write_failures", "Entries that could not be made durable", registry=self.registry
        )
        self._reload_ok = Gauge(
            "sovgate_config_last_reload_successful", "1 if the last reload was taken", registry=self.registry
        )
        self._reloaded = Gauge(
            "sovgate_config_last_reload_success_timestamp_seconds",
            "When the last good set was taken",
            registry=self.registry,
        )
        self._capture_active = Gauge(
            "sovgate_capture_active", "1 while what crosses is captured", registry=self.registry
        )
        self._captured = Counter("sovgate_captured_flows", "Flows that were captured", registry=self.registry)
        self._captured_bytes = Counter("sovgate_captured_bytes", "What they took on disk", registry=self.registry)
        self._capture_dropped = Counter(
            "sovgate_capture_dropped", "Flows that were not captured, for want of speed", registry=self.registry
        )
        self._providers = Histogram(
            "sovgate_key_provider_duration_seconds",
            "Calls to providers of keys that are somewhere else, by how they went: done, gone, unavailable",
            ("provider", "outcome"),
            registry=self.registry,
            buckets=_SECONDS,
        )
        Gauge("sovgate_build_info", "Always 1", ("version",), registry=self.registry).labels(version).set(1)
        self._requests_of: dict[tuple[str, str, str], Counter] = {}
        self._fields_of: dict[tuple[str, str], Counter] = {}
        self._duration_of: dict[str, Histogram] = {}
        self._upstream_of: dict[str, Histogram] = {}

    def decided(self, system: str, leg: Leg, verdict: str) -> None:
        """Count a leg: `verdict` is `allow` or `refuse`."""
        key = (system, leg.value, verdict)
        child = self._requests_of.get(key)
        if child is None:
            child = self._requests_of[key] = self._requests.labels(*key)
        child.inc()

    def turned_away(self) -> None:
        """Count a request that was refused before its system was known."""
        self.decided("none", Leg.REQUEST, "refuse")

    def treated(self, policy: str, treatment: str, count: int) -> None:
        """Count values that a policy had treated."""
        key = (policy, treatment)
        child = self._fields_of.get(key)
        if child is None:
            child = self._fields_of[key] = self._fields.labels(*key)
        child.inc(count)

    def address_left(self, system: str) -> None:
        """Count an answer that names the address of a system, where no field of the catalogue says so."""
        self._addresses.labels(system).inc()

    def request_seconds(self, system: str, seconds: float) -> None:
        """Note how long a flow took."""
        child = self._duration_of.get(system)
        if child is None:
            child = self._duration_of[system] = self._duration.labels(system)
        child.observe(seconds)

    def upstream_seconds(self, system: str, seconds: float) -> None:
        """Note how long a system took to answer."""
        child = self._upstream_of.get(system)
        if child is None:
            child = self._upstream_of[system] = self._upstream.labels(system)
        child.observe(seconds)

    def audit_write_failed(self) -> None:
        """Count an entry that could not be written."""
        self._audit_failures.inc()

    def reloaded(self, *, successful: bool, at: float) -> None:
        """Note how a load of the policies went, and when (seconds since the epoch)."""
        self._reload_ok.set(1 if successful else 0)
        if successful:
            self._reloaded.set(at)

    def capturing(self, *, active: bool) -> None:
        """Note whether flows are captured."""
        self._capture_active.set(1 if active else 0)

    def captured(self, size: int) -> None:
        """Count a flow that was captured, and its bytes on disk."""
        self._captured.inc()
        self._captured_bytes.inc(size)

    def capture_dropped(self) -> None:
        """Count a flow that was to be captured and was not."""
        self._capture_dropped.inc()

    def provider_called(self, provider: str, outcome: str, seconds: float) -> None:
        """Note a call to a provider of keys; `outcome` is `done`, `gone` or `unavailable`. Called from threads."""
        self._providers.labels(provider, outcome).observe(seconds)

    def exposition(self) -> bytes:
        """Give everything in Prometheus' text format."""
        return generate_latest(self.registry)
