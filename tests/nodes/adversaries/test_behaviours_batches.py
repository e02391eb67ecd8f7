"""Nodes that hide claims of their batches: what they post, and that it gains them nothing under any strategy."""

from __future__ import annotations

import pytest

from chain.seam import Call
from nodes.adversaries.inference.batches import DuplicateIndex, HiddenLeaves, Miscounter, OneCount, ShortCount
from nodes.effects import Arrange, Reply, Submit
from nodes.messages import BatchData, BatchQuery
from nodes.records import Cheated
from tests.driving import OUTPUT, attached, batch_of, from_client, mined, past, who
from tests.small import Played, play

DATA, ROOT = batch_of([OUTPUT] * 4)
LIARS = ("inference-0",)
MALFORMED = ("short_count", "one_count", "duplicate_index")
STRATEGIES = (
    {"kind": "full_reexecution"},
    {"kind": "committee", "size": 3},
    {"kind": "posp", "probability": 0.5},
    {"kind": "secret_seed_duty", "probability": 1},
    {"kind": "indexed_commitment", "comparator": "bitwise"},
    {"kind": "optimistic"},
    {"kind": "forced_error"},
    {"kind": "attention_challenge"},
)


def posting(claims: int) -> Submit:
    """The transaction that posts a batch."""
    return Submit(Call(who("inference-0").address, "Settlement", "postBatch", (ROOT, claims, (), 9)), DATA.batch)


@pytest.mark.parametrize(
    ("behaviour", "claims", "said"),
    [
        (ShortCount(), 4, 3),
        (ShortCount(), 1, 1),
        (OneCount(), 4, 1),
        (HiddenLeaves(shown=0.5), 4, 2),
        (HiddenLeaves(shown=0.5), 1, 1),
    ],
)
def test_a_whole_tree_is_posted_under_a_smaller_count_and_that_is_on_record(
    behaviour: Miscounter, claims: int, said: int
) -> None:
    course = past(attached(behaviour), posting(claims), answers={Submit: mined})
    assert course.calls[0].args == (ROOT, said, (), 9)
    lies = [record.detail for record in course.records if isinstance(record, Cheated)]
    assert lies == ([f"{said} of {claims} claims"] if said < claims else [])


def test_other_transactions_are_left_alone() -> None:
    call = Submit(Call(who("inference-0").address, "Staking", "unjail"))
    course = past(attached(OneCount()), call, answers={Submit: mined})
    assert course.effects == [call]


def test_hidden_leaves_are_shown_to_nobody() -> None:
    query = from_client(BatchQuery(DATA.batch))
    (shown,) = past(attached(HiddenLeaves(shown=0.5)), Reply(query, DATA)).said
    assert isinstance(shown, BatchData)
    assert (shown.claims, len(shown.inputs), len(shown.outputs)) == (DATA.claims[:2], 2, 2)


@pytest.mark.parametrize(("claims", "numbers"), [(4, [0, 1, 2, 2]), (2, [0, 0]), (1, [0])])
def test_the_last_claim_is_numbered_like_the_one_before_it(claims: int, numbers: list[int]) -> None:
    course = past(attached(DuplicateIndex()), Arrange(DATA.claims[:claims]))
    assert [claim.index for claim in course.result[0]] == numbers
    assert len(course.records) == (claims > 1)


def lying(strategy: dict[str, object], kind: str) -> Played:
    """A run in which a node falsifies everything, and hides some of it so."""
    return play(
        strategy=strategy,
        models=["medical_risk"],
        duration="40 s",
        clients={"count": 4, "arrivals": "constant 2/s"},
        nodes={"inference": {"count": 2, "batch_interval": "10 s"}, "full": {"count": 5}},
        adversaries=[{"behaviour": name, "nodes": list(LIARS)} for name in ("random_output", kind)],
    )


CELLS = [
    pytest.param(strategy, kind, marks=() if kind in (MALFORMED[row % 3], "hidden_leaves") else pytest.mark.long)
    for row, strategy in enumerate(STRATEGIES)
    for kind in (*MALFORMED, "hidden_leaves")
]
"""Every strategy meets hidden leaves and one of the kinds that are malformed, which are convicted alike; then all."""


@pytest.mark.parametrize(("strategy", "kind"), CELLS)
def test_no_fraud_that_is_hidden_so_is_paid_and_no_honest_node_loses(strategy: dict[str, object], kind: str) -> None:
    run = lying(strategy, kind)
    assert run["fraud_committed"] > 0
    assert (run["fraud_finalised"], run["honest_slashed_opg"], run.broken()) == (0, 0, [])
    malformed = kind != "hidden_leaves"
    assert ("malformed" in run.slashes("inference-0")) == malformed
    if malformed:
        assert run["fraud_detected"] == run["fraud_committed"] - run["fraud_open"]
        assert run["attacker_roi"] < 0
