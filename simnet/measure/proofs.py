"""Metrics of zero-knowledge proofs, and of evidence that somebody tampered with."""

from __future__ import annotations

from nodes.models.devices import DEVICES
from simnet.measure.distribution import Distribution
from simnet.measure.metric import Neither, Value, metric, rate, ratio
from simnet.measure.needs import PROOFS
from simnet.measure.state import State

PROOF_TIMES = "times to prove that were measured for each circuit"


@metric("tampered_evidence", "count", kind="simulated", better=Neither("how much is tried is up to the adversaries"))
def tampered_evidence(state: State) -> Value:
    """Claims posted whose evidence somebody tampered with."""
    return Value(state.enclaves.tampered, state.sent + state.extra)


@metric("tampered_evidence_finalised", "count", kind="simulated", better="lower")
def tampered_evidence_finalised(state: State) -> Value:
    """Those of them that became final."""
    return Value(state.enclaves.stale, state.enclaves.tampered)


@metric("proofs_verified", "count", kind="simulated", better=Neither("clients choose how much is proven"), needs=PROOFS)
def proofs_verified(state: State) -> Value:
    """Zero-knowledge proofs that the chain verified."""
    return Value(state.emitted["ClaimProven"], state.emitted["ClaimProven"])


@metric("proofs_refused", "count", kind="simulated", better=Neither("wrong proofs ought to be refused"), needs=PROOFS)
def proofs_refused(state: State) -> Value:
    """Zero-knowledge proofs that the chain refused."""
    return Value(state.proofs.refused, state.proofs.shown)


@metric("unproven_claims", "count", kind="simulated", better="lower", needs=PROOFS)
def unproven_claims(state: State) -> Value:
    """Claims rejected because nobody proved them in time."""
    return Value(state.proofs.unproven, state.emitted["ClaimProven"])


@metric(
    "proof_queue_s",
    "s",
    kind="modelled",
    better="lower",
    percentiles=(50, 95),
    source=PROOF_TIMES,
    needs=PROOFS,
)
def proof_queue_s(state: State) -> Distribution:
    """From the order to prove a claim until a prover begins."""
    return state.took.proof_queue


@metric("proving_s", "s", kind="modelled", better="lower", source=PROOF_TIMES, needs=PROOFS)
def proving_s(state: State) -> Value:
    """Time of provers, failed and refused proofs included, over the inferences proven on chain."""
    proven = state.emitted["ClaimProven"]
    return ratio(state.proofs.machine_s, proven, proven)


@metric(
    "proving_cost_opg",
    "OPG",
    kind="modelled",
    better="lower",
    source=f"{PROOF_TIMES}; a prover's second at the price of the multiply-accumulates that device cpu does in it",
    needs=PROOFS,
)
def proving_cost_opg(state: State) -> Value:
    """What that time costs at the scenario's price of compute. Profits and returns of attackers do not count it."""
    proven = state.emitted["ClaimProven"]
    price_of_a_second = DEVICES["cpu"].macs_per_s * state.mac_price
    return ratio(state.proofs.machine_s * price_of_a_second, proven, proven)


@metric("circuit_gap", "ratio", kind="measured", better="lower", needs=PROOFS)
def circuit_gap(state: State) -> Value:
    """Largest distance of an output of a circuit from that of its model."""
    proofs = state.proofs
    return Value(proofs.gap if proofs.answers else None, proofs.answers)


@metric("circuit_agreement", "share", kind="measured", better="higher", needs=PROOFS)
def circuit_agreement(state: State) -> Value:
    """Answers of circuits whose largest output is the one that the model has as its largest."""
    return rate(state.proofs.agreed, state.proofs.answers)
