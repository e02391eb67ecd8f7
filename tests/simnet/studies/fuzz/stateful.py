"""The machine's moves as rules of hypothesis, which makes what breaks small again."""

from __future__ import annotations

from collections.abc import Collection
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.moves.catalogue import MOVES, moves_of
from simnet.studies.fuzz.moves.common import Move

SEEDED = settings(
    deadline=None, derandomize=True, database=None, print_blob=False, suppress_health_check=[HealthCheck.too_slow]
)
"""The same examples each time."""


def rule_of(name: str, move: Move) -> Any:
    """A move as a rule: hypothesis draws what chance would."""

    def make(self: Any, random: Random) -> None:
        self.machine.step(move, random)

    make.__name__ = name
    return rule(random=st.randoms(use_true_random=False))(make)


def state_machine(machine: Machine, moves: Collection[str] = ()) -> type[RuleBasedStateMachine]:
    """A state machine of hypothesis that plays on `machine`. Its rules are the setting's moves, or some of them."""

    def begin(self: Any) -> None:
        RuleBasedStateMachine.__init__(self)
        self.machine = machine
        machine.reset()

    setting = machine.arena.setting
    rules = {name: rule_of(name, MOVES[name]) for name in moves or moves_of(setting)}
    members = {"__init__": begin, "teardown": lambda self: machine.finish(), **rules}
    return type(f"Plays_{setting.name}", (RuleBasedStateMachine,), members)
