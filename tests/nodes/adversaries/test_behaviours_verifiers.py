"""Full nodes that shirk, copy, lie or collude: what each gets past, and what stops it."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import BatchId, Gas
from chain.seam import Call
from nodes.adversaries.behaviour import Behaviour
from nodes.adversaries.full.verifiers import Copycat, FalseReject, LazyAccept, RubberStampCartel, WithholdReveal
from nodes.effects import Check, Receive, Sleep, Submit, Subscribe, Verdict
from tests.driving import (
    TASK,
    Course,
    always,
    any_claim,
    attached,
    event,
    inbox,
    lies,
    mined,
    past,
    who,
    yielding,
)
from tests.small import Played, play

OPEN_VOTE = {"kind": "full_reexecution", "quorum": "3/5", "commit_reveal": False}
HIDDEN_VOTE = {"kind": "full_reexecution", "quorum": "3/5", "commit_reveal": True}
FRAUD = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"}


def full(*numbers: int) -> list[str]:
    """Names of full nodes."""
    return [f"full-{number}" for number in numbers]


def run_with(behaviour: str, *numbers: int, fraud: bool = False, **sections: Any) -> Played:
    """The small scenario with full nodes of these numbers behaving so, and an inference node lying if asked."""
    adversaries = [{"behaviour": behaviour, "nodes": full(*numbers)}, *([FRAUD] if fraud else [])]
    return play(adversaries=adversaries, **sections)


# -- lazy_accept ---------------------------------------------------------------------------------------------


def test_the_lazy_do_no_work_and_while_everybody_is_honest_nobody_notices() -> None:
    run = run_with("lazy_accept", 0)
    assert run["verification_work_ratio"] == pytest.approx(4 / 5)
    assert {row["node"] for row in run.tables.of("executed") if row["purpose"] == "check"} == set(full(1, 2, 3, 4))
    assert run["slashes_total"] == 0
    assert run["attacker_roi"] > 0
    assert len(run.lies("full-0", "check")) == run["tasks_total"]


def test_the_lazy_are_slashed_for_each_batch_in_which_they_waved_a_lie_through() -> None:
    run = run_with("lazy_accept", 0, fraud=True)
    assert (run["detection_rate"], run["fraud_finalised"]) == (1, 0)
    assert run.slashes("full-0") != []
    assert set(run.slashes("full-0")) == {"wrong_vote"}
    assert run["false_slash_rate"] == 0
    assert run["attacker_roi"] < 0


def test_lazy_nodes_that_are_a_quorum_let_fraud_through_and_have_the_honest_slashed() -> None:
    run = run_with("lazy_accept", 0, 1, 2, 3, fraud=True)
    assert run["fraud_finalised"] == run["fraud_committed"] > 5
    assert run["detection_rate"] == 0
    assert set(run.slashes()) == set(run.slashes("full-4")) == {"wrong_vote"}
    assert run["false_slash_rate"] > 0


def test_a_lazy_share_that_denies_the_quorum_voids_what_it_cannot_pass() -> None:
    run = run_with("lazy_accept", 0, 1, fraud=True)  # three of five are fewer than two thirds
    assert (run["fraud_finalised"], run["fraud_detected"]) == (0, 0)
    assert run["quorum_failures"] == run["fraud_committed"] > 5
    assert run["slashes_total"] == 0


# -- false_reject --------------------------------------------------------------------------------------------


def test_a_slanderer_is_outvoted_and_slashed() -> None:
    run = run_with("false_reject", 0)
    assert run["tasks_finalised"] == run["tasks_total"]
    assert set(run.slashes()) == set(run.slashes("full-0")) == {"wrong_vote"}
    assert run["false_slash_rate"] == 0


def test_slanderers_that_are_a_quorum_have_honest_nodes_slashed() -> None:
    run = run_with("false_reject", 0, 1, 2, 3)
    assert run["false_slash_rate"] > 0
    assert run["tasks_finalised"] == 0
    assert "fraud" in run.slashes("inference-0")
    assert "wrong_vote" in run.slashes("full-4")
    assert run["attacker_roi"] > 0


# -- withhold_reveal -----------------------------------------------------------------------------------------


def test_a_vote_that_is_committed_and_never_opened_costs_stake_each_time() -> None:
    run = run_with("withhold_reveal", 0)
    assert run["missed_reveals"] == len(run.lies("full-0", "reveal")) == len(run.slashes("full-0")) > 5
    assert set(run.slashes()) == {"missed_reveal"}
    assert run["tasks_finalised"] == run["tasks_total"]
    assert run["false_slash_rate"] == 0


def test_enough_withheld_reveals_leave_nothing_decided() -> None:
    run = run_with("withhold_reveal", 0, 1)
    assert run["quorum_failures"] == run["tasks_total"]
    assert run["tasks_finalised"] == 0
    assert run["attacker_roi"] < 0


def test_where_votes_are_open_there_is_nothing_to_withhold() -> None:
    run = run_with("withhold_reveal", 0, strategy=OPEN_VOTE)
    assert (run.lies(), run["slashes_total"]) == ([], 0)


# -- copycat -------------------------------------------------------------------------------------------------


def test_open_votes_are_copied_for_the_full_reward_and_no_work() -> None:
    run = run_with("copycat", 0, 1, strategy=OPEN_VOTE)
    batches = len(run.tables.event("BatchFinal"))
    assert run["copied_votes"] == len(run.lies(act="vote")) == 2 * batches > 20
    assert run["verification_work_ratio"] == pytest.approx(3 / 5)
    assert run["slashes_total"] == 0
    assert run["attacker_roi"] > 0


def test_a_copied_commitment_cannot_be_opened_and_costs_stake() -> None:
    run = run_with("copycat", 0, 1, strategy=HIDDEN_VOTE)
    assert run["copied_votes"] == 0
    assert run["missed_reveals"] == len(run.lies(act="vote")) > 20
    assert set(run.slashes()) == {"missed_reveal"}
    assert run["false_slash_rate"] == 0
    assert run["attacker_roi"] < 0


def test_a_copycat_copies_the_right_answer_about_fraud_as_well() -> None:
    run = run_with("copycat", 0, 1, strategy=OPEN_VOTE, fraud=True)
    assert run["detection_rate"] == 1
    assert run.slashes("full-0") == run.slashes("full-1") == []


# -- rubber_stamp_cartel -------------------------------------------------------------------------------------


def test_a_cartel_in_the_minority_is_outvoted_and_slashed() -> None:
    run = run_with("rubber_stamp_cartel", 0, fraud=True)
    assert (run["detection_rate"], run["fraud_finalised"]) == (1, 0)
    assert set(run.slashes("full-0")) == {"wrong_vote"}
    assert run["false_slash_rate"] == 0


def test_a_cartel_that_is_a_quorum_makes_fraud_final_and_has_the_honest_slashed() -> None:
    run = run_with("rubber_stamp_cartel", 0, 1, 2, 3, fraud=True)
    assert run["fraud_finalised"] == run["fraud_committed"] > 5
    assert run["detection_rate"] == 0
    assert set(run.slashes()) == set(run.slashes("full-4")) == {"wrong_vote"}
    assert run["attacker_roi"] > 0


def test_a_cartel_checks_strangers_honestly() -> None:
    run = run_with("rubber_stamp_cartel", 0, fraud=True)
    served_by = {row["task"]: row["node"] for row in run.tables.of("task_sent")}
    assert {served_by[row["subject"]] for row in run.lies("full-0", "check")} == {"inference-0"}
    checked = {row["task"] for row in run.tables.of("executed") if row["node"] == "full-0"}
    assert {served_by[task] for task in checked} == {"inference-1", "inference-2"}


# -- as filters ----------------------------------------------------------------------------------------------

CHECK = Check("inference-0", any_claim(), TASK, yielding)
BATCH = BatchId("0x" + "bb" * 32)


@pytest.mark.parametrize(
    ("behaviour", "verdict"),
    [(LazyAccept(), Verdict.VALID), (FalseReject(), Verdict.INVALID), (Copycat(), Verdict.ABSTAIN)],
    ids=lambda b: getattr(b, "kind", ""),
)
def test_a_check_is_answered_without_being_carried_out(behaviour: Behaviour, verdict: Verdict) -> None:
    course = past(attached(behaviour, "full-0"), CHECK)
    assert course.result == [verdict]
    assert course.of(Check) == []
    assert lies(course) == [("check", TASK)]


def test_a_cartel_member_knows_its_accomplices() -> None:
    cartel = RubberStampCartel()
    friend = past(attached(cartel, "full-0", accomplices=["inference-0"]), CHECK)
    assert (friend.result, lies(friend)) == ([Verdict.VALID], [("check", TASK)])
    stranger = past(
        attached(cartel, "full-0", accomplices=["inference-1"]), CHECK, answers={Check: always(Verdict.INVALID)}
    )
    assert (stranger.result, lies(stranger)) == ([Verdict.INVALID], [])


def submit(function: str, *args: Any, contract: str = "Committee") -> Submit:
    """A member's transaction about the batch."""
    return Submit(Call(who("full-0").address, contract, function, (bytes(32), *args), Gas(1)), BATCH)


