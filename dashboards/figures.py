"""The metrics that a `State` knows at any moment, by the names under which expectations read them.

They are those of `simnet.measure.metrics`, kept up to date row by row; a test holds both against each other. Those
that need the whole log at once are missing here, and known when the run is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from dashboards.sketch import Sketch
from dashboards.state import State

WEI = 1e18
PRICED_MACS = 1e9
"""Multiply-accumulates that the scenario's price of compute is for."""

STAKERS = ("inference", "full")


def share(part: float, whole: float) -> float | None:
    """A rate; ``None`` of nothing."""
    return part / whole if whole else None


def detection_rate(state: State) -> float | None:
    """Frauds detected, of those detected or finalised."""
    detected = state.total("detected")
    return share(detected, detected + state.total("finalised"))


def compute_cost(state: State, macs: int) -> float:
    """What so many multiply-accumulates cost, in OPG."""
    return macs * int(state.started.get("compute_price_wei", 0)) / WEI / PRICED_MACS


def honest_node_profit(state: State) -> float | None:
    """Mean over nodes that have not lied: income less compute and slashes, in OPG."""
    honest = [node for node in state.nodes.values() if node.role in STAKERS and not node.lies]
    profit = sum((node.income - node.slashed) / WEI - compute_cost(state, node.macs) for node in honest)
    return share(profit, len(honest))


def targeted_success_rate(state: State) -> float | None:
    """Of the attempts to make one answer say a chosen thing, those that stood."""
    tally = state.tallies.get("label_flip")
    return share(tally.finalised, tally.committed) if tally else None


def percentile(sketch: Callable[[State], Sketch], percent: int) -> Callable[[State], float | None]:
    """Reads one percentile of a state's distribution."""
    return lambda state: sketch(state).quantile(percent / 100)


READINGS: Mapping[str, Callable[[State], float | None]] = MappingProxyType(
    {
        "tasks_total": lambda s: s.sent,
        "tasks_finalised": lambda s: s.finalised,
        "tasks_unanswered": lambda s: s.failed,
        "fraud_committed": lambda s: s.total("committed"),
        "fraud_detected": lambda s: s.total("detected"),
        "fraud_finalised": lambda s: s.total("finalised"),
        "fraud_open": lambda s: s.total("open"),
        "detection_rate": detection_rate,
        "false_slash_rate": lambda s: share(s.verification.slashes_of_the_honest, s.verification.acts_of_the_honest),
        "honest_slashed_opg": lambda s: s.verification.slashed_of_the_honest / WEI,
        "targeted_success_rate": targeted_success_rate,
        "mean_output_deviation": lambda s: share(s.verification.deviation, s.verification.deviations),
        "time_to_detection_s.p50": percentile(lambda s: s.detection, 50),
        "time_to_detection_s.p95": percentile(lambda s: s.detection, 95),
        "soft_latency_ms.p50": percentile(lambda s: s.soft, 50),
        "soft_latency_ms.p95": percentile(lambda s: s.soft, 95),
        "soft_latency_ms.p99": percentile(lambda s: s.soft, 99),
        "finality_latency_s.p50": percentile(lambda s: s.finality, 50),
        "finality_latency_s.p95": percentile(lambda s: s.finality, 95),
        "verification_overhead_ratio": lambda s: share(
            s.verification.macs.get("check", 0), s.verification.macs.get("answer", 0)
        ),
        "verification_work_ratio": lambda s: share(
            min(s.verification.executed, s.verification.reported), s.verification.reported
        ),
        "copied_votes": lambda s: s.verification.copied,
        "missed_reveals": lambda s: s.verification.missed_reveals,
        "quorum_failures": lambda s: s.verification.undecided,
        "messages_lost_rate": lambda s: share(s.lost, s.messages),
        "blocks": lambda s: s.chain.blocks,
        "gas_total": lambda s: s.chain.gas,
        "gas_per_inference": lambda s: share(s.chain.gas, s.finalised),
        "inattention_penalties": lambda s: s.counts["Inattentive"],
        "censored_transactions": lambda s: s.counts["act:inclusion"],
        "equivocations_proved": lambda s: s.counts["Equivocation"],
        "slashes_total": lambda s: s.chain.slashes,
        "slashed_opg": lambda s: s.chain.slashed / WEI,
        "honest_node_profit_opg": honest_node_profit,
    }
)
"""How to read each from a state."""

HAPPENED: Mapping[str, Callable[[State], int]] = MappingProxyType(
    {
        "slashed": lambda s: s.chain.slashes,
        "challenge_opened": lambda s: s.counts["Challenged"] + s.counts["Disputed"] + s.counts["Equivocation"],
        "claim_rejected": lambda s: s.counts["ClaimRejected"],
        "batch_voided": lambda s: s.chain.voided,
        "equivocation_proved": lambda s: s.counts["Equivocation"],
        "jailed": lambda s: s.counts["Jailed"],
        "copied_vote": lambda s: s.counts["act:vote"],
        "missed_reveal": lambda s: s.verification.missed_reveals,
        "partitioned": lambda s: s.counts["fault:partition"],
        "message_lost": lambda s: s.lost,
        "crashed": lambda s: s.counts["fault:crash"],
        "reorged": lambda s: s.counts["chain_reorged"],
    }
)
"""How often each event that a scenario may ask for has happened."""
