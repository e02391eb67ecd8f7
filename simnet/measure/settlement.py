"""Metrics of settlement risk and cost: what hangs between an answer and its finality, and what settling costs.

A client that acts on an answer at once has its value at risk until the claim is final. One that waits risks nothing,
and pays in time. Values are what clients say their answers are worth to them, or else the fee.
"""

from __future__ import annotations

from chain.formats.modes import Mode
from chain.quantities import OPG
from simnet.measure.distribution import Distribution
from simnet.measure.metric import Declared, Value, metric, ratio
from simnet.measure.needs import CHOICE, REQUESTS, asked_for
from simnet.measure.state import State

GWEI_PER_ETHER = 1e9

PRICES = "the prices of gas, ether and OPG that the scenario assumes"


def never_acted(state: State) -> int:
    """Inferences whose client had not acted on an answer when the run ended."""
    return state.sent - state.took.effective.n


@metric(
    "effective_latency_s",
    "s",
    kind="simulated",
    better="lower",
    percentiles=(50, 95),
    censored=never_acted,
    needs=REQUESTS,
)
def effective_latency_s(state: State) -> Distribution:
    """From the request until the client acts: on the answer, or on finality if it waits for that."""
    return state.took.effective


@metric("value_at_risk_opg", "OPG", kind="simulated", better="lower")
def value_at_risk_opg(state: State) -> Value:
    """Value of answers acted upon and not final yet, on average over the run."""
    return Value(state.settlement.risk.mean(state.time) / OPG, state.settlement.risk.tasks)


@metric("value_at_risk_max_opg", "OPG", kind="simulated", better="lower")
def value_at_risk_max_opg(state: State) -> Value:
    """The most value of answers acted upon and not final yet that there ever was."""
    return Value(state.settlement.risk.most / OPG, state.settlement.risk.tasks)


@metric("value_lost_opg", "OPG", kind="simulated", better="lower")
def value_lost_opg(state: State) -> Value:
    """Value of wrong answers that clients acted upon."""
    return Value(state.settlement.lost / OPG, state.settlement.lost_tasks)


def of_mode(mode: Mode) -> tuple[Declared, ...]:
    """What is known of the inferences that clients asked to have proven in one way."""

    @metric(
        f"value_at_risk_{mode}_opg",
        "OPG",
        kind="simulated",
        better="lower",
        says=f"value_at_risk_opg of mode {mode} alone",
        needs=asked_for(mode),
    )
    def at_risk(state: State) -> Value:
        risk = state.settlement.risk_by_mode.get(mode)
        return Value(risk.mean(state.time) / OPG, risk.tasks) if risk is not None else Value(None, 0)

    @metric(
        f"finality_{mode}_s",
        "s",
        kind="simulated",
        better="lower",
        says=f"median from request to finality in mode {mode}",
        needs=asked_for(mode),
    )
    def finality(state: State) -> Value:
        found = state.took.of_mode(mode)
        return Value(found.quantile(0.5), found.n)

    @metric(
        f"gas_{mode}",
        "gas",
        kind="measured",
        better="lower",
        says=f"gas about batches of mode {mode}, over its inferences that became final",
        needs=asked_for(mode),
    )
    def gas(state: State) -> Value:
        return ratio(state.settlement.gas_by_mode[mode], state.took.of_mode(mode).n)

    return at_risk, finality, gas


BY_MODE = tuple(declared for mode in Mode for declared in of_mode(mode))


def cost_usd(state: State) -> float | None:
    """Dollars that settling an inference costs; ``None`` of a log without prices."""
    prices = state.settlement.prices
    if not prices or not state.finalised:
        return None
    gas = state.chain.gas / state.finalised
    return float(gas * prices["gas_price_gwei"] / GWEI_PER_ETHER * prices["ether_usd"])


@metric("settlement_cost_usd", "USD", kind="modelled", better="lower", source=PRICES, needs=CHOICE)
def settlement_cost_usd(state: State) -> Value:
    """Gas for an inference at the scenario's prices."""
    return Value(cost_usd(state), state.finalised)


@metric("settlement_cost_opg", "OPG", kind="modelled", better="lower", source=PRICES, needs=CHOICE)
def settlement_cost_opg(state: State) -> Value:
    """Gas for an inference at the scenario's prices, in OPG."""
    dollars = cost_usd(state)
    return Value(None if dollars is None else dollars / state.settlement.prices["opg_usd"], state.finalised)
