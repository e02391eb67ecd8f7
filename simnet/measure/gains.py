"""Metrics of adversary gains and node profits: who gained by what, and at whose cost."""

from __future__ import annotations

from chain.quantities import OPG
from nodes.identity import Role
from nodes.records import SidePayment
from simnet.measure.metric import Neither, Value, metric, ratio
from simnet.measure.payoffs import SOURCE
from simnet.measure.state import Node, State


@metric("attacker_roi", "ratio", kind="modelled", better="lower", source=SOURCE)
def attacker_roi(state: State) -> Value:
    """What dishonest acts gained and saved, less what was slashed and lost, over the stake put up."""
    cheats = [node for node in state.stakers if node.lies]
    stake = sum(node.put_up for node in cheats)
    gain = sum(node.gained + node.saved * state.mac_price + (node.aside - node.slashed) / OPG for node in cheats)
    return Value(gain / (stake / OPG), len(cheats)) if stake else Value(None, 0)


@metric("honest_node_profit_opg", "OPG", kind="modelled", better="higher", source=SOURCE)
def honest_node_profit_opg(state: State) -> Value:
    """Mean over honest nodes: income less cost of compute."""
    honest = [node for node in state.stakers if not node.lies]
    profit = sum(profit_opg(state, node) for node in honest)
    return Value(profit / len(honest) if honest else None, len(honest))


def profit_opg(state: State, node: Node) -> float:
    """What a node earned, on chain and off it, less its compute and what was slashed."""
    return (node.income - node.slashed) / OPG - node.macs * state.mac_price


@metric("side_payments_opg", "OPG", kind="simulated", better=Neither("how much is offered is up to the adversaries"))
def side_payments_opg(state: State) -> Value:
    """Bribes, ransoms and the like, off chain."""
    return Value(state.chain.aside / OPG, state.kinds[SidePayment.kind])


@metric("adversary_reward_share", "ratio", kind="simulated", better="lower")
def adversary_reward_share(state: State) -> Value:
    """Of the rewards for checking, what went to full nodes that the scenario makes adversaries."""
    return ratio(state.chain.rewarded_adversaries, state.chain.rewarded, state.emitted["Rewarded"])


@metric("stolen_rewards_opg", "OPG", kind="simulated", better="lower")
def stolen_rewards_opg(state: State) -> Value:
    """Bounties that went to who had copied another's proof."""
    thieves = [node for node in state.nodes.values() if node.thefts]
    return Value(sum(node.bounties for node in thieves) / OPG, sum(node.thefts for node in thieves))


@metric("washed_tasks", "count", kind="simulated", better=Neither("how much is washed is up to the adversaries"))
def washed_tasks(state: State) -> Value:
    """Tasks that a client sent to a node of its own."""
    return Value(state.acted("wash"), state.sent + state.extra)


@metric("opg_per_inference", "OPG", kind="simulated", better="lower", compared=True)
def opg_per_inference(state: State) -> Value:
    """Fees kept from clients and stake that the honest lost, over inferences finalised."""
    spent = state.chain.fees + state.chain.fees_to_verifiers + state.verification.slashed_of_the_honest
    return ratio(spent / OPG, state.took.finality.n)


@metric(
    "checking_pay_opg_per_inference",
    "OPG",
    kind="simulated",
    better=Neither("it is the pay of some and the cost of others"),
    compared=True,
)
def checking_pay_opg_per_inference(state: State) -> Value:
    """What full nodes were paid for checking, bounties and lost bonds included, over inferences finalised."""
    paid = sum(node.rewards for node in state.nodes.values() if node.role == Role.FULL)
    return ratio(paid / OPG, state.took.finality.n)
