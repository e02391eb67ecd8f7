"""Faults, and nobody dishonest: all that breaks in one run, under a strategy of each family.

The whole matrix, one kind of fault at a time under every strategy, is ``simnet check scenarios/fault_tolerance/``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simnet.plugins import strategies
from simnet.scenario.facts import strategy_of
from simnet.scenario.load import load_scenario
from tests.small import Played, play, scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios" / "fault_tolerance"

FAULTS: list[dict[str, Any]] = [
    {"at": "20 s", "skew": {"nodes": ["full-0", "inference-1"], "behind": "60 s"}, "for": "50 s"},
    {"at": "20 s", "skew": {"nodes": ["full-1"], "ahead": "60 s"}, "for": "50 s"},
    *({"at": f"{25 + 5 * i} s", "crash": [f"full-{i}"], "for": "3 s"} for i in range(5)),
    {"at": "52 s", "crash": ["inference-0", "full-2"], "for": "8 s"},
    {"at": "70.5 s", "reorg": 3},
    {"at": "80 s", "congestion": "90 %", "for": "20 s"},
    {"at": "85 s", "gas_price": 20, "for": "20 s"},
    {"at": "105 s", "latency": {"add": "1 s"}, "for": "15 s"},
]

FAMILIES: dict[str, dict[str, Any]] = {
    "votes of all": {"kind": "full_reexecution"},
    "votes of a panel": {"kind": "committee", "size": 3},
    "samples": {"kind": "posp", "probability": "50 %", "validators": 2},
    "challenges": {"kind": "optimistic", "challenge_window": "30 s"},
    "forced errors": {"kind": "forced_error", "challenge_window": "30 s"},
    "secret duties": {"kind": "secret_seed_duty", "epoch": "30 s"},
    "enclaves": {"kind": "tee"},
    "proofs": {"kind": "zkml", "prover": "simulated", "machines": 8, "proving_period": "120 s"},
}


def ended(run: Played) -> bool:
    """Whether every batch that was posted is final."""
    # A batch that a reorg undid is posted again, so that there may be several events about it.
    posted, final = ({row["batch"] for row in run.tables.event(event)} for event in ("BatchPosted", "BatchFinal"))
    return bool(posted) and posted == final


@pytest.mark.parametrize("strategy", FAMILIES.values(), ids=FAMILIES)
def test_many_faults_cost_the_honest_no_stake_and_leaves_no_batch_open(strategy: dict[str, Any]) -> None:
    run = play(strategy=strategy, faults=FAULTS, settle="5 min")
    assert run.slashes() == []
    assert run["bonds_forfeited_opg"] == 0
    assert ended(run)
    assert run.broken() == []


REORGS: list[dict[str, Any]] = [
    {"at": "41 s", "reorg": 2},
    {"at": "62.5 s", "reorg": 5},
    {"at": "90 s", "reorg": 16},
    {"at": "130 s", "reorg": 64},
]


@pytest.mark.parametrize("family", ["votes of a panel", "samples", "challenges", "secret duties"])
def test_reorgs_of_any_depth_cost_the_honest_nothing(family: str) -> None:
    run = play(strategy=FAMILIES[family], faults=REORGS, duration="150 s", settle="8 min")
    assert run.slashes() == []
    assert ended(run)
    assert run["tasks_finalised"] == run["tasks_total"] > 100
    assert run.broken() == []


def test_a_reorg_of_a_quiet_chain_undoes_no_more_time_than_that_of_a_busy_one() -> None:
    """Thirty blocks of this chain are twenty minutes: a reorg that undid them all would leave their claims void."""
    run = play(
        strategy={"kind": "optimistic"},
        clients={"count": 1, "arrivals": "poisson 0.02/s"},
        economics={"beacon_round": "10 min"},
        faults=[{"at": "25 min", "reorg": 30}],
        duration="30 min",
        settle="10 min",
    )
    assert len(run.tables.of("block_mined")) < 100
    assert run["tasks_finalised"] == run["tasks_total"] > 20
    assert run.slashes() == run.broken() == []


@pytest.mark.parametrize("strategy", FAMILIES.values(), ids=FAMILIES)
def test_windows_are_longer_by_what_the_deepest_reorg_undoes_and_no_more(strategy: dict[str, Any]) -> None:
    quiet, faulty = (scenario(strategy=strategy, faults=faults) for faults in ([], REORGS))
    assert strategy_of(quiet) == quiet.strategy == faulty.strategy
    longer = strategy_of(faulty)
    assert longer.deadlines
    for name in type(longer).model_fields:
        before, after = getattr(quiet.strategy, name), getattr(longer, name)
        assert after == (before + 128 if name in longer.deadlines else before)


def test_batches_end_although_most_full_nodes_were_down_at_a_time() -> None:
    down = {"at": "60 s", "crash": [f"full-{i}" for i in range(4)], "for": "40 s"}
    run = play(faults=[down], strategy=FAMILIES["votes of a panel"], settle="5 min")
    assert ended(run)
    assert set(run.slashes()) <= {"missed_reveal"}  # what a long outage costs, as docs/fault_tolerance.md has it


def test_the_scenarios_compare_every_strategy() -> None:
    for file in SCENARIOS.glob("*.yaml"):
        compare = load_scenario(file).compare
        assert compare.check
        assert {one.strategy.kind for one in compare.strategies} == set(strategies()), file.name
