"""Figures of a run while it goes on, for Prometheus: a listener of the event log, and a loopback endpoint.

The figures are counted from the log as it grows. What a reorg undoes stays counted, as in any monitoring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, start_http_server

from chain.errors import SimnetError
from nodes.records import Cheated, ClaimChecked, Record, TaskAnswered, TaskFailed, TaskSent
from simnet.log.events import (
    BlockMined,
    ContractEvent,
    Executed,
    FaultInjected,
    MessageSent,
    RunStarted,
    TransactionMined,
)
from simnet.log.figures import WEI
from simnet.measure.rows import as_text

LOOPBACK = "127.0.0.1"

LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets of soft latency, in simulated seconds."""


class PortTaken(SimnetError):
    """The endpoint cannot listen where it was told to."""

    exit_code = 2


class Exporter:
    """Counts what is appended to a log. Give it to `EventLog.listen`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        into: dict[str, Any] = {"namespace": "simnet", "registry": self.registry}
        self.run = Info("run", "What is run", **into)
        self.virtual = Gauge("virtual_seconds", "Simulated time", **into)
        self.events = Counter("events", "Lines of the event log", ["kind"], **into)
        self.tasks = Counter("tasks", "Inferences, by how far they got", ["state"], **into)
        self.latency = Histogram(
            "soft_latency_seconds", "Simulated, from request to answer", buckets=LATENCY_BUCKETS_S, **into
        )
        self.macs = Counter("macs", "Multiply-accumulates executed", ["purpose"], **into)
        self.checks = Counter("checks", "Verdicts of full nodes", ["verdict"], **into)
        self.lost = Counter("messages_lost", "Messages that never arrived", ["reason"], **into)
        self.gas = Counter("gas", "Gas used", ["contract", "function"], **into)
        self.reverted = Counter("transactions_reverted", "Transactions without effect", **into)
        self.pending = Gauge("transactions_pending", "Transactions that the last block left", **into)
        self.open = Gauge("batches_open", "Batches posted and not final", **into)
        self.rejected = Counter("claims_rejected", "Claims rejected on chain", **into)
        self.slashes = Counter("slashes", "Slashes on chain", ["reason"], **into)
        self.slashed = Counter("slashed_opg", "Stake taken by slashes", **into)
        self.cheated = Counter("dishonest_acts", "Ground truth: dishonest acts", ["behaviour", "act"], **into)
        self.faults = Counter("faults", "Faults injected", ["verb"], **into)
        self._now = 0.0
        self.virtual.set_function(lambda: self._now)
        self._counts: dict[type[Record], Counter] = {}
        self._sent: dict[str, float] = {}
        self._batches: dict[str, None] = {}
        self._handlers: dict[type[Record], Callable[[float, Any], None]] = {
            RunStarted: self._on_start,
            TaskSent: self._on_sent,
            TaskAnswered: self._on_answered,
            TaskFailed: self._on_failed,
            Executed: lambda _, record: self.macs.labels(record.purpose).inc(record.macs),
            ClaimChecked: lambda _, record: self.checks.labels(record.verdict).inc(),
            MessageSent: self._on_message,
            TransactionMined: self._on_transaction,
            BlockMined: lambda _, record: self.pending.set(record.pending),
            ContractEvent: self._on_contract_event,
            Cheated: lambda _, record: self.cheated.labels(record.behaviour, record.act).inc(),
            FaultInjected: lambda _, record: self.faults.labels(record.verb).inc(),
        }

    def __call__(self, time_s: float, record: Record) -> None:
        """Count a record."""
        kind = type(record)
        self._now = time_s
        if kind not in self._counts:
            self._counts[kind] = self.events.labels(record.kind)
        self._counts[kind].inc()
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(time_s, record)

    def _on_start(self, _: float, record: RunStarted) -> None:
        self.run.info({"scenario": record.scenario, "seed": str(record.seed), "strategy": record.strategy})

    def _on_sent(self, time_s: float, record: TaskSent) -> None:
        self.tasks.labels("sent").inc()
        self._sent[record.task] = time_s

    def _on_answered(self, time_s: float, record: TaskAnswered) -> None:
        self.tasks.labels("answered").inc()
        self.latency.observe(time_s - self._sent.pop(record.task, time_s))

    def _on_failed(self, _: float, record: TaskFailed) -> None:
        self.tasks.labels("failed").inc()
        self._sent.pop(record.task, None)

    def _on_message(self, _: float, record: MessageSent) -> None:
        if record.lost:
            self.lost.labels(record.lost).inc()

    def _on_transaction(self, _: float, record: TransactionMined) -> None:
        self.gas.labels(record.contract, record.function).inc(record.gas_used)
        if record.revert:
            self.reverted.inc()

    def _on_contract_event(self, _: float, record: ContractEvent) -> None:
        match record.event:
            case "BatchPosted":
                self._batches[record.args["batch"]] = None
            case "BatchFinal":
                self._batches.pop(record.args["batch"], None)
            case "ClaimRejected":
                self.rejected.inc()
            case "Slashed":
                self.slashes.labels(as_text(record.args["reason"])).inc()
                self.slashed.inc(int(record.args["amount"]) / WEI)
        self.open.set(len(self._batches))


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
