"""Optimistic verification in whole runs: who looks, what a challenge leads to, and who pays for it."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import OPG
from nodes.effects import ChainTime, Check, Read, Request, Submit, Verdict
from nodes.messages import BatchQuery, Refusal
from simnet.scenario.errors import ScenarioErrors
from simnet.strategies.dispute.optimistic import Optimistic, OptimisticHalf, private_lot
from simnet.theory import fraud_floor
from simnet.world.parameters import protocol_parameters
from tests.driving import OUTPUT, PEOPLE, Answers, always, batch_of, follow, mined, one_after_the_other, who
from tests.nodes.test_full_node import knowing
from tests.payments import payments
from tests.small import Played, play, scenario

WINDOW_S = 30
BLOCK_S = 2
BOND = 10 * OPG
FULL_NODES = [f"full-{i}" for i in range(5)]
CHEAT = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"}


def optimistic(**parameters: Any) -> dict[str, Any]:
    """The strategy with a window of half a minute."""
    return {"kind": "optimistic", "challenge_window": f"{WINDOW_S} s", **parameters}


def lazy(*names: str) -> dict[str, Any]:
    """Full nodes that never verify voluntarily, and vote honestly when called."""
    return {"behaviour": "lazy_accept", "judges": True, "nodes": list(names)}


def griefer(**parameters: Any) -> dict[str, Any]:
    """A full node that challenges without looking."""
    return {"behaviour": "false_challenger", "nodes": ["full-0"], **parameters}


def settled(**sections: Any) -> Played:
    """A run that is long enough for every dispute to end."""
    return play(**{"strategy": optimistic(), "settle": "3 min", **sections})


def delays(run: Played) -> list[float]:
    """Seconds from each batch's post to its finality."""
    posted = {row["batch"]: row["t"] for row in run.tables.event("BatchPosted")}
    return [row["t"] - posted[row["batch"]] for row in run.tables.event("BatchFinal")]


def earned(run: Played, name: str) -> float:
    """OPG that somebody got, or lost, by verification."""
    return sum(payment.amount for payment in payments(run.tables) if payment.name == name) / OPG


# -- who looks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "overhead"), [(0, 0), (1, 5)])
def test_honest_batches_become_final_after_the_window_whether_anybody_looked_or_not(
    share: float, overhead: int
) -> None:
    run = settled(strategy=optimistic(check_share=share))
    assert run["verification_overhead_ratio"] == pytest.approx(overhead)
    assert run["tasks_finalised"] == run["tasks_total"] > 50
    assert run.tables.event("Challenged") == run.tables.event("CommitteeDrawn") == []
    assert all(WINDOW_S < delay <= WINDOW_S + 3 * BLOCK_S for delay in delays(run))
    assert run.broken() == []


def test_a_full_node_looks_at_its_share_of_the_batches_and_nobody_can_tell_which() -> None:
    run = settled(strategy=optimistic(check_share="40 %"))
    looked = {(row["node"], row["batch"]) for row in run.tables.of("claim_checked")}
    batches = {row["batch"] for row in run.tables.event("BatchPosted")}
    assert 0.25 < len(looked) / (5 * len(batches)) < 0.55
    for node in FULL_NODES:
        assert {batch for name, batch in looked if name == node} < batches
    batch = next(iter(batches))
    secrets = [bytes([i]) * 32 for i in range(50)]
    lots = [private_lot(_with_secret(secret), batch) for secret in secrets]
    assert len(set(lots)) == len(lots)
    assert 0.3 < sum(lots) / len(lots) < 0.7


def _with_secret(secret: bytes) -> Any:
    node = knowing(*batch_of([OUTPUT]))
    node.secret = secret
    return node


# -- AnyTrust ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("honest", ["full-0", "full-3"])
def test_one_honest_checker_is_enough(honest: str) -> None:
    shirkers = [name for name in FULL_NODES if name != honest]
    run = settled(adversaries=[CHEAT, lazy(*shirkers)])
    assert run["fraud_committed"] == run["fraud_detected"] > 5
    assert run["fraud_finalised"] == run["false_slash_rate"] == 0
    assert {run.tables.names[row["challenger"]] for row in run.tables.event("Challenged")} == {honest}
    assert earned(run, honest) > 100
    assert run.broken() == []


