"""Parameters that can never act, found without a run."""

from __future__ import annotations

from collections.abc import Iterator

from chain.quantities import BASIS_POINTS
from chain.units import format_duration
from simnet.scenario.facts import strategy_of
from simnet.scenario.schema import Scenario
from simnet.world.parameters import protocol_parameters

PENALTIES = ("slash", "penalty", "probability", "jackpot", "bond")
"""What a strategy's parameter is called that does nothing at 0."""

UNJUDGED = "economics.finality_delay"
"""What only batches without a verifier wait for."""


def idle(scenario: Scenario, assignments: tuple[str, ...], before: Scenario) -> Iterator[str]:
    """What cannot act in a scenario, of its contracts, of its strategy, and of what a set changes in it.

    `before` is the scenario without the set.
    """
    yield from _penalties(scenario)
    yield from _windows(scenario)
    yield from _strategy(scenario)
    yield from _changes(scenario, assignments, before)


def _penalties(scenario: Scenario) -> Iterator[str]:
    p = protocol_parameters(scenario)
    if p.slash_share_bps == 0 and p.slash_amount == 0:
        yield "a fraud that is proven costs nothing: slash_share and slash_amount are 0"
    elif p.bounty_share_bps == BASIS_POINTS:
        yield "no slash bites: bounty_share is 100 %, and who denounces itself under another name gets it all back"
    if p.slash_share_bps and p.slash_amount >= scenario.nodes.inference.stake:
        yield "slash_share adds nothing: slash_amount is all of an inference node's stake"
    if p.verifier_share_bps == 0:
        yield "nobody is paid for verification: verifier_share is 0"


def _windows(scenario: Scenario) -> Iterator[str]:
    p = protocol_parameters(scenario)
    bound = strategy_of(scenario).finality_bound_s(p, scenario.chain.block_time)
    if bound > p.unbonding_s:
        yield (
            f"a slash may find no stake: a verdict takes up to {format_duration(round(bound))}, and stake has left"
            f" after {format_duration(p.unbonding_s)} of unbonding"
        )


def _strategy(scenario: Scenario) -> Iterator[str]:
    strategy = scenario.strategy
    for name in type(strategy).model_fields:
        if any(word in name for word in PENALTIES) and getattr(strategy, name) == 0:
            yield f"strategy.{name} is 0: it never acts"


def _changes(scenario: Scenario, assignments: tuple[str, ...], before: Scenario) -> Iterator[str]:
    """Values that the scenario has already, and those that its strategy makes nothing of."""
    for assignment in assignments:
        path, _, value = assignment.partition("=")
        if path == UNJUDGED and scenario.strategy.contract_spec() is not None:
            yield f"{path} acts where nobody verifies, and strategy {scenario.strategy.kind} does"
        if _at(scenario, path) == _at(before, path) is not None:
            yield f"{path} is {value} already: the set changes nothing there"


def _at(scenario: Scenario, path: str) -> object:
    """What the resolved scenario has at a path; ``None`` if there is nothing."""
    found: object = scenario.model_dump(mode="json", by_alias=True)
    steps = path.split(".")
    if steps[:2] == ["strategy", "comparator"]:
        steps = [".".join(steps[:2]), *steps[2:]]
    for step in steps:
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found
