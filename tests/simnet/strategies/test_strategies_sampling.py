"""Sampling strategies in whole runs: what is checked, what stands, who is slashed, when cheating pays."""

from __future__ import annotations

from typing import Any

import pytest
from scipy.stats import binomtest

from chain.quantities import OPG, Wei
from simnet.log.figures import Figures
from simnet.scenario.errors import ScenarioErrors
from simnet.strategies.sampling.probabilistic_proofs import ProbabilisticProofs
from simnet.world.parameters import protocol_parameters
from tests.small import BASE, Played, play, scenario

ECONOMICS = {**BASE["economics"], "slash_share": "0 %", "slash_amount": "1 OPG", "jail": "0 s"}
"""A cheat is slashed and goes on, so that there is something to count."""
FRAUD = [{"behaviour": "random_output", "nodes": ["inference-0"]}]


def posp(probability: str, **more: Any) -> dict[str, Any]:
    """Proof of Sampling at that rate."""
    return {"kind": "posp", "probability": probability, **more}


def fair(successes: int, n: int, p: float) -> bool:
    """Whether a count is what a share of `p` gives, at the 1e-4 level."""
    return bool(binomtest(successes, n, p).pvalue > 1e-4)


def sampled(run: Played) -> tuple[int, int]:
    """Claims drawn, of how many."""
    return round(run["sampling_rate"] * run.n("sampling_rate")), run.n("sampling_rate")


# -- what is checked, and what stands ------------------------------------------------------------------------


@pytest.mark.parametrize("probability", ["0 %", "20 %", "100 %"])
def test_as_many_claims_are_executed_again_as_the_probability_says(probability: str) -> None:
    run = play(strategy=posp(probability))
    share = float(probability.rstrip(" %")) / 100
    drawn, claims = sampled(run)
    assert fair(drawn, claims, share)
    assert run["verification_overhead_ratio"] == pytest.approx(drawn / run["tasks_total"])
    assert run["tasks_finalised"] == run["tasks_total"] == claims > 50
    assert run["slashes_total"] == 0
    assert run.broken() == []


@pytest.mark.long
def test_fraud_that_is_not_sampled_stands_and_fraud_that_is_falls() -> None:
    run = play(strategy=posp("30 %"), adversaries=FRAUD, economics=ECONOMICS, duration="5 min")
    masks = {row["batch"]: int(row["claims"]) for row in run.tables.event("Sampled")}
    drawn = {
        task
        for row in run.tables.of("batch_built")
        for i, task in enumerate(row["tasks"])
        if masks[row["batch"]] >> i & 1
    }
    frauds = Figures(run.tables).frauds
    assert fair(run["fraud_detected"], run["fraud_committed"], 0.3)
    assert all((outcome == "rejected") == (task in drawn) for task, outcome in frauds["outcome"].items())
    assert run["false_slash_rate"] == 0


@pytest.mark.long
def test_one_colluder_among_five_full_nodes_lets_a_fifth_of_what_is_checked_through() -> None:
    everybody = [{"behaviour": "random_output", "count": 3}, {"behaviour": "rubber_stamp_cartel", "nodes": ["full-2"]}]
    one_by_one = {"inference": {"count": 3, "batch_size": 1}, "full": {"count": 5}}  # each claim has its own validator
    run = play(strategy=posp("100 %"), adversaries=everybody, economics=ECONOMICS, nodes=one_by_one)
    judged = run["fraud_detected"] + run["fraud_finalised"]
    assert fair(run["fraud_finalised"], judged, 1 / 5)
    assert judged == run["tasks_total"] > 100


@pytest.mark.parametrize("strategy", [posp("100 %", validators=2), posp("100 %", validators=5, quorum="2/3")])
def test_with_more_validators_than_colluders_no_fraud_that_is_checked_stands(strategy: dict[str, Any]) -> None:
    """Two must agree that all is well, or two thirds of a committee: the hybrid."""
    cartel = [*FRAUD, {"behaviour": "rubber_stamp_cartel", "nodes": ["full-2"]}]
    run = play(strategy=strategy, adversaries=cartel, economics=ECONOMICS)
    assert run["detection_rate"] == 1
    assert set(run.slashes("full-2")) == {"wrong_vote"}
    assert run["false_slash_rate"] == run["quorum_failures"] == 0


@pytest.mark.parametrize("arbiters", [0, 3])
def test_who_slanders_honest_work_is_overruled_and_slashed(arbiters: int) -> None:
    slander = [{"behaviour": "false_reject", "nodes": ["full-1"]}]
    run = play(strategy=posp("50 %", arbiters=arbiters), adversaries=slander)
    assert set(run.slashes()) == set(run.slashes("full-1")) == {"wrong_vote"}
    assert run["tasks_finalised"] == run["tasks_total"]
    assert run["quorum_failures"] == 0


def test_a_committee_of_validators_outvotes_a_slanderer_without_arbitration() -> None:
    slander = [{"behaviour": "false_reject", "nodes": ["full-1"]}]
    run = play(strategy=posp("50 %", validators=5, quorum="2/3"), adversaries=slander)
    assert set(run.slashes("full-1")) == {"wrong_vote"}
    assert run.tables.event("Disputed") == []


def test_only_drawn_claims_are_checked_and_only_by_those_drawn() -> None:
    run = play(strategy=posp("20 %", validators=2))
    names = run.tables.names
    seated = {row["batch"]: [names[m] for m in row["members"]] for row in run.tables.event("CommitteeDrawn")}
    checks = run.tables.of("claim_checked")
    assert len(checks) == 2 * sampled(run)[0]
    assert all(row["node"] in seated[row["batch"]] for row in checks)


