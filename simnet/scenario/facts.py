"""Tells a strategy about the scenario that it is used in, so that strategies need not know the file format."""

from __future__ import annotations

from chain.formats.modes import Mode
from chain.quantities import Wei
from nodes.identity import Role
from simnet.scenario.schema import Scenario
from simnet.strategies.facts import Facts
from simnet.strategies.strategy import Strategy


def facts_of(scenario: Scenario) -> Facts:
    """What the scenario's strategy is told."""
    inference, full = scenario.nodes.inference, scenario.nodes.full
    economics, modes = scenario.economics, scenario.clients.modes
    shown = [one.behaviour for one in scenario.adversaries if one.role is Role.INFERENCE]
    return Facts(
        seed=scenario.seed,
        run_s=scenario.duration + scenario.settle,
        block_time_s=scenario.chain.block_time,
        reorg_s=max((fault.undoes for fault in scenario.faults), default=0) * scenario.chain.block_time,
        beacon_round_s=economics.beacon_round,
        inference_nodes=inference.count,
        full_nodes=full.count,
        clients=scenario.clients.count,
        batch_size=inference.batch_size,
        batch_interval_s=inference.batch_interval,
        fee=Wei(scenario.clients.fee),
        modes=None if modes is None else tuple(mode for mode in Mode if modes.share(mode)),
        models=tuple(choice.name for choice in scenario.models),
        comparator=scenario.comparator,
        stake=Wei(inference.stake),
        slash=min(economics.slash_share * inference.stake + economics.slash_amount, inference.stake),
        bounty_share=economics.bounty_share,
        noise=inference.noise != "none",
        same_processor=len({machine.processor for nodes in (inference, full) for _, machine in nodes.machines()}) == 1,
        honest_behaviours=tuple(behaviour.kind for behaviour in shown if not behaviour.dishonest),
    )


def strategy_of(scenario: Scenario) -> Strategy:
    """The scenario's strategy as it is played: with windows that outlast the deepest reorg of its faults.

    What is injected into a run changes no contract that stands.
    """
    return scenario.strategy.outlasting(facts_of(scenario).reorg_s)
