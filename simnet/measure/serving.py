"""Metrics of what gateways served to clients from outside: how much, how soon, how fast, and whether it was paid."""

from __future__ import annotations

from chain.quantities import OPG
from simnet.measure.distribution import Distribution
from simnet.measure.metric import Neither, Value, metric, ratio
from simnet.measure.needs import EXTERNAL_CLIENTS
from simnet.measure.state import State

CLIENTS_DECIDE = Neither("clients decide how much they ask for")


@metric("requests_served", "count", kind="measured", better=CLIENTS_DECIDE, needs=EXTERNAL_CLIENTS)
def requests_served(state: State) -> Value:
    """Answers of gateways to clients from outside, paid or not."""
    return of_answers(state, state.external.answers)


@metric("requests_served_unpaid", "count", kind="measured", better="lower", needs=EXTERNAL_CLIENTS)
def requests_served_unpaid(state: State) -> Value:
    """Of those, answers that nobody pays for: beyond a cap, hung up on, or of a session whose settlement failed."""
    return of_answers(state, state.external.unpaid)


@metric("served_opg", "OPG", kind="measured", better=CLIENTS_DECIDE, needs=EXTERNAL_CLIENTS)
def served_opg(state: State) -> Value:
    """What those answers are worth, by the gateway's own count of tokens."""
    return of_answers(state, state.external.worth / OPG)


@metric("collected_opg", "OPG", kind="measured", better="higher", needs=EXTERNAL_CLIENTS)
def collected_opg(state: State) -> Value:
    """What gateways got on the payment chain, by the token's own account."""
    return of_answers(state, state.external.collected / OPG)


@metric("first_token_ms", "ms", kind="measured", better="lower", percentiles=(50, 95), needs=EXTERNAL_CLIENTS)
def first_token_ms(state: State) -> Distribution:
    """From a request from outside to the first part of its streamed answer, by the clock of the server."""
    return state.external.first_token


@metric("tokens_per_second", "tokens/s", kind="measured", better="higher", needs=EXTERNAL_CLIENTS)
def tokens_per_second(state: State) -> Value:
    """Tokens of answers to clients from outside, over the time that the gateway waited for the language model."""
    return ratio(state.external.tokens, state.external.model_s, state.external.heard)


@metric("gateway_overhead_ms", "ms", kind="measured", better="lower", percentiles=(50, 95), needs=EXTERNAL_CLIENTS)
def gateway_overhead_ms(state: State) -> Distribution:
    """Time of an answer, by the server's clock, that was not spent on the language model: HTTP, payment, signature."""
    return state.external.overhead


def of_answers(state: State, value: float) -> Value:
    """A figure that there is once anything was served."""
    return Value(value if state.external.answers else None, state.external.answers)