def test_a_draw_uses_randomness_that_was_not_out_when_its_batch_was_posted() -> None:
    run = play(strategy=posp("20 %"))
    posted = {row["batch"]: row["t"] for row in run.tables.event("BatchPosted")}
    for row in run.tables.event("Sampled"):
        assert int(row["t"] / 6) >= int(posted[row["batch"]] / 6) + 2  # the beacon's rounds of six seconds


@pytest.mark.parametrize("down", ["full-0", "full-1"])
def test_a_draw_whose_turn_is_with_a_node_that_is_down_is_held_by_a_backup_keeper(down: str) -> None:
    run = play(strategy=posp("20 %"), faults=[{"at": "1 s", "crash": [down]}], settle="4 min")
    assert Figures(run.tables).claims["final"].notna().all()
    assert run.broken() == []


def test_a_client_can_prove_an_equivocation_about_a_claim_that_nobody_checks() -> None:
    """Whoever draws a batch holds its claims, and opens those that fell in the meantime."""
    equivocation = [{"behaviour": "equivocate", "nodes": ["inference-0"]}]
    economics = {**ECONOMICS, "beacon_round": "20 s"}
    run = play(strategy=posp("0 %"), adversaries=equivocation, economics=economics)
    assert run["equivocations_proved"] > 0
    assert run["fraud_detected"] == run["equivocations_proved"]
    assert Figures(run.tables).claims["final"].notna().all()


# -- what it pays --------------------------------------------------------------------------------------------


def test_fees_of_all_batches_go_to_those_who_check_some() -> None:
    run = play(strategy=posp("10 %"))
    earned = sum(int(row["toVerifier"]) for row in run.tables.event("BatchFinal"))
    rewarded = sum(int(row["amount"]) for row in run.tables.event("Rewarded"))
    assert 0 < len(run.tables.event("Resolved")) < len(run.tables.event("BatchFinal"))
    assert 0.5 * earned < rewarded <= earned


# -- Pocket's penalty ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fee", "probability", "penalty"),
    [
        (20 * OPG, "1 %", 1_980 * OPG),  # the source rounds it to 2000
        (10 * OPG, "20 %", 40 * OPG),
        (OPG, "1/2", OPG),
        (OPG, "1", 0),
        (1, "1/3", 3),  # never less than it takes: 2.000000006 wei at the contract's 0.333333333
    ],
)
def test_the_penalty_is_where_cheating_breaks_even(fee: int, probability: str, penalty: int) -> None:
    strategy = ProbabilisticProofs.model_validate({"probability": probability})
    assert strategy.penalty(Wei(fee)) == penalty


def test_a_wrong_claim_costs_that_penalty_on_chain_to_the_wei() -> None:
    strategy = {"kind": "probabilistic_proofs", "probability": "25 %"}
    run = play(strategy=strategy, adversaries=FRAUD, economics={**ECONOMICS, "slash_share": "10 %"})
    fallen: dict[str, int] = {}
    for row in run.tables.event("ClaimRejected"):
        fallen[row["batch"]] = fallen.get(row["batch"], 0) + 1
    fee = int(run.tables.of("task_sent")[0]["fee"])
    slashes = sorted(int(row["amount"]) for row in run.tables.event("Slashed"))
    assert slashes == sorted(count * 3 * fee for count in fallen.values())
    assert slashes


@pytest.mark.parametrize(
    ("probability", "message"),
    [
        ("0 %", "without any checks there is no penalty that deters"),
        ("0.0001 %", "the penalty that breaks even is 19_999.98 OPG, more than inference nodes have at stake"),
    ],
)
def test_without_checks_or_without_the_stake_for_the_penalty_there_is_no_run(probability: str, message: str) -> None:
    with pytest.raises(ScenarioErrors, match=message):
        scenario(strategy={"kind": "probabilistic_proofs", "probability": probability})


def test_other_strategies_leave_the_parameters_alone() -> None:
    for strategy in ({"kind": "none"}, {"kind": "committee"}, posp("10 %")):
        parameters = protocol_parameters(scenario(strategy=strategy, economics=ECONOMICS))
        assert (parameters.slash_share_bps, parameters.slash_amount) == (0, OPG)


# -- adaptive replication ------------------------------------------------------------------------------------


def rates(run: Played, node: str) -> list[float]:
    """Probabilities with which a node's batches were checked, in order."""
    return [row["rate"] / 1e9 for row in run.tables.event("Sampled") if run.tables.names[row["node"]] == node]


def test_who_passes_is_checked_ever_less_and_who_fails_always() -> None:
    fraud = [{"behaviour": "random_output", "nodes": ["inference-0"], "from": "4 min"}]
    strategy = {"kind": "adaptive_replication", "streak": 5}
    run = play(strategy=strategy, adversaries=fraud, economics=ECONOMICS, duration="10 min")
    honest = rates(run, "inference-1")
    assert honest[0] == 1
    assert honest == sorted(honest, reverse=True)
    assert honest[-1] < 0.1
    cheat = rates(run, "inference-0")
    assert min(cheat) < 0.2
    assert cheat[-1] == 1
    assert run["false_slash_rate"] == 0


# -- errors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"validators": 6}, "6 validators cannot be drawn from 5 full nodes"),
        ({"arbiters": 6}, "6 arbiters cannot be drawn from 5 full nodes"),
        ({"quorum": "1/2"}, "1/2 is no more than a half"),
        ({"arbiters_quorum": "1/3"}, "1/3 is no more than a half"),
        ({"quorum": "0.66667"}, "66667/100000 has too many digits"),
    ],
)
def test_what_cannot_work_is_said_before_the_run(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioErrors, match=message):
        scenario(strategy=posp("10 %", **wrong))
