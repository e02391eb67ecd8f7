"""Metrics of logs made by hand, whose figures are known beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.measure.catalogue import METRICS, READINGS
from simnet.measure.metric import rate, wilson
from simnet.measure.needs import EXTERNAL_CLIENTS
from simnet.measure.rows import as_text
from tests.handmade import MODEL_MACS, Handmade, bytes32
from tests.small import play


@pytest.fixture
def log() -> Handmade:
    """An inference node, two full nodes and a client, each node with 100 OPG at stake."""
    return Handmade().join("inference", "n").join("full", "f", "g").join("client", "c")


# -- intervals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_that_newcombe_tabulates(successes: int, n: int, low: float, high: float) -> None:
    """Table I of Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17, 1998."""
    assert list(wilson(successes, n)) == pytest.approx([low, high], abs=5e-5)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_rate_and_stays_between_zero_and_one(counts: tuple[int, int]) -> None:
    successes, n = counts
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert (low, high) == pytest.approx(tuple(1 - bound for bound in reversed(wilson(n - successes, n))), abs=1e-9)


def test_more_observations_make_a_narrower_interval() -> None:
    widths = [high - low for low, high in (wilson(n // 2, n) for n in (10, 100, 1000))]
    assert widths == sorted(widths, reverse=True)


def test_a_rate_of_nothing_is_undefined_and_one_above_one_has_an_interval_still() -> None:
    assert rate(0, 0) == (None, 0, None)
    assert rate(3, 2).value == 1.5
    assert rate(3, 2).ci95 == wilson(2, 2)


# -- what a batch's count leaves out -------------------------------------------------------------------------


def counting(log: Handmade, count: int) -> Handmade:
    """Three frauds are answered and put into a batch; its node says that it holds `count`."""
    log.sent("x", "y", "z").answered("x", "y", "z")
    for task in ("x", "y", "z"):
        log.cheated("n", "answer", task)
    log.posted("b", "x", "y", "z")
    log.rows[-1]["args"]["count"] = count
    return log


def test_a_fraud_outside_the_count_stands_with_its_batch(log: Handmade) -> None:
    counting(log, 1).final("b", accepted=1, paid=3)
    assert (log.metrics["fraud_committed"].value, log.metrics["fraud_finalised"].value) == (3, 3)
    assert log.metrics["detection_rate"].value == 0


def test_all_frauds_of_a_malformed_batch_are_detected_whatever_it_says_of_their_number(log: Handmade) -> None:
    counting(log, 1).event("BatchMalformed", batch="b", node="@n", prover="@f")
    log.final("b", accepted=0, rejected=1).slashed("n", 100, "malformed", "b")
    assert (log.metrics["fraud_detected"].value, log.metrics["detection_rate"].value) == (3, 1)
    assert log.metrics["unslashed_frauds"].value == 0


def test_frauds_that_were_answered_and_never_posted_are_counted(log: Handmade) -> None:
    log.sent("x", "y", "z").answered("x", "y")
    for task in ("x", "y", "z"):
        log.cheated("n", "answer", task)
    log.posted("b", "x")
    assert log.metrics["fraud_unclaimed"].value == 1
    assert log.metrics["fraud_committed"].value == 1


# -- nothing happened ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [False, True])
def test_in_a_log_of_nothing_counts_are_zero_and_rates_and_percentiles_undefined(people: bool) -> None:
    empty = Handmade().join("inference", "n").join("client", "c") if people else Handmade()
    for name, metric in empty.metrics.items():
        if metric.spec.statistics:
            assert metric.value == dict.fromkeys(metric.spec.statistics), name
        elif metric.spec.needs is EXTERNAL_CLIENTS:
            assert metric.value is None, name
        elif metric.spec.unit == "count":
            assert metric.value == 0, name
        elif metric.spec.unit in ("share", "ratio"):
            assert metric.value is None, name
        else:
            assert metric.value in (0, None), name
        assert metric.ci95 is None, name
        assert metric.n == 0 or name in ("honest_node_profit_opg", "honest_loss_opg"), name


def test_every_metric_of_the_catalogue_is_computed_under_every_name_it_can_be_read_by(log: Handmade) -> None:
    assert list(log.metrics) == list(METRICS)
    assert all(log.value(reading) in (0, None) for reading in READINGS if reading != "honest_node_profit_opg")


# -- fraud ---------------------------------------------------------------------------------------------------


def lying(log: Handmade, *tasks: str) -> Handmade:
    """Have the node lie about these tasks."""
    for task in tasks:
        log.cheated("n", "answer", task)
    return log


def test_a_fraud_is_committed_when_posted_detected_when_rejected_finalised_when_it_stands(log: Handmade) -> None:
    log.sent("caught", "stood", "void", "open", "kept", "true")
    lying(log, "caught", "stood", "void", "open", "kept")
    log.at(10).posted("a", "caught", "true").posted("b", "stood").posted("v", "void").posted("o", "open")
    log.at(40).rejected("a", 0).final("a", accepted=1, rejected=1)
    log.final("b", accepted=1).final("v", accepted=0, voided=1)
    committed = ("fraud_committed", "fraud_detected", "fraud_finalised", "fraud_open")
    assert log.values(*committed) == (4, 1, 1, 1)
    detection = log.metrics["detection_rate"]
    assert (detection.value, detection.n, detection.ci95) == (0.5, 2, wilson(1, 2))
    assert log.values("time_to_detection_s.p50", "time_to_detection_s.p95") == (30, 30)


def test_an_honest_claim_that_is_rejected_is_no_fraud_detected(log: Handmade) -> None:
    log.sent("x").posted("a", "x").rejected("a", 0).final("a", accepted=0, rejected=1)
    assert log.values("fraud_committed", "fraud_detected", "detection_rate") == (0, 0, None)


def test_lies_about_other_things_than_answers_are_no_fraud(log: Handmade) -> None:
    log.sent("x").posted("a", "x").cheated("f", "check", "x").cheated("f", "vote", "a").final("a", accepted=1)
    assert log.value("fraud_committed") == 0


def test_a_claim_that_was_posted_again_after_a_revert_counts_where_it_stands(log: Handmade) -> None:
    log.sent("x", "y")
    lying(log, "x")
    log.add("batch_built", node="n", batch="reverted", tasks=["x"])
    log.at(20).posted("a", "x", "y").at(30).rejected("a", 0).final("a", accepted=1, rejected=1)
    assert log.values("fraud_committed", "fraud_detected", "tasks_finalised") == (1, 1, 1)


def test_targeted_attempts_are_label_flips_and_succeed_when_they_stand(log: Handmade) -> None:
    log.sent("x", "y", "z").posted("a", "x", "y", "z")
    for task, behaviour in (("x", "label_flip"), ("y", "label_flip"), ("z", "quantize")):
        log.cheated("n", "answer", task, behaviour)
    log.rejected("a", 0).final("a", accepted=2, rejected=1)
    metric = log.metrics["targeted_success_rate"]
    assert (metric.value, metric.n) == (0.5, 2)


# -- slashes -------------------------------------------------------------------------------------------------


def test_a_slash_is_false_while_its_node_had_done_nothing_dishonest(log: Handmade) -> None:
    log.at(5).slashed("n", 10).at(10).cheated("n", "answer", "x").slashed("n", 4).at(20).slashed("n", 2)
    log.slashed("f", 1, "wrong_vote").checked("f", "a", "x").checked("g", "a", "x")
    log.at(30).cheated("g", "check", "y").slashed("g", 1, "wrong_vote")
    assert log.values("slashes_total", "slashed_opg", "honest_slashed_opg") == (5, 18, 11)
    false = log.metrics["false_slash_rate"]
    assert (false.value, false.n) == (2 / 2, 2)


def test_acts_of_the_honest_are_claims_and_checks_of_those_who_had_not_lied_up_to_then(log: Handmade) -> None:
    def claim(task: str) -> None:
        log.add("claim_made", node="n", task=task, model="m", output_hash="0x")

    claim("x")
    log.at(5).cheated("n", "answer", "y")
    claim("y")
    log.at(6)
    claim("z")
    log.checked("f", "a", "x", "y", "z")
    assert log.metrics["false_slash_rate"].n == 4


def test_reasons_are_words_of_32_bytes(log: Handmade) -> None:
    assert as_text(bytes32("missed_reveal")) == "missed_reveal"
    log.slashed("f", 1, "missed_reveal").slashed("f", 1, "wrong_vote")
    assert log.values("missed_reveals") == (1,)
    assert log.metrics["missed_reveals"].n == 2


# -- service -------------------------------------------------------------------------------------------------


def test_soft_latency_runs_to_the_answer_and_finality_to_the_batch(log: Handmade) -> None:
    for i in range(1, 101):
        log.at(10.0).sent(f"t{i}").at(10.0 + i / 1000).answered(f"t{i}")
    log.at(12).posted("a", *(f"t{i}" for i in range(1, 51))).at(42).final("a", accepted=50)
    soft = [log.value(f"soft_latency_ms.{which}") for which in ("p50", "p95", "p99")]
    assert soft == pytest.approx([np.percentile(range(1, 101), q) for q in (50, 95, 99)])
    assert log.metrics["soft_latency_ms"].n == 100
    assert log.values("finality_latency_s.p50", "finality_latency_s.p95") == (32, 32)
    assert log.metrics["finality_latency_s"].n == 50
    assert log.values("tasks_total", "tasks_finalised") == (100, 50)


def test_a_task_that_got_no_answer_has_no_latency(log: Handmade) -> None:
    log.sent("x", "y").at(1).answered("x").add("task_failed", client="c", task="y", node="n", reason="timeout")
    assert log.values("tasks_unanswered", "tasks_total") == (1, 2)
    assert log.metrics["soft_latency_ms"].n == 1


def test_voided_claims_are_not_finalised(log: Handmade) -> None:
    log.sent("x", "y", "z").posted("a", "x", "y").posted("b", "z")
    log.event("ClaimVoided", batch="a", index=1).final("a", accepted=1, voided=1).final("b", accepted=0, voided=1)
    assert log.values("tasks_finalised", "quorum_failures") == (1, 2)


@pytest.mark.parametrize(("charged", "unpaid"), [(4, 0), (3, 1), (1, 3), (0, 4), (9, 0)])
def test_what_a_client_owes_a_node_and_did_not_pay_is_counted_in_tasks(
    log: Handmade, charged: int, unpaid: int
) -> None:
    log.sent("w", "x", "y", "z", fee=1).posted("a", "w", "x", "y", "z", charged=charged)
    metric = log.metrics["unpaid_tasks"]
    assert (metric.value, metric.n) == (unpaid, 4)


def test_what_one_client_paid_too_much_does_not_make_up_for_another(log: Handmade) -> None:
    log.join("client", "d").sent("x").sent("y", client="d")
    log.posted("a", "x", charged=2).posted("b", "y", charged=0, client="d")
    assert log.value("unpaid_tasks") == 1


def test_free_answers_are_no_debt(log: Handmade) -> None:
    log.sent("x", fee=0).posted("a", "x", charged=0)
    assert log.value("unpaid_tasks") == 0


def test_lost_messages_are_a_share_of_all(log: Handmade) -> None:
    for lost in ("", "", "loss", "partition"):
        log.add("message_sent", sender="c", receiver="n", what="x", size_bytes=1, delay_s=0.0, lost=lost)
    metric = log.metrics["messages_lost_rate"]
    assert (metric.value, metric.n, metric.ci95) == (0.5, 4, wilson(2, 4))


# -- verification --------------------------------------------------------------------------------------------


def test_overhead_is_work_spent_checking_over_work_spent_answering(log: Handmade) -> None:
    log.executed("n", "x", "answer", 100).executed("n", "y", "answer", 300)
    log.executed("f", "x", "check", 400).executed("g", "x", "check", 200)
    assert log.value("verification_overhead_ratio") == 1.5


def test_work_is_the_share_of_reported_checks_that_were_executed(log: Handmade) -> None:
    log.executed("f", "x", "check").checked("f", "a", "x").checked("g", "a", "x", "y", "z")
    metric = log.metrics["verification_work_ratio"]
    assert (metric.value, metric.n) == (0.25, 4)


def test_a_vote_is_copied_if_the_ground_truth_says_so_and_the_chain_counted_it(log: Handmade) -> None:
    log.cheated("f", "vote", "a").cheated("g", "vote", "b")
    log.event("Voted", "Committee", batch="a", member="@f", votes=1)
    log.event("Voted", "Committee", batch="b", member="@f", votes=1)
    log.event("Revealed", "Committee", batch="c", member="@g", votes=1)
    log.event("Revealed", "Beacon", round=1, node="@g", mix="0x")
    metric = log.metrics["copied_votes"]
    assert (metric.value, metric.n) == (1, 3)


def test_gas_per_inference_is_all_gas_over_claims_that_stand(log: Handmade) -> None:
    log.sent("x", "y", "z").mine(100).posted("a", "x", "y", "z").mine(500).rejected("a", 2)
    log.final("a", accepted=2, rejected=1)
    assert log.values("gas_total", "blocks", "gas_per_inference") == (600, 2, 300)


# -- money ---------------------------------------------------------------------------------------------------


def test_an_attackers_return_is_what_it_gained_and_saved_less_what_it_lost_over_its_stake(log: Handmade) -> None:
    """One OPG buys 10**9 multiply-accumulates here, so work is next to nothing unless a model is made expensive."""
    log.rows[1]["macs"] = 4 * 10**9
    log.sent("x", "y", fee=10).cheated("n", "answer", "x").cheated("n", "answer", "y")
    log.executed("n", "x", "answer", 10**9).executed("n", "y", "answer", 0)
    log.posted("a", "x", "y", charged=20).rejected("a", 0).slashed("n", 10)
    log.final("a", accepted=1, rejected=1, paid=8, to_verifier=2)
    fee_that_stood, work_saved, stake_lost, stake = 8, 3 + 4, 10, 100
    metric = log.metrics["attacker_roi"]
    assert metric.value == pytest.approx((fee_that_stood + work_saved - stake_lost) / stake)
    assert metric.n == 1


def test_a_full_nodes_gain_is_its_reward_for_the_batches_it_lied_about(log: Handmade) -> None:
    log.sent("x", "y").posted("a", "x").posted("b", "y").cheated("f", "check", "x").executed("f", "y", "check")
    for batch in "ab":
        log.event("Rewarded", "Committee", batch=batch, member="@f", amount=str(5 * 10**18))
    assert log.value("attacker_roi") == pytest.approx((5 + MODEL_MACS / 1e9) / 100)


def test_an_honest_nodes_profit_is_income_less_work_and_slashes(log: Handmade) -> None:
    log.sent("x").posted("a", "x").final("a", accepted=1, paid=6).executed("n", "x", "answer", 2 * 10**9)
    log.event("Rewarded", "Committee", batch="a", member="@f", amount=str(3 * 10**18)).slashed("g", 1)
    metric = log.metrics["honest_node_profit_opg"]
    assert metric.value == pytest.approx(((6 - 2) + 3 + (0 - 1)) / 3)
    assert metric.n == 3


def test_without_an_attacker_there_is_no_return(log: Handmade) -> None:
    assert log.value("attacker_roi") is None


# -- reorgs --------------------------------------------------------------------------------------------------


def test_what_a_reorg_undid_never_happened_and_what_came_again_happened_once(log: Handmade) -> None:
    log.sent("x", "y").at(10).mine(100).posted("a", "x", "y")
    log.at(20).mine(200).rejected("a", 0).slashed("n", 10).final("a", accepted=1, rejected=1)
    log.at(21).add("chain_reorged", depth=1, first=2, transactions=1)
    assert log.values("slashes_total", "tasks_finalised", "gas_total", "blocks") == (0, 0, 100, 1)
    log.at(30).mine(250, number=3).rejected("a", 0).slashed("n", 9).final("a", accepted=1, rejected=1)
    assert log.values("slashes_total", "slashed_opg", "tasks_finalised", "gas_total", "blocks") == (1, 9, 1, 350, 2)
    assert log.value("finality_latency_s.p50") == 30


# -- a real run ----------------------------------------------------------------------------------------------


def json_types(value: Any) -> bool:
    """Whether a value is one that JSON knows."""
    return value is None or type(value) in (int, float)


def test_figures_of_a_run_are_plain_numbers_and_shares_lie_between_zero_and_one() -> None:
    run = play(adversaries=[{"behaviour": "quantize", "nodes": ["inference-0"], "probability": "30 %"}])
    for name, metric in run.results.metrics.items():
        values = metric.value.values() if metric.spec.statistics else [metric.value]  # type: ignore[union-attr]
        assert all(json_types(value) for value in values), name
        assert type(metric.n) is int
        if metric.spec.unit == "share" and metric.value is not None:
            assert 0 <= metric.value <= 1  # type: ignore[operator]
            assert metric.ci95 is not None


def test_a_fraud_gains_no_more_than_was_drawn_for_it(log: Handmade) -> None:
    """A client that can pay four of ten OPG leaves the cheat four."""
    log.sent("x", fee=10).cheated("n", "answer", "x").executed("n", "x", "answer")
    log.posted("a", "x", charged=4).final("a", accepted=1, paid=4)
    assert log.value("attacker_roi") == pytest.approx(4 / 100)


def challenged(log: Handmade, won: int, lost: int, reward: int = 0, forfeited: int = 0) -> Handmade:
    """A challenge by `f` with a bond of ten OPG, and its end."""
    bond = {"batch": "a", "challenger": "@f"}
    log.event("Challenged", "Optimistic", **bond, claims=1, bonded=str(10 * 10**18))
    amounts = {"reward": reward, "forfeited": forfeited, "returned": 10 - forfeited}
    ends: dict[str, Any] = {key: str(amount * 10**18) for key, amount in amounts.items()}
    return log.event("ChallengeDecided", "Optimistic", **bond, won=won, lost=lost, **ends)


def test_a_bond_counts_among_what_an_attacker_puts_up_and_its_loss_among_what_it_loses(log: Handmade) -> None:
    log.sent("x").posted("a", "x").cheated("f", "check", "x").executed("f", "x", "check")
    assert challenged(log, won=0, lost=1, forfeited=10).value("attacker_roi") == pytest.approx(-10 / (100 + 10))


def test_bonds_forfeited_and_bonds_still_locked_are_losses_of_the_honest(log: Handmade) -> None:
    log.sent("x").posted("a", "x")
    challenged(log, won=0, lost=1, forfeited=4)
    log.event("Challenged", "Optimistic", batch="a", challenger="@g", claims=1, bonded=str(3 * 10**18))
    assert log.values("bonds_forfeited_opg", "bonds_locked_opg", "honest_loss_opg") == (4, 3, 7)
    assert log.value("honest_node_profit_opg") == pytest.approx(-4 / 3)


def test_an_honest_answer_whose_claim_is_void_is_a_fee_not_earned(log: Handmade) -> None:
    log.sent("x", "y", fee=10).answered("x", "y").posted("a", "x", charged=10).posted("b", "y", charged=10)
    log.final("a", accepted=1, paid=8, to_verifier=2).final("b", accepted=0, voided=1)
    assert log.values("honest_fees_unearned_opg", "honest_loss_opg") == (8, 8)


def test_time_in_jail_is_a_loss_at_the_rate_of_the_time_outside(log: Handmade) -> None:
    log.sent("x").posted("a", "x").final("a", accepted=1, paid=1)
    log.at(10).event("Jailed", "Staking", node="@n", until=1).at(20).event("Unjailed", "Staking", node="@n")
    log.at(60).ended()
    assert log.value("honest_fees_unearned_opg") == pytest.approx(1 * 10 / 50)


def test_frauds_that_end_void_are_told_apart_from_those_still_open(log: Handmade) -> None:
    log.sent("x", "y", "z")
    for task in "xyz":
        log.cheated("n", "answer", task)
    log.posted("a", "x").posted("b", "y").posted("c", "z").final("a", accepted=0, voided=1).rejected("b", 0)
    metric = log.metrics["fraud_void_rate"]
    assert (metric.value, metric.n) == (0.5, 2)


def test_what_is_not_over_at_the_end_is_counted_beside_the_percentiles(log: Handmade) -> None:
    log.sent("x", "y", "z").answered("x", "y").posted("a", "x").final("a", accepted=1, paid=1)
    found = {name: log.metrics[name].as_json() for name in ("soft_latency_ms", "finality_latency_s")}
    assert [(one["n"], one["n_censored"]) for one in found.values()] == [(2, 1), (1, 2)]
    assert "n_censored" not in log.metrics["tasks_total"].as_json()
