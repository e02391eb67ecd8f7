"""Block producers that censor: what they get past, and what stops them."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import Gas
from chain.seam import Call
from nodes.adversaries.producer.producers import Censor
from nodes.effects import Mine
from tests.driving import attached, lies, past, who
from tests.small import BASE, Played, play

FRAUD = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"}
COMMITTEE = {"kind": "committee", "size": 4}
STRATEGIES = [{"kind": "full_reexecution"}, COMMITTEE]


def run_with(censors: int, producers: int, strategy: dict[str, Any]) -> Played:
    """Some of the producers leave out whatever would convict a liar."""
    nodes = {**BASE["nodes"], "producer": {"count": producers}}
    names = [f"producer-{i}" for i in range(censors)]
    return play(nodes=nodes, strategy=strategy, adversaries=[FRAUD, {"behaviour": "censor", "nodes": names}])


@pytest.mark.long
@pytest.mark.parametrize("strategy", STRATEGIES, ids=["everybody", "committee"])
@pytest.mark.parametrize("producers", [1, 2])
def test_where_every_producer_censors_nothing_is_ever_decided(producers: int, strategy: dict[str, Any]) -> None:
    run = run_with(producers, producers, strategy)
    assert run["fraud_open"] == run["fraud_committed"] > 5
    assert (run["fraud_detected"], run["slashes_total"], run["tasks_finalised"]) == (0, 0, 0)
    assert run["censored_transactions"] > 0
    assert run.broken() == []


@pytest.mark.parametrize("strategy", STRATEGIES, ids=["everybody", "committee"])
def test_one_honest_producer_who_takes_turns_is_enough(strategy: dict[str, Any]) -> None:
    run = run_with(1, 2, strategy)
    assert run["detection_rate"] == 1
    assert (run["fraud_finalised"], run["fraud_open"]) == (0, 0)
    assert run["censored_transactions"] > 0
    assert run["false_slash_rate"] == 0
    censored = {row["function"] for row in run.tables.of("transaction_mined") if row["block"] in blocks_of_censor(run)}
    assert not censored & {"commit", "reveal", "vote", "resolve", "proveEquivocation"}


def blocks_of_censor(run: Played) -> set[int]:
    """Numbers of the blocks that the censor built."""
    return {row["number"] for row in run.tables.of("block_mined") if row["producer"] == "producer-0"}


def test_a_censor_leaves_out_what_it_is_told_to_and_records_each_transaction_once() -> None:
    address = who("full-0").address
    calls = tuple(Call(address, "Committee", function, (i,), Gas(1)) for i, function in enumerate("abab"))
    censor = attached(Censor(leaves_out=("a",)), "full-0")
    course = past(censor, Mine(calls), Mine(calls), answers={Mine: lambda _: None})
    assert [mine.calls for mine in course.of(Mine)] == [(calls[1], calls[3])] * 2
    assert lies(course) == [("inclusion", "Committee.a")] * 2
