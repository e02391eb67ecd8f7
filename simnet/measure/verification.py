"""Metrics of verification: what checking cost, and whether it was done."""

from __future__ import annotations

from simnet.measure.metric import Neither, Value, metric, rate, ratio
from simnet.measure.needs import CHECKS, FULL_CHEATS, NOISE, REQUESTS, emits
from simnet.measure.state import State


@metric("verification_overhead_ratio", "ratio", kind="measured", better="lower", needs=REQUESTS)
def verification_overhead_ratio(state: State) -> Value:
    """Multiply-accumulates executed to check, over those executed to answer."""
    macs = state.verification.macs
    return ratio(macs.get("check", 0), macs.get("answer", 0), state.verification.executions)


@metric("verification_work_ratio", "share", kind="measured", better="higher", needs=CHECKS)
def verification_work_ratio(state: State) -> Value:
    """Checks that were really executed, of those that full nodes reported."""
    verification = state.verification
    reported = verification.verdicts.total()
    return rate(min(verification.executed, reported), reported)


@metric(
    "sampling_rate",
    "share",
    kind="simulated",
    better=Neither("more draws detect more and cost more"),
    needs=emits("Sampled"),
)
def sampling_rate(state: State) -> Value:
    """Claims drawn to be checked, where claims are drawn."""
    return rate(state.verification.drawn, state.verification.drawn_of)


@metric("forced_errors_found", "share", kind="simulated", better="higher", needs=emits("ForcedErrorShown"))
def forced_errors_found(state: State) -> Value:
    """Errors made at the protocol's bidding that somebody challenged, of all in batches that became final."""
    return rate(state.verification.errors_shown, state.verification.errors)


@metric(
    "inattention_penalties",
    "count",
    kind="simulated",
    better=Neither("more may mean less diligent nodes or better tests of them"),
    needs=emits("Inattentive"),
)
def inattention_penalties(state: State) -> Value:
    """Penalties for attention challenges missed or made up."""
    return Value(state.emitted["Inattentive"], state.verification.verdicts.total())


@metric("copied_votes", "count", kind="simulated", better="lower", needs=FULL_CHEATS)
def copied_votes(state: State) -> Value:
    """Votes that a full node copied from another's."""
    return Value(state.verification.copied, state.verification.votes)


@metric("missed_reveals", "count", kind="simulated", better="lower", needs=emits("Revealed"))
def missed_reveals(state: State) -> Value:
    """Votes that were committed and never revealed."""
    return Value(state.missed_reveals, state.chain.slashes.total())


@metric("quorum_failures", "count", kind="simulated", better="lower", needs=emits("Resolved"))
def quorum_failures(state: State) -> Value:
    """Claims whose vote ended without a quorum."""
    return Value(state.verification.undecided, state.verification.votes)


@metric(
    "mean_output_deviation",
    "ratio",
    kind="measured",
    better=Neither("the scenario sets the noise of devices"),
    needs=NOISE,
)
def mean_output_deviation(state: State) -> Value:
    """Mean distance of honest but noisy outputs from clean ones, over the clean one's largest magnitude."""
    return ratio(state.verification.deviation, state.verification.deviations)
