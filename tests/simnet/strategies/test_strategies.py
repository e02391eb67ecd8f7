"""Verification strategies in whole runs: who checks, when it is decided, what it costs, who steps in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from simnet.log.figures import Figures
from simnet.log.tables import Row
from tests.small import BASE, Played, play

NOBODY = {"kind": "none"}
EVERYBODY = {"kind": "full_reexecution"}
FRAUD = [{"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"}]


def committee(size: int, **more: Any) -> dict[str, Any]:
    """A committee of that size."""
    return {"kind": "committee", "size": size, **more}


def drawn(run: Played) -> dict[str, Row]:
    """The draw of each batch."""
    return {row["batch"]: row for row in run.tables.event("CommitteeDrawn")}


def posted(run: Played) -> dict[str, Row]:
    """The posting of each batch."""
    return {row["batch"]: row for row in run.tables.event("BatchPosted")}


# -- who checks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "checks"), [(NOBODY, 0), (committee(1), 1), (committee(3), 3), (committee(5), 5), (EVERYBODY, 5)]
)
def test_checking_costs_as_many_executions_as_there_are_checkers(strategy: dict[str, Any], checks: int) -> None:
    run = play(strategy=strategy)
    assert run["verification_overhead_ratio"] == pytest.approx(checks)
    assert run["tasks_finalised"] == run["tasks_total"] > 50
    assert run["slashes_total"] == 0


def test_each_batch_is_judged_by_so_many_different_full_nodes_and_by_nobody_else() -> None:
    run = play(strategy=committee(3))
    names = run.tables.names
    members = {batch: [names[member] for member in row["members"]] for batch, row in drawn(run).items()}
    assert set(members) == set(posted(run))
    assert all(len(set(found)) == 3 and all(name.startswith("full-") for name in found) for found in members.values())
    for row in run.tables.of("claim_checked"):
        assert row["node"] in members[row["batch"]]


def test_over_many_batches_every_full_node_has_its_turn() -> None:
    run = play(strategy=committee(2), duration="4 min")
    turns = Counter(member for row in drawn(run).values() for member in row["members"])
    assert len(turns) == 5
    assert min(turns.values()) > 0.5 * 2 * len(drawn(run)) / 5


def test_a_committee_is_drawn_from_randomness_that_was_not_out_when_its_batch_was_posted() -> None:
    run = play(strategy=committee(3))
    for batch, row in drawn(run).items():
        rounds = [int(found["t"] / 6) for found in (posted(run)[batch], row)]  # the beacon's rounds of six seconds
        assert rounds[1] >= rounds[0] + 2


def test_another_seed_draws_other_committees() -> None:
    def panels(seed: int) -> list[list[str]]:
        run = play(strategy=committee(2), seed=seed)
        return [[run.tables.names[member] for member in row["members"]] for row in drawn(run).values()]

    assert panels(3) != panels(4)


# -- what decides --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quorum", "detected"), [("3/5", True), ("4/5", True), ("81/100", False), ("1/1", False)])
def test_a_claim_falls_with_a_quorum_of_stake_against_it_and_is_void_without(quorum: str, detected: bool) -> None:
    """Four of five equal stakes check, the fifth accepts everything."""
    run = play(
        strategy={**EVERYBODY, "quorum": quorum},
        adversaries=[*FRAUD, {"behaviour": "lazy_accept", "nodes": ["full-4"]}],
    )
    frauds = run["fraud_committed"]
    assert frauds > 0
    assert run["fraud_detected"] == (frauds if detected else 0)
    assert run["quorum_failures"] == (0 if detected else frauds)
    assert run["fraud_finalised"] == run["false_slash_rate"] == 0


def test_votes_are_opened_only_when_nobody_can_commit_any_more() -> None:
    run = play(strategy=EVERYBODY)
    committed: dict[str, list[float]] = {}
    for row in run.tables.event("Committed"):
        committed.setdefault(row["batch"], []).append(row["t"])
    revealed = [row for row in run.tables.event("Revealed") if "member" in row]
    assert revealed
    for row in revealed:
        assert len(committed[row["batch"]]) == 5
        assert row["t"] > max(committed[row["batch"]])


def test_a_vote_is_closed_as_soon_as_all_have_voted() -> None:
    run = play(strategy=EVERYBODY)
    genesis = run.tables.started["genesis"]
    final = {row["batch"]: row["t"] for row in run.tables.event("BatchFinal")}
    for batch, row in drawn(run).items():
        assert final[batch] + genesis < row["revealBy"]


def test_without_verification_a_batch_is_final_after_the_delay_and_not_before() -> None:
    economics = {**BASE["economics"], "finality_delay": "30 s"}
    run = play(strategy=NOBODY, economics=economics)
    waited = [row["t"] - posted(run)[row["batch"]]["t"] for row in run.tables.event("BatchFinal")]
    assert 30 <= min(waited) <= max(waited) <= 36


# -- what it pays --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [EVERYBODY, committee(3)])
def test_members_share_what_the_verifier_earns_and_a_wrong_vote_earns_nothing(strategy: dict[str, Any]) -> None:
    run = play(strategy=strategy, adversaries=[*FRAUD, {"behaviour": "lazy_accept", "nodes": ["full-4"]}])
    names = run.tables.names
    rewarded: dict[str, dict[str, int]] = {}
    for row in run.tables.event("Rewarded"):
        rewarded.setdefault(row["batch"], {})[names[row["member"]]] = int(row["amount"])
    lied_about = {row["batch"] for row in run.tables.event("ClaimRejected")}
    assert lied_about
    for row in run.tables.event("BatchFinal"):
        shares = rewarded.get(row["batch"], {})
        assert sum(shares.values()) >= int(row["toVerifier"]) - len(shares)
        assert len(set(shares.values())) <= 1
        assert row["batch"] not in lied_about or "full-4" not in shares


def test_a_client_gets_its_fee_back_for_a_claim_that_fell() -> None:
    run = play(strategy=EVERYBODY, adversaries=FRAUD)
    fees = {row["task"]: int(row["fee"]) for row in run.tables.of("task_sent")}
    for row in run.tables.event("BatchFinal"):
        fallen = [f["task"] for f in run.tables.event("ClaimRejected") if f["batch"] == row["batch"]]
        assert int(row["refunded"]) == sum(fees[task] for task in fallen)


# -- who steps in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [NOBODY, EVERYBODY, committee(3, quorum="3/5")])
@pytest.mark.parametrize("down", ["full-0", "full-1"])
def test_a_keeper_duty_whose_turn_is_with_a_node_that_is_down_is_done_by_a_backup_keeper(
    strategy: dict[str, Any], down: str
) -> None:
    run = play(strategy=strategy, faults=[{"at": "1 s", "crash": [down]}])
    claims = Figures(run.tables).claims
    assert claims["final"].notna().all()
    assert not any(row["node"] == down for row in run.tables.of("claim_checked"))
    assert run.broken() == []


def test_where_all_full_nodes_are_down_nothing_is_decided() -> None:
    run = play(strategy=EVERYBODY, faults=[{"at": "1 s", "crash": [f"full-{i}" for i in range(5)]}])
    assert run["tasks_finalised"] == 0
    assert len(posted(run)) > 0
    assert run.broken() == []


@pytest.mark.parametrize("at", ["32 s", "50 s"])
def test_a_batch_whose_panel_a_reorg_undid_is_drawn_for_again(at: str) -> None:
    run = play(strategy=committee(3), duration="70 s", settle="4 min", faults=[{"at": at, "reorg": 8}])
    again = Counter(row["batch"] for row in run.tables.event("CommitteeDrawn"))
    claims = Figures(run.tables).claims
    assert set(again) == set(posted(run))
    assert claims["final"].notna().all(), "none is left to its expiry"
    assert run["tasks_finalised"] == run["tasks_total"]
    assert run.broken() == []
