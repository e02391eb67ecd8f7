"""TEE metrics: whose word claims became final on, and how long a broken enclave was believed.

Ground truth are the behaviours' own records with the act ``evidence``: evidence that the node had no right to.
"""

from __future__ import annotations

from simnet.measure.distribution import Distribution
from simnet.measure.metric import Value, metric, ratio
from simnet.measure.needs import ABUSE, EVIDENCE
from simnet.measure.state import State


@metric(
    "evidence_check_s",
    "s",
    kind="modelled",
    better="lower",
    source="compute time by multiply-accumulates, or measured times of verification",
    needs=EVIDENCE,
)
def evidence_check_s(state: State) -> Value:
    """Time that full nodes spent on judging evidence, over claims with evidence that became final."""
    return ratio(state.enclaves.seconds, state.enclaves.accepted.total())


@metric("blast_radius", "count", kind="simulated", better="lower")
def blast_radius(state: State) -> Value:
    """Frauds that became final because an enclave signed them."""
    return Value(state.enclaves.frauds, state.enclaves.accepted.total())


@metric("accepted_stale_quotes", "count", kind="simulated", better="lower")
def accepted_stale_quotes(state: State) -> Value:
    """Claims that became final on evidence that their node had no right to."""
    return Value(state.enclaves.stale, state.enclaves.accepted.total())


@metric("accepted_stale_heartbeats", "count", kind="simulated", better="lower")
def accepted_stale_heartbeats(state: State) -> Value:
    """Heartbeats that the registry took a second time."""
    return Value(state.enclaves.repeated_heartbeats, state.enclaves.heartbeats)


def still_trusted(state: State) -> int:
    """Nodes that abused evidence and were trusted when the run ended."""
    return len(state.enclaves.abuses) - len(state.enclaves.ended)


@metric(
    "time_to_revocation_s",
    "s",
    kind="simulated",
    better="lower",
    percentiles=(50, 95),
    censored=still_trusted,
    needs=ABUSE,
)
def time_to_revocation_s(state: State) -> Distribution:
    """From a node's first abuse of evidence until its enclave, or the vendor's root, was trusted no more."""
    return state.took.revocation


@metric("history_lost", "count", kind="simulated", better="lower")
def history_lost(state: State) -> Value:
    """Final claims whose enclave is out of service at the end, so that its signature verifies no more."""
    enclaves = state.enclaves
    lost = sum(count for enclave, count in enclaves.accepted.items() if enclaves.gone.get(enclave, False))
    return Value(lost, enclaves.accepted.total())
