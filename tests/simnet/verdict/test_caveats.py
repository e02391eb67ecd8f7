"""What a run says about repeating it: nothing where nothing is in the way, and each reason where one is."""

from __future__ import annotations

from typing import Any

import pytest

from simnet.measure.fold import apply
from simnet.measure.state import State
from simnet.verdict.results import Results, judge
from tests.small import play, scenario


def judged(*rows: dict[str, object], reason: str = "completed", **changes: Any) -> Results:
    """The verdict on a log that holds these rows alone, and ended for this reason, if it did."""
    state = State()
    if reason:
        rows = (*rows, {"kind": "run_ended", "reason": reason})
    for number, row in enumerate(rows):
        apply(state, {"i": number, "t": 0.0, **row})
    return judge(scenario(**changes), state, (), "0" * 64, 1.0, 1.0)


def served(arithmetic: str) -> dict[str, object]:
    return {"kind": "model_served", "name": "mine", "sha256": "00" * 32, "macs": 1, "arithmetic": arithmetic}


def test_a_run_in_portable_arithmetic_says_nothing() -> None:
    found = judged(served("portable"))
    assert found.reproducible
    assert found.caveats == ()


def test_a_model_in_native_arithmetic_is_named_and_the_run_still_repeats_here() -> None:
    found = judged(served("native"))
    assert found.reproducible
    assert [("mine" in caveat, "class" in caveat) for caveat in found.caveats] == [(True, True)]
    assert found.as_json()["caveats"] == list(found.caveats)


def test_a_run_that_was_steered_by_hand_says_what_repeats_it() -> None:
    touch = {"kind": "intervention", "what": "{crash: [full-1]}", "nodes": [], "behaviour": "", "dishonest": False}
    found = judged(touch, touch)
    assert "Steered by hand (2 injections)" in found.caveats[0]


@pytest.mark.parametrize(
    ("reason", "says"), [("", "The log ends before"), ("interrupted", "ended before"), ("cut short: x", "ended before")]
)
def test_a_run_that_did_not_go_on_to_its_end_is_not_reproducible(reason: str, says: str) -> None:
    found = judged(served("portable"), reason=reason)
    assert not found.reproducible
    assert says in found.caveats[0]


def test_measured_time_is_not_reproducible() -> None:
    found = judged(served("portable"), compute={"time": "measured"})
    assert not found.reproducible
    assert found.measured_time
    assert "measured" in found.caveats[0]


def test_a_whole_run_says_what_arithmetic_it_was_asked_for() -> None:
    assert play(compute={"arithmetic": "native"}).results.caveats
    assert play().results.caveats == ()
