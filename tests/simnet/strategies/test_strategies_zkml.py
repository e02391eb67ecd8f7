"""Zero-knowledge proofs in whole runs: what is proven is final, what is not falls. Proofs are simulated here."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from nodes.inference import PosterHalf
from nodes.proofs.circuits.times import MEASURED, MODELLED
from simnet.measure.rows import as_text
from simnet.scenario.errors import ScenarioErrors
from simnet.strategies.evidence.proof import TIMES, TIMES_OF_CIRCUITS
from simnet.strategies.evidence.proof_poster import CircuitPoster
from tests.small import BASE, Played, play, scenario

ZKML = {"kind": "zkml", "prover": "simulated", "proving_period": "2 min"}
PROOFS = {"kind": "proofs", "prover": "simulated", "proving_period": "2 min"}
NODES = {"inference": {"count": 3, "batch_interval": "10 s"}, "full": {"count": 5}}
FEW = {"count": 4, "arrivals": "poisson 0.3/s"}
"""About 35 tasks, each of which takes a prover 7.9 s."""


def proven(**sections: Any) -> Played:
    return play(**{"strategy": ZKML, "settle": "4 min", "nodes": NODES, "clients": FEW, **sections})


def cheat(behaviour: str, probability: str = "50 %", **more: Any) -> list[dict[str, Any]]:
    return [{"behaviour": behaviour, "nodes": ["inference-0"], "probability": probability, **more}]


def refusals(run: Played) -> Counter[str]:
    """Why the chain refused proofs."""
    rows = [row for row in run.tables.transactions if row["function"] == "prove" and row["revert"]]
    return Counter(row["revert"].partition("(")[0] for row in rows)


def reasons(run: Played) -> Counter[str]:
    return Counter(as_text(row["reason"]) for row in run.tables.event("ClaimRejected"))


def test_every_claim_is_proven_on_chain_verified_by_every_full_node_and_executed_by_none() -> None:
    run = proven()
    assert run["tasks_finalised"] == run["tasks_total"] > 20
    assert len(run.tables.event("ClaimProven")) == run["tasks_total"]
    checked = run.tables.of("evidence_checked")
    assert len(checked) == 5 * run["tasks_total"]
    assert {row["fault"] for row in checked} == {""}
    assert run["verification_overhead_ratio"] == 0
    assert run["slashes_total"] == 0
    assert run.broken() == []


def test_a_node_that_goes_down_right_after_a_post_has_pledged_it_unless_the_pledge_waits_for_the_post(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strategy = {**ZKML, "machines": 8}
    down = {"at": "30.5 s", "crash": ["inference-0"], "for": "25 s"}
    sections = {"strategy": strategy, "faults": [down], "duration": "60 s", "clients": {"arrivals": "poisson 1/s"}}
    assert proven(name="at_once", **sections).slashes() == []
    monkeypatch.setattr(CircuitPoster, "on_sent", PosterHalf.on_sent)
    assert "unproven" in proven(name="after_the_post", **sections).slashes("inference-0")


def test_a_batch_is_final_as_soon_as_it_is_proven_and_no_window_has_to_pass() -> None:
    run = proven(strategy={**ZKML, "window": "100 s"})
    assert run["finality_latency_s.p50"] < 60


@pytest.mark.long
def test_provers_are_a_bottleneck_that_more_machines_widen() -> None:
    one = proven(clients={"count": 4, "arrivals": "poisson 0.5/s"}, strategy={**ZKML, "proving_period": "10 min"})
    three = proven(
        clients={"count": 4, "arrivals": "poisson 0.5/s"},
        strategy={**ZKML, "proving_period": "10 min", "machines": 3},
    )
    assert one["proof_queue_s.p95"] > 2 * three["proof_queue_s.p95"]
    assert one["finality_latency_s.p95"] > three["finality_latency_s.p95"]
    assert one["soft_latency_ms.p95"] == pytest.approx(three["soft_latency_ms.p95"], rel=0.1)


@pytest.mark.parametrize("adversaries", [[], cheat("wrong_vk")], ids=["honest", "with refused proofs"])
def test_proving_has_a_cost_of_its_own_and_refused_proofs_add_to_it(adversaries: list[dict[str, Any]]) -> None:
    run = proven(adversaries=adversaries)
    proofs, proven_on_chain = run.tables.of("proving"), run["proofs_verified"]
    spent = sum(row["takes_s"] for row in proofs)
    assert 0 < proven_on_chain <= len(proofs)
    assert run["proving_s"] == pytest.approx(spent / proven_on_chain)
    price = int(run.tables.started["compute_price_wei"]) / 1e9  # wei a multiply-accumulate
    assert run["proving_cost_opg"] == pytest.approx(run["proving_s"] * 40e9 * price / 1e18)
    takes = {row["takes_s"] for row in proofs}
    assert (run["proving_s"] > max(takes)) == bool(adversaries)


def test_without_a_proof_there_is_no_cost_of_proving() -> None:
    run = play(duration="20 s", settle="60 s")
    assert (run["proving_s"], run["proving_cost_opg"]) == (None, None)


def test_an_answer_is_the_circuits_and_how_far_that_is_from_the_model_is_measured() -> None:
    run = proven()
    assert 0 < run["circuit_gap"] <= 2**-14 + 1e-9
    assert run["circuit_agreement"] == 1


@pytest.mark.parametrize(
    ("behaviour", "refusal"),
    [
        ("proof_replay", "ProofUsed"),
        ("wrong_vk", "InvalidProof"),
        ("forged_witness", "InvalidProof"),
        ("quantised_circuit_gap", "WrongOutput"),
    ],
)
def test_what_is_not_a_proof_of_the_claim_is_refused_and_the_claim_falls(behaviour: str, refusal: str) -> None:
    run = proven(adversaries=cheat(behaviour))
    assert run["fraud_committed"] > 0
    assert run["fraud_finalised"] == 0
    assert run["detection_rate"] == 1
    assert refusals(run).most_common(1)[0][0] == refusal
    assert run["proofs_refused"] == run["unproven_claims"] == run["fraud_detected"] == run["tampered_evidence"]
    assert set(reasons(run)) == {"unproven"}
    assert run["tampered_evidence_finalised"] == 0
    assert run["false_slash_rate"] == 0


def test_who_proves_too_late_loses_the_claim_and_stake_though_the_answer_was_right() -> None:
    run = proven(adversaries=cheat("late_prover"))
    assert run["unproven_claims"] > 0
    assert run["tampered_evidence_finalised"] == 0
    assert run["fraud_committed"] == 0
    assert {"unproven"} == set(run.slashes("inference-0")) == set(reasons(run))


def test_who_proves_late_but_in_time_loses_nothing() -> None:
    run = proven(adversaries=cheat("late_prover", by="20 s"), strategy={**ZKML, "proving_period": "4 min"})
    assert run["slashes_total"] == 0
    assert run["tampered_evidence_finalised"] > 0


@pytest.mark.parametrize("behaviour", ["random_output", "label_flip", "quantize"])
def test_whatever_else_a_node_answers_it_cannot_prove(behaviour: str) -> None:
    run = proven(adversaries=cheat(behaviour))
    assert run["fraud_committed"] > 0
    assert run["detection_rate"] == 1
    assert run["false_slash_rate"] == 0


def test_one_full_node_is_enough_to_have_the_unproven_rejected() -> None:
    run = proven(adversaries=[*cheat("forged_witness"), {"behaviour": "lazy_accept", "count": 4}])
    assert run["detection_rate"] == 1


def test_modes_share_a_run_and_no_batch() -> None:
    clients = {**FEW, "modes": {"vanilla": "40 %", "tee": "30 %", "zkml": "30 %"}}
    run = proven(strategy=PROOFS, clients=clients)
    assert run["tasks_finalised"] == run["tasks_total"]
    asked = {row["task"]: row["mode"] for row in run.tables.of("terms_set")}
    for built in run.tables.of("batch_built"):
        assert len({asked[task] == "zkml" for task in built["tasks"]}) == 1
    proven_tasks = {row["task"] for row in run.tables.event("ClaimProven")}
    assert proven_tasks == {task for task, mode in asked.items() if mode == "zkml"}
    answered = {row["task"] for row in run.tables.of("circuit_answered")}
    assert answered == proven_tasks
    assert run["slashes_total"] == 0


def test_a_run_gives_the_same_log_again() -> None:
    first = proven(seed=8, adversaries=cheat("proof_replay"))
    again = proven(adversaries=cheat("proof_replay"), seed=8, description="again")
    assert first.results.digest == again.results.digest


@pytest.mark.parametrize(
    ("strategy", "complaint"),
    [
        ({"proving_period": "10.5 s"}, "whole"),
        ({"proving_period": "20 s"}, "no time to prove"),
        ({"pledge_within": "90 s", "proving_period": "3 min"}, "not pledged would be final"),
        ({"pledge_within": "2 s"}, "no time to pledge"),
        ({"machines": 0}, "machines"),
    ],
)
def test_what_cannot_work_is_refused(strategy: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioErrors, match=complaint):
        scenario(strategy={**ZKML, **strategy}, nodes=NODES, economics=BASE["economics"])


def test_proof_times_can_be_named_that_there_are() -> None:
    assert set(TIMES) == {*MODELLED, MEASURED}
    known = {name for name in TIMES if name in TIMES_OF_CIRCUITS}
    with pytest.raises(ScenarioErrors, match="no circuit"):
        scenario(models=["digits_cnn"], strategy={**ZKML, "proof_times": sorted(known)[0]}, nodes=NODES)
    scenario(models=["digits_cnn"], strategy={**ZKML, "proof_times": "zkllm_llama2_13b"}, nodes=NODES)


def test_noise_after_the_circuit_is_refused_since_nothing_could_prove_it() -> None:
    with pytest.raises(ScenarioErrors, match="proven to the bit"):
        scenario(strategy=ZKML, nodes=NODES, adversaries=[{"behaviour": "honest_noisy", "count": 1}])
    noisy = {**NODES, "inference": {"count": 3, "noise": "gaussian"}}
    with pytest.raises(ScenarioErrors, match="proven to the bit"):
        scenario(strategy=ZKML, nodes=noisy)
