"""The machine against the contracts as they are: whatever hypothesis makes it do, what must hold does."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

pytest.importorskip("pyrevm")

from simnet.studies.fuzz.game import ROUND_CALLS, drawn_steps
from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.setting import SETTINGS
from tests.simnet.studies.fuzz.stateful import SEEDED, state_machine

SHORT = settings(SEEDED, max_examples=2, stateful_step_count=40)
LONG = settings(SEEDED, max_examples=10, stateful_step_count=40)


@cache
def machine_of(setting: str) -> Machine:
    return Machine(SETTINGS[setting])


@pytest.mark.parametrize("setting", SETTINGS)
def test_nothing_that_must_hold_is_broken(setting: str) -> None:
    run_state_machine_as_test(state_machine(machine_of(setting)), settings=SHORT)


@pytest.mark.long
@pytest.mark.parametrize("setting", SETTINGS)
def test_nor_in_more_games(setting: str) -> None:
    run_state_machine_as_test(state_machine(machine_of(setting)), settings=LONG)


QUICK = ("unverified", "committee", "optimistic", "sampling")
"""Settings whose rounds take least time; the others are played to the end by `make long`."""


@pytest.mark.parametrize("setting", [pytest.param(s, marks=[pytest.mark.long] * (s not in QUICK)) for s in SETTINGS])
def test_batches_are_posted_judged_and_paid(setting: str) -> None:
    """A machine that only ever ran into reverts would hold everything."""
    machine = machine_of(setting)
    machine.tally.clear()
    batches, wrong = [], 0
    for seed in range(3):
        assert drawn_steps(machine, Random(seed), ROUND_CALLS)[1] is None
        played = list(machine.books.batches.values())
        final = [batch for batch in played if not batch.is_open and batch.malformed is None]
        wrong += sum(machine.duty.promised(batch).bit_count() for batch in final if not batch.is_neglected)
        batches += played
    assert sum(not batch.is_open and batch.malformed is None for batch in batches) >= 10
    assert any(batch.malformed is not None for batch in batches) or SETTINGS[setting].governed
    assert wrong >= 3 or not SETTINGS[setting].verifier_name
    verifier = SETTINGS[setting].verifier_name or "Settlement"
    called = {function for (function, outcome) in machine.tally if outcome == "ok" and function.startswith(verifier)}
    assert len(called) >= 2


def test_what_can_be_voted_with_is_what_the_wallets_hold_and_follows_what_they_are_given() -> None:
    """Rewards, fees, and what the deployer gives to who was slashed: a rule that forgot it broke in 2 games of 100."""
    machine = machine_of("economy")
    changes = 0
    for seed in range(2):
        assert drawn_steps(machine, Random(seed), ROUND_CALLS)[1] is None
        votes = machine.votes
        changes += len(votes.held) - 1
        wallets = sum(machine.arena.read("OPG.balanceOf", address) for address in votes.others)
        assert votes.held[-1][1] == wallets
    assert changes > 20
