"""Rational participants: they do what pays, as far as they can tell, and theory says where that leads."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest

from simnet.log.tables import Row
from simnet.theory import posp_threshold
from tests.small import Played, play

PRICE = "387 OPG"
"""Of 1e9 multiply-accumulates, so that one answer of digits_mlp costs about a hundredth of an OPG."""

FEE, COST, SLASH = 0.02 * 0.5, 25_856 * 387e-9, 0.1
"""What a node keeps of a fee, what an honest answer costs, what a fraud costs, in OPG."""

ECONOMICS = {"beacon_round": "6 s", "jail": 0, "verifier_share": "50 %", "slash_share": 0, "slash_amount": "0.1 OPG"}
FRAUD = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "20 %"}
FULL = [f"full-{i}" for i in range(5)]


def choices(run: Played) -> list[Row]:
    """Decisions about tasks."""
    return [row for row in run.tables.of("decided") if row["subject"].startswith("0x")]


def decisions(run: Played, node: str = "", last: int = 0) -> Counter[str]:
    """What was decided, by one node if asked; only the last decisions if asked."""
    rows = [row for row in choices(run) if node in ("", row["node"])]
    return Counter(row["action"] for row in rows[-last:])


@cache
def sampled(probability: str, behaviour: str = "best_response", **more: Any) -> Played:
    """One node that chooses, checked at this rate, for six minutes."""
    return play(
        adversaries=[{"behaviour": behaviour, "nodes": ["inference-0"], "explore": "20 %", **more}],
        strategy={"kind": "posp", "probability": probability},
        compute={"price": PRICE},
        economics=ECONOMICS,
        nodes={"inference": {"count": 1, "batch_interval": "10 s"}, "full": {"count": 3}},
        duration="6 min",
    )


# -- best_response ---------------------------------------------------------------------------------------------


@pytest.mark.long
def test_below_posps_threshold_a_node_learns_to_cheat_and_above_it_to_be_honest() -> None:
    threshold = posp_threshold(COST, FEE, SLASH)
    assert 0.03 < threshold < 0.3
    assert decisions(sampled("2 %"), last=100).most_common(1)[0][0] == "small"
    assert decisions(sampled("40 %"), last=100).most_common(1)[0][0] == "honest"


def test_what_it_believes_is_what_its_acts_paid() -> None:
    run = sampled("40 %")
    believed = run.tables.of("decided")[-1]["expected"]
    assert believed["honest"] == pytest.approx(run["honest_answer_payoff_opg"], abs=1e-3)
    assert believed["small"] == pytest.approx(run["dishonest_answer_payoff_opg"], rel=0.15)
    assert believed["honest"] == pytest.approx(FEE - COST, abs=1e-3)


def test_every_answer_is_a_decision_and_every_cheating_one_a_fraud() -> None:
    run = sampled("40 %")
    assert len(choices(run)) == len(run.tables.of("claim_made"))
    cheated = {row["subject"] for row in choices(run) if row["action"] == "small"}
    assert {row["subject"] for row in run.lies()} == cheated


def test_of_several_ways_it_takes_the_one_that_pays() -> None:
    run = play(
        adversaries=[{"behaviour": "best_response", "nodes": ["inference-0"], "ways": ["fp16", "int4"]}],
        strategy={"kind": "full_reexecution", "comparator": {"kind": "relative", "tolerance": 0.01}},
        compute={"price": PRICE},
        economics=ECONOMICS,
        duration="4 min",
    )
    assert decisions(run)["int4"] < len(run.tables.of("decided")) / 4, "the tolerance tells it from honest work"
    last = run.tables.of("decided")[-1]["expected"]
    assert last["int4"] < last["fp16"] == pytest.approx(last["honest"], abs=1e-6)


@pytest.mark.long
def test_a_fall_of_opgs_price_turns_an_honest_node_into_a_cheat() -> None:
    def priced(*faults: dict[str, Any]) -> Counter[str]:
        run = play(
            adversaries=[{"behaviour": "best_response", "nodes": ["inference-0"], "recency": "5 %"}],
            strategy={"kind": "posp", "probability": "25 %"},
            compute={"price": PRICE},
            economics={**ECONOMICS, "verifier_share": "20 %"},
            nodes={"inference": {"count": 1, "batch_interval": "10 s"}, "full": {"count": 3}},
            faults=list(faults),
            duration="6 min",
        )
        return decisions(run, last=100)

    assert priced()["honest"] > 80
    assert priced({"at": "1 min", "price": 0.1})["small"] > 70


def test_a_change_of_mind_is_recorded_with_its_reasons() -> None:
    changes = [row for row in sampled("40 %").tables.of("decided") if not row["subject"]]
    assert changes[-1]["action"] == "honest"
    for row in changes:
        assert max(row["expected"], key=row["expected"].__getitem__) == row["action"]


def test_who_cheats_with_nothing_saves_all_of_the_cost_and_is_caught_all_the_same() -> None:
    run = sampled("40 %", ways=("nothing",))
    believed = run.tables.of("decided")[-1]["expected"]
    assert believed["nothing"] == pytest.approx(FEE - 0.4 * (FEE + SLASH), abs=0.01)
    assert run["fraud_detected"] > 0


# -- adaptive_cheat --------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize(("tolerance", "ends_with"), [(2e-5, "honest"), (1e-3, "fp16")])
def test_an_adaptive_cheat_gives_up_each_way_that_is_slashed_and_keeps_the_first_that_is_not(
    tolerance: float, ends_with: str
) -> None:
    run = play(
        adversaries=[{"behaviour": "adaptive_cheat", "nodes": ["inference-0"], "ways": ["small", "int8", "fp16"]}],
        strategy={"kind": "full_reexecution", "comparator": {"kind": "relative", "tolerance": tolerance}},
        economics=ECONOMICS,
        duration="4 min",
    )
    moves = [row["action"] for row in run.tables.of("decided")]
    assert moves == ["int8", "fp16", "honest"][: 3 if ends_with == "honest" else 2]
    last = run.lies()[-1]
    assert last["detail"] == "fp16"
    assert (run["fraud_finalised"] > 0) is (ends_with == "fp16")


# -- diligent_if_paid ------------------------------------------------------------------------------------------


@cache
def diligent(slash: str, fraud: bool) -> Played:
    """One full node of five that checks if it pays; checks cost about what they earn."""
    return play(
        adversaries=[{"behaviour": "diligent_if_paid", "nodes": ["full-0"]}, *([FRAUD] if fraud else [])],
        strategy={"kind": "full_reexecution", "wrong_vote_slash": slash},
        compute={"price": PRICE},
        economics={**ECONOMICS, "slash_amount": "1 OPG"},
        duration="4 min",
    )


@pytest.mark.long
def test_where_there_is_no_fraud_checking_does_not_pay_and_is_given_up() -> None:
    run = diligent("1 %", fraud=False)
    assert decisions(run, last=100)["skip"] > 80
    assert run["verification_work_ratio"] < 0.9
    assert run["slashes_total"] == 0


@pytest.mark.long
def test_a_slash_for_wrong_votes_makes_checking_pay_as_soon_as_there_is_fraud() -> None:
    run = diligent("1 %", fraud=True)
    assert decisions(run, last=100)["check"] > 80
    believed = run.tables.of("decided")[-1]["expected"]
    assert believed["skip"] < -1 < believed["check"]


def test_duty_and_voluntary_checks_are_learnt_apart() -> None:
    run = play(
        adversaries=[{"behaviour": "diligent_if_paid", "nodes": FULL}, FRAUD],
        strategy={"kind": "optimistic", "challenge_window": "20 s", "wrong_vote_slash": "1 %"},
        compute={"price": PRICE},
        economics={**ECONOMICS, "slash_amount": "1 OPG"},
        duration="4 min",
    )
    beliefs = {tuple(sorted(row["expected"].items())) for row in run.tables.of("decided") if row["node"] == "full-0"}
    assert len(beliefs) > 2
    assert run["verification_work_ratio"] < 1
    assert run.broken() == []


# -- cartel_recruit --------------------------------------------------------------------------------------------


def recruited(offer: str, slash: Any, members: int = 1) -> Played:
    """A cartel that offers so much for each claim of a cheat."""
    return play(
        adversaries=[FRAUD, {"behaviour": "cartel_recruit", "nodes": FULL[:members], "offer": offer}],
        strategy={"kind": "full_reexecution", "wrong_vote_slash": slash},
        compute={"price": PRICE},
        economics={**ECONOMICS, "slash_amount": "1 OPG"},
        duration="4 min",
    )


@pytest.mark.long
def test_an_offer_below_the_slash_recruits_nobody_for_long() -> None:
    run = recruited("0.1 OPG", "1 %")
    assert decisions(run, last=40)["check"] > 30
    assert run["fraud_finalised"] == 0


@pytest.mark.long
def test_an_offer_above_what_a_wrong_vote_costs_is_taken_and_paid_for() -> None:
    run = recruited("5 OPG", 0)
    assert decisions(run, last=40)["join"] > 30
    assert run["side_payments_opg"] == 5 * decisions(run)["join"]
    assert {row["payer"] for row in run.tables.of("side_payment")} == {"inference-0"}


@pytest.mark.long
def test_a_cartel_that_has_recruited_a_quorum_gets_its_fraud_through() -> None:
    run = recruited("5 OPG", 0, members=5)
    assert run["fraud_finalised"] > run["fraud_detected"]


def test_only_accomplices_are_up_for_sale() -> None:
    run = recruited("5 OPG", 0)
    theirs = {row["task"] for row in run.tables.of("claim_made") if row["node"] == "inference-0"}
    assert {row["subject"] for row in choices(run)} <= theirs


# -- replicators -----------------------------------------------------------------------------------------------


def replicating(probability: str) -> Played:
    """Eight nodes, half of which begin as cheats."""
    return play(
        adversaries=[{"behaviour": "replicator", "nodes": [f"inference-{i}" for i in range(8)], "update_period": "40 s",
                      "rate": 1}],
        strategy={"kind": "posp", "probability": probability},
        compute={"price": PRICE},
        economics={**ECONOMICS, "slash_amount": "0.5 OPG"},
        nodes={"inference": {"count": 8, "batch_interval": "10 s"}, "full": {"count": 3}},
        clients={"count": 4, "arrivals": "poisson 1.5/s"},
        duration="5 min",
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize(("probability", "takes_over"), [("1 %", "small"), ("50 %", "honest")])
def test_what_earns_more_takes_the_population_over(probability: str, takes_over: str) -> None:
    run = replicating(probability)
    comparisons = run.tables.of("decided")
    assert len(comparisons) >= 40
    assert Counter(row["action"] for row in comparisons[-8:])[takes_over] >= 7


@pytest.mark.long
def test_verifiers_imitate_whoever_is_not_slashed() -> None:
    run = play(
        adversaries=[{"behaviour": "replicator_verifier", "nodes": FULL, "update_period": "40 s", "rate": 1,
                      "deviating": "20 %"}, FRAUD],
        compute={"price": "1 OPG"},
        economics={**ECONOMICS, "slash_amount": "1 OPG"},
        duration="6 min",
    )  # fmt: skip
    assert Counter(row["action"] for row in run.tables.of("decided")[-5:])["check"] >= 4
    assert run["fraud_finalised"] == 0
