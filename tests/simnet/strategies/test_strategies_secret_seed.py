"""Secret-seed duty in whole runs: who checks, who is paid for it, what a lazy node gets away with."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction as Exact
from typing import Any

import pytest

from nodes.effects import ChainTime, Read, Request, Submit
from nodes.full import FullNode, OpenBatch
from simnet.comparators.relative import Relative
from simnet.scenario.errors import ScenarioErrors
from simnet.strategies.voting.secret_seed_duty import SecretSeedDuty, SecretSeedHalf
from tests.driving import (
    MODEL,
    MODEL_HASH,
    OUTPUT,
    PEOPLE,
    Answers,
    always,
    batch_of,
    follow,
    mined,
    one_after_the_other,
    who,
)
from tests.small import BASE, Played, play, scenario
from tests.stage import DOMAIN

ECONOMICS = {**BASE["economics"], "jail": "0 s"}
FRAUD = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"}
IDLE = {"behaviour": "constant_reporter", "says": "abstain", "nodes": ["full-0"]}
LAZY = {"behaviour": "lazy_accept", "nodes": ["full-0"]}


def seeded(probability: str = "50 %", **more: Any) -> dict[str, Any]:
    return {"kind": "secret_seed_duty", "probability": probability, "epoch": "30 s", **more}


def run(*adversaries: dict[str, Any], strategy: dict[str, Any] | None = None, **more: Any) -> Played:
    found = {"economics": ECONOMICS, "settle": "4 min", **more}
    return play(strategy=strategy or seeded(), adversaries=list(adversaries), **found)


def paid(played: Played) -> Counter[str]:
    """What each full node got out of the epochs, in wei."""
    earned: Counter[str] = Counter()
    for row in played.tables.event("Rewarded"):
        if int(row["batch"], 16) < 2**64:  # an epoch's number; a batch that went to arbiters has a hash
            earned[played.tables.names[row["member"]]] += int(row["amount"])
    return earned


def duties(played: Played) -> dict[str, tuple[int, int]]:
    """Duties of each full node, and how many of them it missed."""
    found: dict[str, tuple[int, int]] = {}
    for row in played.tables.event("SeedShown"):
        name = played.tables.names[row["node"]]
        had, missed = found.get(name, (0, 0))
        found[name] = had + row["duties"], missed + row["missed"]
    return found


# -- who checks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("probability", "low", "high"), [("0 %", 0, 0), ("40 %", 1.5, 2.5), ("100 %", 5, 5)])
def test_each_full_node_checks_the_share_of_batches_that_is_its_duty(probability: str, low: float, high: float) -> None:
    played = run(strategy=seeded(probability))
    assert low <= played["verification_overhead_ratio"] <= high
    assert played["tasks_finalised"] == played["tasks_total"] > 50
    assert played["slashes_total"] == 0
    assert played.broken() == []


def test_who_works_out_its_duties_itself_misses_none_of_them() -> None:
    found = duties(run())
    assert len(found) == 5
    assert all(had > 5 and missed == 0 for had, missed in found.values())


def test_an_undisputed_batch_is_final_when_its_window_is_over() -> None:
    played = run(strategy=seeded(report_window="15 s"))
    posted = {row["batch"]: row["t"] for row in played.tables.event("BatchPosted")}
    waited = [row["t"] - posted[row["batch"]] for row in played.tables.event("BatchFinal")]
    assert 15 <= min(waited) <= max(waited) <= 22


# -- what is caught ------------------------------------------------------------------------------------------


def test_fraud_that_is_somebodys_duty_is_found_and_nobody_honest_is_slashed() -> None:
    played = run(FRAUD, strategy=seeded("100 %"))
    assert played["fraud_committed"] == played["fraud_detected"] > 0
    assert played["false_slash_rate"] == 0


def test_fraud_that_is_nobodys_duty_stands() -> None:
    played = run(FRAUD, strategy=seeded("0 %"))
    assert played["fraud_committed"] == played["fraud_finalised"] > 0


def test_arbiters_are_drawn_if_not_all_are_to_decide() -> None:
    played = run(FRAUD, strategy=seeded("100 %", arbiters=3))
    assert played["fraud_detected"] == played["fraud_committed"] > 0
    assert {len(row["members"]) for row in played.tables.event("CommitteeDrawn")} == {3}


def test_a_batch_whose_data_is_withheld_is_called_wrong_as_a_whole() -> None:
    data, root = batch_of([OUTPUT, OUTPUT])
    strategy = SecretSeedDuty(probability=Exact(1))
    node = FullNode(who("full-1"), PEOPLE, {MODEL_HASH: MODEL}, Relative(), 1, 1_000, DOMAIN)
    node.batches[data.batch] = OpenBatch(who("inference-0"), root, 2, ())
    reads = {"batchOf": (who("inference-0").address, 1_010, 2, 1), "epochAt": 0}
    times = one_after_the_other(1_012, 1_021, 1_025)
    answers: Answers = {
        Read: lambda effect: reads[effect.function],
        Request: always(None),
        Submit: mined,
        ChainTime: times,
    }
    course = follow(SecretSeedHalf(node, strategy).check(bytes.fromhex(data.batch[2:]), 2), answers)
    assert len(course.of(Request)) == 3  # the next would come too late to report by 1,030
    assert course.calls[0].function == "report"
    assert course.calls[0].args[1] == 0b11


# -- who is paid ---------------------------------------------------------------------------------------------


def test_without_fraud_all_the_dutiful_are_paid_alike_for_alike_duties() -> None:
    played = run(strategy=seeded("100 %"))
    earned = paid(played)
    assert len(earned) == 5
    assert len(set(earned.values())) == 1


def test_a_node_that_reports_nothing_earns_nothing() -> None:
    played = run(IDLE)
    had, missed = duties(played)["full-0"]
    assert had == missed > 5
    assert "full-0" not in paid(played)
    assert len(paid(played)) == 4
    assert played["verification_work_ratio"] < 1


def test_a_lazy_report_is_as_good_as_any_where_nobody_cheats() -> None:
    """Duties are known to be reported on, not to be done: the strategy's limit."""
    played = run(LAZY, strategy=seeded("100 %"))
    assert len(set(paid(played).values())) == 1
    assert "full-0" in paid(played)
    assert played.slashes("full-0") == []