def test_only_the_reveal_of_a_vote_is_withheld() -> None:
    commit, other = submit("commit", 0, b"c"), submit("reveal", b"s", contract="Beacon")
    course = past(
        attached(WithholdReveal(), "full-0"), commit, submit("reveal", 0, 1, b"s"), other, answers={Submit: mined}
    )
    assert course.of(Submit) == [commit, other]
    assert course.result[1] is None
    assert lies(course) == [("reveal", BATCH)]


def watch(copycat: Copycat, name: str, member: str, **what: Any) -> Course:
    """Let a copycat see another member's move on the batch; the honest node waits for its next message."""
    seen = event(name, "Committee", batch=bytes.fromhex(BATCH[2:]), member=who(member).address, **what)
    return past(copycat, Receive(), answers=inbox(seen, event("BatchFinal", batch=bytes(32))))


def test_a_copycat_follows_the_others_moves_and_keeps_them_from_the_honest_node() -> None:
    copycat = attached(Copycat(), "full-0")
    course = past(copycat, Subscribe(("BatchPosted",)))
    assert course.one(Subscribe).events == ("BatchPosted", "Voted", "Committed", "Submitted")
    (envelope,) = watch(copycat, "Voted", "full-1", votes=5).result
    assert envelope.message.event == "BatchFinal"


