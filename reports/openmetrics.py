"""Figures of a run while it goes on, for Prometheus: a listener of the event log, and a loopback endpoint.

They are read from the run's `State` whenever somebody asks. What a reorg undoes is taken back.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from chain.errors import SimnetError
from chain.quantities import OPG
from nodes.records import Record
from simnet.measure.catalogue import figures, new_measurement
from simnet.measure.distribution import Distribution
from simnet.measure.rows import Listening
from simnet.measure.state import State

LOOPBACK = "127.0.0.1"

LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets of soft latency, in simulated seconds."""

FINALITY_BUCKETS_S = (5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
"""The same of finality latency and of the time to detection."""


class PortTaken(SimnetError):
    """The endpoint cannot listen where it was told to."""

    exit_code = 2


class Exporter(Collector):
    """Measures what is appended to a log. Give it to `EventLog.listen`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._measurement = new_measurement(exact=False)
        self._rows = Listening(self._measurement)
        self._lock = threading.Lock()
        """Held while a row is taken in, and while the endpoint's thread reads."""
        self.registry.register(self)

    def __call__(self, time_s: float, record: Record) -> None:
        """Take in a record."""
        with self._lock:
            self._rows.hear(time_s, record)

    def collect(self) -> Iterable[Metric]:
        """What Prometheus gets."""
        with self._lock:
            return list(families(self._measurement.fold.state))


def families(state: State) -> Iterator[Metric]:
    """Counts of the run, and every metric of the catalogue that has a value."""
    started, chain = state.started, state.chain
    about = {name: str(started.get(name, "")) for name in ("scenario", "seed", "strategy")}
    yield InfoMetricFamily("simnet_run", "What is run", value=about)
    yield GaugeMetricFamily("simnet_virtual_seconds", "Simulated time", state.time)
    yield counter("events", "Lines of the event log", ("kind",), by_one(state.kinds))
    reached = {"sent": state.sent, "answered": state.answered, "failed": state.failed, "finalised": state.finalised}
    yield counter("tasks", "Inferences, by how far they got", ("state",), by_one(reached))
    yield latency("soft_latency", "Simulated, from request to answer", state.took.soft, LATENCY_BUCKETS_S, 1000.0)
    says = "Simulated, from request to the finality of its batch"
    yield latency("finality_latency", says, state.took.finality, FINALITY_BUCKETS_S)
    yield counter(
        "frauds", "Ground truth: frauds posted, by what became of them", ("behaviour", "outcome"), frauds(state)
    )
    says = "Simulated, from the posting of a fraud to its rejection"
    yield latency("time_to_detection", says, state.took.detection, FINALITY_BUCKETS_S)
    yield counter("macs", "Multiply-accumulates executed", ("purpose",), by_one(state.verification.macs))
    yield counter("checks", "Verdicts of full nodes", ("verdict",), by_one(state.verification.verdicts))
    yield counter("messages_lost", "Messages that never arrived", ("reason",), by_one(state.lost))
    yield counter("gas", "Gas used", ("contract", "function"), chain.gas_by_action)
    yield counter("transactions_reverted", "Transactions without effect", (), {(): chain.reverts})
    yield GaugeMetricFamily("simnet_transactions_pending", "Transactions that the last block left", chain.pending)
    yield GaugeMetricFamily("simnet_batches_open", "Batches posted and not final", chain.posted - chain.final)
    yield counter("claims_rejected", "Claims rejected on chain", (), {(): state.emitted["ClaimRejected"]})
    yield counter("slashes", "Slashes on chain", ("reason",), by_one(chain.slashes))
    yield counter("slashed_opg", "Stake taken by slashes", (), {(): chain.slashed / OPG})
    yield counter("dishonest_acts", "Ground truth: dishonest acts", ("behaviour", "act"), state.acts)
    yield counter("faults", "Faults injected", ("verb",), by_one(state.injected))
    yield catalogue(state)


def counter(name: str, says: str, labels: tuple[str, ...], counts: Mapping[Any, float]) -> CounterMetricFamily:
    """A family of counts, by tuples of its labels' values."""
    found = CounterMetricFamily(f"simnet_{name}", says, labels=labels)
    for values, count in counts.items():
        found.add_metric(values, count)
    return found


def by_one(counts: Mapping[str, int]) -> dict[tuple[str, ...], float]:
    """Counts by the value of a single label."""
    return {(value,): count for value, count in counts.items()}


def frauds(state: State) -> dict[tuple[str, str], float]:
    """Posted frauds by behaviour and outcome; all of a behaviour's outcomes add up to what it committed."""
    return {
        (behaviour, outcome): count
        for behaviour, tally in state.tallies.items()
        for outcome, count in (
            ("detected", tally.detected),
            ("finalised", tally.finalised),
            ("void", tally.voided),
            ("open", tally.open),
        )
    }


def latency(
    name: str, says: str, found: Distribution, bounds_s: Sequence[float], per_second: float = 1.0
) -> HistogramMetricFamily:
    """Times in seconds, within the accuracy of a distribution that keeps them in units of which so many are one."""
    bounds = [*bounds_s, math.inf]
    buckets = [("+Inf" if math.isinf(bound) else repr(bound), found.up_to(per_second * bound)) for bound in bounds]
    return HistogramMetricFamily(f"simnet_{name}_seconds", says, buckets=buckets, sum_value=found.total / per_second)


def catalogue(state: State) -> GaugeMetricFamily:
    """Every metric as a run's results have it, so far."""
    found = GaugeMetricFamily("simnet_metric", "Metrics of the run so far", labels=("name", "unit"))
    for metric in figures(state).values():
        for reading, value in metric.readings.items():
            if value is not None:
                found.add_metric((reading, metric.spec.unit), value)
    return found


@contextmanager
def serve(exporter: Exporter, port: int) -> Iterator[str]:
    """While inside, answer Prometheus from a thread of its own; gives the address. Port 0 takes a free one.

    Raises `PortTaken`.
    """
    try:
        server, thread = start_http_server(port, LOOPBACK, exporter.registry)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PortTaken(
            f"cannot serve metrics on {LOOPBACK}:{port}: {reason}", "choose another --metrics-port"
        ) from None
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
