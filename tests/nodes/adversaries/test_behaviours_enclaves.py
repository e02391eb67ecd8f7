"""Behaviours that tamper with evidence: what each gets past, and what stops it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from simnet.log.figures import Figures
from simnet.measure.rows import as_text
from tests.small import Played, play

NODES = {"inference": {"count": 4, "batch_interval": "10 s"}, "full": {"count": 5}}
LIARS = ("inference-0", "inference-1")


def tee(behaviour: str, lies: str = "", strategy: dict[str, Any] | None = None, **sections: Any) -> Played:
    """Two nodes with a behaviour, that also falsify a share of their answers if asked."""
    cast: list[dict[str, Any]] = [{"behaviour": behaviour, "nodes": [*LIARS]}]
    if lies:
        cast.append({"behaviour": "label_flip", "nodes": [*LIARS], "probability": lies})
    full = {"strategy": {"kind": "tee", **(strategy or {})}, "nodes": NODES, "settle": "2 min", "adversaries": cast}
    return play(**{**full, **sections})


def reasons(run: Played) -> Counter[str]:
    """Why claims were rejected."""
    return Counter(as_text(row["reason"]) for row in run.tables.event("ClaimRejected"))


def rejected_nodes(run: Played) -> set[str]:
    frame = Figures(run.tables).claims
    return set(frame[frame["outcome"] == "rejected"]["node"])


# -- keys outside enclaves -----------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("behaviour", ["forged_quote", "pcr_registry_poison", "stale_tcb"])
def test_a_key_outside_its_enclave_makes_every_lie_final(behaviour: str) -> None:
    run = tee(behaviour, lies="40 %")
    assert run["fraud_committed"] > 5
    assert run["blast_radius"] == run["fraud_finalised"] == run["fraud_committed"]
    assert run["accepted_stale_quotes"] > run["fraud_finalised"]
    assert run["slashes_total"] == 0
    assert run.broken() == []


@pytest.mark.long
@pytest.mark.parametrize("behaviour", ["forged_quote", "pcr_registry_poison", "stale_tcb", "key_export_clone"])
def test_execution_on_top_finds_it_out_and_the_guardian_disables_the_enclave(behaviour: str) -> None:
    run = tee(behaviour, lies="100 %", strategy={"kind": "tee_posp", "probability": "100 %"})
    assert run["fraud_committed"] > 0
    assert run["fraud_finalised"] == 0
    disabled = {row["teeId"] for row in run.tables.event("TEEDisabled")}
    owners = {run.tables.names[row["owner"]] for row in run.tables.event("TEERegistered") if row["teeId"] in disabled}
    assert owners
    assert owners <= {*LIARS}
    assert run["false_slash_rate"] == 0


@pytest.mark.long
def test_a_forged_attestation_is_worthless_once_the_root_is_replaced() -> None:
    run = tee("forged_quote", lies="100 %", strategy={"root_replaced": "60 s", "notice": "20 s"}, duration="4 min")
    frame = Figures(run.tables).frauds
    [replaced] = [row["t"] for row in run.tables.event("AWSCertificateUpdated")]
    assert (frame[frame["answered"] < replaced]["outcome"] == "accepted").all()
    late = frame[frame["answered"] > replaced + 25]
    assert len(late) > 0
    assert (late["outcome"] == "rejected").all()
    assert set(reasons(run)) == {"bad_quote"}
    assert run["time_to_revocation_s.p50"] == pytest.approx(60, abs=10)
    assert run["false_slash_rate"] == 0


@pytest.mark.long
def test_a_hole_in_an_image_can_be_used_until_the_image_is_revoked() -> None:
    run = tee("stale_tcb", lies="100 %", strategy={"outdated": 2, "image_revoked": "60 s"}, duration="4 min")
    [revoked] = [row["t"] for row in run.tables.event("PCRRevoked")]
    frame = Figures(run.tables).frauds
    assert (frame["outcome"] == "accepted").all()
    assert frame["answered"].max() < revoked + 12
    assert run["time_to_revocation_s.p50"] == pytest.approx(60, abs=10)
    assert run["history_lost"] >= run["blast_radius"] > 0


@pytest.mark.long
def test_a_poisoned_registry_trusts_an_image_that_nobody_approved() -> None:
    run = tee("pcr_registry_poison", lies="40 %")
    approved = [as_version(row) for row in run.tables.event("PCRApproved")]
    assert set(approved) == {"poison"}
    acts = {row["act"] for row in run.lies()}
    assert acts == {"governance", "evidence", "answer"}


def as_version(row: dict[str, Any]) -> str:
    return str(row["version"])


# -- keys and enclaves of others -----------------------------------------------------------------------------


@pytest.mark.long
def test_clones_of_a_key_fall_and_the_original_stands() -> None:
    run = tee("key_export_clone", lies="40 %")
    assert set(reasons(run)) == {"not_its_enclave"}
    assert rejected_nodes(run) == {"inference-1"}
    frame = Figures(run.tables).frauds
    assert (frame[frame["node"] == "inference-0"]["outcome"] == "accepted").all()
    assert run["blast_radius"] == len(frame[frame["node"] == "inference-0"]) > 0


def test_an_answer_relayed_to_another_machines_enclave_falls_even_if_it_is_right() -> None:
    run = tee("relay_cuckoo")
    assert set(reasons(run)) == {"not_its_enclave"}
    assert rejected_nodes(run) == {"inference-1"}
    assert run["fraud_committed"] == 0
    assert run["false_slash_rate"] == 0
    assert {row["node"] for row in run.lies()} == {"inference-1"}


# -- old words -----------------------------------------------------------------------------------------------


def test_an_attestation_shown_again_passes_while_nobody_can_prove_that_it_is_stale() -> None:
    run = tee("quote_replay", duration="2 min")
    assert run["accepted_stale_quotes"] > 0
    assert run["slashes_total"] == 0


@pytest.mark.long
def test_an_attestation_shown_again_falls_when_it_is_five_minutes_old() -> None:
    run = tee("quote_replay", duration="8 min")
    assert set(reasons(run)) == {"bad_quote"}
    assert rejected_nodes(run) == {*LIARS}
    frame = Figures(run.tables).claims
    late = frame[frame["node"].isin(LIARS) & (frame["answered"] > 320) & frame["posted"].notna()]
    assert (late["outcome"] == "rejected").all()
    assert run["false_slash_rate"] == 0


@pytest.mark.long
def test_a_heartbeat_shown_again_is_taken() -> None:
    run = tee("heartbeat_replay", strategy={"heartbeat": "20 s"})
    beats = run.n("accepted_stale_heartbeats") // 4
    assert beats > 5
    assert run["accepted_stale_heartbeats"] == 2 * (beats - 1)
    assert run["slashes_total"] == 0


def test_a_certificate_that_was_not_attested_keeps_an_enclave_out() -> None:
    run = tee("tls_swap")
    assert len(run.tables.event("TEERegistered")) == 2
    failed = [row["revert"] for row in run.tables.transactions if row["function"] == "registerTEEWithAttestation"]
    assert Counter(revert.partition("(")[0] for revert in failed) == {"": 2, "AttestationInvalid": 2}
    assert {row["reason"] for row in run.tables.of("task_failed")} == {"no enclave"}
    assert run["tasks_unanswered"] > 0
    assert {row["node"] for row in run.tables.of("claim_made")} == {"inference-2", "inference-3"}


@pytest.mark.parametrize(
    "behaviour", ["forged_quote", "quote_replay", "relay_cuckoo", "key_export_clone", "heartbeat_replay", "tls_swap"]
)
def test_without_enclaves_there_is_nothing_to_tamper_with(behaviour: str) -> None:
    run = tee(behaviour, strategy={"kind": "none"})
    assert run.lies() == []
    assert run["tasks_finalised"] == run["tasks_total"]
