"""Modes of proof in whole runs: each claim owes what its client asked for, and stands or falls by that."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chain.formats.modes import Mode, mode_of
from simnet.log.figures import Figures
from simnet.measure.rows import as_text
from simnet.run import Options
from simnet.run import run as execute
from simnet.scenario.errors import ScenarioErrors
from tests.small import BASE, Played, play, scenario

HALVES = {"vanilla": "50 %", "tee": "50 %"}
NODES = {"inference": {"count": 3, "batch_interval": "10 s"}, "full": {"count": 5}}


def proven(modes: dict[str, str] | None = None, **sections: Any) -> Played:
    clients = {**BASE["clients"], "modes": modes or HALVES}
    return play(**{"strategy": {"kind": "proofs"}, "settle": "2 min", "clients": clients, **sections})


def mode(task: str) -> Mode:
    return mode_of(bytes.fromhex(task[2:]))


def cheat(behaviour: str = "random_output", node: str = "inference-0") -> list[dict[str, Any]]:
    return [{"behaviour": behaviour, "nodes": [node], "probability": "30 %"}]


def test_clients_ask_for_modes_in_the_shares_that_the_scenario_says() -> None:
    run = proven()
    asked = Counter(row["mode"] for row in run.tables.of("terms_set"))
    assert run["tasks_total"] == sum(asked.values()) > 80
    assert 0.3 < asked["tee"] / sum(asked.values()) < 0.7
    assert all(mode(row["task"]) == row["mode"] for row in run.tables.of("terms_set"))


def test_every_claim_comes_with_the_proof_of_its_mode_and_all_full_nodes_verify_it() -> None:
    run = proven()
    assert run["tasks_finalised"] == run["tasks_total"]
    assert run["slashes_total"] == 0
    assert {row["task"] for row in run.tables.of("sealed")} == {
        row["task"] for row in run.tables.of("terms_set") if row["mode"] == "tee"
    }
    checked = run.tables.of("evidence_checked")
    assert len(checked) == 5 * run["tasks_total"]
    assert {row["fault"] for row in checked} == {""}
    assert run.broken() == []


def test_a_lie_is_refused_by_the_client_and_slashed_where_an_enclave_should_have_stood_by_it() -> None:
    """Where the node's signature is all that was asked for, nobody looks: `vanilla` promises no more."""
    run = proven(adversaries=cheat())
    frauds = Figures(run.tables).frauds
    outcomes = Counter((mode(str(task)), outcome) for task, outcome in frauds["outcome"].items())
    assert set(outcomes) == {(Mode.TEE, "rejected"), (Mode.VANILLA, "accepted")}
    refused = {row["task"]: row["reason"] for row in run.tables.of("task_failed")}
    lies = {task for task in frauds.index if mode(str(task)) is Mode.TEE}
    assert {task: refused.get(task) for task in lies} == dict.fromkeys(lies, "no evidence")
    assert {as_text(row["reason"]) for row in run.tables.event("ClaimRejected")} == {"no_evidence"}
    assert run["false_slash_rate"] == 0


def test_who_claims_what_it_did_not_answer_contradicts_itself() -> None:
    run = proven({"vanilla": "100 %"}, adversaries=cheat("equivocate"))
    assert run["equivocations_proved"] > 0
    assert run["fraud_finalised"] == 0


def test_modes_change_neither_what_is_asked_nor_when() -> None:
    def workload(run: Played) -> list[tuple[Any, ...]]:
        return [(row["t"], row["client"], row["model"], row["task"][:-2]) for row in run.tables.of("task_sent")]

    assert workload(proven()) == workload(proven({"tee": "100 %"}))


def test_a_strategy_that_knows_no_modes_treats_all_alike() -> None:
    clients = {**BASE["clients"], "modes": HALVES}
    run = play(strategy={"kind": "tee"}, settle="2 min", clients=clients)
    assert run["tasks_finalised"] == run["tasks_total"] == len(run.tables.of("sealed"))


@pytest.mark.long
def test_a_run_gives_the_same_log_again() -> None:
    assert (
        proven(seed=5).results.digest
        == play(
            strategy={"kind": "proofs"}, seed=5, clients={**BASE["clients"], "modes": HALVES}, settle="2 min"
        ).results.digest
    )


@pytest.mark.long
def test_a_borrowed_enclave_will_not_do_for_clients_either() -> None:
    borrowed = [{"behaviour": "relay_cuckoo", "nodes": ["inference-0", "inference-1"]}]
    run = proven({"tee": "100 %"}, adversaries=borrowed)
    refused = {row["task"] for row in run.tables.of("task_failed") if row["reason"] == "bad evidence"}
    assert refused == {row["subject"] for row in run.lies(act="evidence")}
    assert {as_text(row["reason"]) for row in run.tables.event("ClaimRejected")} == {"not_its_enclave"}
    assert run["tampered_evidence_finalised"] == 0


def test_what_a_client_refused_it_holds_against_the_claim_all_the_same() -> None:
    """The answer that lacks its evidence is signed, and another than the claim."""
    run = proven({"tee": "100 %"}, adversaries=cheat("equivocate"))
    assert run["equivocations_proved"] > 0
    assert run["fraud_finalised"] == 0


@pytest.mark.slow
def test_anvil_and_revm_give_the_same_log_for_all_modes(tmp_path: Path) -> None:
    digests = set()
    for backend in ("anvil", "revm"):
        chosen = scenario(
            chain={"backend": backend},
            duration="40 s",
            settle="2 min",
            clients={**BASE["clients"], "modes": {"vanilla": "40 %", "tee": "30 %", "zkml": "30 %"}},
            strategy={"kind": "proofs", "prover": "simulated", "proving_period": "90 s"},
            adversaries=[*cheat("proof_replay"), *cheat("forged_witness", "inference-1")],
        )
        finished = execute(chosen, Options(out=tmp_path / backend))
        assert finished.failure is None
        digests.add(finished.results.digest)
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("sections", "complaint"),
    [
        ({"strategy": {"kind": "proofs"}}, "clients: {modes"),
        ({"clients": {"modes": {"vanilla": "50 %", "tee": "40 %"}}}, "add up to 90 %"),
        ({"clients": {"modes": {"vanila": "100 %"}}}, "did you mean 'vanilla'"),
    ],
)
def test_what_cannot_work_is_refused(sections: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioErrors, match=complaint):
        scenario(**sections)