def test_a_copycat_copies_the_first_vote_it_saw_that_was_not_its_own() -> None:
    copycat = attached(Copycat(), "full-0")
    for member, votes in (("full-0", 3), ("full-1", 5), ("full-2", 7)):
        watch(copycat, "Voted", member, votes=votes)
    course = past(copycat, submit("vote", 0, 1), answers={Submit: mined})
    assert course.calls[0].args == (bytes(32), 0, 5)
    assert lies(course) == [("vote", BATCH)]


def test_a_copycat_copies_commitments_where_votes_are_hidden() -> None:
    copycat = attached(Copycat(), "full-0")
    watch(copycat, "Committed", "full-1", commitment=b"theirs")
    course = past(copycat, submit("commit", 0, b"mine"), answers={Submit: mined})
    assert course.calls[0].args == (bytes(32), 0, b"theirs")


def test_a_copycat_copies_indexed_commitments() -> None:
    copycat = attached(Copycat(), "full-0")
    watch(copycat, "Submitted", "full-1", commitment=(b"all", b"theirs"))
    course = past(copycat, submit("submit", 0, (b"none", b"mine")), answers={Submit: mined})
    assert course.calls[0].args == (bytes(32), 0, (b"all", b"theirs"))


def test_a_copycat_waits_for_somebody_to_copy_from_as_long_as_its_patience_lasts() -> None:
    honest = submit("vote", 0, 1)
    course = past(attached(Copycat(patience_s=3.0), "full-0"), honest, answers={Submit: mined})
    assert [sleep.seconds for sleep in course.of(Sleep)] == [1.0] * 3
    assert course.of(Submit) == [honest]
    assert lies(course) == []


def test_what_one_copycat_saw_another_does_not_know() -> None:
    kind = Copycat(patience_s=1.0)
    one, other = attached(kind, "full-0"), attached(kind, "full-1")
    watch(one, "Voted", "full-2", votes=5)
    assert past(one, submit("vote", 0, 1), answers={Submit: mined}).calls[0].args[-1] == 5
    assert past(other, submit("vote", 0, 1), answers={Submit: mined}).calls[0].args[-1] == 1