def test_with_no_honest_checker_every_fraud_stands() -> None:
    run = settled(adversaries=[CHEAT, lazy(*FULL_NODES)])
    assert run["fraud_finalised"] == run["fraud_committed"] > 5
    assert run["slashes_total"] == 0
    assert run["attacker_roi"] > 0


def test_arbiters_without_an_honest_quorum_uphold_fraud_and_the_honest_challenger_pays() -> None:
    cartel = [{"behaviour": "lazy_accept", "nodes": FULL_NODES[1:]}]
    run = settled(adversaries=[CHEAT, *cartel])
    assert run["fraud_finalised"] == run["fraud_committed"] > 5
    assert earned(run, "full-0") < 0
    assert set(run.slashes("full-0")) == {"wrong_vote"}


def test_what_nobody_looks_at_stands_in_proportion() -> None:
    run = settled(strategy=optimistic(check_share="20 %"), duration="4 min", adversaries=[CHEAT])
    missed = run["fraud_finalised"] / run["fraud_committed"]
    assert 0 < missed < 1
    assert abs(missed - 0.8**5) < 0.3


def test_checking_everything_costs_more_than_it_finds_where_fraud_is_rarer_than_the_floor() -> None:
    honest = settled()
    books = {name: earned(honest, name) for name in FULL_NODES}
    assert books == dict.fromkeys(FULL_NODES, 0.0)
    assert honest["honest_node_profit_opg"] < settled(strategy=optimistic(check_share=0))["honest_node_profit_opg"]
    assert fraud_floor(1, 100) == 0.01  # the rate of fraud at which the two would be even


# -- what a challenge costs ----------------------------------------------------------------------------------


def test_false_challenges_delay_honest_work_and_are_paid_for_by_who_made_them() -> None:
    run, calm = settled(adversaries=[griefer(challenges=4)]), settled()
    challenged = run.tables.event("Challenged")
    assert len(challenged) == 4
    assert run["tasks_finalised"] == run["tasks_total"] == calm["tasks_finalised"]
    assert run["slashes_total"] == 0
    lost = sum(int(row["bonded"]) for row in challenged)
    assert earned(run, "full-0") < 0
    assert sum(int(row["forfeited"]) for row in run.tables.event("ChallengeDecided")) == lost
    accused = sum(int(row["amount"]) for row in run.tables.event("Compensated"))
    assert accused == lost // 2
    assert sum(delay > WINDOW_S + 10 for delay in delays(run)) == 4
    assert max(delays(calm)) < WINDOW_S + 10


def test_bonds_are_back_or_forfeited_when_all_is_over() -> None:
    run = settled(adversaries=[CHEAT, griefer(share="30 %")])
    put_up = sum(int(row["bonded"]) for row in run.tables.event("Challenged"))
    forfeited = sum(int(row["forfeited"]) for row in run.tables.event("ChallengeDecided"))
    assert 0 < forfeited < put_up
    decided = [(row["batch"], row["challenger"]) for row in run.tables.event("ChallengeDecided")]
    assert sorted(decided) == sorted((row["batch"], row["challenger"]) for row in run.tables.event("Challenged"))
    assert run.broken() == []


def test_arbiters_may_be_drawn_by_lot() -> None:
    run = settled(strategy=optimistic(arbiters=3), adversaries=[CHEAT])
    assert run["fraud_finalised"] == 0 < run["fraud_detected"]
    assert {len(row["members"]) for row in run.tables.event("CommitteeDrawn")} == {3}
    assert run.tables.event("SecretRevealed") != []
    assert settled(adversaries=[CHEAT]).tables.event("SecretRevealed") == []  # with all as arbiters, no lot is drawn


def test_sealed_challenges_come_to_the_same_verdicts_a_little_later() -> None:
    sealed, plain = (settled(strategy=optimistic(sealed=sealed), adversaries=[CHEAT]) for sealed in (True, False))
    for run in (sealed, plain):
        assert run["fraud_detected"] == run["fraud_committed"] > 5
        assert run["false_slash_rate"] == 0
        assert run.broken() == []
    assert len(sealed.tables.event("ChallengeSealed")) == len(sealed.tables.event("Challenged")) > 5
    assert min(delays(sealed)) > WINDOW_S + 10 > min(delays(plain))


