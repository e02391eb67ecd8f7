"""The machine against the contracts as they are: whatever hypothesis makes it do, what must hold does."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

pytest.importorskip("pyrevm")

from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.moves import MOVES, Move, moves_of
from simnet.studies.fuzz.setting import SETTINGS

SHORT = settings(
    max_examples=10,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@cache
def machine_of(setting: str) -> Machine:
    return Machine(SETTINGS[setting])


def rule_of(name: str, move: Move) -> Any:
    """A move as a rule. Hypothesis draws what chance would, and so makes it small again when something breaks."""

    def make(self: Any, random: Random) -> None:
        self.machine.step(move, random)

    make.__name__ = name
    return rule(random=st.randoms(use_true_random=False))(make)


def state_machine(setting: str) -> type[RuleBasedStateMachine]:
    """A state machine of hypothesis whose rules are the moves of a setting."""

    def begin(self: Any) -> None:
        RuleBasedStateMachine.__init__(self)
        self.machine = machine_of(setting)
        self.machine.reset()

    rules = {name: rule_of(name, MOVES[name]) for name in moves_of(SETTINGS[setting])}
    members = {"__init__": begin, "teardown": lambda self: self.machine.finish(), **rules}
    return type(f"Plays_{setting}", (RuleBasedStateMachine,), members)


@pytest.mark.parametrize("setting", SETTINGS)
def test_nothing_that_must_hold_is_broken(setting: str) -> None:
    run_state_machine_as_test(state_machine(setting), settings=SHORT)


@pytest.mark.parametrize("setting", SETTINGS)
def test_batches_are_posted_judged_and_paid(setting: str) -> None:
    """A machine that only ever ran into reverts would hold everything."""
    machine = machine_of(setting)
    machine.tally.clear()
    machine.reset()
    random = Random(1)
    names, often = zip(*moves_of(SETTINGS[setting]).items(), strict=True)
    while machine.steps < 1_200:
        machine.step(MOVES[random.choices(names, often)[0]], random)
    machine.finish()
    batches = list(machine.books.batches.values())
    final = [batch for batch in batches if not batch.is_open and batch.malformed is None]
    assert len(final) >= 10
    assert any(batch.malformed is not None for batch in batches) or SETTINGS[setting].governed
    wrong = sum(machine.duty.promised(batch).bit_count() for batch in final if not batch.is_neglected)
    assert wrong >= 3 or not SETTINGS[setting].court
    court = SETTINGS[setting].court or "Settlement"
    called = {function for (function, outcome) in machine.tally if outcome == "ok" and function.startswith(court)}
    assert len(called) >= 2
