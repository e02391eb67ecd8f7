"""The fold: what the dashboard knows of a run, against what the metrics make of the same log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.seam import REORG_DEPTH_MAX
from simnet.measure.catalogue import figures, measure, new_state, readings
from simnet.measure.fold import apply
from simnet.measure.rows import Row, Undone, block_of
from simnet.measure.state import State
from tests.handmade import Handmade
from tests.recordings import read_whole, recorded_rows, unpack

TOLERANCE = 0.01
"""Percentiles that are not exact may be off by half a percent."""


def test_what_is_known_live_is_what_the_verdict_says(tmp_path: Path) -> None:
    live, exact = read_whole(unpack(tmp_path)).head, measure(recorded_rows())
    found, expected = readings(figures(live)), readings(figures(exact))
    assert found == {
        name: value if value is None else pytest.approx(value, rel=TOLERANCE) for name, value in expected.items()
    }


def without_undone(rows: Iterable[Row]) -> list[Row]:
    """Rows but for those of blocks that a reorg replaced."""
    kept: list[Row] = []
    for row in rows:
        if row["kind"] == "chain_reorged":
            undone = range(row["first"], row["first"] + row["depth"])
            kept = [before for before in kept if block_of(before) not in undone]
        kept.append(row)
    return kept


def folded(rows: Iterable[Row]) -> State:
    """The state after rows, none of which is taken back."""
    state = new_state(exact=True)
    for row in rows:
        apply(state, row)
    return state


@given(st.lists(st.tuples(st.sampled_from(["block", "final", "reorg"]), st.integers(1, 64)), max_size=60))
def test_what_reorgs_undid_never_was(steps: list[tuple[str, int]]) -> None:
    log, head = Handmade().join("inference", "n").join("client", "c"), 0
    for number, (step, amount) in enumerate(steps):
        log.at(float(number))
        if step == "block":
            for _ in range(amount):
                head += 1
                log.mine(gas_used=head, number=head)
        elif step == "final" and head:
            task = f"t{number}"
            log.sent(task).posted(task, task).final(task, accepted=1, paid=1).slashed("n", 1)
        elif step == "reorg" and head:
            depth = min(amount, head)
            log.add("chain_reorged", depth=depth, first=head - depth + 1, transactions=0)
    found, standing = measure(log.rows), without_undone(log.rows)
    assert figures(found) == figures(folded(standing))
    undone = Undone(row for row in log.rows if row["kind"] == "chain_reorged")
    assert [row for row in log.rows if row not in undone] == standing


def test_what_is_settled_is_forgotten(tmp_path: Path) -> None:
    rows = list(recorded_rows())
    (last,) = [row for row in rows if row["kind"] == "block_mined"][-1:]
    mined = [{**last, "number": last["number"] + number} for number in range(1, REORG_DEPTH_MAX + 2)]
    state = measure([*rows, *mined])
    sent = sum(row["kind"] == "task_sent" for row in recorded_rows())
    assert state.kinds["task_sent"] == sent
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


def test_a_batch_that_was_sent_twice_is_not_forgotten() -> None:
    rows = recorded_rows()
    posted = next(row for row in rows if row["kind"] == "contract_event" and row["event"] == "BatchPosted")
    state = State()
    for row in rows[: posted["i"] + 1]:
        apply(state, row)
    mined = {**rows[posted["transaction"]], "revert": "BatchExists()"}
    assert mined["function"] == "postBatch"
    apply(state, mined)
    assert state.batches[posted["args"]["batch"]].posted is not None


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
        ("over: full-3 crashed", [], ["eu-west"]),
        ("healed: eu-west cut off from all others", [], []),
        ("the last 2 blocks replaced", [], []),
    ]


def test_a_touch_by_hand_changes_who_is_dishonest() -> None:
    state = State()
    for row in recorded_rows()[:20]:
        apply(state, row)
    assert not state.nodes["inference-0"].dishonest
    touch = {"nodes": ["inference-0"], "behaviour": "quantize", "dishonest": True, "what": "{behaviour: quantize}"}
    apply(state, {"i": 20, "t": 1.0, "kind": "intervention", **touch})
    assert state.nodes["inference-0"].dishonest
    assert state.nodes["inference-0"].behaviours == ["quantize"]
    assert state.interventions == ["{behaviour: quantize}"]


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