def test_who_copies_open_challenges_is_paid_for_no_work() -> None:
    copier = {"behaviour": "challenge_copier", "nodes": ["full-1"]}
    shirkers = lazy("full-2", "full-3", "full-4")
    shared, kept = (
        settled(strategy=optimistic(sealed=sealed), adversaries=[CHEAT, copier, shirkers]) for sealed in (False, True)
    )
    assert {run.tables.names[row["challenger"]] for run in (shared,) for row in run.tables.event("Challenged")} == {
        "full-0",
        "full-1",
    }
    assert {row["challenger"] for row in kept.tables.event("Challenged")} == {
        kept.tables.participants["full-0"]["address"]
    }
    reward = {name: sum(int(row["reward"]) for row in decided(shared, name)) for name in ("full-0", "full-1")}
    assert reward["full-0"] == reward["full-1"] > 0


def decided(run: Played, name: str) -> list[Any]:
    """What became of somebody's challenges."""
    rows = run.tables.event("ChallengeDecided")
    return [row for row in rows if run.tables.names[row["challenger"]] == name]


# -- withheld data, by hand ----------------------------------------------------------------------------------

DATA, ROOT = batch_of([OUTPUT, OUTPUT, OUTPUT])


def at(*seconds: float) -> Answers:
    """A chain on which `DATA` was posted at 1,000; the time is asked after each attempt to fetch it."""
    return {Read: always((who("inference-0").address, 1_000, 3, 1)), ChainTime: one_after_the_other(*seconds)}


def test_a_batch_whose_data_cannot_be_had_is_challenged_as_a_whole_while_there_is_time() -> None:
    node = knowing(DATA, ROOT)
    withheld = {Request: always(Refusal(DATA.batch, "no")), Submit: mined, **at(1_010, 1_032, 1_045)}
    course = follow(OptimisticHalf(node, Optimistic()).check(DATA.batch, 3), withheld)
    assert [request.message for request in course.of(Request)] == [BatchQuery(DATA.batch)] * 3
    assert [request.timeout_s for request in course.of(Request)] == [10, 20, 11]
    (call,) = course.calls
    assert (call.contract, call.function, call.args) == ("Optimistic", "challenge", (bytes.fromhex(DATA.batch[2:]), 7))


def test_a_batch_whose_data_comes_late_is_checked_and_not_challenged() -> None:
    node = knowing(DATA, ROOT, 3)
    answers = {Request: one_after_the_other(None, DATA), Check: always(Verdict.VALID), **at(1_005, 1_010)}
    course = follow(OptimisticHalf(node, Optimistic()).check(DATA.batch, 3), answers)
    assert course.ended
    assert course.calls == []


def test_nobody_challenges_what_became_final_meanwhile() -> None:
    node = knowing(DATA, ROOT)

    def forget(_: Any) -> None:
        node.batches.clear()

    assert follow(OptimisticHalf(node, Optimistic()).check(DATA.batch, 3), {Request: forget, **at(1_005)}).calls == []


# -- the scenario --------------------------------------------------------------------------------------------


def test_nodes_keep_their_whole_fee_and_no_batch_expires_in_dispute() -> None:
    fortnight = scenario(strategy=optimistic() | {"challenge_window": "14 d"})
    assert protocol_parameters(fortnight).expiry_s > 14 * 86_400
    assert protocol_parameters(fortnight).verifier_share_bps == 0
    assert protocol_parameters(scenario(strategy=optimistic())).expiry_s == 3 * 86_400


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"arbiters": 6}, "6 arbiters cannot be drawn from 5 full nodes"),
        ({"challenge_window": "1.5 s"}, "whole"),
        ({"quorum": "1/2"}, "no more than a half"),
    ],
)
def test_parameters_that_cannot_be_are_refused(parameters: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioErrors, match=complaint):
        scenario(strategy=optimistic(**parameters))


def test_somebody_must_have_the_money_for_the_bonds() -> None:
    with pytest.raises(ScenarioErrors, match="stakes, deposits and bonds"):
        scenario(strategy=optimistic(bond="1_000_000 OPG"))
    assert Optimistic().initial_balance(PEOPLE.named("client-0").role) == 0