def test_a_lazy_report_costs_stake_and_the_epochs_rewards_when_somebody_else_finds_the_fraud() -> None:
    played = run(FRAUD, LAZY, strategy=seeded("100 %"))
    assert "wrong_report" in played.slashes("full-0")
    assert {*played.slashes("full-0")} <= {"wrong_report", "wrong_vote"}
    earned = paid(played)
    assert all(earned["full-0"] < earned[f"full-{i}"] for i in range(1, 5))
    assert played["fraud_finalised"] == 0
    assert played["verification_work_ratio"] < 0.9


def test_a_node_that_slanders_is_overruled_and_loses_its_duties() -> None:
    played = run({"behaviour": "false_reject", "nodes": ["full-0"]}, strategy=seeded("100 %"))
    assert "wrong_report" in played.slashes("full-0")
    assert "full-0" not in paid(played)
    assert played["false_slash_rate"] == 0
    assert played["tasks_finalised"] == played["tasks_total"]


# -- who steps in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("down", ["full-0", "full-1"])
def test_what_a_node_that_is_down_should_have_done_others_do(down: str) -> None:
    played = run(FRAUD, strategy=seeded("100 %"), faults=[{"at": "4 s", "crash": [down]}])
    assert played["fraud_open"] == played["fraud_finalised"] == 0
    assert down not in paid(played)
    assert len(paid(played)) == 4
    assert played.broken() == []


# -- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"arbiters": 6}, "cannot be drawn"),
        ({"epoch": "1500 ms"}, "whole"),
        ({"report_window": "10.5 s"}, "whole"),
        ({"quorum": "1/2"}, "half"),
    ],
)
def test_parameters_that_cannot_work_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ScenarioErrors, match=says):
        scenario(strategy=seeded(**wrong))


def test_a_run_longer_than_a_nodes_seeds_is_refused() -> None:
    with pytest.raises(ScenarioErrors, match="seeds"):
        scenario(strategy={**seeded(), "epoch": "1 s"}, duration="1 h")
