"""Participants that are as late as they are allowed to be."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import BatchId
from chain.seam import Call
from nodes.adversaries.full.delays import LastSecondMover, SlowLoris
from nodes.effects import Now, Read, Receive, Reply, Sleep, Submit
from nodes.messages import InferenceAnswer, Refusal
from tests.driving import (
    OUTPUT,
    TASK,
    Course,
    always,
    asking,
    attached,
    event,
    inbox,
    lies,
    mined,
    one_after_the_other,
    past,
    who,
)
from tests.small import play

ME = who("full-0").address
BATCH = bytes(31) + b"\1"
NAME = BatchId("0x" + BATCH.hex())
MEMBERS = event("MembersDrawn", "IndexedCommitment", batch=bytes(31) + b"\2", members=[ME], submitBy=1_040)
DRAWN = event("CommitteeDrawn", "Committee", batch=BATCH, members=[ME], commitBy=1_060, revealBy=1_090)


# -- slow_loris ------------------------------------------------------------------------------------------------


def replying(message: Any, *clock: float) -> Course:
    """A request arrives and is replied to; the clock shows these times."""
    request = asking(None)
    answers = {**inbox(request), Now: one_after_the_other(*clock)}
    return past(attached(SlowLoris.model_validate({"answers_after": "9 s"})), Receive(), Reply(request, message),
                answers=answers)  # fmt: skip


def test_the_answer_waits_for_its_time_counted_from_the_requests_arrival() -> None:
    course = replying(InferenceAnswer(TASK, OUTPUT, b""), 100.0, 102.0)
    assert course.one(Sleep).seconds == pytest.approx(7.0)
    assert lies(course) == [("delay", TASK)]
    [said] = course.said
    assert isinstance(said, InferenceAnswer)
    assert said.output is OUTPUT


def test_an_answer_that_is_late_by_itself_is_not_held_back() -> None:
    course = replying(InferenceAnswer(TASK, OUTPUT, b""), 100.0, 110.0)
    assert (course.of(Sleep), lies(course)) == ([], [])


def test_a_refusal_is_not_held_back() -> None:
    course = replying(Refusal(TASK, "no"), 100.0, 102.0)
    assert course.of(Sleep) == []


def test_slow_answers_show_in_the_tail_of_latency_and_cost_no_stake() -> None:
    run = play(adversaries=[{"behaviour": "slow_loris", "nodes": ["inference-0"]}], duration="1 min")
    assert run["soft_latency_ms.p95"] == pytest.approx(9_000, rel=0.01)
    assert run["soft_latency_ms.p50"] < 100
    assert (run["slashes_total"], run["tasks_unanswered"]) == (0, 0)


def test_a_shorter_timeout_leaves_the_slow_without_clients() -> None:
    impatient = {"count": 4, "arrivals": "poisson 1/s", "timeout": "5 s"}
    run = play(adversaries=[{"behaviour": "slow_loris", "nodes": ["inference-0"]}], clients=impatient, duration="1 min")
    timeouts = [row["node"] for row in run.tables.of("task_failed") if row["reason"] == "timeout"]
    assert timeouts == ["inference-0"] * len(run.lies())
    assert timeouts
    assert run["soft_latency_ms.p99"] < 100


# -- last_second_mover -----------------------------------------------------------------------------------------


def moving(function: str, now: float, contract: str = "Committee", subject: str = NAME) -> Course:
    """A transaction about a batch whose deadlines are known; 1000 on chain is second 0."""
    mover = attached(LastSecondMover.model_validate({"margin": "4 s"}), "full-0", genesis=1_000)
    chain = {"batchOf": (who("inference-0").address, 1_010), "challengeWindow": 30, "openWindow": 10}
    answers = {**inbox(DRAWN), Now: always(now), Submit: mined, Read: lambda read: chain[read.function]}
    call = Call(ME, contract, function, (BATCH,))
    past(mover, Receive(), answers=answers)
    return past(mover, Submit(call, subject), answers=answers)


@pytest.mark.parametrize(
    ("function", "now", "wait"),
    [
        ("commit", 20, 36),
        ("vote", 20, 36),
        ("reveal", 61, 25),
        ("challenge", 20, 16),
        ("sealChallenge", 20, 16),
        ("openChallenge", 41, 5),
    ],
)
def test_it_sends_just_before_the_deadline(function: str, now: float, wait: float) -> None:
    course = moving(function, now)
    assert course.one(Sleep).seconds == wait
    assert lies(course) == [("delay", NAME)]
    assert len(course.calls) == 1


def test_a_draw_of_another_kind_sets_deadlines_of_its_own() -> None:
    mover = attached(LastSecondMover.model_validate({"margin": "4 s"}), "full-0", genesis=1_000)
    past(mover, Receive(), Receive(), answers=inbox(DRAWN, MEMBERS))
    submission = Submit(Call(ME, "IndexedCommitment", "submit"), "0x" + (bytes(31) + b"\2").hex())
    course = past(mover, submission, answers={Now: always(20.0), Submit: mined})
    assert course.one(Sleep).seconds == 16


def test_what_is_late_already_or_has_no_deadline_goes_out_at_once() -> None:
    assert moving("commit", 58).of(Sleep) == []
    assert moving("resolve", 20).of(Sleep) == []
    assert moving("reveal", 20, "Beacon", "").of(Sleep) == []


def test_a_batch_that_is_final_has_no_deadlines() -> None:
    mover = attached(LastSecondMover(), "full-0", genesis=1_000)
    final = event("BatchFinal", batch=BATCH)
    past(mover, Receive(), answers=inbox(DRAWN))
    past(mover, Receive(), answers=inbox(final))
    course = past(mover, Submit(Call(ME, "Committee", "commit"), NAME), answers={Submit: mined})
    assert course.of(Sleep) == []


def test_last_second_moves_delay_finality_and_count_all_the_same() -> None:
    mover = {"behaviour": "last_second_mover", "nodes": ["full-0"]}
    late, prompt = play(adversaries=[mover], duration="1 min"), play(duration="1 min")
    assert late["finality_latency_s.p50"] > prompt["finality_latency_s.p50"] + 10
    assert late["slashes_total"] == late["missed_reveals"] == 0
    assert late.tables.of("duty_failed") == []
    assert late["tasks_finalised"] == late["tasks_total"]


def test_who_leaves_no_time_for_a_block_loses_its_vote() -> None:
    mover = {"behaviour": "last_second_mover", "nodes": ["full-0"], "margin": "0.1 s"}
    odd = {"kind": "full_reexecution", "commit_window": "21 s"}  # ends between two blocks
    run = play(adversaries=[mover], strategy=odd, duration="1 min")
    failed = {row["reason"].partition(":")[0] for row in run.tables.of("duty_failed") if row["node"] == "full-0"}
    assert "commit" in failed
    assert run["tasks_finalised"] == run["tasks_total"]
