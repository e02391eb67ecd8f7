"""What became of each participant, in a line."""

from __future__ import annotations

import pytest

from simnet.measure.outcomes import Outcome, outcome, outcomes
from tests.handmade import Handmade


def told(log: Handmade, name: str, *behaviours: str) -> Handmade:
    """Say how a participant was told to behave."""
    row = next(row for row in log.rows if row.get("name") == name and row["kind"] == "participant_joined")
    row["behaviours"] = list(behaviours)
    return log


@pytest.fixture
def log() -> Handmade:
    """An inference node, two full nodes and a client."""
    return Handmade().join("inference", "n").join("full", "f", "g").join("client", "c")


def lines(log: Handmade) -> dict[str, Outcome]:
    """Everybody of note."""
    return {found.name: found for found in outcomes(log.state)}


def test_who_was_honest_and_unharmed_is_not_mentioned(log: Handmade) -> None:
    assert lines(log) == {}


def test_a_liar_is_shown_with_its_acts_its_frauds_and_what_they_cost(log: Handmade) -> None:
    told(log, "n", "quantize", "equivocate").sent("x", "y", "z")
    for task in "xyz":
        log.cheated("n", "answer", task)
    log.posted("a", "x", "y").rejected("a", 0).slashed("n", 10).slashed("n", 9).final("a", accepted=1, rejected=1)
    (found,) = lines(log).values()
    assert (found.name, found.role, found.behaviours) == ("n", "inference", ("quantize", "equivocate"))
    assert (found.dishonest, found.acts) == (True, 3)
    assert (found.committed, found.detected, found.finalised) == (2, 1, 1)
    assert (found.slashes, found.slashed_opg) == (2, 19.0)


def test_verdicts(log: Handmade) -> None:
    log.join("inference", "won", "partly", "quiet", "control")
    for name in ("n", "won", "partly", "quiet", "control"):
        told(log, name, "quantize")
    log.sent("x").sent("y", node="won").cheated("n", "answer", "x").cheated("won", "answer", "y")
    log.cheated("quiet", "answer", "never asked")
    log.posted("a", "x").rejected("a", 0).slashed("n", 1).final("a", accepted=0, rejected=1)
    log.posted("b", "y", node="won").final("b", accepted=1)
    log.sent("v", "w", node="partly").cheated("partly", "answer", "v").cheated("partly", "answer", "w")
    log.posted("c", "v", "w", node="partly").rejected("c", 0).slashed("partly", 1).final("c", accepted=1, rejected=1)
    log.slashed("f", 1, "wrong_vote")
    assert {name: found.verdict for name, found in lines(log).items()} == {
        "n": "slashed",
        "won": "frauds final, not slashed",
        "partly": "slashed, frauds final",
        "quiet": "not punished",
        "control": "unharmed",
        "f": "slashed although honest",
    }


def test_a_void_fraud_is_neither_detected_nor_final_nor_open(log: Handmade) -> None:
    told(log, "n", "quantize").sent("x", "y").cheated("n", "answer", "x").cheated("n", "answer", "y")
    log.posted("a", "x").final("a", accepted=0, voided=1).posted("b", "y")
    (found,) = lines(log).values()
    assert (found.committed, found.detected, found.finalised, found.voided, found.open) == (2, 0, 0, 1, 1)


def test_an_honest_client_that_is_refused_counts_as_harmed_and_a_dishonest_one_is_not(log: Handmade) -> None:
    log.sent("x").add("task_failed", task="x", client="c", reason="payment required")
    client = log.state.nodes["c"]
    assert outcome(client).verdict == "refused although honest"
    log.cheated("c", "pay", "x")
    assert outcome(log.state.nodes["c"]).verdict == "refused service"
