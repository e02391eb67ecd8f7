"""The fold: what the dashboard knows of a run, against what the metrics make of the same log."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from dashboards.figures import HAPPENED, READINGS
from dashboards.fold import apply
from dashboards.state import State
from simnet.log.tables import read_tables
from simnet.measure.catalogue import READINGS as CATALOGUE
from simnet.measure.catalogue import SOMETIMES
from simnet.measure.metrics import compute, readings
from simnet.verdict.results import SOMETIMES_CHECKS
from tests.recordings import read_whole, recorded_rows, unpack

TOLERANCE = 0.01
"""Percentiles of a sketch may be off by half a percent."""


def assert_agrees(directory: Path) -> None:
    """Hold every figure of the dashboard at the end of a log against the metrics."""
    state, tables = read_whole(directory).head, read_tables(directory / "events.jsonl")
    exact: Mapping[str, float | None] = readings(compute(tables))
    wrong = {}
    for name, read in READINGS.items():
        mine, theirs = read(state), exact[name]
        same = mine == theirs or (None not in (mine, theirs) and math.isclose(mine, theirs, rel_tol=TOLERANCE))  # type: ignore[arg-type]
        if not same:
            wrong[name] = (mine, theirs)
    assert not wrong
    assert {name: bool(read(state)) for name, read in HAPPENED.items()} == {
        name: bool(SOMETIMES_CHECKS[name](tables)) for name in HAPPENED
    }


def test_figures_agree_with_the_metrics_on_a_run_with_a_reorg(tmp_path: Path) -> None:
    assert_agrees(unpack(tmp_path))


def test_figures_agree_with_the_metrics_on_a_run_with_faults(troubled_run: Path) -> None:
    assert_agrees(troubled_run)


def test_figures_agree_with_the_metrics_on_a_run_in_which_fraud_wins(fraud_wins_run: Path) -> None:
    assert_agrees(fraud_wins_run)


def test_every_figure_is_in_the_catalogue() -> None:
    assert READINGS.keys() <= CATALOGUE.keys()
    assert HAPPENED.keys() <= {*SOMETIMES, *SOMETIMES_CHECKS}


def test_what_is_settled_is_forgotten(tmp_path: Path) -> None:
    state = read_whole(unpack(tmp_path)).head
    sent = sum(row["kind"] == "task_sent" for row in recorded_rows())
    assert state.counts["task_sent"] == sent
    assert len(state.tasks) < sent / 4
    assert len(state.batches) <= 4


def test_a_batch_that_the_chain_refused_is_open_no_longer() -> None:
    state = State()
    apply(state, {"i": 0, "t": 1.0, "kind": "batch_built", "node": "inference-0", "batch": "0xab", "tasks": ["0x01"]})
    mined = {"i": 1, "t": 2.0, "kind": "transaction_mined", "block": 1, "sender": "0x00", "contract": "Settlement"}
    post = {**mined, "function": "postBatch", "subject": "0xab", "gas_used": 30_000, "waited_s": 2.0}
    apply(state, {**post, "revert": ""})
    assert list(state.batches) == ["0xab"]
    apply(state, {**post, "revert": "NotActiveInferenceNode()"})
    assert not state.batches


def test_truth_and_belief_are_kept_apart() -> None:
    state = State()
    cheat = next(row for row in recorded_rows() if row["kind"] == "cheated" and row["act"] == "answer")
    for row in recorded_rows()[: cheat["i"] + 1]:
        apply(state, row)
    node = state.nodes[cheat["node"]]
    assert (node.lies, node.slashes, node.committed) == (1, 0, 0)
    for row in recorded_rows()[cheat["i"] + 1 :]:
        apply(state, row)
    assert node.lies > 1
    assert node.slashes > 0
    assert node.stake < 10_000 * 10**18


def test_faults_show_and_pass() -> None:
    state, seen = State(), []
    for row in recorded_rows():
        apply(state, row)
        if row["kind"] in ("fault_injected", "fault_ended"):
            down = [node.name for node in state.nodes.values() if not node.up]
            cut_off = sorted({n.region for n in state.nodes.values() if "cut off" in n.conditions.values()})
            seen.append((row["says"], down, cut_off))
    assert seen == [
        ("full-3 crashed", ["full-3"], []),
        ("eu-west cut off from all others", ["full-3"], ["eu-west"]),
        ("restarted: full-3 crashed", [], ["eu-west"]),
        ("healed: eu-west cut off from all others", [], []),
        ("the last 2 blocks replaced", [], []),
    ]


def test_a_touch_by_hand_changes_who_is_dishonest() -> None:
    state = State()
    for row in recorded_rows()[:20]:
        apply(state, row)
    assert not state.nodes["inference-0"].dishonest
    touch = {"nodes": ["inference-0"], "behaviour": "quantize", "dishonest": True, "what": "{behaviour: quantize}"}
    apply(state, {"i": 20, "t": 1.0, "kind": "touched", **touch})
    assert state.nodes["inference-0"].dishonest
    assert state.nodes["inference-0"].behaviours == ["quantize"]
    assert state.touched == ["{behaviour: quantize}"]


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "nobody_knows_this", "x": 1},
        {"kind": "contract_event", "block": 1, "contract": "Novel", "event": "Strange", "args": {"batch": "0x00"}},
    ],
)
def test_kinds_of_rows_that_are_not_known_yet_do_no_harm(row: dict[str, object]) -> None:
    state = State()
    apply(state, {"i": 0, "t": 0.5, **row})
    assert (state.number, state.time) == (1, 0.5)
