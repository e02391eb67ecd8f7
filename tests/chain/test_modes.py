"""Modes of proof: what a task's id says of it, in Python as in Solidity."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chain.formats.claims import task_name
from chain.formats.modes import Mode, marked, mode_of
from simnet.scenario.population import Modes


@given(st.binary(min_size=32, max_size=32), st.sampled_from(Mode))
def test_a_marked_task_asks_for_its_mode_and_is_otherwise_the_same(raw: bytes, mode: Mode) -> None:
    task = task_name(raw)
    assert mode_of(bytes.fromhex(marked(task, mode)[2:])) is mode
    assert marked(task, mode)[:-2] == task[:-2]


def test_a_byte_that_stands_for_no_mode_asks_for_the_least() -> None:
    assert [mode_of(bytes(31) + bytes([last])) for last in range(3)] == [*Mode]
    assert {mode_of(bytes(31) + bytes([last])) for last in range(3, 256)} == {Mode.VANILLA}


@given(st.floats(0, 1, exclude_max=True))
def test_a_draw_picks_modes_by_their_shares(draw: float) -> None:
    modes = Modes.model_validate({"vanilla": "60 %", "tee": "30 %", "zkml": "10 %"})
    expected = Mode.ZKML if draw < 0.1 else Mode.TEE if draw < 0.1 + 0.3 else Mode.VANILLA
    assert modes.at(draw) is expected
