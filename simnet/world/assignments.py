"""Who misbehaves: which participants show which of the scenario's behaviours. It follows from scenario and seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodes.adversaries.behaviour import Behaviour, Coalition
from nodes.identity import SERVICES, Directory
from simnet.kernel.streams import Streams
from simnet.scenario.adversaries import Adversary
from simnet.scenario.schema import Scenario


@dataclass(frozen=True)
class Assignment:
    """One entry of the scenario's adversaries, and who shows the behaviour."""

    adversary: Adversary
    coalition: Coalition

    @property
    def behaviour(self) -> Behaviour:
        """What they show."""
        return self.adversary.behaviour


def assign(scenario: Scenario, directory: Directory, streams: Streams) -> tuple[Assignment, ...]:
    """Who shows which behaviour. Entries with a count take nodes that no earlier one has, while there are."""
    found: list[Assignment] = []
    for adversary in scenario.adversaries:
        if adversary.role in SERVICES:
            continue  # `simnet.up.casting` deals with these
        taken = [name for earlier in found for name in earlier.coalition.members]
        found.append(Assignment(adversary, Coalition(tuple(chosen(adversary, directory, taken, streams)))))
    return tuple(found)


def chosen(adversary: Adversary, directory: Directory, taken: list[str], streams: Streams) -> list[str]:
    """Names of an adversary's nodes: those it lists, or as many as it counts, drawn by the seed."""
    if adversary.nodes is not None:
        return list(adversary.nodes)
    names = [identity.name for identity in directory.of(adversary.role)]
    order: np.ndarray = streams.generator(f"adversaries/{adversary.role.value}").permutation(len(names))
    shuffled = [names[i] for i in order]
    free = [name for name in shuffled if name not in taken] + [name for name in shuffled if name in taken]
    return free[: adversary.count]
