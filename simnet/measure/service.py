"""Metrics of the service: what clients asked for and got, how soon, and what they paid for."""

from __future__ import annotations

from simnet.measure.distribution import Distribution
from simnet.measure.metric import Neither, Value, metric, rate
from simnet.measure.needs import REQUESTS
from simnet.measure.state import State
from simnet.measure.subjects import Debt


@metric("tasks_total", "count", kind="simulated", better=Neither("the scenario sets how much is asked"))
def tasks_total(state: State) -> Value:
    """Inferences that clients asked for."""
    return Value(state.sent, state.sent)


@metric("tasks_finalised", "count", kind="simulated", better="higher")
def tasks_finalised(state: State) -> Value:
    """Inferences whose claim was accepted as its batch became final."""
    return Value(state.finalised, state.sent)


@metric("tasks_unanswered", "count", kind="simulated", better="lower")
def tasks_unanswered(state: State) -> Value:
    """Inferences that no client got a usable answer to."""
    return Value(state.failed, state.sent)


@metric("unpaid_tasks", "count", kind="simulated", better="lower")
def unpaid_tasks(state: State) -> Value:
    """Answered inferences that no fee was drawn for."""
    return Value(sum(map(unpaid, state.debts.values())), state.posted)


def unpaid(debt: Debt) -> int:
    """Tasks that a client owes a node, by what it owes and paid it."""
    return max(0, round(debt.tasks * (debt.fees - debt.paid) / debt.fees)) if debt.fees else 0


def unanswered(state: State) -> int:
    """Inferences that no client had an answer to when the run ended."""
    return state.sent - state.took.soft.n


def undecided(state: State) -> int:
    """Inferences whose claim was in no final batch when the run ended."""
    return state.sent - state.took.finality.n


@metric(
    "soft_latency_ms",
    "ms",
    kind="simulated",
    better="lower",
    percentiles=(50, 95, 99),
    censored=unanswered,
    needs=REQUESTS,
)
def soft_latency_ms(state: State) -> Distribution:
    """From the client's request to its answer."""
    return state.took.soft


@metric(
    "finality_latency_s",
    "s",
    kind="simulated",
    better="lower",
    percentiles=(50, 95),
    censored=undecided,
    needs=REQUESTS,
)
def finality_latency_s(state: State) -> Distribution:
    """From the client's request to finality."""
    return state.took.finality


@metric("messages_lost_rate", "share", kind="simulated", better="lower", needs=REQUESTS)
def messages_lost_rate(state: State) -> Value:
    """Messages that never arrived."""
    return rate(state.lost.total(), state.messages)


@metric("integrity_loss", "share", kind="simulated", better="lower", compared=True)
def integrity_loss(state: State) -> Value:
    """Inferences whose answer was a fraud, of those accepted."""
    return rate(state.frauds_accepted, state.finalised)
