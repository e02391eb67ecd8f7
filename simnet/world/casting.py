"""Puts behaviours in front of participants: each gets a copy that knows its own node and nobody else's secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from nodes.adversaries.behaviour import ALWAYS, AdaptiveRate, Behaviour, Coalition, Gate, Situation
from nodes.adversaries.inference.controls import HonestNoisy
from nodes.identity import Role
from simnet.scenario.adversaries import Adversary
from simnet.world.assignments import Assignment
from simnet.world.genesis import Genesis
from simnet.world.plan import Plan

if TYPE_CHECKING:
    from nodes.enclave.enclave import Enclave

Attached = tuple[tuple[Behaviour, Gate], ...]
"""A participant's behaviours, innermost first, each with its gate."""

Shown = TypeVar("Shown", bound=Behaviour)


class Casting:
    """The behaviours that each participant shows."""

    def __init__(self, plan: Plan, genesis: Genesis, enclaves: Mapping[str, Enclave]) -> None:
        self._plan = plan
        self._genesis = genesis
        self._enclaves = enclaves
        self._shown: dict[str, Attached] = {}
        if plan.scenario.nodes.inference.noise == "gaussian":
            for identity in plan.directory.of(Role.INFERENCE):
                self._attach(identity.name, HonestNoisy(), Coalition((identity.name,)))
        for assignment in plan.assignments:
            self._add(assignment)

    def of(self, name: str) -> Attached:
        """A participant's behaviours; none if it is honest."""
        return self._shown.get(name, ())

    def extend(self, plan: Plan) -> None:
        """Attach what this plan assigns beyond the one before."""
        assigned, self._plan = len(self._plan.assignments), plan
        for assignment in plan.assignments[assigned:]:
            self._add(assignment)

    def _add(self, assignment: Assignment) -> None:
        adversary, coalition = assignment.adversary, assignment.coalition
        for name in coalition.members:
            adaptive = None
            if adversary.adaptive is not None:
                adaptive = self._attach(name, adversary.adaptive, coalition, cartel=adversary.cartel)
            gate = gate_of(adversary, name, self._plan.scenario.seed, adaptive)
            self._attach(name, assignment.behaviour, coalition, gate, adversary.cartel)

    def _attach(
        self, name: str, behaviour: Shown, coalition: Coalition, gate: Gate = ALWAYS, cartel: str = ""
    ) -> Shown:
        """Give one behaviour to one participant."""
        plan, before = self._plan, self.of(name)
        situation = Situation(
            me=plan.directory.named(name),
            rng=plan.streams.generator(f"behaviour/{name}/{len(before)}"),
            domain=self._genesis.domain,
            models=plan.model_hashes,
            outputs={model.name: model.example for model in plan.models},
            accomplices=plan.accomplices(cartel),
            coalition=coalition,
            directory=plan.directory,
            comparator=plan.scenario.comparator,
            compute_price=plan.scenario.compute.price,
            genesis=self._genesis.time,
            enclave=self._enclaves.get(name),
        )
        attached = behaviour.attach(situation)
        self._shown[name] = (*before, (attached, gate))
        return attached


def gate_of(adversary: Adversary, name: str, seed: int, adaptive: AdaptiveRate | None = None) -> Gate:
    """When, and on what share of its tasks, an adversary acts."""
    until = float("inf") if adversary.until is None else adversary.until
    key = f"{seed}/{name}/{adversary.behaviour.kind}"
    return Gate(adversary.from_, until, adversary.probability, key, adaptive)
