"""Attention challenges in whole runs: who looks is never penalised, who does not is, fraud or no fraud."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from chain.hashing import keccak
from chain.quantities import OPG
from nodes.messages import HEADER_BYTES
from nodes.models.tensors import tensor_hash
from nodes.models.zoo import default_zoo
from simnet.log.tables import Row
from simnet.scenario.errors import ScenarioErrors
from simnet.strategies.dispute.attention_challenge import is_called, result_of
from simnet.theory import attention_penalty
from tests.small import Played, play, scenario

FULL_NODES = [f"full-{i}" for i in range(5)]
CHEAT = {"behaviour": "model_swap", "nodes": ["inference-0"], "probability": "30 %"}


def attention(**parameters: Any) -> dict[str, Any]:
    """A fifth of all claims call on each full node."""
    return {"kind": "attention_challenge", "called": "20 %", **parameters}


def settled(**sections: Any) -> Played:
    """A run that is long enough for every evidence window and dispute to end."""
    return play(**{"strategy": attention(), "settle": "4 min", **sections})


def lazy(*names: str) -> dict[str, Any]:
    """Full nodes that never verify voluntarily, and vote honestly when called."""
    return {"behaviour": "lazy_accept", "judges": True, "nodes": list(names)}


def penalties(run: Played, name: str = "") -> list[Row]:
    """Penalties, of one node if asked."""
    rows = run.tables.event("Inattentive")
    return [row for row in rows if name in ("", run.tables.names[row["node"]])]


def test_who_looks_is_never_penalised_and_responds_as_often_as_it_is_called() -> None:
    run = settled()
    assert penalties(run) == []
    assert run["slashes_total"] == run["inattention_penalties"] == 0
    responded = sum(int(row["claims"]).bit_count() for row in run.tables.event("Responded"))
    assert binomtest(responded, 5 * run["tasks_total"], 0.2).pvalue > 1e-3
    assert run["verification_overhead_ratio"] == pytest.approx(5)
    assert run.broken() == []


def test_who_does_not_look_is_penalised_for_every_call_although_nobody_cheats() -> None:
    run = settled(adversaries=[lazy("full-1", "full-2")])
    for name in ("full-1", "full-2"):
        assert binomtest(len(penalties(run, name)), run["tasks_total"], 0.2).pvalue > 1e-3
    assert {run.tables.names[row["node"]] for row in penalties(run)} == {"full-1", "full-2"}
    assert run["false_slash_rate"] == 0
    assert set(run.slashes()) == {"inattention"}
    assert run.broken() == []


def test_looking_costs_less_than_not_looking_if_a_g_exceeds_c() -> None:
    run = settled(adversaries=[lazy("full-1")])
    price = int(run.tables.started["compute_price_wei"]) / 1e9
    cost = price * next(row["macs"] for row in run.tables.of("model_served")) / OPG
    assert attention_penalty(cost, 0.2) < 10  # G is 10 OPG: far above what theory asks for
    lost = sum(int(row["amount"]) for row in run.tables.event("Slashed") if run.tables.names[row["node"]] == "full-1")
    assert lost / OPG == 10 * len(penalties(run, "full-1")) > cost * run["tasks_total"]


def test_fraud_falls_and_calls_on_nobody() -> None:
    run = settled(adversaries=[CHEAT])
    assert run["fraud_detected"] == run["fraud_committed"] > 5
    assert penalties(run) == []
    assert set(run.slashes()) == {"fraud"}
    assert run["false_slash_rate"] == 0
    assert run.broken() == []


def test_one_who_looks_is_enough_to_find_fraud_and_who_does_not() -> None:
    run = settled(adversaries=[CHEAT, lazy(*FULL_NODES[1:])])
    assert run["fraud_finalised"] == 0 < run["fraud_detected"]
    assert {run.tables.names[row["node"]] for row in penalties(run)} == set(FULL_NODES[1:])
    assert {run.tables.names[row["accuser"]] for row in penalties(run)} == {"full-0"}


def test_where_nobody_looks_nobody_can_accuse() -> None:
    run = settled(adversaries=[CHEAT, lazy(*FULL_NODES)])
    assert penalties(run) == []
    assert run["fraud_finalised"] == run["fraud_committed"] > 5


def test_outputs_are_not_shown() -> None:
    model = default_zoo().model("digits_mlp")
    claim = HEADER_BYTES + 4 * prod(model.input_shape)
    sizes = [row["size_bytes"] for row in settled().tables.of("message_sent") if row["what"] == "BatchData"]
    assert {(size - HEADER_BYTES) % claim for size in sizes} == {0}


def test_a_full_node_that_was_down_shows_its_secrets_when_it_is_back() -> None:
    crash = [{"at": "60 s", "crash": ["full-1"], "for": "20 s"}]
    run = settled(faults=crash, duration="3 min")
    late = [row for row in run.tables.event("SecretShown") if run.tables.names[row["node"]] == "full-1"]
    assert any(80 <= row["t"] < 90 for row in late)
    down = [row for row in penalties(run) if row["t"] > 200]
    assert down == []  # what it pays for is the time that it was away
    assert {run.tables.names[row["node"]] for row in penalties(run)} <= {"full-1"}


# -- results -------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=10))
def test_a_result_is_neither_the_claims_output_hash_nor_its_evidence(values: list[float]) -> None:
    output = np.array(values, np.float32)
    assert len({result_of(output), tensor_hash(output), keccak(result_of(output))}) == 3
    assert result_of(output) == result_of(output.copy())


def test_a_last_digit_more_or_less_is_another_result() -> None:
    output = np.ones(3, np.float32)
    assert result_of(output) != result_of(np.nextafter(output, np.float32(2)))


@pytest.mark.parametrize(("parts", "called"), [(0, False), (10**9, True)])
def test_nobody_is_called_at_zero_and_everybody_at_one(parts: int, called: bool) -> None:
    assert all(is_called(bytes(32), bytes(32), i, bytes(32), parts) is called for i in range(100))


# -- the scenario --------------------------------------------------------------------------------------------

NOISY = {"count": 3, "batch_interval": "10 s", "noise": "gaussian"}


@pytest.mark.parametrize(
    ("sections", "complaint"),
    [
        ({"nodes": {"inference": NOISY, "full": {"count": 5}}}, "set nodes.inference.noise to none"),
        ({"adversaries": [{"behaviour": "honest_noisy", "nodes": ["inference-1"]}]}, "'honest_noisy' is honest"),
        ({"nodes": {"inference": {"count": 3}, "full": {"count": 5, "processor": "auto"}}}, "the same processor"),
        ({"strategy": attention(challenge_window="30 s")}, "40 s or more"),
        ({"strategy": attention(evidence_window="10 s")}, "too short"),
        ({"strategy": attention(response_window="1.5 s")}, "whole"),
        ({"duration": "24 h", "clients": {"count": 4, "tasks": 5}}, "beacon rounds"),
    ],
)
def test_scenarios_that_cannot_be_are_refused(sections: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioErrors, match=complaint):
        scenario(**{"strategy": attention(), **sections})


def test_it_runs_with_other_comparators_and_has_no_need_of_them() -> None:
    run = settled(strategy=attention(comparator="argmax"), adversaries=[{**CHEAT, "behaviour": "quantize"}])
    assert run["fraud_finalised"] == 0 < run["fraud_detected"]
    assert penalties(run) == []
