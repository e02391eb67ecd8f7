"""Block producers that take bounties which others have worked for."""

from __future__ import annotations

from chain.quantities import OPG
from chain.seam import Call
from nodes.adversaries.producer.frontrun import RewardFrontRunner
from nodes.effects import Mine
from tests.driving import always, attached, lies, past, who
from tests.small import play

CLIENT = who("client-0").address
ME = who("full-0").address  # any address will do for a producer
PROOF = Call(CLIENT, "Settlement", "proveEquivocation", (b"batch",))
OTHER = Call(CLIENT, "Settlement", "postBatch", (b"batch",))
STOLEN = Call(ME, "Settlement", "proveEquivocation", (b"batch",))
EQUIVOCATOR = {"behaviour": "equivocate", "nodes": ["inference-0"], "probability": "30 %"}


def test_a_copy_of_a_proof_stands_in_front_of_it_once() -> None:
    thief = attached(RewardFrontRunner(), "full-0")
    course = past(thief, Mine((OTHER, PROOF)), Mine((PROOF,)), answers={Mine: always(None)})
    assert [mine.calls for mine in course.of(Mine)] == [(OTHER, STOLEN, PROOF), (PROOF,)]
    assert lies(course) == [("front_run", "Settlement.proveEquivocation")]


def test_it_steals_only_what_it_is_told_to() -> None:
    course = past(
        attached(RewardFrontRunner(steals=("other",)), "full-0"), Mine((PROOF,)), answers={Mine: always(None)}
    )
    assert (course.one(Mine).calls, lies(course)) == ((PROOF,), [])


def test_a_lone_producer_takes_every_bounty_and_provers_come_too_late() -> None:
    thief = {"behaviour": "reward_front_runner", "nodes": ["producer-0"]}
    run = play(adversaries=[EQUIVOCATOR, thief])
    address = run.tables.participants["producer-0"]["address"]
    bounties = run.tables.event("BountyPaid")
    assert len(run.tables.event("Slashed")) == run["equivocations_proved"] > 3
    assert {row["to"] for row in bounties} == {address}
    assert run["stolen_rewards_opg"] == sum(int(row["amount"]) for row in bounties) / OPG > 0
    late = [
        row for row in run.tables.of("transaction_mined") if row["function"] == "proveEquivocation" and row["revert"]
    ]
    assert late
    assert all(row["sender"] != address for row in late)
    assert run.broken() == []


def test_with_others_taking_turns_it_takes_those_bounties_whose_proof_is_in_its_own_block() -> None:
    thief = {"behaviour": "reward_front_runner", "nodes": ["producer-0"]}
    nodes = {"inference": {"count": 3, "batch_interval": "10 s"}, "full": {"count": 5}, "producer": {"count": 3}}
    run = play(adversaries=[EQUIVOCATOR, thief], nodes=nodes)
    bounties = sum(int(row["amount"]) for row in run.tables.event("BountyPaid")) / OPG
    assert 0 < run["stolen_rewards_opg"] < bounties
    assert run.broken() == []
