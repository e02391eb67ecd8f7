"""Forced errors in whole runs: nodes that lie as told, checkers who find it worth their while."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.quantities import OPG
from nodes.effects import ChainTime, Read, Sleep, Submit
from nodes.inference import InferenceNode, InferencePolicy
from nodes.models.wrong import rotated
from simnet.comparators.argmax import Argmax
from simnet.comparators.relative import Relative
from simnet.log.tables import Row
from simnet.scenario.errors import ScenarioErrors
from simnet.strategies.dispute.dispute import CHALLENGER_GAS
from simnet.strategies.dispute.forced_error import SHOW_GAS, ForcedError, ForcedErrorPoster
from simnet.theory import jackpot_needed
from tests.driving import MODELS, OUTPUT, PEOPLE, Course, batch_of, follow, mined, one_after_the_other, who
from tests.payments import payments
from tests.small import Played, play, scenario
from tests.stage import DOMAIN

FULL_NODES = [f"full-{i}" for i in range(5)]
WINDOW_S = 30


def forced_error(**parameters: Any) -> dict[str, Any]:
    """Half of the rounds' first batches hold a forced error."""
    return {"kind": "forced_error", "challenge_window": f"{WINDOW_S} s", "forced": "50 %", **parameters}


def settled(**sections: Any) -> Played:
    """A run that is long enough for every dispute to end."""
    return play(**{"strategy": forced_error(), "settle": "5 min", **sections})


def lazy(*names: str, judges: bool = True) -> dict[str, Any]:
    """Full nodes that never verify voluntarily."""
    return {"behaviour": "lazy_accept", "judges": judges, "nodes": list(names)}


def errors(run: Played) -> list[Row]:
    """Forced errors that were posted."""
    return run.tables.of("error_forced")


def shown(run: Played) -> list[Row]:
    """Forced errors that were found."""
    return run.tables.event("ForcedErrorShown")


def earned(run: Played, name: str) -> float:
    """OPG that somebody got, or lost, by verification."""
    return sum(payment.amount for payment in payments(run.tables) if payment.name == name) / OPG


def test_nodes_lie_as_told_and_are_not_slashed_for_it() -> None:
    run = settled()
    assert len(shown(run)) == len(errors(run)) > 5
    assert (run["forced_errors_found"], run.n("forced_errors_found")) == (1, len(errors(run)))
    assert run["slashes_total"] == 0
    assert run["fraud_committed"] == 0
    assert run["tasks_finalised"] == run["tasks_total"]
    assert run.tables.event("CommitteeDrawn") == []
    assert run.broken() == []


def test_no_client_gets_a_wrong_answer_and_no_two_errors_have_a_task_in_common() -> None:
    run = settled()
    asked = {row["task"] for row in run.tables.of("task_sent")}
    tasks = [row["task"] for row in errors(run)]
    assert len(set(tasks)) == len(tasks)
    assert asked.isdisjoint(tasks)
    assert run["equivocations_proved"] == 0


