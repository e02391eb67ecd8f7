"""Attested inference in whole runs: evidence is judged and not executed again, and what is bad falls."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from simnet.log.figures import Figures
from simnet.measure.rows import as_text
from simnet.scenario.errors import ScenarioErrors
from tests.small import BASE, Played, play, scenario

TEE = {"kind": "tee"}
NODES = {"inference": {"count": 3, "batch_interval": "10 s"}, "full": {"count": 5}}
SETTLE = {"settle": "2 min", "nodes": NODES}


def tee_run(**sections: Any) -> Played:
    return play(**{"strategy": TEE, **SETTLE, **sections})


def reasons(run: Played) -> Counter[str]:
    """Why claims were rejected."""
    return Counter(as_text(row["reason"]) for row in run.tables.event("ClaimRejected"))


def test_every_claim_has_evidence_that_every_full_node_judges_and_nobody_executes() -> None:
    run = tee_run()
    assert run["tasks_finalised"] == run["tasks_total"] > 50
    assert run["verification_overhead_ratio"] == 0
    checked = run.tables.of("evidence_checked")
    assert len(checked) == 5 * run["tasks_total"]
    assert {row["fault"] for row in checked} == {""}
    assert run["verification_work_ratio"] == 1
    assert run["slashes_total"] == 0
    assert run.broken() == []


def test_each_node_registers_its_enclave_once_and_answers_with_it() -> None:
    run = tee_run()
    enclaves = {row["teeId"]: run.tables.names[row["owner"]] for row in run.tables.event("TEERegistered")}
    assert sorted(enclaves.values()) == ["inference-0", "inference-1", "inference-2"]
    sealed = run.tables.of("sealed")
    assert len(sealed) == run["tasks_total"]
    assert all(enclaves[row["tee"]] == row["node"] for row in sealed)


def test_a_document_is_looked_at_once_a_batch_and_costs_more_than_signatures() -> None:
    run = tee_run()
    seconds = Counter(round(row["seconds"], 6) for row in run.tables.of("evidence_checked"))
    assert set(seconds) == {0.00004, 0.00234}
    batches = len(run.tables.event("BatchPosted"))
    assert 5 * batches <= seconds[0.00234] <= 2 * 5 * batches


@pytest.mark.parametrize("behaviour", ["random_output", "label_flip", "quantize", "model_swap", "input_truncate"])
def test_an_enclave_stands_by_nothing_that_it_did_not_compute(behaviour: str) -> None:
    """Whatever else a node makes of an answer, its enclave does not sign that."""
    cheat = [{"behaviour": behaviour, "nodes": ["inference-0"], "probability": "30 %"}]
    run = tee_run(adversaries=cheat)
    assert run["fraud_committed"] > 0
    assert run["fraud_finalised"] == 0
    assert run["detection_rate"] == 1
    assert run["false_slash_rate"] == 0
    assert set(reasons(run)) == {"no_evidence"}


def test_one_honest_full_node_is_enough_to_prove_bad_evidence() -> None:
    cast = [
        {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"},
        {"behaviour": "lazy_accept", "count": 4},
    ]
    run = tee_run(adversaries=cast)
    assert run["fraud_committed"] > 0
    assert run["detection_rate"] == 1
    proofs = Counter(row["function"] for row in run.tables.transactions if row["function"].startswith("proveBad"))
    assert proofs == {"proveBad": run["fraud_detected"]}


def test_with_none_nobody_proves_anything() -> None:
    cast = [{"behaviour": "random_output", "nodes": ["inference-0"]}, {"behaviour": "lazy_accept", "count": 5}]
    run = tee_run(adversaries=cast)
    assert run["fraud_finalised"] == run["fraud_committed"] > 0


def test_full_nodes_are_paid_for_verification_by_lot() -> None:
    run = tee_run(duration="4 min")
    earned = Counter(run.tables.names[row["member"]] for row in run.tables.event("Rewarded"))
    assert len(earned) == 5
    assert run["finality_latency_s.p95"] < 60 + 10 + 10


def test_a_batch_that_nobody_gets_to_see_is_void() -> None:
    run = tee_run(faults=[{"at": "30 s", "crash": ["inference-0"], "for": "60 s"}])
    voided = [row for row in run.tables.event("BatchFinal") if row["voided"]]
    protests = Counter(row["batch"] for row in run.tables.event("Withheld"))
    assert {row["batch"] for row in voided} == {batch for batch, count in protests.items() if count > 2}
    assert run["false_slash_rate"] == 0


def test_a_node_that_was_started_anew_goes_on_with_its_enclave() -> None:
    run = tee_run(faults=[{"at": "30 s", "crash": ["inference-0"], "for": "20 s"}])
    mine = [row for row in run.tables.of("sealed") if row["node"] == "inference-0"]
    assert min(row["t"] for row in mine) < 30
    assert max(row["t"] for row in mine) > 60
    assert len({row["tee"] for row in mine}) == 1


def test_an_image_revoked_takes_its_enclaves_out_of_service_and_leaves_the_past_alone() -> None:
    run = tee_run(strategy={**TEE, "outdated": 1, "image_revoked": "60 s"})
    disabled = {row["teeId"]: row["t"] for row in run.tables.event("TEEDisabled")}
    assert len(disabled) == 1
    [(gone, at)] = disabled.items()
    frame = Figures(run.tables).claims
    before = frame[(frame["node"] == "inference-0") & (frame["sent"] < at)]
    assert (before["outcome"] == "accepted").all()
    late = frame[(frame["node"] == "inference-0") & (frame["sent"] > at + 12)]
    assert late["posted"].isna().all()
    assert {row["reason"] for row in run.tables.of("task_failed")} == {"enclave out of service"}
    assert {row["tee"] for row in run.tables.of("sealed") if row["node"] == "inference-0"} == {gone}
    assert run["slashes_total"] == 0


@pytest.mark.long
def test_a_root_replaced_by_vendor_and_guardian_costs_no_honest_node_anything() -> None:
    run = tee_run(strategy={**TEE, "root_replaced": "60 s"}, duration="4 min")
    assert len(run.tables.event("AWSCertificateUpdated")) == 1
    assert run["tasks_finalised"] == run["tasks_total"]
    assert run["slashes_total"] == 0


def test_heartbeats_keep_enclaves_active() -> None:
    run = tee_run(strategy={**TEE, "heartbeat": "30 s"})
    beats = Counter(row["teeId"] for row in run.tables.event("HeartbeatReceived"))
    assert len(beats) == 3
    assert set(beats.values()) == {7}
    assert not [row for row in run.tables.transactions if row["function"] == "heartbeat" and row["revert"]]


@pytest.mark.long
def test_a_run_gives_the_same_log_again() -> None:
    first, second = (tee_run(seed=seed) for seed in (5, 5))
    assert first.results.digest == second.results.digest
    assert tee_run(seed=6).results.digest != first.results.digest


@pytest.mark.parametrize(
    ("sections", "complaint"),
    [
        ({"strategy": {**TEE, "quote_age": "200 s"}}, "must not add up"),
        ({"strategy": {**TEE, "posting_delay": "10 s"}}, "batch_interval"),
        ({"strategy": {**TEE, "outdated": 4}}, "only 3 inference nodes"),
        ({"strategy": {**TEE, "window": "10 s"}}, "no time to prove"),
        ({"strategy": {**TEE, "window": "60.5 s"}}, "whole"),
        ({"nodes": {"inference": {"count": 3, "noise": "gaussian"}, "full": {"count": 5}}}, "to the bit"),
        ({"adversaries": [{"behaviour": "honest_noisy", "count": 1}]}, "to the bit"),
    ],
)
def test_what_cannot_work_is_refused(sections: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioErrors, match=complaint):
        scenario(**{"strategy": TEE, "nodes": NODES, "economics": BASE["economics"], **sections})
