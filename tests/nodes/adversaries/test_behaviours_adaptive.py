"""A rate that falls with every slash and grows with impunity, beside any behaviour."""

from __future__ import annotations

from typing import Any

import pytest

from nodes.adversaries.behaviour import Gate
from nodes.adversaries.learning.adaptive import Adaptive
from nodes.effects import Receive
from simnet.log.events import ParticipantJoined
from tests.driving import attached, event, inbox, past, task_id, who
from tests.scenario_text import MINIMAL, one_error, parse
from tests.small import Played, play

ME = who("inference-0").address
SLASHED = event("Slashed", "Staking", node=ME)
UNPUNISHED = event("BatchFinal", node=ME, rejected=0)
REJECTED = event("BatchFinal", node=ME, rejected=1)
REWARDED = event("Rewarded", "Committee", member=ME)
SOMEBODY_ELSE = event("Slashed", "Staking", node=who("inference-1").address)


def after(*events: Any, **parameters: Any) -> float:
    """The rate after these events."""
    adaptive = attached(Adaptive(**parameters))
    past(adaptive, Receive(), answers=inbox(*events))
    return adaptive.rate


def test_a_slash_scales_the_rate_down_and_impunity_up_but_never_beyond_what_it_was() -> None:
    assert after() == after(UNPUNISHED, REWARDED) == 1.0
    assert after(SLASHED, slashed=0.5) == 0.5
    assert after(SLASHED, UNPUNISHED, slashed=0.5, unpunished=1.2) == pytest.approx(0.6)
    assert after(SLASHED, REWARDED, slashed=0.5, unpunished=3.0) == 1.0


def test_a_batch_with_a_rejected_claim_is_no_success_and_others_are_none_of_its_business() -> None:
    assert after(SLASHED, REJECTED, SOMEBODY_ELSE, slashed=0.5, unpunished=2.0) == 0.5


def test_the_rate_keeps_what_it_must_and_stops_for_good_where_nothing_is_left() -> None:
    assert after(*[SLASHED] * 20, slashed=0.5, least=0.1) == 0.1
    assert after(SLASHED, *[UNPUNISHED] * 9, slashed=0.0, unpunished=2.0) == 0.0


def test_the_gate_scales_the_scenarios_share_of_tasks() -> None:
    adaptive = attached(Adaptive(slashed=0.5))
    gate = Gate(probability=0.8, key="k", adaptive=adaptive)
    tasks = [task_id(i) for i in range(2_000)]
    bold = [task for task in tasks if gate.drawn(task)]
    past(adaptive, Receive(), answers=inbox(SLASHED))
    careful = [task for task in tasks if gate.drawn(task)]
    assert len(bold) == pytest.approx(1_600, abs=80)
    assert len(careful) == pytest.approx(800, abs=80)
    assert set(careful) < set(bold), "what it still dares to do it would have done before"


def quantizing(**more: Any) -> Played:
    """One node that quantizes everything, checked by everybody, and slashed a little for each claim."""
    cheat = {"behaviour": "quantize", "nodes": ["inference-0"], **more}
    return play(adversaries=[cheat], economics={"slash_share": "0.1 %", "jail": 0})


@pytest.mark.long
def test_a_cheat_that_learns_from_slashes_cheats_less_and_one_that_stops_stops() -> None:
    stubborn, careful = quantizing(), quantizing(adaptive={"slashed": "50 %"})
    stopped = quantizing(adaptive={"slashed": 0})
    assert stubborn["fraud_committed"] > careful["fraud_committed"] > stopped["fraud_committed"] > 0
    first_slash = stopped.tables.event("Slashed")[0]["t"]
    assert all(row["t"] <= first_slash for row in stopped.lies())
    assert stubborn.lies()[-1]["t"] > first_slash


def test_it_is_written_beside_the_behaviour_and_is_not_one_itself() -> None:
    run = quantizing(adaptive={"slashed": "50 %", "least": "1 %"})
    [joined] = [row for row in run.tables.of(ParticipantJoined.kind) if row["name"] == "inference-0"]
    assert joined["behaviours"] == ["quantize"]
    assert "unknown key" in one_error("adversaries: [{behaviour: quantize, adaptive: {slashd: 1}}]\n", base=MINIMAL)


def test_a_scenario_with_it_loads_back_equal() -> None:
    first = parse(MINIMAL + "adversaries: [{behaviour: quantize, adaptive: {slashed: 20 %}}]\n")
    assert parse(first.resolved_yaml()) == first
