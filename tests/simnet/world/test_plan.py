"""Who takes part: everything follows from the scenario and its seed, and nobody's part from anybody else's."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chain.hashing import keccak
from nodes.client import Order
from nodes.identity import Directory, Role
from nodes.models.zoo import default_zoo
from simnet.kernel.streams import Streams
from simnet.scenario.load import parse_scenario
from simnet.scenario.schema import Scenario
from simnet.world.assignments import assign
from simnet.world.directory import directory_of, hash_chain, key_of
from simnet.world.plan import Plan
from simnet.world.workload import gaps, orders
from tests.small import scenario
from tests.source import ROOT


def directory(one: Scenario) -> Directory:
    """Everybody in a scenario."""
    return directory_of(one, Streams(one.seed))


def asked(one: Scenario, client: int) -> list[Order]:
    """What one client asks."""
    return list(orders(one, client, default_zoo(), Streams(one.seed)))


def clients(count: int, arrivals: Any = "poisson 1/s", **more: Any) -> dict[str, Any]:
    """Section of that name."""
    return {"count": count, "arrivals": arrivals, **more}


# -- people --------------------------------------------------------------------------------------------------


def test_keys_and_personas_follow_from_the_seed() -> None:
    first, again, other = (directory(scenario(seed=seed)) for seed in (1, 1, 2))
    assert list(first) == list(again)
    for one, another in zip(first, other, strict=True):
        assert one.name == another.name
        assert one.address != another.address
    assert [one.persona for one in first.of(Role.CLIENT)] != [one.persona for one in other.of(Role.CLIENT)]


def test_only_clients_have_a_persona_and_no_two_people_a_key() -> None:
    everybody = list(directory(scenario()))
    assert all(bool(one.persona) is (one.role is Role.CLIENT) for one in everybody)
    assert len({one.address for one in everybody}) == len(everybody) == 1 + 3 + 5 + 4


def test_regions_are_dealt_out_in_turn_within_a_role() -> None:
    found = directory(scenario(network={"regions": ["a", "b", "c"]}))
    assert [one.region for one in found.of(Role.FULL)] == ["a", "b", "c", "a", "b"]
    assert [one.region for one in found.of(Role.INFERENCE)] == ["a", "b", "c"]


def test_one_node_more_changes_nobodys_key() -> None:
    more = {"inference": {"count": 4, "batch_interval": "10 s"}, "full": {"count": 6}}
    few, many = directory(scenario()), directory(scenario(nodes=more))
    assert all(many.named(one.name) == one for one in few)


def test_a_key_is_made_from_a_name_and_the_seed() -> None:
    assert key_of("a", Streams(1)).address == key_of("a", Streams(1)).address != key_of("b", Streams(1)).address


# -- what clients ask ----------------------------------------------------------------------------------------


def test_what_a_client_asks_does_not_depend_on_how_many_nodes_there_are() -> None:
    more = {"inference": {"count": 9, "batch_interval": "10 s"}, "full": {"count": 9}}
    for one, other in zip(asked(scenario(), 2), asked(scenario(nodes=more), 2), strict=True):
        assert (one.after_s, one.task, one.model, one.choice) == (other.after_s, other.task, other.model, other.choice)
        assert np.array_equal(one.value, other.value)


def test_all_clients_together_ask_at_the_rate_that_the_scenario_says() -> None:
    one = scenario(duration="60 min", clients=clients(6, "poisson 2/s"))
    total = sum(len(asked(one, client)) for client in range(6))
    assert total == pytest.approx(7200, rel=0.05)


def test_nobody_asks_after_the_scenarios_duration() -> None:
    one = scenario()
    for client in range(4):
        assert sum(order.after_s for order in asked(one, client)) < one.duration


def test_constant_arrivals_are_evenly_spaced_over_all_clients() -> None:
    one = scenario(duration="10 s", clients=clients(4, "constant 2/s"))
    moments = sorted(
        moment for client in range(4) for moment in itertools.accumulate(order.after_s for order in asked(one, client))
    )
    assert moments == pytest.approx([0.5 * i for i in range(1, 20)])


def test_a_trace_is_dealt_out_to_the_clients_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text("at_s\n0.5\n1\n2\n4\n8\n")
    text = "name: t\nmodels: [digits_mlp]\nstrategy: none\nclients: {count: 2, arrivals: {trace: trace.csv}}\n"
    one = parse_scenario(text.encode(), "t.yaml", tmp_path)
    moments = [list(itertools.accumulate(gaps(one, client, Streams(0)))) for client in range(2)]
    assert moments == [[0.5, 2, 8], [1, 4]]


@pytest.mark.parametrize("cap", [1, 5, 7, 12])
def test_a_cap_on_tasks_is_shared_out_evenly_and_kept_exactly(cap: int) -> None:
    one = scenario(duration="60 min", clients=clients(5, tasks=cap))
    counts = [len(asked(one, client)) for client in range(5)]
    assert sum(counts) == cap
    assert max(counts) - min(counts) <= 1


def test_every_task_has_an_id_of_its_own_and_every_model_its_turn() -> None:
    one = scenario(models=["digits_mlp", "medical_risk"], duration="20 min")
    everything = [order for client in range(4) for order in asked(one, client)]
    assert len({order.task for order in everything}) == len(everything)
    turns = Counter(order.model for order in everything)
    assert turns["digits_mlp"] / len(everything) == pytest.approx(0.5, abs=0.06)
    zoo = default_zoo()
    for order in everything[:20]:
        assert order.value.shape == zoo.model(order.model).input_shape
        assert 0 <= order.choice < 1


# -- who cheats ----------------------------------------------------------------------------------------------


def members(adversaries: list[dict[str, Any]], seed: int = 3) -> list[tuple[str, ...]]:
    """Who shows each of these behaviours."""
    one = scenario(seed=seed, adversaries=adversaries)
    return [found.coalition.members for found in assign(one, directory(one), Streams(seed))]


def test_nodes_that_are_named_are_taken_and_others_drawn_by_the_seed() -> None:
    named = [{"behaviour": "quantize", "nodes": ["inference-2", "inference-0"]}]
    assert members(named) == [("inference-2", "inference-0")]
    drawn = {members([{"behaviour": "lazy_accept", "count": 1}], seed)[0] for seed in range(30)}
    assert drawn == {(f"full-{i}",) for i in range(5)}


def test_entries_with_a_count_take_nodes_that_no_earlier_one_has_while_there_are() -> None:
    first, second, third = members(
        [
            {"behaviour": "quantize", "count": 2},
            {"behaviour": "model_swap", "count": 1},
            {"behaviour": "label_flip", "count": 1},
        ]
    )
    assert len({*first, *second}) == 3
    assert third[0] in first + second


def test_one_entry_never_takes_a_node_twice() -> None:
    (found,) = members([{"behaviour": "lazy_accept", "count": 5}])
    assert sorted(found) == [f"full-{i}" for i in range(5)]


# -- the beacon's secrets ------------------------------------------------------------------------------------


def test_a_hash_chain_ends_in_its_tip_and_each_link_is_the_hash_of_the_one_before() -> None:
    chain = hash_chain(b"seed", 5)
    assert len(chain) == 6
    assert all(keccak(before) == link for before, link in itertools.pairwise(chain))
    assert chain[0] == keccak(b"seed")


# -- the whole plan ------------------------------------------------------------------------------------------


def test_a_plan_follows_from_scenario_and_seed_alone() -> None:
    bold = [{"behaviour": "quantize", "count": 2}, {"behaviour": "lazy_accept", "count": 1}]
    first, again, other = (Plan.of(scenario(seed=seed, adversaries=bold)) for seed in (1, 1, 2))
    assert first.stakeholders == again.stakeholders != other.stakeholders
    assert [a.coalition.members for a in first.assignments] == [a.coalition.members for a in again.assignments]
    assert [holder.identity for holder in first.stakeholders] == list(first.directory)


def test_one_more_adversary_leaves_people_money_and_earlier_coalitions_as_they_are() -> None:
    quantize, lazy = {"behaviour": "quantize", "count": 1}, {"behaviour": "lazy_accept", "count": 1}
    plan = Plan.of(scenario(adversaries=[quantize]))
    extended = plan.extended(scenario(adversaries=[quantize, lazy]))
    assert (extended.directory, extended.stakeholders) == (plan.directory, plan.stakeholders)
    assert extended.assignments[0] is plan.assignments[0]
    assert [a.behaviour.kind for a in extended.assignments] == ["quantize", "lazy_accept"]


def test_liars_are_inference_nodes_with_a_dishonest_behaviour() -> None:
    kinds = {"quantize": ["inference-0"], "honest_noisy": ["inference-1"], "lazy_accept": ["full-0"]}
    adversaries = [{"behaviour": kind, "nodes": nodes} for kind, nodes in kinds.items()]
    assert Plan.of(scenario(adversaries=adversaries)).accomplices("") == {"inference-0"}


def test_accomplices_are_of_one_cartel() -> None:
    liar = {"behaviour": "quantize"}
    entries = [
        {**liar, "nodes": [f"inference-{i}"], **more} for i, more in enumerate(({"cartel": "a"}, {"cartel": "b"}, {}))
    ]
    plan = Plan.of(scenario(adversaries=entries))
    found = {cartel: plan.accomplices(cartel) for cartel in ("a", "b", "", "c")}
    assert found == {"a": {"inference-0"}, "b": {"inference-1"}, "": {"inference-2"}, "c": frozenset()}


# -- what is decided once ------------------------------------------------------------------------------------


def test_a_run_has_one_strategy_with_windows_that_outlast_its_reorgs() -> None:
    """Whoever reads the scenario's own strategy in the world would play another one than the contracts do."""
    committee = {"kind": "committee", "size": 3}
    calm, faulty = (Plan.of(scenario(strategy=committee, faults=f)) for f in ([], [{"at": "9 s", "reorg": 3}]))
    assert calm.strategy == calm.scenario.strategy
    assert faulty.strategy != faulty.scenario.strategy
    assert faulty.facts.reorg_s == 3 * faulty.facts.block_time_s
    read = [path.name for path in (ROOT / "simnet" / "world").rglob("*.py") if "scenario.strategy" in path.read_text()]
    assert read == []


def test_what_is_injected_changes_neither_strategy_nor_parameters() -> None:
    before = Plan.of(scenario())
    after = before.extended(scenario(faults=[{"at": "9 s", "reorg": 3}]))
    assert (after.strategy, after.facts, after.parameters) == (before.strategy, before.facts, before.parameters)
