"""What acts really paid, with their standard errors."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from typing import Any

import pytest

from chain.quantities import OPG
from simnet.log.figures import Figures
from simnet.theory import expected_cheat
from tests.payoffs import Payoff, answer_payoffs, check_payoffs, penalties, summarise
from tests.small import Played, play

QUARTER = "25 %"
CHEAT = {"behaviour": "model_swap", "nodes": ["inference-0"], "probability": "50 %"}


@cache
def sampled() -> Played:
    """A node that cheats on half of its claims, a quarter of which are checked; a fraud costs a tenth of an OPG."""
    return play(
        adversaries=[CHEAT],
        strategy={"kind": "posp", "probability": QUARTER},
        compute={"price": "387 OPG"},
        economics={"beacon_round": "6 s", "jail": 0, "slash_share": 0, "slash_amount": "0.1 OPG"},
        nodes={"inference": {"count": 1, "batch_interval": "10 s"}, "full": {"count": 3}},
        duration="6 min",
    )


def test_means_come_with_their_standard_error() -> None:
    assert summarise([]) == Payoff(None, None, 0)
    assert summarise([2.0]) == Payoff(2.0, None, 1)
    assert summarise([1.0, 2.0, 3.0]) == Payoff(2.0, math.sqrt(1 / 3), 3)


def test_an_honest_answer_pays_its_part_of_the_fee_less_its_compute_and_a_fraud_what_theory_says() -> None:
    found = answer_payoffs(Figures(sampled().tables))
    kept, cost, residual = 0.02 * 0.8, 25_856 * 387e-9, 1_184 * 387e-9
    assert found.honest.mean == pytest.approx(kept - cost, rel=1e-6)
    assert found.honest.standard_error == pytest.approx(0, abs=1e-9)
    expected = expected_cheat(kept, 0.1, 0.25, residual=residual)
    assert found.dishonest.mean is not None
    assert found.dishonest.standard_error is not None
    assert abs(found.dishonest.mean - expected) < 4 * found.dishonest.standard_error
    decided = [outcome for outcome in Figures(sampled().tables).claims["outcome"] if isinstance(outcome, str)]
    assert found.honest.n + found.dishonest.n == len(decided)


def test_the_metrics_are_these_means() -> None:
    run, found = sampled(), answer_payoffs(Figures(sampled().tables))
    assert run["honest_answer_payoff_opg"] == pytest.approx(found.honest.mean, rel=1e-9)
    assert run["dishonest_answer_payoff_opg"] == pytest.approx(found.dishonest.mean, rel=1e-9)
    assert run.n("dishonest_answer_payoff_opg") == found.dishonest.n


def test_payoffs_of_all_answers_add_up_to_the_nodes_books() -> None:
    run, found = sampled(), answer_payoffs(Figures(sampled().tables))
    total = sum(one.mean * one.n for one in (found.honest, found.dishonest) if one.mean is not None)
    paid = sum(int(row["paid"]) for row in run.tables.event("BatchFinal")) / OPG
    slashed = sum(int(row["amount"]) for row in run.tables.event("Slashed")) / OPG
    answers = [row["macs"] for row in run.tables.of("executed") if row["purpose"] == "answer"]
    assert total == pytest.approx(paid - slashed - sum(answers) * 387e-9, abs=0.02)  # but for what is not decided


def test_checks_pay_the_diligent_and_cost_the_lazy_their_slashes() -> None:
    run = play(adversaries=[{**CHEAT, "behaviour": "random_output"}, {"behaviour": "lazy_accept", "nodes": ["full-0"]}])
    found = check_payoffs(Figures(run.tables))
    assert found.honest.mean is not None
    assert found.dishonest.mean is not None
    assert found.dishonest.mean < 0 < found.honest.mean
    assert found.honest.n == 4 * found.dishonest.n


def booked(run: Played) -> list[tuple[str, str]]:
    """Node and batch of every slash, all of which are known batches."""
    found = [(penalty.node, penalty.batch) for penalty in penalties(run.tables)]
    assert {batch for _, batch in found} <= {row["batch"] for row in run.tables.event("BatchPosted")}
    assert len(found) == run["slashes_total"] > 0
    return found


def test_each_slash_is_about_the_batch_of_its_transaction() -> None:
    run = play(adversaries=[CHEAT, {"behaviour": "lazy_accept", "nodes": ["full-0"]}])
    rejected = {row["batch"] for row in run.tables.event("ClaimRejected")}
    found = booked(run)
    assert {batch for node, batch in found if node == "inference-0"} == rejected
    assert {batch for node, batch in found if node == "full-0"} <= rejected


SIMULATED = {"prover": "simulated", "proving_period": "2 min"}
EVIDENCE: dict[str, dict[str, Any]] = {"tee": {}, "tee_posp": {}, "zkml": SIMULATED, "proofs": SIMULATED}


@pytest.mark.parametrize("kind", EVIDENCE)
def test_what_evidence_convicts_is_booked_on_the_batch_of_the_claim(kind: str) -> None:
    """No payoff of an honest answer bears a slash, and every rejected claim has borne its own."""
    modes = {"modes": {"tee": "50 %", "zkml": "50 %"}} if kind == "proofs" else {}
    run = play(
        strategy={"kind": kind, **EVIDENCE[kind]},
        adversaries=[{**CHEAT, "behaviour": "random_output"}],
        economics={"beacon_round": "6 s", "jail": 0, "slash_share": 0, "slash_amount": "10 OPG"},
        nodes={"inference": {"count": 2, "batch_interval": "20 s"}, "full": {"count": 3}},
        clients={"count": 2, "arrivals": "poisson 0.3/s", **modes},
        settle="4 min",
    )
    names = run.tables.names
    assert Counter(booked(run)) == Counter(
        (names[row["node"]], row["batch"]) for row in run.tables.event("ClaimRejected")
    )
    assert run["unslashed_frauds"] == 0
    assert run["honest_answer_payoff_opg"] > 0
    assert run["dishonest_answer_payoff_opg"] == pytest.approx(-10, abs=0.1)


def test_a_copied_proof_of_equivocation_is_about_the_batch_too() -> None:
    """Whoever sends it: a copy from the mempool says nothing of what it is about, but its events do."""
    run = play(
        adversaries=[{**CHEAT, "behaviour": "equivocate"}, {"behaviour": "reward_front_runner", "count": 1}],
    )
    assert run["equivocations_proved"] > 0
    assert run["stolen_rewards_opg"] > 0
    rejected = {(run.tables.names[row["node"]], row["batch"]) for row in run.tables.event("ClaimRejected")}
    assert set(booked(run)) == rejected
