"""Metrics of fraud and slashing: who cheated, what was detected, who was slashed wrongly.

Ground truth about who cheated comes from the behaviours' own records. A *fraud* is a claim that a behaviour made wrong
on purpose; it is *committed* when its batch is posted, *detected* when the claim is rejected on chain and *finalised*
when the batch is final with the claim standing.
"""

from __future__ import annotations

from chain.quantities import OPG
from simnet.measure.counts import Tally
from simnet.measure.distribution import Distribution
from simnet.measure.metric import Neither, Value, metric, rate
from simnet.measure.needs import FRAUD, REQUESTS, shown
from simnet.measure.state import State

TRIED = Neither("how much fraud is tried is up to the adversaries; detection_rate has the share")
TARGETED = "label_flip"
"""The behaviour that makes an answer say a chosen thing."""


@metric("fraud_committed", "count", kind="simulated", better=TRIED)
def fraud_committed(state: State) -> Value:
    """Frauds in batches that were posted."""
    return Value(state.frauds.committed, state.frauds.committed)


@metric("fraud_detected", "count", kind="simulated", better=TRIED)
def fraud_detected(state: State) -> Value:
    """Frauds whose claim was rejected on chain."""
    return Value(state.frauds.detected, state.frauds.committed)


@metric("fraud_finalised", "count", kind="simulated", better="lower")
def fraud_finalised(state: State) -> Value:
    """Frauds that became final."""
    return Value(state.frauds.finalised, state.frauds.committed)


@metric("fraud_open", "count", kind="simulated", better="lower")
def fraud_open(state: State) -> Value:
    """Frauds still undecided when the run ended."""
    return Value(state.frauds.open, state.frauds.committed)


@metric("detection_rate", "share", kind="simulated", better="higher", needs=FRAUD)
def detection_rate(state: State) -> Value:
    """Frauds detected, of those detected or finalised."""
    return rate(state.frauds.detected, state.frauds.detected + state.frauds.finalised)


@metric("false_slash_rate", "share", kind="simulated", better="lower", needs=REQUESTS)
def false_slash_rate(state: State) -> Value:
    """Slashes of participants who had done nothing dishonest, of all their claims and checks."""
    return rate(state.verification.slashes_of_the_honest, state.verification.acts_of_the_honest)


@metric("honest_slashed_opg", "OPG", kind="simulated", better="lower")
def honest_slashed_opg(state: State) -> Value:
    """Stake taken from participants who had been honest."""
    return Value(state.verification.slashed_of_the_honest / OPG, state.verification.slashes_of_the_honest)


@metric("targeted_success_rate", "share", kind="simulated", better="lower", needs=shown(TARGETED))
def targeted_success_rate(state: State) -> Value:
    """Attempts to make one answer say a chosen thing that became final."""
    tally = state.tallies.get(TARGETED, Tally())
    return rate(tally.finalised, tally.committed)


@metric("fraud_void_rate", "share", kind="simulated", better="lower", needs=FRAUD)
def fraud_void_rate(state: State) -> Value:
    """Frauds that ended void, of those decided: their client is refunded, and their node loses nothing."""
    frauds = state.frauds
    return rate(frauds.voided, frauds.committed - frauds.open)


@metric("fraud_unclaimed", "count", kind="simulated", better="lower")
def fraud_unclaimed(state: State) -> Value:
    """Frauds whose client has the answer, and that no posted batch holds: nobody can judge them."""
    wrong = [task for task in state.tasks.values() if task.fraud and task.answered is not None]
    return Value(sum(not task.batch for task in wrong), state.frauds.acts)


def fraud_undecided(state: State) -> int:
    """Frauds that were committed and not decided when the run ended."""
    return state.frauds.open


@metric(
    "time_to_detection_s",
    "s",
    kind="simulated",
    better="lower",
    percentiles=(50, 95),
    censored=fraud_undecided,
    needs=FRAUD,
)
def time_to_detection_s(state: State) -> Distribution:
    """From posting a fraud to its rejection."""
    return state.took.detection


@metric("slashes_total", "count", kind="simulated", better=Neither("right and wrong slashes are counted together"))
def slashes_total(state: State) -> Value:
    """Slashes on chain."""
    return Value(state.chain.slashes.total(), state.chain.slashes.total())


@metric("slashed_opg", "OPG", kind="simulated", better=Neither("what cheats lose and what the honest lose is one sum"))
def slashed_opg(state: State) -> Value:
    """Stake taken by slashes."""
    return Value(state.chain.slashed / OPG, state.chain.slashes.total())


@metric("unslashed_frauds", "count", kind="simulated", better="lower")
def unslashed_frauds(state: State) -> Value:
    """Frauds rejected on chain that cost their node no stake."""
    return Value(state.punished.unslashed, state.frauds.detected)


@metric("equivocations_proved", "count", kind="simulated", better=TRIED)
def equivocations_proved(state: State) -> Value:
    """Contradictory answers that a client proved on chain."""
    return Value(state.emitted["Equivocation"], state.emitted["Equivocation"])
