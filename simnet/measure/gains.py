"""Metrics of adversary gains and node profits: who gained by what, and at whose cost."""

from __future__ import annotations

from chain.quantities import OPG
from nodes.identity import Role
from nodes.records import SidePayment
from simnet.measure.ledger import Pocket
from simnet.measure.metric import Neither, Value, metric, ratio
from simnet.measure.needs import REQUESTS, STAKED_CHEATS, emits
from simnet.measure.payoffs import SOURCE
from simnet.measure.state import State
from simnet.measure.subjects import Node

UNEARNED = (
    "fees that the verifier takes no part of; time in jail at the node's own fees and rewards a second outside it"
)


@metric("attacker_roi", "ratio", kind="modelled", better="lower", source=SOURCE, needs=STAKED_CHEATS)
def attacker_roi(state: State) -> Value:
    """What dishonest acts drew, saved and got aside, less slashes and forfeited bonds, over stake and bonds put up."""
    cheats = [node for node in state.stakers if node.lies]
    put_up = sum(node.put_up + state.ledger.most_locked.get(node.name, 0) for node in cheats)
    gain = sum(gain_opg(state, node) for node in cheats)
    return Value(gain / (put_up / OPG), len(cheats)) if put_up else Value(None, 0)


def gain_opg(state: State, node: Node) -> float:
    """What a node's dishonest acts brought it, bonds that they forfeited deducted, and what it was slashed."""
    return node.gained + node.saved * state.mac_price + (node.aside - node.slashed) / OPG


@metric("honest_node_profit_opg", "OPG", kind="modelled", better="higher", source=SOURCE, needs=REQUESTS)
def honest_node_profit_opg(state: State) -> Value:
    """Mean over honest nodes of what they own more than at the start, and got aside, less cost of compute."""
    honest = [node for node in state.stakers if not node.lies]
    profit = sum(profit_opg(state, node) for node in honest)
    return Value(profit / len(honest) if honest else None, len(honest))


def profit_opg(state: State, node: Node) -> float:
    """By how much a node's wallet, stake and bonds grew, and what it got off chain, less its compute."""
    return (state.ledger.gain(node.name) + node.aside) / OPG - node.macs * state.mac_price


@metric("bonds_forfeited_opg", "OPG", kind="simulated", better=Neither("honest_loss_opg has those that should not be"))
def bonds_forfeited_opg(state: State) -> Value:
    """Bonds that challengers lost."""
    lost = [-state.ledger.flow(name, "forfeit") for name in state.nodes]
    return Value(sum(lost) / OPG, sum(amount > 0 for amount in lost))


@metric("bonds_locked_opg", "OPG", kind="simulated", better="lower")
def bonds_locked_opg(state: State) -> Value:
    """Bonds of challengers still locked when the run ended."""
    held = [locked(state, node) for node in state.nodes.values()]
    return Value(sum(held) / OPG, sum(amount > 0 for amount in held))


def locked(state: State, node: Node) -> int:
    """What a participant has in bonds."""
    return state.ledger.held(node.name, Pocket.LOCKED)


@metric("honest_fees_unearned_opg", "OPG", kind="modelled", better="lower", source=UNEARNED)
def honest_fees_unearned_opg(state: State) -> Value:
    """Fees that honest nodes went without: for answers whose claim was rejected or void, and for time in jail."""
    jailed = [node for node in state.stakers if not node.lies and node.times_jailed]
    return Value(unearned_opg(state), state.verification.unpaid_of_the_honest + len(jailed))


def unearned_opg(state: State) -> float:
    """See `honest_fees_unearned_opg`."""
    chain, honest = state.chain, [node for node in state.stakers if not node.lies]
    share = chain.fees / (chain.fees + chain.fees_to_verifiers) if chain.fees else 1.0
    fees = state.verification.unpaid_fees_of_the_honest / OPG * share
    return fees + sum(missed_in_jail(state, node) for node in honest)


def missed_in_jail(state: State, node: Node) -> float:
    """What a node would have earned in jail at the rate at which it earned outside it, in OPG."""
    inside = node.jailed_s + (state.time - node.jailed_at if node.jailed else 0.0)
    earned = state.ledger.flow(node.name, "fee", "reward") / OPG
    return earned * inside / (state.time - inside) if inside < state.time else 0.0


@metric("honest_loss_opg", "OPG", kind="modelled", better="lower", source=UNEARNED)
def honest_loss_opg(state: State) -> Value:
    """What participants lost while honest: stake, bonds forfeited or still locked at the end, and fees not earned."""
    checked = state.verification
    bonds = sum(locked(state, node) for node in state.nodes.values() if not node.lies)
    lost = checked.slashed_of_the_honest + checked.forfeited_of_the_honest + bonds
    return Value(lost / OPG + unearned_opg(state), sum(not node.lies for node in state.nodes.values()))


@metric("side_payments_opg", "OPG", kind="simulated", better=Neither("how much is offered is up to the adversaries"))
def side_payments_opg(state: State) -> Value:
    """Bribes, ransoms and the like, off chain."""
    return Value(state.chain.aside / OPG, state.kinds[SidePayment.kind])


@metric("adversary_reward_share", "ratio", kind="simulated", better="lower", needs=emits("Rewarded"))
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