def test_each_finder_gets_a_share_of_the_jackpot_that_halves_with_every_other() -> None:
    run = settled()
    assert {row["challengers"] for row in shown(run)} == {5}
    assert {int(row["prize"]) for row in shown(run)} == {OPG // 16}
    found = len(shown(run))
    assert {name: earned(run, name) for name in FULL_NODES} == dict.fromkeys(FULL_NODES, found / 16)


def test_a_lone_checker_gets_the_whole_jackpot() -> None:
    run = settled(adversaries=[lazy(*FULL_NODES[1:])])
    assert {row["challengers"] for row in shown(run)} == {1}
    assert earned(run, "full-0") == len(shown(run)) == len(errors(run)) > 5
    assert run["slashes_total"] == 0


@pytest.mark.parametrize(("sealed", "finders", "each"), [(True, 1, 1.0), (False, 3, 0.25)])
def test_copiers_share_the_jackpot_unless_challenges_are_sealed(sealed: bool, finders: int, each: float) -> None:
    copiers = {"behaviour": "challenge_copier", "nodes": ["full-1", "full-2"]}
    run = settled(strategy=forced_error(sealed=sealed), adversaries=[copiers, lazy("full-3", "full-4")])
    assert {row["challengers"] for row in shown(run)} == {finders}
    assert earned(run, "full-0") == each * len(shown(run)) > 1
    for name in ("full-1", "full-2"):
        assert earned(run, name) == (0 if sealed else each * len(shown(run)))
    assert run["slashes_total"] == 0
    assert run.broken() == []


def test_what_nobody_finds_stays_where_it_is_and_costs_nothing() -> None:
    run = settled(adversaries=[lazy(*FULL_NODES)])
    assert len(errors(run)) > 5
    assert shown(run) == []
    assert run["tasks_finalised"] == run["tasks_total"]
    assert run["slashes_total"] == 0


def test_checking_pays_without_any_fraud_as_it_does_not_without_forced_errors() -> None:
    assert jackpot_needed(check_cost=1, forced=1 / 1000) == pytest.approx(1000)
    with_errors = settled(adversaries=[lazy(*FULL_NODES[1:])])
    without = settled(strategy={"kind": "optimistic", "challenge_window": f"{WINDOW_S} s"})
    assert earned(with_errors, "full-0") > 0
    assert earned(without, "full-0") == 0


def test_fraud_is_found_and_slashed_beside_forced_errors() -> None:
    cheat = {"behaviour": "model_swap", "nodes": ["inference-0"], "probability": "30 %"}
    run = settled(adversaries=[cheat])
    assert run["fraud_detected"] == run["fraud_committed"] > 3
    assert set(run.slashes("inference-0")) == {"fraud"}
    assert run["false_slash_rate"] == 0
    assert len(shown(run)) == len(errors(run)) > 3
    assert run.broken() == []


def test_arbiters_who_shirk_do_not_matter_where_nodes_own_up() -> None:
    run = settled(adversaries=[lazy(*FULL_NODES[1:], judges=False)])
    assert len(shown(run)) == len(errors(run))
    assert run["slashes_total"] == 0


def test_the_tax_goes_into_the_pool() -> None:
    run = settled(strategy=forced_error(forced=0))
    taxed = sum(int(row["toVerifier"]) for row in run.tables.event("BatchFinal"))
    assert taxed == pytest.approx(0.2 * run["tasks_total"] * 0.02 * OPG)
    assert errors(run) == []
    assert run.broken() == []


@pytest.mark.long
def test_errors_come_as_often_as_the_lot_says() -> None:
    run = settled(strategy=forced_error(forced="30 %"), duration="6 min")
    batches = len(run.tables.event("BatchPosted"))
    assert 0.15 < len(errors(run)) / batches < 0.4  # a batch may span two rounds, and the first few have no lot


def test_errors_lie_anywhere_in_their_batch_and_come_from_other_requests() -> None:
    run = settled(duration="4 min")
    built = {row["batch"]: row["tasks"] for row in run.tables.of("batch_built")}
    places = [(built[row["batch"]].index(row["task"]), len(built[row["batch"]])) for row in errors(run)]
    assert {place == 0 for place, _ in places} == {True, False}
    assert {place == count - 1 for place, count in places} == {True, False}


def test_another_seed_forces_other_errors() -> None:
    first, second = settled(), settled(seed=4)
    assert {row["batch"] for row in errors(first)}.isdisjoint(row["batch"] for row in errors(second))


def test_a_node_that_was_down_keeps_the_secrets_that_it_committed_to() -> None:
    crash = [{"at": "30 s", "crash": ["inference-0"], "for": "20 s"}]
    run = settled(faults=crash, duration="3 min")
    late = [row for row in errors(run) if row["node"] == "inference-0" and row["t"] > 60]
    assert late
    assert len(shown(run)) == len(errors(run))


# -- owning up, by hand --------------------------------------------------------------------------------------

DATA, _ = batch_of([OUTPUT, OUTPUT, OUTPUT])
SECRET = b"\7" * 32


def poster() -> ForcedErrorPoster:
    """A node's half whose claim number 1 in `DATA` is a forced error."""
    terms = ForcedError.model_validate({"challenge_window": "30 s", "open_window": "10 s"})
    node = InferenceNode(
        who("inference-0"), PEOPLE, DOMAIN, MODELS, 1_000, InferencePolicy(5.0, 16, False, kept_s=128.0)
    )
    half = ForcedErrorPoster(node, terms)
    half.forced["0x" + DATA.claims[1].task.hex()] = SECRET
    return half


def owning_up(half: ForcedErrorPoster, disputed: int) -> Course:
    """What it does once `DATA` is posted, at 1,100, if these claims are in dispute when all challenges are in."""
    reads = {"batchOf": (who("inference-0").address, 1_100, 3, 1), "disputedIn": disputed}
    reads["challengesOf"] = tuple((who(f"full-{i}").address, disputed) for i in range(2))
    times = one_after_the_other(1_100, 1_141)
    answers = {ChainTime: times, Read: lambda effect: reads[effect.function], Submit: mined}
    return follow(half.on_posted(DATA), answers)


def test_a_node_owns_up_when_all_challenges_are_in() -> None:
    course = owning_up(poster(), 0b010)
    assert course.one(Sleep).seconds == 30 + 10 + 1
    (call,) = course.calls
    assert (call.function, call.args[:2]) == ("showForced", (bytes.fromhex(DATA.batch[2:]), SECRET))
    assert call.gas_limit == SHOW_GAS + 2 * CHALLENGER_GAS


def test_a_node_that_nobody_challenges_for_its_error_says_nothing() -> None:
    assert owning_up(poster(), 0b101).calls == []


# -- what a forced error looks like --------------------------------------------------------------------------


@given(st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=10, unique=True))
def test_it_is_wrong_by_any_comparator(values: list[float]) -> None:
    right = np.array([values], np.float32)
    assert rotated(right).shape == right.shape
    assert rotated(right).dtype == right.dtype
    assert not Argmax().equal(right, rotated(right))
    assert sorted(rotated(right).reshape(-1)) == sorted(right.reshape(-1))


@pytest.mark.parametrize("value", [[0.3], [0.5], [0.0], [0.2, 0.2]])
def test_a_single_number_and_a_constant_are_changed_too(value: list[float]) -> None:
    right = np.array(value, np.float32)
    assert not Relative().equal(right, rotated(right)) or value == [0.5]


# -- the scenario --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sections", "complaint"),
    [
        ({"nodes": {"inference": {"count": 3, "batch_size": 128}, "full": {"count": 5}}}, "127 at the most"),
        ({"duration": "24 h", "clients": {"count": 4, "tasks": 5}}, "beacon rounds"),
        ({"strategy": forced_error(evidence_window="1.5 s")}, "whole"),
        ({"strategy": forced_error(pool="1_000_000_000 OPG")}, "stakes, deposits and bonds"),
    ],
)
def test_scenarios_that_cannot_be_are_refused(sections: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioErrors, match=complaint):
        scenario(**{"strategy": forced_error(), **sections})


def test_the_tax_is_the_verifiers_share() -> None:
    from simnet.world.parameters import protocol_parameters

    taxed = scenario(strategy=forced_error(), economics={"verifier_share": "80 %"})
    assert protocol_parameters(taxed).verifier_share_bps == 8_000
    assert ForcedError().initial_funding() == 100 * OPG
